# Real agents over the Agent Client Protocol, behind the fence, against the rehearsal model.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$REPO"
	commit_all "$REPO"
}

# over_acp AGENT [PACKAGE PATH]: it, or the server of its own that stands for it there
over_acp() {
	cat >"$XDG_CONFIG_HOME/tutti/config.yaml" <<-EOF
	agents:
	  $1:
	    path: $TOP/agents/${2:-$1}/node_modules/.bin/${3:-$1}
	    node: $(new_node)
	    protocol: acp
	EOF
}

# attempts_over_acp: the suite of conformance.bats for the one that is configured
attempts_over_acp() {
	local suite=$TOP/tests/conformance before
	cp "$suite/conformance.yaml" "$XDG_CONFIG_HOME/tutti/flows/" 2>/dev/null ||
		install -D "$suite/conformance.yaml" "$XDG_CONFIG_HOME/tutti/flows/conformance.yaml"
	rm -r "$REPO"
	"$suite/hostile-repository" "$REPO"
	before=$(tree_hash "$REPO") home=$(tree_hash "$HOME")
	"$TUTTI" run conformance "Begin." --repo "$REPO" --agent "$1" --model rehearsal \
		--rehearsal-script "$suite/attempts" --format quiet --output "$BATS_TEST_TMPDIR/report.md"
	"$TUTTI" runs logs last --repo "$REPO" --json >"$BATS_TEST_TMPDIR/events"
	is "$before" "$(tree_hash "$REPO")"
	is "$home" "$(tree_hash "$HOME")"
	lacks "$BATS_TEST_TMPDIR/events" '"type":"violation"'
	"$suite/verdicts" "$suite/attempts" "$BATS_TEST_TMPDIR/events"
	has "$BATS_TEST_TMPDIR/report.md" 'The attempts are over'
}

@test "acp: qwen's job ends with a report whose citations resolve" {
	over_acp qwen
	small_job_with qwen
}

# Its protection against loops ends the suite of the others after a few refusals.
@test "acp: a hostile model changes nothing through qwen" {
	over_acp qwen
	hostile_model_with qwen all
	has "$BATS_TEST_TMPDIR/report.md" 'calls were denied\|failed (denied)'
}

@test "acp: gemini's job ends with a report whose citations resolve" {
	over_acp gemini
	small_job_with gemini
}

@test "acp: nothing that may not be is let through by gemini" {
	over_acp gemini
	attempts_over_acp gemini
}

@test "acp: claude's job ends with a report whose citations resolve" {
	over_acp claude claude-acp claude-code-acp
	small_job_with claude
}

@test "acp: nothing that may not be is let through by claude" {
	over_acp claude claude-acp claude-code-acp
	attempts_over_acp claude
}

@test "acp: codex's job ends with a report whose citations resolve" {
	over_acp codex codex-acp codex-acp
	small_job_with codex
}

@test "acp: nothing that may not be is let through by codex" {
	over_acp codex codex-acp codex-acp
	attempts_over_acp codex
}
