# Many tabs of one browser on one daemon, in Debian's Chromium, driven by tests/browser/tabs.mjs.

load real

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/d"
	"$(new_node)" "$TOP/tests/browser/tabs.mjs" "$TUTTI" "$BATS_FILE_TMPDIR/d" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
}

@test "forty tabs: nobody starves, with WebSockets or without" {
	held "forty tabs on one daemon: all go on, and all are answered"
	held "more tabs than connections, without a WebSocket"
}
