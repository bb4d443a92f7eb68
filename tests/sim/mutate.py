#!/usr/bin/env python3
"""Plants the bugs of mutants.txt into copies of the sources, each behind a number.

mutate.py SOURCE_ROOT MUTANTS           lists the files that are changed, one a line
mutate.py SOURCE_ROOT MUTANTS OUT_DIR   writes them there (src/core/core.c as core_core.c), and
                                        mutants_table.c with the names

A bug is

    name: what is wrong
    @ src/core/core.c
    - text as it stands there, exactly once
    + text that takes its place

with one such change or several. Both texts are whole statements; where they cannot be, `$` in the new
text stands for "this bug is on", and it is written as it is. A bug whose text is not found, or found
twice, is not planted: the table says why, and whoever runs it fails. Who changes the source changes
the bug.
"""
import re
import sys


def read(path):
    bugs = []
    for number, line in enumerate(open(path), 1):
        line = line.rstrip('\n')
        if line.startswith('#') or not line.strip():
            continue
        if line.startswith('@ '):
            bugs[-1]['edits'].append({'file': line[2:].strip(), '-': [], '+': [], 'bug': bugs[-1]})
        elif line[0] in '-+':
            bugs[-1]['edits'][-1][line[0]].append(line[2:])
        elif re.match(r'[a-z0-9-]+: ', line):
            name, what = line.split(': ', 1)
            bugs.append({'name': name, 'what': what, 'edits': [], 'number': len(bugs) + 1, 'lost': ''})
        else:
            sys.exit(f'{path}:{number}: what is that?')
    return bugs


def replacement(old, edits):
    """One text for all bugs of the same place."""
    own = [e for e in edits if '$' in '\n'.join(e['+'])]
    if own and len(edits) > 1:
        sys.exit(f"{own[0]['bug']['name']}: another bug has the same place")
    if own:
        return '\n'.join(own[0]['+']).replace('$', f"(sim_mutant == {own[0]['bug']['number']})")
    text = '{'
    for e in edits:
        text += f"if (sim_mutant == {e['bug']['number']}) {{\n" + '\n'.join(e['+']) + '\n} else '
    return text + '{\n' + old + '\n}}'


def places_of(text, edits):
    """Where in the text which bugs are, the last place first."""
    by_text, places = {}, []
    for e in edits:
        by_text.setdefault('\n'.join(e['-']) + '\n', []).append(e)
    for old, some in by_text.items():
        if text.count(old) == 1:
            places.append((text.index(old), old, some))
            continue
        for e in some:
            e['bug']['lost'] = f"its text stands {text.count(old)} times in {e['file']}"
    return sorted(places, key=lambda place: -place[0])


def mutate(text, edits):
    end = len(text)
    for at, old, some in places_of(text, edits):
        if at + len(old) > end:
            sys.exit(f"{some[0]['bug']['name']}: overlaps with another bug")
        text = text[:at] + replacement(old.rstrip('\n'), some) + '\n' + text[at + len(old):]
        end = at
    return 'extern int sim_mutant;\n' + text


def table(bugs):
    rows = ''.join('\t{ "%s", "%s", "%s" },\n' % (b['name'], b['what'], b['lost']) for b in bugs)
    return '#include "mutants.h"\n\nconst struct mutant mutants[] = {\n' + rows + '\t{ 0 },\n};\n'


def main():
    root, mutants = sys.argv[1:3]
    bugs = read(mutants)
    edits = [e for b in bugs for e in b['edits']]
    files = sorted({e['file'] for e in edits})
    if len(sys.argv) == 3:
        print('\n'.join(files))
        return
    for name in files:
        text = mutate(open(f'{root}/{name}').read(), [e for e in edits if e['file'] == name])
        flat = name.removeprefix('src/').replace('/', '_')
        open(f'{sys.argv[3]}/{flat}', 'w').write(text)
    open(f'{sys.argv[3]}/mutants_table.c', 'w').write(table(bugs))


main()
