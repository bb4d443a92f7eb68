# A daemon under work, with commands that misbehave and agents that are killed: ./dev soak is the long one.

load real

@test "under work with faults nothing grows, and nothing stays" {
	[ "$(id -u)" = 0 ] || skip "kills agents of other users"
	"$TOP/tests/bench/soak" "$TUTTI" "$(dirname "$TUTTI")/tests/hostile_child" "${SOAK_MINUTES:-0.3}" \
		>"$BATS_TEST_TMPDIR/soak" || { cat "$BATS_TEST_TMPDIR/soak"; return 1; }
	is "$(jq_like "$BATS_TEST_TMPDIR/soak" "r['launched'] > 10, r['open'], r['exit'], r['intact']")" "True 0 0 True"
}
