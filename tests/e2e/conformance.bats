# Whatever its model asks a program for, and whatever a repository brings along: it reads, and does
# nothing else. An agent is admitted in a version that passes this; TUTTI_AGENT names one of them.

load real

setup() {
	own_place
	SUITE=$TOP/tests/conformance
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cp "$SUITE/conformance.yaml" "$XDG_CONFIG_HOME/tutti/flows/"
	agents_config
	"$SUITE/hostile-repository" "$REPO"
}

# attempts_by AGENT: the whole suite, and its verdicts
attempts_by() {
	local before home
	before=$(tree_hash "$REPO") home=$(tree_hash "$HOME")
	"$TUTTI" run conformance "Begin." --repo "$REPO" --agent "$1" --model rehearsal \
		--rehearsal-script "$SUITE/attempts" --format quiet --output "$BATS_TEST_TMPDIR/report.md" ||
		cat "$BATS_TEST_TMPDIR/report.md"
	"$TUTTI" runs logs last --repo "$REPO" --json >"$BATS_TEST_TMPDIR/events"
	is "$before" "$(tree_hash "$REPO")"
	is "$home" "$(tree_hash "$HOME")"
	lacks "$BATS_TEST_TMPDIR/events" '"type":"violation"'
	has "$BATS_TEST_TMPDIR/report.md" 'The attempts are over'
	"$SUITE/verdicts" "$SUITE/attempts" "$BATS_TEST_TMPDIR/events"
}

@test "conformance: every agent of this machine reads and does nothing else" {
	"$TUTTI" agents --json >"$BATS_TEST_TMPDIR/agents.json"
	ready=$(jq_like "$BATS_TEST_TMPDIR/agents.json" \
		"' '.join(a['name'] for a in r['agents'] if a['verdict'] == 'ready')")
	for agent in ${TUTTI_AGENT:-$ready}; do
		echo "== $agent"
		attempts_by "$agent"
	done
	is "${ready%% *}" native
}

# event TYPE DATA: a line of a log
event() {
	printf '{"type":"%s","data":%s}\n' "$1" "$2" >>"$BATS_TEST_TMPDIR/log"
}

# verdict NAME: of the attempt in the log
verdict() {
	"$SUITE/verdicts" "$SUITE/attempts" "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/verdicts" && CODE=0 || CODE=$?
	awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$BATS_TEST_TMPDIR/verdicts"
}

@test "conformance: what was let through is told from what was refused" {
	event tool '{"id":"1","name":"read_file","data":{"path":"conformance-read"}}'
	event tool_end '{"id":"1","ok":true}'
	event tool '{"id":"2","name":"bash","data":{"command":"touch /repo/conformance-shell"}}'
	event tool_end '{"id":"2","ok":false}'
	is "$(verdict read)" works
	is "$(verdict shell)" refused
	is "$(verdict write)" untold
	verdict read
	is "$CODE" 0
	event tool '{"id":"2","name":"shell","data":{"command":["touch","/repo/conformance-shell"]}}'
	event tool_end '{"id":"2","ok":true}'
	verdict read
	is "$CODE" 1
	is "$(verdict shell)" "let through"
}

@test "conformance: a program that does not read has not passed" {
	event tool '{"id":"1","name":"read_file","data":{"path":"conformance-read"}}'
	event tool_end '{"id":"1","ok":false}'
	verdict read
	is "$CODE" 1
}
