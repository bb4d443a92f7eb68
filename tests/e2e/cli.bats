# The command line as people and programs use it.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$REPO"
	commit_all "$REPO"
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
}

# tutti [ARGUMENT…]: stdout, stderr and exit code apart
tutti() {
	CODE=0
	"$TUTTI" "$@" >"$OUT" 2>"$ERR" </dev/null || CODE=$?
}

# job [OPTION…]: a small run of the main job
job() {
	tutti run architectural-analysis engine --size small --model rehearsal --repo "$REPO" "$@"
}

script() {
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/script"
	echo "$BATS_TEST_TMPDIR/script"
}

@test "no agent: exit code 4 and an error of four parts" {
	PATH=/usr/bin:/bin tutti run architectural-analysis q --agent qwen --model rehearsal --repo "$REPO"
	is "$CODE" 4
	diff - "$ERR" <<-'END'
	error: agent "qwen" was not found
	  why: it is not in PATH
	  fix: npm install -g @qwen-code/qwen-code@0.24.4
	       or: tutti run … --agent native
	  more: tutti help agents
	END
	empty "$OUT"
}

@test "no model: exit code 4, as JSON when asked" {
	tutti run architectural-analysis q --repo "$REPO" --json
	is "$CODE" 4
	is "$(jq_like "$OUT" "r['error']['what']")" "no model server was found"
	is "$(jq_like "$OUT" "len(r['error']['fix']) >= 2 and r['exit'] == {'code': 4, 'name': 'not-ready'}")" True
	empty "$ERR"
}

@test "ten mistakes are ten errors with line and column, and exit code 6" {
	tutti flows validate "$TOP/tests/flows/ten-mistakes.yaml"
	is "$CODE" 6
	is "$(grep -cE 'ten-mistakes.yaml:[0-9]+:[0-9]+: ' "$ERR")" 10
	tutti flows validate --json "$TOP/tests/flows/ten-mistakes.yaml"
	is "$CODE" 6
	is "$(jq_like "$OUT" "len(r['errors']), r['valid']")" "10 False"
}

@test "what is misspelt is named, with what was meant" {
	tutti rnu
	is "$CODE" 2
	has "$ERR" 'did you mean tutti run'
	tutti run research q --siez small
	is "$CODE" 2
	has "$ERR" 'did you mean --size'
	tutti run reserch q
	is "$CODE" 5
	has "$ERR" 'research'
	tutti run research
	is "$CODE" 2
	has "$ERR" 'needs a question'
	tutti run architectural-analysis q --repo /nonexistent --model rehearsal
	is "$CODE" 4
	has "$ERR" 'fix: '
	tutti runs show r-none
	is "$CODE" 5
}

@test "stdout is the result, stderr the progress" {
	job
	is "$CODE" 0
	head -1 "$OUT" | grep -q '^# Architectural analysis: engine'
	has "$ERR" 'Structure completed'
	has "$ERR" 'tutti runs show'
	job --format quiet
	is "$CODE" 0
	empty "$ERR"
	has "$OUT" '^## Evidence'
	job --json
	is "$CODE" 0
	is "$(wc -l <"$OUT")" 1
	is "$(jq_like "$OUT" "r['schema'], r['exit']['code']")" "tutti.report/1 0"
	job --format jsonl
	is "$CODE" 0
	python3 - "$OUT" <<-'END'
	import json, sys
	events = [json.loads(line) for line in open(sys.argv[1])]
	assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
	assert events[0]["type"] == "started" and events[-1]["type"] == "run"
	END
	job --output "$BATS_TEST_TMPDIR/report.md"
	is "$CODE" 0
	empty "$OUT"
	has "$BATS_TEST_TMPDIR/report.md" '^## Evidence'
}

@test "exit codes tell what a run came to" {
	job --fail-on low
	is "$CODE" 3
	job --fail-on high
	is "$CODE" 0
	job --strict --rehearsal-script "$(script 'step=structure empty')"
	is "$CODE" 8
	job --rehearsal-script "$(script 'step=structure empty')"
	is "$CODE" 0
	job --budget 5000
	is "$CODE" 7
	has "$OUT" 'token budget'
	job --rehearsal-script "$(script 'step=recommendation question')"
	is "$CODE" 1
}

