# Pages that are not there for a while, over a real daemon in Debian's Chromium, driven by tests/browser/sleep.mjs:
# asleep, frozen, cut off, crashed, closed.

load real

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/d"
	"$(new_node)" "$TOP/tests/browser/sleep.mjs" "$TUTTI" "$BATS_FILE_TMPDIR/d" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
}

@test "a page and a laptop that sleeps: it heals by itself, has every letter once, and does not move" {
	held "a laptop that sleeps for seconds"
	held "a laptop that sleeps for longer than the daemon waits"
}

@test "a page that is frozen or cut off, or whose clock is set: the same" {
	held "tabs that the browser freezes"
	held "a network that is gone, and comes back"
	held "a clock that jumps ahead by an hour"
}

@test "a page that is loaded again, crashes, or is closed" {
	held "a tab that is loaded again shows what was read in it"
	held "a tab that crashes, and is opened again"
	held "a tab that is closed, and opened again"
}
