# The page of a run in a browser: Debian's Chromium, driven by tests/browser/run.mjs over a played daemon.

load real

setup_file() {
	"$(new_node)" "$TOP/tests/browser/run.mjs" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
}

@test "a run's page: a stream that somebody reads" {
	held "a stream is followed, whatever comes"
	held "what is being read does not move"
	held "the end is reached by scrolling, too"
	held "an agent is found where it was left"
	held "earlier blocks come without a jump"
	held "a page that is loaded again shows what was read, also where the browser moves it first"
	held "paused, nothing moves; then all of it is there"
}

@test "a run's page: connections and addresses" {
	held "a lost connection heals without a reload, and nothing is missing"
	held "who was away for longer than a watch makes up for misses nothing"
	held "a run is followed by the beginning of its id, too"
	held "what an address names is shown, and what it does not is said"
}

@test "a run's page: what can be done" {
	held "a question is answered where it is asked"
	held "a run is cancelled after a question, and says that it stops"
	held "agents by keyboard alone"
	held "a text that was searched for is shown in lines"
	held "what agents and repositories wrote is text"
}

@test "a run's page: its report" {
	held "a report comes by itself only to somebody who does nothing else"
	held "citations of a report by pointer, by keyboard, and pinned"
	held "code has colours, and says what it said"
	held "evidence is put in order"
	held "what is new to who read the report before is marked"
	held "findings are filtered and stepped through"
}

@test "a run's page: narrow, and embedded" {
	held "a row opens in its place on a phone"
	held "a pane of another program has all it needs"
}
