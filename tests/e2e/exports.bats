# Forms that other tools understand, and gates. All runs are of the rehearsal model.

load real

setup_file() {
	export FLOWS="architectural-analysis code-review gap-analysis investigate research"
	export ALL=
	export KEPT=$BATS_FILE_TMPDIR/kept
	export NPM=$BATS_TEST_DIRNAME/../npm
	export SARIF=$NPM/node_modules/@microsoft/sarif-multitool-linux
	mkdir "$KEPT"
	make_repository "$KEPT/repo"
	TUTTI=${TUTTI:-$BATS_TEST_DIRNAME/../../build/tutti}
	# every flow that asks for no more than a question
	for flow in $("$TUTTI" flows list --json | python3 -c 'import json,sys
for f in json.load(sys.stdin)["flows"]: print(f["name"])'); do
		"$TUTTI" run "$flow" "the queue" --size small --repo "$KEPT/repo" --model rehearsal \
			--data "$KEPT/data" --format quiet --json >"$KEPT/$flow.json" || rm "$KEPT/$flow.json"
		[ ! -e "$KEPT/$flow.json" ] || ALL="$ALL $flow"
	done
	for flow in $FLOWS; do
		[ -s "$KEPT/$flow.json" ] || return 1
	done
}

setup() {
	own_place
	export TUTTI_DATA=$KEPT/data
	REPO=$KEPT/repo
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
}

make_repository() {
	mkdir -p "$1/src"
	cat >"$1/src/queue.c" <<-'END'
	#include "queue.h"

	static int depth;

	int queue_put(struct queue *q, int item)
	{
		if (q->n == QUEUE_MAX)
			return -1; /* TODO: wait for room */
		q->items[q->n++] = item;
		depth++;
		return 0;
	}

	int queue_take(struct queue *q)
	{
		return q->items[--q->n];
	}
	END
	cat >"$1/src/queue.h" <<-'END'
	#define QUEUE_MAX 64

	struct queue {
		int items[QUEUE_MAX];
		int n;
	};

	int queue_put(struct queue *q, int item);
	int queue_take(struct queue *q);
	END
	cat >"$1/src/worker.c" <<-'END'
	#include "queue.h"

	/* FIXME: one worker takes all of it */
	int worker_run(struct queue *q)
	{
		int done = 0;

		while (q->n) {
			queue_take(q);
			done++;
		}
		return done;
	}
	END
	printf '# Queue\n\nThe queue and its worker.\n' >"$1/README.md"
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" -c user.name=tests -c user.email=tests@example.org commit -qm "as it came"
}

# tutti [ARGUMENT…]: stdout, stderr and exit code apart
tutti() {
	CODE=0
	"$TUTTI" "$@" >"$OUT" 2>"$ERR" </dev/null || CODE=$?
}

# id FLOW: of its run
id() {
	jq_like "$KEPT/$1.json" "r['run']['id']"
}

# again FLOW [OPTION…]: the same flow on a copy of the repository as it is now
again() {
	flow=$1
	shift
	tutti run "$flow" "the queue" --format quiet --size small --repo "$REPO" --model rehearsal "$@"
}

# own_repository: one that a test may change
own_repository() {
	cp -r "$KEPT/repo" "$BATS_TEST_TMPDIR/repo"
	REPO=$BATS_TEST_TMPDIR/repo
}

# insert_above FILE: thirty lines behind the first
insert_above() {
	for i in $(seq 30); do echo "/* line $i of a note */"; done >"$BATS_TEST_TMPDIR/note"
	sed -i "1r $BATS_TEST_TMPDIR/note" "$1"
}

# schema SCHEMA FILE…: what a JSON Schema says of the files
schema() {
	node "$NPM/validate.js" "$@"
}

# accepts FILE…: what SARIF's own validator says, schema and rules; its program is for one processor
accepts() {
	schema "$SARIF/sarif-2.1.0.json" "$@" || return 1
	[ "$(uname -m)" = x86_64 ] || return 0
	DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$SARIF/Sarif.Multitool" validate "$@" \
		--level "Error;Warning" --log ForceOverwrite --output "$BATS_TEST_TMPDIR/said.sarif" >"$OUT" 2>&1 || true
	is "$(jq_like "$BATS_TEST_TMPDIR/said.sarif" "[x['message'] for x in r['runs'][0]['results']
		if x.get('level') == 'error']")" "[]"
	has "$OUT" "Done. $# files scanned"
}

# states FILE: how many results a SARIF file has in each state
states() {
	jq_like "$1" "dict(sorted(__import__('collections').Counter(
		x.get('baselineState') for x in r['runs'][0]['results']).items()))"
}

