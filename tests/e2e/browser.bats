# The page over a real daemon in Debian's Chromium, driven by tests/browser/daemon.mjs: from the printed link to the
# export, over a crash, and among people who write what they should not.

load real

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/d"
	"$(new_node)" "$TOP/tests/browser/daemon.mjs" "$TUTTI" "$BATS_FILE_TMPDIR/d" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
	mkdir "$BATS_FILE_TMPDIR/f"
	"$(new_node)" "$TOP/tests/browser/foreign.mjs" "$TUTTI" "$BATS_FILE_TMPDIR/f" >>"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
}

@test "a daemon in the browser: from the printed link to the export" {
	held "from the link to the export by mouse, at 1440 pixels"
	held "from the link to the export by touch, at 390 pixels"
	held "from the link to the export by keyboard, at 1440 pixels"
	held "from the link to the export by keyboard, at 390 pixels"
}

@test "a daemon in the browser: killed in the middle of a stream" {
	held "a daemon that is killed in the middle of a stream: the page heals, and no word is missing"
}

@test "a daemon in the browser: what others wrote is text" {
	held "what models, tools, files and flows say is text"
	held "what a page must not do would be noted"
}

@test "a daemon in the browser: pages of others" {
	held "another port of this machine reads nothing and starts nothing"
	held "another site reads nothing and starts nothing"
	held "a name that leads here is not answered"
	held "our own page may do what they may not"
}
