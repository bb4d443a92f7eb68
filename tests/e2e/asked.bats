# A flow that asks a person, run at a terminal without a daemon: the answer is typed there.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir -p "$REPO" "$XDG_CONFIG_HOME/tutti/flows"
	echo 'int queue;' >"$REPO/queue.c"
	flow
}

# flow [KEY: VALUE,]: asks, with these keys of its gate
flow() {
	cat >"$XDG_CONFIG_HOME/tutti/flows/asks.yaml" <<-END
	flow: asks
	category: analysis
	summary: Asks.
	steps:
	  - {id: gate, kind: approval, ${1:-} ask: "Is **that** all of {{ question }}?", choices: [go on, go back, stop]}
	  - {id: more, kind: command, needs: [gate], run: [echo, "{{ steps.gate.output }}"]}
	END
}

# typed [WAIT TYPE]… -- COMMAND…: exit code in CODE, what was on the terminal in OUT
typed() {
	OUT=$BATS_TEST_TMPDIR/terminal CODE=0
	TERM=xterm "$TOP/tests/e2e/typed.py" "$@" >"$OUT" || CODE=$?
}

run_it() {
	"$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal "$@"
}

answer_of() {
	"$TUTTI" runs export last --repo "$REPO" --as json >"$BATS_TEST_TMPDIR/r.json"
	jq_like "$BATS_TEST_TMPDIR/r.json" "[s['output'].strip() for s in r['steps'] if s['step'] == 'gate'][0]"
}

@test "it is put where the run is shown, and what is typed is the answer" {
	for format in live plain; do
		typed "word: " 'nonsense\n' "none of them." 'go\n' "none of them." '\n' "word: " '4\n' \
			"none of them." '2\n' -- "$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal --format $format
		is "$CODE" 0
		has "$OUT" 'gate.* waits for you'
		has "$OUT" 'Is \*\*that\*\* all of the queue?'
		has "$OUT" '3  .*stop'
		is "$(answer_of)" "go back"
	done
	typed "word: " 'st\n' -- "$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal
	is "$CODE" 0
	is "$(answer_of)" "stop"
}

@test "what was typed before there was a question is no answer to it" {
	typed "asks: " '1\n' "word: " '3\n' -- "$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal
	is "$CODE" 0
	is "$(answer_of)" "stop"
}

@test "an answer that is too long is none" {
	long=$(printf '%0300d' 0)
	typed "word: " "1$long\n" "word: " '2\n' -- "$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal
	is "$CODE" 0
	is "$(answer_of)" "go back"
}

@test "a question whose time is over is taken away, and the run goes on" {
	flow "timeout: 2s, on_timeout: go on,"
	typed -- "$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal
	is "$CODE" 0
	has "$OUT" 'gate waits no longer'
	is "$(answer_of)" "go on"
}

@test "whoever will not answer ends the run, and is asked again when it is resumed" {
	typed "word: " '\x04' "asks again" '\x03' "Ctrl-C again" '\x03' -- \
		"$TUTTI" run asks "the queue" --repo "$REPO" --model rehearsal
	is "$CODE" 130
	typed "word: " '1\n' -- "$TUTTI" runs resume last --repo "$REPO"
	is "$CODE" 0
	is "$(answer_of)" "go on"
}

@test "without a terminal it says what takes the answer" {
	flow "timeout: 1s, on_timeout: stop,"
	run_it --format plain </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
	has "$BATS_TEST_TMPDIR/out" 'neither a terminal nor a daemon'
	is "$(answer_of)" "stop"
}
