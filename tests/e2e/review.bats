#!/usr/bin/env bats
# code-review of changes: what is reviewed, that each hunk is signed for, that nothing is left out
# in silence.

load real

setup_file() {
	export BIG=$BATS_FILE_TMPDIR/big
	mkdir -p "$BIG"
	(
		cd "$BIG"
		own_git init -q -b main .
		mkdir -p src doc
		for i in $(seq 60); do
			seq 200 | sed "s/^/old line $i of file /" >"src/f$i.c"
		done
		seq 300 >doc/moved.txt
		seq 50 >doc/gone.txt
		printf 'a\0b' >logo.bin
		echo '{}' >package-lock.json
		own_git add -A
		own_git commit -qm first
		own_git checkout -q -b side
		for i in $(seq 60); do
			sed -i "3~4s/old/new/; 50~60d" "src/f$i.c"
		done
		# one giant file, and long lines in it
		seq 14000 | sed 's/^/int giant_value_/; s/$/ = 0; \/* too large for one prompt *\//' >src/giant.c
		git mv doc/moved.txt 'doc/has been moved.txt'
		echo end >>'doc/has been moved.txt'
		git rm -q doc/gone.txt
		printf 'c\0d' >logo.bin
		echo '{"a": 1}' >package-lock.json
		printf 'x\n' >$'doc/two\nlines.txt'
		printf 'x\n' >'doc/ümläut "quoted".txt'
		own_git add -A
		own_git commit -qm second
	)
}

own_git() {
	git -c user.name=tests -c user.email=tests@example.org "$@"
}

setup() {
	own_place
	R=$BATS_TEST_TMPDIR/repo
	OUT=$BATS_TEST_TMPDIR/report
}

# review ARGUMENTS…: a small review, its reports in $OUT.md and $OUT.json
review() {
	"$TUTTI" run code-review "the changes" --model rehearsal --format plain \
		--output "$OUT.md" "$@" >"$OUT.log" 2>&1
	"$TUTTI" runs export last --repo "$R" --as json >"$OUT.json"
}

small_repository() {
	mkdir -p "$R/src"
	seq 40 | sed 's/^/int a_/; s/$/;/' >"$R/src/a.c"
	seq 40 | sed 's/^/int b_/; s/$/;/' >"$R/src/b.c"
	commit_all "$R"
}

# prompts NAME…: a Python expression over the prompts of all reviewers, as a list of (step, text)
prompts() {
	python3 - "$TUTTI_DATA" "$1" <<-'END'
	import glob, re, sqlite3, sys
	db = sqlite3.connect(glob.glob(sys.argv[1] + '/*.db')[0])
	rows = db.execute("SELECT t.subject, b.bytes FROM tasks t JOIN blobs b ON b.hash = t.prompt").fetchall()
	p = [(s.split('/', 1)[1], (b if isinstance(b, bytes) else b.encode()).decode()) for s, b in rows]
	print(eval(sys.argv[2]))
	END
}

@test "a change of 20,000 lines: every hunk is read, every prompt has a bound, nothing is silent" {
	R=$BIG
	review --repo "$R" --base main --size small
	is "$(jq_like "$OUT.json" "r['run']['status']")" completed
	# what is reviewed is said in the head, while it runs, and in JSON
	has "$OUT.md" 'Reviewed'
	has "$OUT.log" 'change: main ('
	has "$OUT.log" 'Security, part 22 of 22 completed'
	is "$(jq_like "$OUT.json" "r['change']['title'].split(':')[1].split(';')[0]")" \
		" 67 files, +17004 -3231"
	# no prompt is larger than a chunk and what stands around it
	is "$(prompts "max(len(t.encode()) for s, t in p) < (64 + 24) * 1024")" True
	is "$(prompts "any('cut here' in t for s, t in p)")" False
	# each dimension got each hunk once, in order
	is "$(prompts "sorted({s.split('/')[0] for s, t in p if '@@ h1 @@' in t})")" \
		"['correctness', 'plain-questions', 'security', 'structure']"
	n=$(prompts "max(int(i) for s, t in p for i in re.findall(r'^@@ h(\d+) @@', t, re.M))")
	is "$(prompts "[sorted(int(i) for s, t in p if s.startswith(d + '/') for i in re.findall(r'^@@ h(\d+) @@', t, re.M)) == list(range(1, $n + 1)) for d in ('correctness', 'structure', 'plain-questions', 'security')]")" \
		"[True, True, True, True]"
	# all lines of the giant file are in them, each once
	is "$(prompts "len(re.findall(r'^ *\d+ \+int giant_value_\d+ = 0;', ''.join(t for s, t in p if s.startswith('structure/')), re.M))")" 14000
	# names with blanks, line breaks and other letters
	is "$(prompts "all(any(w in t for s, t in p) for w in ('=== doc/has been moved.txt (renamed from doc/moved.txt)', '=== doc/gone.txt (deleted)', '=== doc/ümläut \"quoted\".txt (new file)', '=== doc/two lines.txt'))")" True
	# and what was left out has a name
	has "$OUT.md" 'not reviewed: logo.bin (binary)'
	has "$OUT.md" 'not reviewed: package-lock.json (generated, by its name)'
	# the page says it, too
	"$TUTTI" runs export last --repo "$R" --as html --output "$OUT.html"
	has "$OUT.html" "Reviewed.*main ("
	is "$(jq_like "$OUT.json" "[g for g in r['change']['gaps'] if 'has not read' in g]")" "[]"
}

