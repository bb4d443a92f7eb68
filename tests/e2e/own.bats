# Flows and personas of one's own: the starters, and the examples of docs/ as they stand there.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/core" "$TOP/src/engine" "$REPO"
	commit_all "$REPO"
	CONFIG=$XDG_CONFIG_HOME/tutti
	mkdir -p "$CONFIG/flows" "$CONFIG/personas"
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
}

# tutti [ARGUMENT…]: stdout, stderr and exit code apart
tutti() {
	CODE=0
	"$TUTTI" "$@" >"$OUT" 2>"$ERR" </dev/null || CODE=$?
}

# run_flow NAME QUESTION: to a report whose citations hold
run_flow() {
	tutti flows validate "$CONFIG/flows/$1.yaml"
	is "$CODE" 0
	tutti run "$1" "$2" --model rehearsal --repo "$REPO" --json
	is "$CODE" 0
	is "$(jq_like "$OUT" "r['run']['status']")" completed
	is "$(unresolved "$OUT")" 0
}

# step ID FIELD: of each step called ID
step() {
	jq_like "$OUT" "[s['$2'] for s in r['steps'] if s['step'] == '$1']"
}

@test "docs: a review of one's own, with angles that need a reason" {
	from_docs flows.md yaml 'flow: our-review' >"$CONFIG/flows/our-review.yaml"
	run_flow our-review engine
	is "$(step structure status)" "['completed']"
	is "$(step concurrency status)" "['completed']"
	is "$(step data status)" "['skipped']"
	is "$(step data reason)" "['not (signals.sql or signals.migrations): signals.sql = false, signals.migrations = false']"
	is "$(jq_like "$OUT" "any(g.startswith('Data skipped: not (signals.sql or signals.migrations)') for g in r['gaps'])")" True
}

@test "docs: a command, a list of what it found, and an agent for each" {
	from_docs flows.md yaml 'flow: longest-files' >"$CONFIG/flows/longest-files.yaml"
	run_flow longest-files "where to cut"
	longest=$(cd "$REPO" && find . -name '*.[ch]' -exec wc -l {} + | grep -v ' total$' | sort -rn | head -3 |
		awk '{print $2}')
	python3 - "$OUT" "$TUTTI_DATA/tutti.db" $longest <<-'END'
	import json, sqlite3, sys
	steps = {s["step"]: s for s in json.load(open(sys.argv[1]))["steps"]}
	files = sys.argv[3:]
	assert json.loads(steps["longest"]["output"]) == files, steps["longest"]["output"]
	assert [steps["read/%d" % i]["status"] for i in range(3)] == ["completed"] * 3
	assert "read/3" not in steps
	prompts = [bytes(r[0]).decode() for r in sqlite3.connect(sys.argv[2]).execute(
	    "select bytes from blobs join tasks on tasks.prompt = blobs.hash")]
	for file in files:
	    assert any("could be a file of its own" in p and file in p for p in prompts), file
	END
}

@test "docs: a persona of one's own, and a flow that uses it" {
	from_docs personas.md markdown 'persona: release-reader' >"$CONFIG/personas/release-reader.md"
	from_docs personas.md yaml 'flow: release-check' >"$CONFIG/flows/release-check.yaml"
	tutti personas validate "$CONFIG/personas/release-reader.md"
	is "$CODE" 0
	run_flow release-check engine
	grep -aq 'the person on call in the week after a release' "$TUTTI_DATA/tutti.db"
	tutti personas list
	has "$OUT" 'release-reader  *Release reader  *user'
	has "$OUT" 'structural-analyst  *Structural analyst  *built in'
	# without it the flow says what is missing
	rm "$CONFIG/personas/release-reader.md"
	tutti run release-check engine --model rehearsal --repo "$REPO"
	is "$CODE" 6
	has "$ERR" "unknown persona 'release-reader'"
}

@test "the starters are valid, say what they are and run" {
	tutti flows new mine
	is "$CODE" 0
	is "$(cat "$OUT")" "$CONFIG/flows/mine.yaml"
	has "$CONFIG/flows/mine.yaml" '^#.*docs/personas.md'
	tutti personas new my-analyst
	is "$CODE" 0
	is "$(cat "$OUT")" "$CONFIG/personas/my-analyst.md"
	tutti personas validate "$CONFIG/personas/my-analyst.md"
	is "$CODE" 0
	sed -i 's/persona: structural-analyst/persona: my-analyst/' "$CONFIG/flows/mine.yaml"
	run_flow mine engine
	tutti personas show my-analyst
	has "$OUT" 'How you work'
	tutti personas new my-analyst
	is "$CODE" 2
	tutti personas new ../../x
	is "$CODE" 2
	tutti flows new 'A b'
	is "$CODE" 2
}

@test "a broken persona is listed with its error and takes nobody's place" {
	printf -- '---\npersona: structural-analyst\ntemperature: hot\n---\nYou.\n' \
		>"$CONFIG/personas/structural-analyst.md"
	tutti personas list
	is "$CODE" 0
	has "$OUT" 'structural-analyst .*has errors: 3:14: temperature is a number from 0 to 2'
	has "$OUT" 'structural-analyst  *Structural analyst  *built in'
	tutti personas validate "$CONFIG/personas/structural-analyst.md" --json
	is "$CODE" 6
	is "$(jq_like "$OUT" "r['errors'][0]['line'], r['valid']")" "3 False"
	tutti personas show structural-analist
	is "$CODE" 5
	has "$ERR" 'did you mean structural-analyst?'
	tutti personas show structural-analyst --json
	is "$(jq_like "$OUT" "r['origin']")" "built in"
	has "$OUT" 'You assess the static structure of code'
}
