# What the tests with real parts share: a place of their own, facts out of reports, repositories.

TUTTI=${TUTTI:-$BATS_TEST_DIRNAME/../../build/tutti}
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# A home, a configuration and a data directory that nothing else uses.
own_place() {
	export HOME=$BATS_TEST_TMPDIR/home XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	export TUTTI_DATA=$BATS_TEST_TMPDIR/data
	unset OPENAI_BASE_URL OPENAI_API_KEY OPENAI_MODEL XDG_DATA_HOME
	mkdir -p "$HOME" "$XDG_CONFIG_HOME/tutti" "$TUTTI_DATA"
	chmod 700 "$TUTTI_DATA"
}

# commit_all DIR: makes DIR a repository with one commit
commit_all() {
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" -c user.name=tests -c user.email=tests@example.org commit -qm "as it came"
}

# report_count FILE STATE: how many citations of the JSON report are in that state
report_count() {
	jq_like "$1" "len([c for c in r['evidence'] if c['state'] == '$2'])"
}

# unresolved FILE: how many citations of code do not resolve
unresolved() {
	jq_like "$1" "len([c for c in r['evidence']
		if c['class'] == 'codebase' and c['state'] != 'resolves'])"
}

# jq_like FILE EXPRESSION: a Python expression about the report r
jq_like() {
	python3 -c "import json,sys; r = json.load(open(sys.argv[1])); print($2)" "$1"
}

# tree_hash DIR: content, names and modes of everything below
tree_hash() {
	(cd "$1" && find . -printf '%p %m %l\n' | LC_ALL=C sort && find . -type f -print0 |
		LC_ALL=C sort -z | xargs -0 -r sha256sum) | sha256sum
}

# qwen_config: the pinned CLI of agents/qwen, on a Node that is new enough
qwen_config() {
	local node=("$TOP"/agents/node/node_modules/node-linux-*/bin/node)
	if [ ! -x "${node[0]}" ]; then
		node=("$(command -v node)")
	fi
	cat >"$XDG_CONFIG_HOME/tutti/config.yaml" <<EOF
agents:
  qwen:
    path: $TOP/agents/qwen/node_modules/@qwen-code/qwen-code/cli.js
    node: ${node[0]}
EOF
}

# opencode_config, codex_config: the pinned CLIs; the program proper is found beside the launcher
opencode_config() {
	echo "agents: {opencode: {path: $TOP/agents/opencode/node_modules/opencode-ai/bin/opencode.exe}}" \
		>"$XDG_CONFIG_HOME/tutti/config.yaml"
}

codex_config() {
	echo "agents: {codex: {path: $TOP/agents/codex/node_modules/@openai/codex/bin/codex.js}}" \
		>"$XDG_CONFIG_HOME/tutti/config.yaml"
}

# one_step_flow: the flow "one", for what needs no whole team
one_step_flow() {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/one.yaml" <<-'END'
	flow: one
	category: analysis
	summary: One step.
	steps:
	  - {id: only, persona: codebase-explorer, task: "Where is the queue?", retries: 0, on_failure: continue}
	END
}

# Assertions. Each is a command of its own: in `a && b` or `! a` a failure would pass unseen.

# is GOT WANT
is() {
	[ "$1" = "$2" ] || {
		echo "got '$1', want '$2'"
		return 1
	}
}

# has FILE PATTERN
has() {
	grep -q -- "$2" "$1" || {
		echo "$1 does not have: $2"
		head -20 "$1"
		return 1
	}
}

# lacks FILE PATTERN
lacks() {
	if grep -n -- "$2" "$1"; then
		echo "$1 has: $2"
		return 1
	fi
}

# empty FILE
empty() {
	if [ -s "$1" ]; then
		head -20 "$1"
		return 1
	fi
}
