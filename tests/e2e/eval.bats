# The evaluation kit: its cases are what they say, and what is scored is what was run.

load real

setup() {
	own_place
	CASES=$TOP/eval
	E=$BATS_TEST_TMPDIR/eval.json
	OUT=$BATS_TEST_TMPDIR/out
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$TMPDIR"
	panel_flow
}

teardown() {
	[ -z "${PLACE:-}" ] || rm -rf "$PLACE"
}

# panel_flow: a flow of our own, so that the catalogue may change without the golden file
panel_flow() {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/panel.yaml" <<-'END'
	flow: panel
	category: review
	summary: Five looks at a small program.
	input:
	  base: {label: Compare with, type: git-ref}
	steps:
	  - {id: security, persona: adversarial-security-analyst, role: angle, task: "Review for weaknesses: {{ question }}"}
	  - {id: concurrency, persona: concurrency-analyst, role: angle, task: "Review what happens at once: {{ question }}"}
	  - {id: resilience, persona: on-call-engineer, role: angle, task: "Review for timeouts and swallowed errors: {{ question }}"}
	  - {id: data, persona: data-engineer, role: angle, task: "Review how data is kept: {{ question }}"}
	  - {id: behaviour, persona: behavioral-analyst, role: angle, task: "Review what it does: {{ question }}"}
	END
	sed 's/^flow: panel/flow: stuck/; s/id: security/id: slow/' \
		"$XDG_CONFIG_HOME/tutti/flows/panel.yaml" >"$XDG_CONFIG_HOME/tutti/flows/stuck.yaml"
}

# evaluate OPTION…: exit code in CODE, table in $OUT, progress in $OUT.err, document in $E
evaluate() {
	CODE=0
	"$TUTTI" eval "$@" --model rehearsal -o "$E" >"$OUT" 2>"$OUT.err" || CODE=$?
}

# take CASE…: copies of cases, to be changed, in $MINE
take() {
	MINE=$BATS_TEST_TMPDIR/mine
	mkdir -p "$MINE"
	for c; do
		cp -r "$CASES/$c" "$MINE"
	done
}

# files SUFFIX: those of the cases
files() {
	find "$CASES" -path '*/repo*' -name "*.$1" | sort
}