@test "a reviewer that skips hunks reads again, and what is still unread has a name" {
	small_repository
	sed -i '2s/int/long/; 30s/int/long/' "$R/src/a.c"
	sed -i '2s/int/long/' "$R/src/b.c"
	printf '%s\n' 'step=review-structure unread h2' 'step=review-correctness times=1 unread all' \
		>"$BATS_TEST_TMPDIR/script"
	review --repo "$R" --size small --rehearsal-script "$BATS_TEST_TMPDIR/script"
	is "$(jq_like "$OUT.json" "r['change']['gaps']")" "['Structure has not read h2 src/a.c:27-33']"
	is "$(jq_like "$OUT.json" "sorted(g for g in r['gaps'] if 'asked once more' in g)")" \
		"['Correctness: it did not read all of the change that it was given; asked once more', 'Structure: it did not read all of the change that it was given; asked once more']"
	has "$OUT.md" 'Structure has not read h2 src/a.c:27-33'
	is "$(jq_like "$OUT.json" "'hunks of the change were not read by all who were given them' in r['missing']")" True
}

@test "who reads again later reads the change as it was frozen" {
	small_repository
	sed -i '2s/int/long/' "$R/src/a.c"
	echo 'step=review-structure unread h1' >"$BATS_TEST_TMPDIR/script"
	review --repo "$R" --size small --rehearsal-script "$BATS_TEST_TMPDIR/script"
	is "$(jq_like "$OUT.json" "r['change']['gaps']")" "['Structure has not read h1 src/a.c:1-5']"
	before=$(jq_like "$OUT.json" "r['change']['title']")
	sed -i '20s/int/wchar_t/' "$R/src/a.c"
	"$TUTTI" runs retry last --step structure --repo "$R" >"$OUT.log" 2>&1
	"$TUTTI" runs export last --repo "$R" --as json >"$OUT.json"
	is "$(jq_like "$OUT.json" "r['change']['gaps']")" "[]"
	is "$(jq_like "$OUT.json" "r['change']['title']")" "$before"
	is "$(prompts "any('wchar_t' in t for s, t in p)")" False
}

@test "a reviewer that fails has read nothing" {
	small_repository
	sed -i '2s/int/long/' "$R/src/a.c"
	echo 'step=review-security refuse' >"$BATS_TEST_TMPDIR/script"
	review --repo "$R" --size small --rehearsal-script "$BATS_TEST_TMPDIR/script" || true
	is "$(jq_like "$OUT.json" "r['change']['gaps']")" "['Security has not read h1 src/a.c:1-5']"
}

@test "uncommitted work is a change, and what lies outside of it is demoted" {
	small_repository
	sed -i '2s/.*/system("x"); \/\/ TODO first/; 38s/.*/system("y"); \/\/ TODO too/' "$R/src/a.c"
	own_git -C "$R" commit -qam second
	sed -i '1s/.*/int a_one; \/\/ TODO new/' "$R/src/a.c"
	echo 'int c;' >"$R/src/c.c"
	review --repo "$R" --size large
	has "$OUT.md" 'uncommitted work on '
	is "$(jq_like "$OUT.json" "r['change']['title'].split(':')[1]")" " 2 files, +2 -1; 2 hunks in 1 part"
	is "$(jq_like "$OUT.json" "sorted({'outside' in f['disposition_reason'] for f in r['findings'] if f['disposition'] == 'demoted' and ':38' in str([e['path'] + ':' + str(e['line']) for e in r['evidence'] if e['id'] in f['evidence']])})")" "[True]"
	is "$(jq_like "$OUT.json" "all(f['severity'] in ('none', 'note', 'low') for f in r['findings'] if 'outside' in f['disposition_reason'])")" True
}

@test "without a change the repository is reviewed as it is" {
	small_repository
	review --repo "$R" --size small
	is "$(jq_like "$OUT.json" "r['change']")" None
	is "$(jq_like "$OUT.json" "len([s for s in r['steps'] if s['role'] == 'angle' and s['status'] == 'completed'])")" 4
	is "$(prompts "any('READ:' in t for s, t in p)")" False
	has "$OUT.md" '^## Recommendation'
}

