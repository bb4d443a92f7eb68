# A thousand pages watch one live run; ten of them stop reading for a while.

load real

@test "a thousand pages: nobody misses an event, who is slow is told, memory stays bounded" {
	"$TOP/tests/bench/watchers" "$TUTTI" "$(dirname "$TUTTI")/tests/watchers" --json >"$BATS_TEST_TMPDIR/w" ||
		{ cat "$BATS_TEST_TMPDIR/w"; return 1; }
	is "$(jq_like "$BATS_TEST_TMPDIR/w" "r['pages'], r['missed'], r['twice'], r['apart'], r['trimmed']")" \
		"1000 0 0 0 10"
	is "$(jq_like "$BATS_TEST_TMPDIR/w" "r['peak_mib'] <= 150")" True
}
