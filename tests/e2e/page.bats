# The web page in a browser: Debian's Chromium, driven by tests/browser/page.mjs over a played daemon.

load real

setup_file() {
	"$(new_node)" "$TOP/tests/browser/page.mjs" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
}

@test "the page with a keyboard alone" {
	held "a flow is launched with the keyboard alone"
	held "a command in the question runs at once"
	held "what is typed right behind a completion stands there"
	held "keys lead everywhere, and the focus to the heading"
	held "single keys can be switched off, and do nothing in a field"
	held "the palette finds runs, flows and actions"
}

@test "the page keeps what was written, filtered and chosen" {
	held "a finished report is handed on to the next flow"
	held "a draft outlives the page"
	held "filters are in the address, and Back finds them"
	held "two runs are selected and compared"
	held "a deleted run can be taken back"
	held "a theme that was chosen is there at the first paint"
}

@test "the page without a connection, a socket, a session, a script" {
	held "a lost connection is told, and heals without a reload"
	held "without WebSockets it is live over SSE"
	held "who is not signed in finds out how to"
	held "a report is there before any script"
}

@test "the page on a narrow screen" {
	held "at 320 pixels and with large text nothing scrolls sideways"
}