@test "thirty cases in five languages, each with a defect and a decoy" {
	is "$(ls "$CASES"/*/case.yaml | wc -l)" 30
	is "$(cat "$CASES"/*/case.yaml | sed -n 's/^language: //p' | sort -u | xargs)" \
		"C Go JavaScript Python Rust TypeScript"
	for c in "$CASES"/*/case.yaml; do
		has "$c" '^  - id: '
		has "$c" '^  - path: '
	done
}

@test "what has a compiler here compiles" {
	for f in $(files c); do
		gcc -std=gnu11 -fsyntax-only -Werror=implicit-function-declaration "$f"
	done
	for f in $(files py); do
		python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$f"
	done
	for f in $(files js); do
		"$(new_node)" --check "$f"
	done
	"$(new_node)" --no-warnings -e '
		const strip = require("node:module").stripTypeScriptTypes;
		for (const f of process.argv.slice(1))
			strip?.(require("node:fs").readFileSync(f, "utf8"), { mode: "transform" });' $(files ts)
	if rustc --version 2>/dev/null; then
		for f in $(files rs); do
			rustc --edition 2021 --crate-type lib --emit metadata -A dead_code \
				-o "$BATS_TEST_TMPDIR/out.rmeta" "$f"
		done
	fi
	if command -v gofmt >/dev/null; then
		for f in $(files go); do
			is "$(gofmt -l "$f")" ""
		done
	fi
}

# lines DIR: what stands at the places that the cases in DIR name
lines() {
	python3 "$BATS_TEST_DIRNAME/eval-lines.py" "$1"
}

@test "the lines of each defect and decoy hold what was planted (LINES_UPDATE=1 writes them, for review)" {
	if [ -n "${LINES_UPDATE:-}" ]; then
		lines "$CASES" >"$BATS_TEST_DIRNAME/eval-lines.txt"
	fi
	diff -u "$BATS_TEST_DIRNAME/eval-lines.txt" <(lines "$CASES")
	# one line more at the top of any file, and it is noticed
	take $(ls "$CASES")
	for f in $(find "$MINE" -path '*/repo*' -type f -name '*.*'); do
		sed -i '1i\\' "$f"
	done
	rm -f "$MINE"/*/change.patch # it does not apply any more, which is noticed, too
	run comm -12 <(sort "$BATS_TEST_DIRNAME/eval-lines.txt") <(lines "$MINE" | sort)
	is "$output" ""
}

@test "the score of six cases is the golden one (GOLDEN_UPDATE=1 writes it)" {
	evaluate "$CASES" --flow panel --format quiet \
		--only c-mail-hook,c-record-batch,go-price-feed,py-stock,rs-cache-file,ts-wallet
	is "$CODE" 0
	empty "$OUT.err"
	python3 - "$E" >"$BATS_TEST_TMPDIR/golden.json" <<-'END'
	import json, sys
	doc = json.load(open(sys.argv[1]))
	# what no change of other findings moves
	kept = ("scored", "planted", "found", "decoys", "decoys_hit", "defects")
	print(json.dumps({c["case"]: [{k: r[k] for k in kept} for r in c["runs"]] for c in doc["cases"]}, indent=1))
	END
	if [ -n "${GOLDEN_UPDATE:-}" ]; then
		cp "$BATS_TEST_TMPDIR/golden.json" "$TOP/tests/e2e/eval-golden.json"
	fi
	diff -u "$TOP/tests/e2e/eval-golden.json" "$BATS_TEST_TMPDIR/golden.json"
}

@test "all thirty run with their own flows; the table fits and adds up" {
	evaluate "$CASES"
	is "$CODE" 0
	is "$(jq_like "$E" "len(r['cases']), r['totals']['runs'], r['totals']['failed']")" "30 30 0"
	is "$(jq_like "$E" "r['complete'], r['totals']['planted'], r['totals']['decoys'] > 29")" \
		"True 30 True"
	for what in found false hold citations tokens decoys_hit; do
		is "$(jq_like "$E" "sum(c['runs'][0]['$what'] for c in r['cases']) == r['totals']['$what']")" True
	done
	is "$(awk 'length > 80' "$OUT")" ""
	is "$(grep -c '^c-' "$OUT")" 7
	has "$OUT" '^total '
	has "$OUT" '^recall [01]'
	is "$(grep -c 'found [01] of 1' "$OUT.err")" 30
	is "$(ls "$TMPDIR")" ""
}

@test "a case with a change is compared with what was before" {
	take js-rate-limit go-download
	evaluate "$MINE" --flow panel
	is "$CODE" 0
	is "$(python3 - "$TUTTI_DATA/tutti.db" <<-'END'
	import json, sqlite3, sys
	rows = sqlite3.connect(sys.argv[1]).execute("SELECT input FROM runs").fetchall()
	print([json.loads(r[0]).get("base") for r in rows])
	END
	)" "['HEAD~1', 'HEAD~1']"
	# the same files are the same commits, whatever git is told on this machine
	git config --global user.name somebody
	git config --global core.autocrlf true
	evaluate "$MINE" --flow panel
	"$TUTTI" runs list --all --json >"$OUT"
	for run in $(jq_like "$OUT" "' '.join(run['id'] for run in r['runs'])"); do
		"$TUTTI" runs export "$run" --as json >"$BATS_TEST_TMPDIR/$run.json"
		jq_like "$BATS_TEST_TMPDIR/$run.json" "r['repository']['commit']"
	done >"$BATS_TEST_TMPDIR/commits"
	is "$(wc -l <"$BATS_TEST_TMPDIR/commits"), $(sort -u "$BATS_TEST_TMPDIR/commits" | wc -l)" "4, 2"
}

@test "a case that cannot be run is a row with its reason and ends nothing" {
	take c-mail-hook c-record-batch ts-wallet
	echo nonsense >"$MINE/c-record-batch/change.patch"
	sed -i 's/^flow: .*/flow: no-such-flow/' "$MINE/ts-wallet/case.yaml"
	evaluate "$MINE"
	is "$CODE" 8
	has "$OUT" '^c-mail-hook '
	has "$OUT" '^c-record-batch  *failed'
	has "$OUT" 'git could not make its repository: '
	has "$OUT" 'no-such-flow'
	has "$OUT" '^2 of 3 runs failed'
	is "$(awk 'length > 80' "$OUT")" ""
	is "$(jq_like "$E" "[c['runs'][0]['scored'] for c in r['cases']]")" "[True, False, False]"
	is "$(jq_like "$E" "r['totals']['planted'], r['exit']['name']")" "3 partial"
	# nothing at all
	evaluate "$MINE" --only ts-wallet
	is "$CODE" 1
}