@test "a repository without commits is reviewed as it is, and has no base" {
	mkdir -p "$R"
	echo 'int a;' >"$R/a.c"
	git -C "$R" init -q
	review --repo "$R" --size small
	is "$(jq_like "$OUT.json" "r['change']")" None
	run "$TUTTI" run code-review x --repo "$R" --base main --model rehearsal --format plain
	is "$status" 1
	[[ $output == *'git does not know the commit "main"'* ]]
}

@test "a base that does not exist is an error that says what to do" {
	small_repository
	run "$TUTTI" run code-review x --repo "$R" --base nope --model rehearsal --format plain
	is "$status" 1
	[[ $output == *'the repository cannot be compared'* ]]
	[[ $output == *'git does not know the commit "nope"'* ]]
	[[ $output == *'name a commit, a branch or a tag with --base'* ]]
}

@test "a shallow clone compares with what it has, and says so" {
	small_repository
	own_git -C "$R" checkout -qb side
	sed -i '2s/int/long/' "$R/src/a.c"
	own_git -C "$R" commit -qam second
	mv "$R" "$BATS_TEST_TMPDIR/src"
	git clone -q --depth 1 --no-single-branch "file://$BATS_TEST_TMPDIR/src" "$R"
	run "$TUTTI" run code-review x --repo "$R" --base HEAD~1 --model rehearsal --format plain
	is "$status" 1
	[[ $output == *'this clone is shallow: git fetch --unshallow'* ]]
}

# a change with one of each kind that has no lines to read; with ARGUMENTS also of long text
odd_kinds() {
	mkdir -p "$R/bin" "$R/src"
	cd "$R"
	own_git init -q -b main .
	printf 'a\0b' >bin/logo.png
	printf 'a\0b' >bin/gone.bin
	echo 'int a;' >src/a.c
	seq 40 >src/moved.txt
	echo 'echo run' >src/tool.sh
	echo '{}' >package-lock.json
	own_git update-index --add --cacheinfo 160000,1111111122222222333333334444444455555555,vendored
	own_git add bin src package-lock.json
	own_git commit -qm first
	printf 'c\0d' >bin/logo.png
	rm bin/gone.bin
	echo 'int b;' >src/a.c
	git mv src/moved.txt src/elsewhere.txt
	chmod +x src/tool.sh
	: >src/empty.txt
	echo '{"a": 1}' >package-lock.json
	for name; do
		head -c 20000 /dev/zero | tr '\0' y >"$name"
	done
	own_git update-index --cacheinfo 160000,aaaaaaaa22222222333333334444444455555555,vendored
	own_git add -A bin src package-lock.json
	own_git commit -qm second
	cd - >/dev/null
}

# why a file is skipped, of the coverage in the report's JSON
skipped() {
	jq_like "$OUT" "[f['reason'] for f in r['coverage']['files'] if f['path'] == '$1' and f['state'] == 'skipped']"
}

@test "what has no lines to review is named and skipped with its reason, and is not missing" {
	odd_kinds
	run "$TUTTI" run code-review q --base HEAD~1 --repo "$R" --model rehearsal --size small \
		--strict --json
	is "$status" 0
	echo "$output" | grep '^{' >"$OUT"
	is "$(jq_like "$OUT" "r['missing']")" "[]"
	is "$(skipped bin/logo.png)" "['binary']"
	is "$(skipped bin/gone.bin)" "['left out of the change: binary']"
	is "$(skipped package-lock.json)" "['left out of the change: generated, by its name']"
	is "$(skipped vendored)" "['left out of the change: a submodule, commit 11111111 -> none: what is in it is not here']"
	is "$(jq_like "$OUT" "[c['path'] for c in r['evidence'] if c['state'] in ('missing', 'changed')]")" "[]"
	is "$(jq_like "$OUT" "len([g for g in r['gaps'] if g.startswith('not reviewed: ')])")" 4
	run "$TUTTI" run code-review q --base HEAD~1 --at HEAD --repo "$R" --model rehearsal --size small
	has <(echo "$output") 'not reviewed: vendored (a submodule, commit 11111111 -> aaaaaaaa'
	# a rename and a mode have hunks without lines, and receipts
	is "$(jq_like "$OUT" "[f['state'] in ('read', 'skipped') for f in r['coverage']['files'] if f['path'] in ('src/elsewhere.txt', 'src/tool.sh')]")" "[True, True]"
}

@test "a text that was left out is missing" {
	odd_kinds src/wide.txt
	run "$TUTTI" run code-review q --base HEAD~1 --repo "$R" --model rehearsal --size small --strict --json
	is "$status" 8
	echo "$output" | grep '^{' >"$OUT"
	is "$(jq_like "$OUT" "r['missing']")" "['1 file of the change with text was not reviewed']"
}
