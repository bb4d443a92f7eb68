# The ledger of what was read: by agents, by a command, and by nobody.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo R=$BATS_TEST_TMPDIR/report.json
	mkdir -p "$REPO/src" "$XDG_CONFIG_HOME/tutti/flows"
	seq -f 'int whole_%g;' 5 >"$REPO/src/whole.c"
	seq -f 'int part_%g;' 20 >"$REPO/src/part.c"
	seq -f 'int command_%g;' 6 >"$REPO/command.c"
	seq -f 'int unread_%g;' 7 >"$REPO/unread.c"
	printf 'a\0b' >"$REPO/binary"
	: >"$REPO/empty"
	ln -s unread.c "$REPO/link"
	commit_all "$REPO"
	cat >"$XDG_CONFIG_HOME/tutti/flows/reads.yaml" <<-'END'
	flow: reads
	category: analysis
	summary: Two agents and a command.
	steps:
	  - {id: one, persona: codebase-explorer, task: t, max_turns: 2}
	  - {id: two, persona: codebase-explorer, task: t, max_turns: 2}
	  - {id: out, persona: codebase-explorer, task: t, max_turns: 2}
	  - {id: shown, kind: command, run: [head, -n, "2", command.c]}
	END
	printf '%s\n' 'step=one call read_file {"path":"src/whole.c"}' \
		'step=two call read_file {"path":"src/part.c","from":4,"to":9}' \
		'step=out call read_file {"path":"../../etc/passwd"}' >"$BATS_TEST_TMPDIR/script"
}

# reads [OPTION…]: a run whose agents read what the script says
reads() {
	timeout 60 "$TUTTI" run reads q --model rehearsal --repo "$REPO" --json \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" "$@" >"$R" 2>/dev/null
}

# by_step: the files that were read, and by whom
by_step() {
	jq_like "$R" "'\n'.join(sorted(' '.join([f['path']] + f['by']) for f in r['coverage']['files'] if f['by']))"
}

@test "what each step was shown, and nothing else" {
	reads
	is "$(jq_like "$R" "r['run']['status']")" completed
	jq_like "$R" "'\n'.join(' '.join(str(f[k]) for k in ('path', 'state', 'lines', 'read', 'by', 'reason'))
		for f in r['coverage']['files'])" | diff - <(cat <<-'END'
	unread.c not_read 7 [] [] 
	command.c partly 6 [[1, 2]] ['shown'] 
	src/part.c partly 20 [[4, 9]] ['two'] 
	src/whole.c read 5 [[1, 5]] ['one'] 
	binary skipped 0 [] [] binary
	empty skipped 0 [] [] empty
	link skipped 0 [] [] a link
	END
	)
	is "$(jq_like "$R" "r['coverage']['totals']")" "{'files': 4, 'lines': 38, 'lines_read': 13, \
'not_read': 1, 'partly': 2, 'read': 1, 'skipped': 3, 'unlisted': 0, 'reads_left_out': 0}"
	is "$(jq_like "$R" "[d['path'] for d in r['coverage']['directories']]")" "['src', '.']"
	is "$(jq_like "$R" "r['coverage']['not_known'], r['coverage']['left_out'], r['coverage']['scope']")" \
		'[] 0 all'
	is "$(jq_like "$R" "[g for g in r['gaps'] if 'Coverage' in g]")" \
		"['of 4 files in scope, 1 was not read and 2 only in part (13 of 38 lines were): see Coverage']"

	"$TUTTI" runs show last --repo "$REPO" --coverage >"$BATS_TEST_TMPDIR/shown"
	tail -n +2 "$BATS_TEST_TMPDIR/shown" | diff - <(cat <<-'END'
	  4 files: 1 read, 2 in part, 1 not read
	  13 of 38 lines
	  3 more skipped

	  directory                                not read  in part lines unread
	  src                                             0        1           14
	  .                                               1        1           11

	  unread.c                                 not read, 7 lines
	  command.c                                1-2
	  src/part.c                               4-9
	END
	)
	is "$("$TUTTI" runs show last --repo "$REPO" --coverage --json | md5sum)" \
		"$(jq_like "$R" "r['run']['id']" | xargs -I{} "$TUTTI" runs show {} --coverage --json | md5sum)"
	"$TUTTI" runs export last --repo "$REPO" --as md >"$BATS_TEST_TMPDIR/report.md"
	is "$(grep -c '^## Coverage$' "$BATS_TEST_TMPDIR/report.md")" 1
	has "$BATS_TEST_TMPDIR/report.md" '| `src` | 2 | 0 | 1 | 11 of 25 |'
	has "$BATS_TEST_TMPDIR/report.md" 'Not read: `unread.c` (7).'
}

@test "in focus, or part of a change: what is not is skipped" {
	reads --focus unread
	is "$(jq_like "$R" "[(f['path'], f['state']) for f in r['coverage']['files'] if not f['read'] and f['lines']]")" \
		"[('unread.c', 'not_read')]"
	is "$(jq_like "$R" "r['coverage']['scope']")" focus
	echo 'int unread_8;' >>"$REPO/unread.c"
	seq 3 >"$REPO/other.c"
	git -C "$REPO" add -N other.c
	reads --base HEAD
	is "$(jq_like "$R" "r['coverage']['scope']")" change
	is "$(jq_like "$R" "sorted(f['path'] for f in r['coverage']['files'] if f['changed'])")" \
		"['other.c', 'unread.c']"
}

@test "a flow inside a flow, and a step that is done again" {
	cat >"$XDG_CONFIG_HOME/tutti/flows/outer.yaml" <<-'END'
	flow: outer
	category: analysis
	summary: Another flow does it.
	steps:
	  - {id: inner, kind: flow, use: reads}
	END
	timeout 60 "$TUTTI" run outer q --model rehearsal --repo "$REPO" --json \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" >"$R" 2>/dev/null
	is "$(by_step)" "command.c inner/shown
src/part.c inner/two
src/whole.c inner/one"

	reads
	timeout 60 "$TUTTI" runs retry last --repo "$REPO" --step two --json \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" >"$R" 2>/dev/null
	is "$(jq_like "$R" "r['run']['resumed']")" True
	is "$(by_step)" "command.c shown
src/part.c two
src/whole.c one"
}