# A root's workers are somebody else there and have to pass through to what they see.
@test "where there are no namespaces, too" {
	degrade=${DEGRADE:-$TOP/build/tests/degrade}
	PLACE=$(mktemp -d /tmp/tutti-eval-test-XXXXXX)
	chmod 711 "$PLACE"
	mkdir -m 700 "$PLACE/data"
	TMPDIR=$PLACE TUTTI_DATA=$PLACE/data "$degrade" C -- "$TUTTI" eval "$CASES/c-mail-hook" \
		--model rehearsal --flow panel --json >"$OUT" 2>/dev/null
	is "$(ls "$PLACE")" data
	is "$(jq_like "$OUT" "r['totals']['found'], r['totals']['failed']")" "1 0"
}

@test "what a case names has to be there" {
	take c-mail-hook go-price-feed
	sed -i 's/path: hook.c/path: gone.c/' "$MINE/c-mail-hook/case.yaml"
	sed -i 's/lines: .*/lines: [90, 900]/' "$MINE/go-price-feed/case.yaml"
	evaluate "$MINE"
	is "$CODE" 1
	is "$(jq_like "$E" "r['cases'][0]['runs'][0]['reason']")" \
		"defect shell-injection: gone.c: No such file or directory"
	has "$OUT" 'defect no-timeout: feed.go has [0-9]* lines, not 900'
}

@test "a run that fails is told, with what it cost" {
	take go-price-feed
	echo empty >"$BATS_TEST_TMPDIR/script"
	evaluate "$MINE" --rehearsal-script "$BATS_TEST_TMPDIR/script" --flow panel
	is "$CODE" 1
	is "$(jq_like "$E" "r['cases'][0]['runs'][0]['run'] != '', r['totals']['tokens'] > 0")" \
		"True True"
	has "$OUT" '^go-price-feed  *failed'
}

@test "gates hold for each round" {
	evaluate "$CASES" --only c-mail-hook --flow panel --min-recall 1
	is "$CODE" 0
	evaluate "$CASES" --only c-mail-hook,ts-wallet --flow panel --min-recall 0.51
	is "$CODE" 3
	is "$(jq_like "$E" "r['exit']['name']")" gate
	evaluate "$CASES" --only c-mail-hook --flow panel --max-false 0
	is "$CODE" 3
	evaluate "$CASES" --only c-mail-hook --flow panel --max-false 100
	is "$CODE" 0
}

@test "rounds have a spread, and two evaluations are compared" {
	evaluate "$CASES" --only c-mail-hook,go-price-feed --flow panel --repeat 2
	is "$CODE" 0
	has "$OUT" '^2 rounds: recall 1.00 to 1.00, precision '
	is "$(jq_like "$E" "[len(c['runs']) for c in r['cases']], len(r['rounds'])")" "[2, 2] 2"
	is "$(jq_like "$E" "r['spread']['recall']")" "[1.0, 1.0]"
	mv "$E" "$BATS_TEST_TMPDIR/old.json"
	# the same cases, another flow; one case more
	sed -i '/id: security/d' "$XDG_CONFIG_HOME/tutti/flows/panel.yaml"
	evaluate "$CASES" --only c-mail-hook,go-price-feed,ts-wallet --flow panel \
		--compare "$BATS_TEST_TMPDIR/old.json"
	has "$OUT" "^against $BATS_TEST_TMPDIR/old.json"
	has "$OUT" '^  recall 1.00 -> 0.50, precision '
	has "$OUT" '^  - c-mail-hook/shell-injection: found 2/2 -> 0/1$'
	has "$OUT" '^  1 case only here, left out'
	has "$OUT" '^  the spreads of recall do not overlap'
	is "$(jq_like "$E" "r['compare']['defects'][0]['old'], r['compare']['only_now']")" \
		"[2, 2] ['ts-wallet']"
}