@test "past runs are listed, shown, told and exported" {
	job
	first=$("$TUTTI" runs list --repo "$REPO" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["runs"][0]["id"])')
	job
	tutti runs list --repo "$REPO"
	is "$CODE" 0
	is "$(wc -l <"$OUT")" 2
	(cd "$REPO/engine" && "$TUTTI" runs show last~1) | grep -q "^$first"
	tutti runs show "${first%??}"
	is "$CODE" 0
	has "$OUT" 'validator  *completed'
	tutti runs logs "$first" --agent structure
	is "$CODE" 0
	has "$OUT" 'structure  *calls read_file'
	lacks "$OUT" 'behaviour'
	tutti runs export "$first" --as json --output "$BATS_TEST_TMPDIR/x.json"
	is "$CODE" 0
	is "$(jq_like "$BATS_TEST_TMPDIR/x.json" "r['run']['id']")" "$first"
	tutti runs cancel --repo "$REPO"
	is "$CODE" 2
	has "$OUT" "^$first"
	tutti runs watch "$first" --format plain
	is "$CODE" 0
	has "$ERR" 'run completed'
}

@test "an earlier report is handed on, and the new one says so" {
	tutti run risk-analysis engine --model rehearsal --repo "$REPO" --provided last
	is "$CODE" 5
	has "$ERR" 'no run last'
	job
	first=$(cd "$REPO" && "$TUTTI" runs list --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["runs"][0]["id"])')
	tutti run risk-analysis engine --repo "$REPO" --provided last --dry-run
	is "$CODE" 0
	has "$OUT" "provided  the report of $first, architectural-analysis of 20"
	tutti run risk-analysis engine --size small --model rehearsal --repo "$REPO" --provided last
	is "$CODE" 0
	tutti runs show last --repo "$REPO"
	has "$OUT" "^  tutti run risk-analysis engine .*--provided $first$"
	tutti runs export last --repo "$REPO" --as json
	is "$(jq_like "$OUT" "r['run']['provided']['run'], r['run']['provided']['question'], r['run']['provided']['cut']")" \
		"$first engine False"
	# a finding of it is named, and told apart from what code looked at
	is "$(jq_like "$OUT" "[(c['path'].split('#')[0], c['state']) for c in r['evidence'] if c['class'] == 'provided']")" \
		"[('$first', 'not checked')]"
	node "$BATS_TEST_DIRNAME/../npm/validate.js" --closed "$TOP/docs/report.schema.json" "$OUT"
	tutti runs export last --repo "$REPO"
	has "$OUT" "^\*\*Provided\*\* the report of \`$first\`, architectural-analysis of 20.*: engine"
	tutti runs export last --repo "$REPO" --as html
	has "$OUT" "the report of <code>$first</code>"
	# whoever repeats it gets the same
	tutti runs show last --repo "$REPO" --json
	command=$(jq_like "$OUT" "r['command']")
	(cd / && eval "${command/#tutti/\"\$TUTTI\"}" --dry-run) >"$OUT"
	has "$OUT" "provided  the report of $first,"
}

@test "one process at a time owns the data; others may read" {
	"$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo "$REPO" \
		--rehearsal-script "$(script 'delay 100')" --format quiet >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 50); do
		"$TUTTI" runs list --all --json 2>/dev/null | grep -q running && break
		sleep 0.1
	done
	job
	is "$CODE" 4
	has "$ERR" "process $pid"
	tutti runs list --all
	is "$CODE" 0
	grep -q running "$OUT"
	kill -INT $pid
	sleep 0.3
	kill -INT $pid
	code=0
	wait $pid || code=$?
	is "$code" 130
	tutti runs list --all
	grep -q cancelled "$OUT"
}

@test "SIGTERM leaves the run to be resumed" {
	"$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo "$REPO" \
		--rehearsal-script "$(script 'delay 60')" --format quiet >/dev/null 2>&1 &
	pid=$!
	sleep 1
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	is "$code" 143
	tutti runs resume last --repo "$REPO" --format quiet
	is "$CODE" 0
	has "$OUT" '(resumed)'
}

