# Hostile repositories and a hostile model: nothing leaves the fence (tests/attack/corpus has the rest).

load real

@test "what many hostile repositories bring along has no effect outside, with our agent and with qwen" {
	TUTTI=$TUTTI UPSTREAM=$(dirname "$TUTTI")/tests/upstream "$TOP/tests/attack/corpus" -g native qwen
}