@test "the JSON of every flow is what the published schema says, and nothing else" {
	for flow in $ALL; do
		tutti runs export "$(id "$flow")" --as json --output "$BATS_TEST_TMPDIR/$flow.json"
		is "$CODE" 0
	done
	schema --closed "$TOP/docs/report.schema.json" "$KEPT"/*.json "$BATS_TEST_TMPDIR"/*.json
	sed 's/"severity":"low"/"severity":"lower"/' "$KEPT/code-review.json" >"$BATS_TEST_TMPDIR/wrong.json"
	run schema "$TOP/docs/report.schema.json" "$BATS_TEST_TMPDIR/wrong.json"
	is "$status" 1
}

@test "SARIF of every flow is accepted by its own validator" {
	for flow in $ALL; do
		tutti runs export "$(id "$flow")" --as sarif --output "$BATS_TEST_TMPDIR/$flow.sarif"
		is "$CODE" 0
		is "$(jq_like "$BATS_TEST_TMPDIR/$flow.sarif" "len(r['runs'][0]['results'])")" \
			"$(jq_like "$KEPT/$flow.json" "len([f for f in r['findings'] if (f['disposition'] in ('kept', 'demoted')
				or f['disposition'] == 'undecided' and f['verdict'] != 'refuted')])")"
	done
	for flow in $FLOWS; do
		is "$(jq_like "$BATS_TEST_TMPDIR/$flow.sarif" "len(r['runs'][0]['results']) > 3")" True
	done
	accepts "$BATS_TEST_TMPDIR"/*.sarif
	sed 's/"startLine":[0-9]*/"startLine":0/' "$BATS_TEST_TMPDIR/research.sarif" >"$BATS_TEST_TMPDIR/wrong"
	run schema "$SARIF/sarif-2.1.0.json" "$BATS_TEST_TMPDIR/wrong"
	is "$status" 1
}

