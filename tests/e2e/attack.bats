# Hostile repositories and a hostile model: nothing leaves the fence (tests/attack/corpus has the rest).

load real

@test "what many hostile repositories bring along has no effect outside, with our agent and with qwen" {
	TUTTI=$TUTTI UPSTREAM=$(dirname "$TUTTI")/tests/upstream "$TOP/tests/attack/corpus" -g native qwen
}

@test "an agent that PATH finds in the repository is not started" {
	own_place
	export MARKS=$BATS_TEST_TMPDIR/marks SECRETS=$BATS_TEST_TMPDIR/secrets SINK=9
	mkdir "$MARKS" "$SECRETS"
	REPO=$BATS_TEST_TMPDIR/repo
	"$TOP/tests/attack/repositories" make "$REPO" hijack_agent
	node=("$TOP"/agents/node/node_modules/node-linux-*/bin)
	PATH=$REPO/node_modules/.bin:${node[0]}:$PATH "$TUTTI" run architectural-analysis engine \
		--size small --repo "$REPO" --agent qwen --model rehearsal --format plain \
		--output "$BATS_TEST_TMPDIR/report.md" || true
	has "$BATS_TEST_TMPDIR/report.md" 'is in the repository that it would look at'
	is "$(ls "$MARKS")" ""
}