@test "Ctrl-C ends the run in hand and prints what there is" {
	take c-mail-hook ts-wallet
	sed -i 's/^flow: .*/flow: panel/' "$MINE/c-mail-hook/case.yaml"
	sed -i 's/^flow: .*/flow: stuck/' "$MINE/ts-wallet/case.yaml"
	echo 'step=slow delay 60000' >"$BATS_TEST_TMPDIR/script"
	python3 - "$TUTTI" "$MINE" "$BATS_TEST_TMPDIR/script" "$E" "$OUT" <<-'END'
	import json, signal, subprocess, sys, time
	tutti, mine, script, doc, out = sys.argv[1:]
	with open(out, "w") as table, open(out + ".err", "w") as progress:
	    p = subprocess.Popen([tutti, "eval", mine, "--model", "rehearsal", "--rehearsal-script",
	        script, "-o", doc], stdout=table, stderr=progress)
	    for _ in range(1200):
	        time.sleep(0.05)
	        if "2/2" in open(out + ".err").read():
	            break
	    time.sleep(0.5)
	    p.send_signal(signal.SIGINT)
	    print(p.wait(60), file=open(out + ".code", "w"))
	END
	is "$(cat "$OUT.code")" 130
	has "$OUT" '^c-mail-hook  *1/1'
	lacks "$OUT" '^ts-wallet'
	has "$OUT" '^not complete: 1 of 2 cases, 1 runs'
	is "$(jq_like "$E" "r['complete'], r['exit']['name'], [len(c['runs']) for c in r['cases']]")" \
		"False interrupted [1, 0]"
	is "$(ls "$TMPDIR")" ""
}

@test "what is wrong is said before anything runs" {
	take c-mail-hook
	sed -i 's/^decoys:/decoy:/' "$MINE/c-mail-hook/case.yaml"
	evaluate "$MINE"
	is "$CODE" 6
	has "$OUT.err" "mine/c-mail-hook/case.yaml:[0-9]*:1: unknown key 'decoy' in a case; did you mean 'decoys'?"
	evaluate "$BATS_TEST_TMPDIR/nowhere"
	is "$CODE" 5
	evaluate "$CASES" --only no-such-case
	is "$CODE" 5
	evaluate "$CASES" --flow no-such-flow
	is "$CODE" 5
	evaluate "$CASES" --repeat 101
	is "$CODE" 2
	evaluate "$CASES" --min-recall 2
	is "$CODE" 2
	evaluate "$CASES" --max-false some
	is "$CODE" 2
	evaluate "$CASES" --compare "$MINE/c-mail-hook/case.yaml"
	is "$CODE" 2
	evaluate
	is "$CODE" 2
	is "$(ls "$TUTTI_DATA")" ""
	"$TUTTI" help eval >"$OUT"
	has "$OUT" '--min-recall'
}

@test "a file that cannot be written is told before anything runs" {
	E=$BATS_TEST_TMPDIR/nowhere/eval.json
	evaluate "$CASES" --flow panel
	is "$CODE" 1
	has "$OUT.err" nowhere
	lacks "$OUT.err" '1/30'
}

@test "--json is one document" {
	"$TUTTI" eval "$CASES/c-mail-hook" --model rehearsal --flow panel --json >"$OUT" 2>/dev/null
	is "$(wc -l <"$OUT")" 1
	is "$(jq_like "$OUT" "r['schema'], r['totals']['recall'], r['exit']['code']")" \
		"tutti.eval/1 1.0 0"
}