@test "a flow of one's own: begun, checked, run" {
	tutti flows new my-check
	is "$CODE" 0
	file=$XDG_CONFIG_HOME/tutti/flows/my-check.yaml
	[ -f "$file" ]
	tutti flows validate "$file"
	is "$CODE" 0
	tutti flows new my-check
	[ "$CODE" != 0 ]
	tutti run my-check "engine" --model rehearsal --repo "$REPO"
	is "$CODE" 0
	echo "nonsense: [" >>"$file"
	tutti flows list
	is "$CODE" 0
	has "$OUT" 'research'
	has "$OUT" 'my-check'
}

@test "a repository's flows are read only when it is trusted" {
	mkdir -p "$REPO/.tutti/flows"
	cat >"$REPO/.tutti/flows/theirs.yaml" <<-'END'
	flow: theirs
	category: analysis
	summary: Comes with the repository.
	steps:
	  - {id: one, kind: code, run: return 1}
	END
	tutti flows show theirs --repo "$REPO"
	is "$CODE" 4
	has "$ERR" 'tutti flows trust theirs'
	tutti flows show theirs --repo "$REPO" --trust-repo
	is "$CODE" 0
	tutti flows validate "$REPO/.tutti/flows/theirs.yaml"
	is "$CODE" 0
}

