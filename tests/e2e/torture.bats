# A daemon that is killed, starved and lied to, and clients that keep account of what it told them:
# tests/torture. What takes longer is ./dev torture.

load real

torture() {
	python3 "$TOP/tests/torture/torture.py" "$TUTTI" "$BATS_TEST_TMPDIR/place" "$@"
}

@test "killed at 50 random moments: nothing that a client was told is lost" {
	torture kill 50
}