@test "what did not change is unchanged, also further down; what was fixed is absent" {
	own_repository
	insert_above "$REPO/src/queue.c"
	for flow in architectural-analysis code-review; do
		moved=$BATS_TEST_TMPDIR/moved-$flow.sarif
		again "$flow" --baseline "$KEPT/$flow.json" --sarif "$moved" --fail-on note
		is "$CODE" 0
		has "$moved" '"startLine":3[0-9]'
		is "$(states "$moved" | grep -o "'[a-z]*'")" "'unchanged'"
	done
	sed -i 's, /[*] TODO: wait for room [*]/,,' "$REPO/src/queue.c"
	again code-review --baseline "$moved" --sarif "$BATS_TEST_TMPDIR/fixed.sarif"
	is "$CODE" 0
	is "$(jq_like "$BATS_TEST_TMPDIR/fixed.sarif" "{x['properties']['title'] for x in r['runs'][0]['results']
		if x['baselineState'] == 'absent'} >= {'An open mark: TODO'}")" True
	lacks "$BATS_TEST_TMPDIR/fixed.sarif" '"baselineState":"new","[^{]*{"id":"[^"]*","step":"[^"]*","title":"An open mark'
	accepts "$BATS_TEST_TMPDIR"/*.sarif
}

@test "an unchanged repository: every finding of every flow is unchanged" {
	for flow in $FLOWS; do
		again "$flow" --json --baseline "$(id "$flow")" --fail-on note
		is "$CODE" 0
		is "$(jq_like "$OUT" "r['baseline']['new'], r['baseline']['gone'], r['baseline']['changed'],
			r['baseline']['same'] > 3")" "0 0 0 True"
		mv "$OUT" "$BATS_TEST_TMPDIR/$flow.json"
	done
	schema --closed "$TOP/docs/report.schema.json" "$BATS_TEST_TMPDIR"/*.json
}

@test "gates count what stands, from a severity on, and what is new" {
	review=$(id code-review)
	tutti runs export "$review" --fail-on low
	is "$CODE" 3
	has "$OUT" '^## Findings'
	tutti runs export "$review" --fail-on medium
	is "$CODE" 0
	tutti runs export "$review" --fail-on none
	is "$CODE" 0
	tutti runs export "$review" --as sarif --fail-on note --baseline "$review"
	is "$CODE" 0
	is "$(jq_like "$OUT" "r['runs'][0]['invocations'][0]['exitCode']")" 0
	tutti runs export "$review" --as sarif --fail-on note --baseline "$KEPT/research.json"
	is "$CODE" 3
	is "$(jq_like "$OUT" "r['runs'][0]['invocations'][0]['exitCodeDescription']")" gate
	again research --fail-on note --format plain
	is "$CODE" 3
	has "$ERR" '^  exit    3: findings gate tripped'
	again research --fail-on note --format plain --baseline last
	is "$CODE" 0
	has "$ERR" 'the baseline: 0 new, 0 gone, 0 changed, [1-9][0-9]* same'
	again research --fail-on note --baseline r-none
	is "$CODE" 5
	again research --baseline "$KEPT/repo/README.md"
	is "$CODE" 6
	has "$ERR" 'cannot be compared with'
	again research --fail-on lowest
	is "$CODE" 2
}

@test "strict: exit code 8 when anything is missing, and the report says what" {
	export TUTTI_DATA=$BATS_TEST_TMPDIR/data
	echo 'step=structure empty' >"$BATS_TEST_TMPDIR/script"
	again architectural-analysis --strict --json
	is "$CODE" 0
	is "$(jq_like "$OUT" "r['missing']")" "[]"
	again architectural-analysis --strict --json --rehearsal-script "$BATS_TEST_TMPDIR/script"
	is "$CODE" 8
	is "$(jq_like "$OUT" "r['missing']")" "['Structure failed']"
	tutti runs export last --repo "$REPO" --as junit --strict
	is "$CODE" 8
	has "$OUT" '<error message="empty'
	tutti runs export last --repo "$REPO" --as junit
	is "$CODE" 0
	tutti runs retry last --repo "$REPO" --strict --output "$BATS_TEST_TMPDIR/x.md"
	is "$CODE" 0
	lacks "$ERR" '  exit '
}

@test "signs beyond ASCII are for a locale that says UTF-8, installed or not" {
	old=$(id architectural-analysis) new=$(id code-review)
	for plain in "LC_ALL=C LANG=C.UTF-8" "LC_ALL= LC_CTYPE=en_US.ISO-8859-1 LANG=C.UTF-8" "LC_ALL= LC_CTYPE= LANG="; do
		env -u LC_ALL -u LC_CTYPE $plain "$TUTTI" runs compare "$old" "$new" >"$OUT"
		lacks "$OUT" '·\|→'
	done
	for wide in "LC_ALL=xx_YY.UTF-8 LANG=C" "LC_ALL= LANG=de_DE.utf8@euro" "LC_CTYPE=C.UTF-8 LANG=C"; do
		env -u LC_ALL -u LC_CTYPE $wide "$TUTTI" runs compare "$old" "$new" >"$OUT"
		has "$OUT" '·'
	done
}

@test "two runs are compared, for people within 80 columns and for programs" {
	old=$(id architectural-analysis) new=$(id code-review)
	LC_ALL=C.UTF-8 tutti runs compare "$old" "$new"
	is "$CODE" 0
	has "$OUT" 'new, .* gone, .* changed, .* same'
	has "$OUT" '^  low      No listed test names'
	is "$(awk '{ if (length($0) > 80) n++ } END { print n + 0 }' "$OUT")" 0
	tutti runs compare "$old" "$new" --json
	is "$(jq_like "$OUT" "r['schema'], sum(r['counts'].values()) == len(r['findings'])")" "tutti.compare/1 True"
	tutti runs compare "$old" "$new" --fail-on low
	is "$CODE" 3
	tutti runs compare "$new" "$new" --fail-on note
	is "$CODE" 0
	tutti runs compare "$KEPT/research.json" "$(id research)" --json --fail-on note
	is "$CODE" 0
	tutti runs compare "$old"
	is "$CODE" 2
	tutti runs compare "$old" nothing.json
	is "$CODE" 5
}

@test "JUnit: what any parser of XML reads" {
	for flow in $FLOWS; do
		tutti runs export "$(id "$flow")" --as junit
		is "$CODE" 0
		python3 - "$OUT" "$KEPT/$flow.json" <<-'END'
		import json, sys, xml.etree.ElementTree as E
		suites, report = E.parse(sys.argv[1]).getroot(), json.load(open(sys.argv[2]))
		cases = suites.findall(".//testcase")
		assert len(cases) == int(suites.get("tests"))
		assert len(suites.findall(".//failure")) == int(suites.get("failures"))
		assert len([c for c in cases if c.get("name") != "answers"]) == len(report["findings"])
		END
	done
}

@test "GitHub: annotations and a summary, once, appended" {
	export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$BATS_TEST_TMPDIR/summary.md
	echo 'from an earlier command' >"$GITHUB_STEP_SUMMARY"
	tutti runs export "$(id code-review)" --as github
	is "$CODE" 0
	empty "$OUT"
	is "$(grep -c '^::notice ' "$ERR")" 10
	is "$(head -1 "$GITHUB_STEP_SUMMARY")" 'from an earlier command'
	is "$(grep -c '^## Review: the queue' "$GITHUB_STEP_SUMMARY")" 1
	again research
	is "$CODE" 0
	is "$(grep -c '^## ' "$GITHUB_STEP_SUMMARY")" 2
	has "$ERR" '^::notice file='
	truncate -s 1048570 "$GITHUB_STEP_SUMMARY"
	tutti runs export "$(id research)" --as github
	has "$ERR" 'no job summary was written'
	is "$(stat -c %s "$GITHUB_STEP_SUMMARY")" 1048570
	unset GITHUB_STEP_SUMMARY
	tutti runs export "$(id research)" --as github
	has "$OUT" '^| note | '
}

# What GitHub's runner takes for a command, in the lines it reads.
commands_in() {
	python3 - "$1" <<-'END'
	import re, sys
	for line in re.split(r"\r\n|\r|\n", open(sys.argv[1], newline="").read()):
	    if line.strip().startswith("::") or "##[" in line:
	        print(line)
	END
}

@test "GitHub: what an agent says is no command to the runner" {
	own_repository
	export TUTTI_DATA=$BATS_TEST_TMPDIR/data GITHUB_ACTIONS=true
	printf '::add-mask::name\n##[error]file\n' >"$REPO/src/::error::x.c"
	printf '%s\n' 'step=structure say   ::error::owned ##[add-mask]x' \
		'step=recommendation say ::stop-commands::x' >"$BATS_TEST_TMPDIR/script"
	for how in "" --json "--format plain" "--format jsonl"; do
		"$TUTTI" run architectural-analysis "::set-output name=a::b ##[b]" --size small --repo "$REPO" \
			--model rehearsal $how --rehearsal-script "$BATS_TEST_TMPDIR/script" 2>&1 | cat >"$OUT"
		has "$OUT" 'owned'
		is "$(commands_in "$OUT" | grep -v '^::notice ')" ""
	done
	for what in "show last" "logs last" "export last" "export last --as json" "export last --as sarif" \
		"export last --as junit" "compare last~1 last" list; do
		"$TUTTI" runs $what --repo "$REPO" 2>&1 | cat >"$OUT"
		is "$(commands_in "$OUT")" ""
	done
	"$TUTTI" runs export last --repo "$REPO" --as json | cat >"$OUT"
	is "$(jq_like "$OUT" "'##[add-mask]x' in r['steps'][0]['output'] or '##[add-mask]x' in json.dumps(r)")" True
	# a file is nobody's log: there it stays as it is
	"$TUTTI" runs export last --repo "$REPO" --as json >"$OUT"
	has "$OUT" '##\[add-mask\]'
}

@test "names of files that mean something elsewhere" {
	own_repository
	export TUTTI_DATA=$BATS_TEST_TMPDIR/data
	mv "$REPO/src/worker.c" "$REPO/src/a b%20&<c>,:é.c"
	git -C "$REPO" add -A
	again architectural-analysis --sarif "$BATS_TEST_TMPDIR/x.sarif"
	is "$CODE" 0
	accepts "$BATS_TEST_TMPDIR/x.sarif"
	tutti runs export last --repo "$REPO" --as junit
	python3 -c 'import sys, xml.etree.ElementTree as E; E.parse(sys.argv[1])' "$OUT"
	tutti runs compare last "$BATS_TEST_TMPDIR/x.sarif" --repo "$REPO" --fail-on note
	is "$CODE" 0
}

@test "two runs of different flows, or repositories, are said to be that" {
	other=$BATS_TEST_TMPDIR/other
	mkdir "$other"
	echo 'int main(void) { return 0; }' >"$other/main.c"
	commit_all "$other"
	tutti run research q --model rehearsal --repo "$other"
	is "$CODE" 0
	now=$(cd "$other" && "$TUTTI" runs list --json | tr ',' '\n' | sed -n 's/.*"id": *"\(r-[0-9a-z]*\)".*/\1/p' | head -1)
	tutti runs compare "$KEPT/code-review.json" "$now"
	is "$CODE" 0
	has "$OUT" 'Not the same flow: code-review, then research.'
	has "$OUT" 'Not the same repository: .*, then other.'
	tutti runs compare "$KEPT/code-review.json" "$now" --json
	is "$(jq_like "$OUT" "[u['what'] for u in r['unlike']], r['unlike'][0]['now'], r['exit']['code']")" \
		"['flow', 'repository'] research 0"
	tutti runs compare "$KEPT/research.json" "$KEPT/research.json" --json
	is "$(jq_like "$OUT" "r['unlike']")" "[]"
	tutti runs compare "$KEPT/research.json" "$KEPT/research.json"
	lacks "$OUT" 'Not the same'
}
