# `tutti agents`: what this machine has of agent programs, and what to do about the rest.

load real

setup() {
	own_place
	OUT=$BATS_TEST_TMPDIR/out
}

# agents WORD…: what it says, in $OUT; its exit status in $CODE
agents() {
	CODE=0
	"$TUTTI" agents "$@" >"$OUT" 2>&1 || CODE=$?
}

# of NAME MEMBER: of an agent in the JSON list
of() {
	jq_like "$OUT" "next(a for a in r['agents'] if a['name'] == '$1')['$2']"
}

@test "agents: an empty machine is told how to get each" {
	export PATH=/usr/bin:/bin
	mkdir "$BATS_TEST_TMPDIR/empty"
	PATH=$BATS_TEST_TMPDIR/empty agents --json
	is "$CODE" 0
	is "$(of native verdict)" ready
	is "$(of claude verdict)" missing
	is "$(of claude why)" 'it is not in PATH'
	is "$(of claude fix)" 'npm install -g @anthropic-ai/claude-code@2.1.330'
	is "$(of gemini fix)" 'npm install -g @google/gemini-cli@0.61.0'
	PATH=$BATS_TEST_TMPDIR/empty agents
	has "$OUT" '^native .*ready'
	has "$OUT" '^claude .*missing'
	has "$OUT" 'fix: npm install -g @qwen-code/qwen-code@0.24.4'
}

@test "agents: the pinned programs are ready, and are asked once" {
	agents_config
	agents --json
	is "$(of claude verdict)" ready
	is "$(of claude version)" 2.1.330
	is "$(of gemini verdict)" ready
	is "$(of qwen node_version | cut -d. -f1)" "$("$(new_node)" --version | sed 's/^v//; s/[.].*//')"
	has "$TUTTI_DATA/programs.json" node
	before=$(stat -c %Y.%i "$TUTTI_DATA/programs.json")
	agents --json
	is "$before" "$(stat -c %Y.%i "$TUTTI_DATA/programs.json")"
}

@test "agents: a program without its package is asked, behind the fence" {
	ln -s "$TOP"/agents/claude/node_modules/@anthropic-ai/claude-code-linux-*/claude "$BATS_TEST_TMPDIR/claude"
	printf 'agents:\n  claude:\n    path: %s\n' "$BATS_TEST_TMPDIR/claude" >"$XDG_CONFIG_HOME/tutti/config.yaml"
	agents --json
	is "$(of claude verdict)" ready
	is "$(of claude version)" 2.1.330
	ln -sf /bin/true "$BATS_TEST_TMPDIR/claude"
	agents --json
	is "$(of claude verdict)" refused
	lacks "$OUT" '"version":"2.1.330"'
}

@test "agents: show says how one is held" {
	agents show claude
	is "$CODE" 0
	has "$OUT" '^mode  *plan'
	has "$OUT" '^dialect  *messages'
	has "$OUT" '^argv .*--permission-mode plan .*--tools Read,Grep,Glob'
	has "$OUT" '^shadows .*[.]claude'
	agents show gemini --json
	is "$(jq_like "$OUT" "r['mode'], r['dialect'], r['found']['name']")" "plan gemini gemini"
	agents show nobody
	is "$CODE" 5
	has "$OUT" 'tutti knows: native, qwen'
	agents show
	is "$CODE" 2
}

@test "doctor: names every agent and its verdict" {
	agents_config
	"$TUTTI" doctor >"$OUT" || true
	has "$OUT" 'claude 2.1.330'
	has "$OUT" 'gemini 0.61.0, by Node'
	"$TUTTI" completion bash >"$OUT"
	has "$OUT" 'agents) words="list show'
	"$TUTTI" help agents >"$OUT"
	has "$OUT" 'tutti agents'
	for name in $(jq_like "$BATS_TEST_TMPDIR/known.json" "' '.join(a['name'] for a in r['agents'])"); do
		"$TUTTI" help agents | grep -q "^$name "
	done
}