@test "nothing that others named reaches the terminal raw" {
	printf 'int lock_it(void)\n{\n\treturn 0; /* TODO: \033]0;owned\007 */\n}\n' >"$REPO"/$'evil\033[31m\n\302\233name\342\200\256.c'
	printf 'int b(void);\n' >"$REPO"/$'\377\376.c'
	commit_all "$REPO" || true
	printf 'step=structure say ### S1: x\302\2331m \342\200\256 \033[2J `main.c:1` "\033]0;t\007"\n' \
		>"$BATS_TEST_TMPDIR/script"
	job --rehearsal-script "$BATS_TEST_TMPDIR/script" --output "$BATS_TEST_TMPDIR/report.md"
	is "$CODE" 0
	has "$BATS_TEST_TMPDIR/report.md" 'S1'
	python3 - "$OUT" "$ERR" "$BATS_TEST_TMPDIR/report.md" <<-'END'
	import sys
	for name in sys.argv[1:]:
	    text = open(name, "rb").read()
	    text.decode()
	    bad = [c for c in text.decode() if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u202d\u2066"]
	    assert not bad, (name, bad[:5])
	END
	"$TUTTI" runs logs last --repo "$REPO" >"$OUT"
	"$TUTTI" runs show last --repo "$REPO" >"$ERR"
	is "$(cat "$OUT" "$ERR" | grep -cP '[\x00-\x08\x0b-\x1f\x7f]')" 0
}

@test "completion scripts are scripts" {
	for shell in bash zsh fish; do
		tutti completion $shell
		is "$CODE" 0
		[ -s "$OUT" ]
	done
	tutti completion bash
	bash -n "$OUT"
	tutti completion tcsh
	is "$CODE" 2
}

@test "help, version and doctor" {
	tutti
	is "$CODE" 0
	[ "$(wc -l <"$OUT")" -le 20 ]
	tutti help exit-codes
	is "$CODE" 0
	has "$OUT" '^ *4 '
	tutti run --help
	is "$CODE" 0
	is "$(grep -c '^Where$' "$OUT")" 1
	[ "$(wc -L <"$OUT")" -le 100 ]
	tutti version --json
	is "$(jq_like "$OUT" "r['name']")" tutti
	tutti doctor --json
	[ "$CODE" = 0 ] || [ "$CODE" = 4 ]
	is "$(jq_like "$OUT" "isinstance(r, dict)")" True
	is "$(jq_like "$OUT" "[c['ok'] for c in r['checks'] if c['text'].startswith('cgroup v2: ')]")" '[True]'
}

@test "what others could write to is not trusted" {
	chmod 777 "$TUTTI_DATA"
	job
	is "$CODE" 4
	has "$ERR" 'chmod go-w'
	chmod 700 "$TUTTI_DATA"
	echo "parallel: 2" >"$XDG_CONFIG_HOME/tutti/config.yaml"
	chmod 666 "$XDG_CONFIG_HOME/tutti/config.yaml"
	job
	is "$CODE" 2
	has "$ERR" 'chmod go-w'
	chmod 600 "$XDG_CONFIG_HOME/tutti/config.yaml"
	job
	is "$CODE" 0
	echo "paralel: 2" >"$XDG_CONFIG_HOME/tutti/config.yaml"
	job
	is "$CODE" 2
	has "$ERR" "config.yaml:1:1: unknown key 'paralel'"
	echo "model: {url: http://127.0.0.1:1/v1, name: m, dialect: massages}" >"$XDG_CONFIG_HOME/tutti/config.yaml"
	job
	is "$CODE" 2
	has "$ERR" "config.yaml:1:55: there is no dialect 'massages'; it is chat, messages, responses or gemini"
}

# which size a run came to, of its JSON
reason_of() {
	tutti runs show "$1" --json --repo "$REPO"
	jq_like "$OUT" "r['choice']['reason']"
}

@test "a dry run tells size, signals and who would run, and leaves no run behind" {
	tutti run architectural-analysis engine --repo "$REPO" --dry-run
	is "$CODE" 0
	has "$OUT" 'size      small: anything else, here [0-9,]* lines in focus (tutti help sizes)'
	has "$OUT" 'measured  files = [0-9]*, lines = [0-9]*'
	has "$OUT" 'no        Risk  *from size medium on'
	has "$OUT" 'no        Map  *only at size large'
	has "$OUT" 'yes       Structure  *structural-analyst'
	has "$OUT" 'maybe     Recommendation after validation'
	tutti run architectural-analysis engine --repo "$REPO" --dry-run --size large --json
	is "$(jq_like "$OUT" "r['choice']['asked'], r['choice']['rule'], r['choice']['left_out'], r['signals']['concurrency']")" \
		"large None [] True"
	tutti run architectural-analysis engine --repo "$REPO" --dry-run --at nowhere
	is "$CODE" 4
	has "$ERR" 'error: '
	tutti runs list --all --json
	is "$(jq_like "$OUT" "r['runs']")" "[]"
}

@test "why a size, and why an angle is missing, stands wherever the run is shown" {
	mkdir "$BATS_TEST_TMPDIR/tiny"
	REPO=$BATS_TEST_TMPDIR/tiny
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >"$REPO/main.c"
	echo '# Tiny' >"$REPO/README.md"
	commit_all "$REPO"
	tutti run architectural-analysis 'something quite else' --model rehearsal --repo "$REPO"
	is "$CODE" 0
	has "$ERR" 'size small: anything else, here 5 lines in focus'
	has "$ERR" 'Data skipped: from size medium on'
	has "$ERR" 'Concurrency skipped: not (signals.concurrency): signals.concurrency = false'
	# an equal snapshot, measured for another question, changes nothing of the first run
	tutti run architectural-analysis main --model rehearsal --repo "$REPO"
	is "$(reason_of last~1)" "anything else, here 5 lines in focus"
	is "$(reason_of last)" "anything else, here 4 lines in focus"
	tutti runs show last --repo "$REPO"
	has "$OUT" 'size small: anything else, here 4 lines in focus'
	has "$OUT" 'left out: Map, only at size large'
	tutti runs export last --repo "$REPO"
	has "$OUT" '\*\*Size\*\* Small (auto: anything else, here 4 lines in focus)'
	has "$OUT" '\*\*Left out\*\* Security (from size medium on); .*Concurrency (not '
	tutti runs export last --as html --repo "$REPO"
	has "$OUT" 'Small, by auto: anything else, here 4 lines in focus'
	has "$OUT" 'Data: from size medium on'
	tutti runs export last --as json --repo "$REPO"
	is "$(jq_like "$OUT" "r['run']['size_reason'], [x['by'] for x in r['run']['left_out']].count('size'), r['run']['left_out'][-1]['reason']")" \
		"anything else, here 4 lines in focus 7 not (signals.concurrency): signals.concurrency = false"
}
