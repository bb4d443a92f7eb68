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

Both texts are whole statements; where they cannot be, `$` in the new text stands for "this bug is
on", and it is written as it is. Text that is not found, or found twice, is an error: who changes the
source changes the bug.
"""
import re
import sys


def read(path):
    bugs, bug = [], None
    for number, line in enumerate(open(path), 1):
        line = line.rstrip('\n')
        if line.startswith('#') or not line.strip():
            continue
        if line.startswith('@ '):
            bug['file'] = line[2:].strip()
        elif line[0] in '-+':
            bug[line[0]].append(line[2:] if len(line) > 1 else '')
        elif re.match(r'[a-z0-9-]+: ', line):
            name, what = line.split(': ', 1)
            bug = {'name': name, 'what': what, '-': [], '+': [], 'number': len(bugs) + 1}
            bugs.append(bug)
        else:
            sys.exit(f'{path}:{number}: what is that?')
    return bugs


def replacement(old, bugs):
    """One text for all bugs of the same place."""
    own = [b for b in bugs if '$' in '\n'.join(b['+'])]
    if own:
        if len(bugs) > 1:
            sys.exit(f"{own[0]['name']}: another bug has the same place")
        return '\n'.join(own[0]['+']).replace('$', f"(sim_mutant == {own[0]['number']})")
    text = '{'
    for b in bugs:
        text += f"if (sim_mutant == {b['number']}) {{\n" + '\n'.join(b['+']) + '\n} else '
    return text + '{\n' + old + '\n}}'


def mutate(root, name, bugs):
    text = open(f'{root}/{name}').read()
    places = {}
    for b in bugs:
        places.setdefault('\n'.join(b['-']), []).append(b)
    edits = []
    for old, some in places.items():
        if text.count(old + '\n') != 1:
            sys.exit(f"{some[0]['name']}: its text stands {text.count(old)} times in {name}")
        edits.append((text.index(old + '\n'), old, replacement(old, some)))
    edits.sort(reverse=True)
    for (at, old, new), later in zip(edits, [None] + edits[:-1]):
        if later and at + len(old) > later[0]:
            sys.exit(f'{name}: two bugs overlap at {old!r}')
        text = text[:at] + new + text[at + len(old):]
    return 'extern int sim_mutant;\n' + text


def flat(name):
    return name.removeprefix('src/').replace('/', '_')


def main():
    root, mutants = sys.argv[1:3]
    bugs = read(mutants)
    files = sorted({b['file'] for b in bugs})
    if len(sys.argv) == 3:
        print('\n'.join(files))
        return
    out = sys.argv[3]
    for name in files:
        open(f'{out}/{flat(name)}', 'w').write(mutate(root, name, [b for b in bugs if b['file'] == name]))
    with open(f'{out}/mutants_table.c', 'w') as table:
        table.write('#include "mutants.h"\n\nconst struct mutant mutants[] = {\n')
        for b in bugs:
            table.write('\t{ "%s", "%s" },\n' % (b['name'], b['what'].replace('"', '\\"')))
        table.write('\t{ 0 },\n};\n')


main()
