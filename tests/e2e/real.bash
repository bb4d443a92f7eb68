# What the tests with real parts share: a place of their own, facts out of reports, repositories.

TUTTI=${TUTTI:-$BATS_TEST_DIRNAME/../../build/tutti}
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# A home, a configuration and a data directory that nothing else uses.
own_place() {
	export HOME=$BATS_TEST_TMPDIR/home XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	export TUTTI_DATA=$BATS_TEST_TMPDIR/data
	unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
	unset OPENAI_BASE_URL OPENAI_API_KEY OPENAI_MODEL XDG_DATA_HOME
	mkdir -p "$HOME" "$XDG_CONFIG_HOME/tutti" "$TUTTI_DATA"
	chmod 700 "$TUTTI_DATA"
}

# A copy of the program that only this test runs, so that what it left behind can be told from
# what other tests, running beside it, are busy with.
own_program() {
	cp "$TUTTI" "$BATS_TEST_TMPDIR/tutti-own"
	TUTTI=$BATS_TEST_TMPDIR/tutti-own
}

# own_processes: the ids of all processes that execute the copy: daemon, launcher, agents. The
# command line is no sign, an agent's is the same whoever started it; the file executed is.
own_processes() {
	local p
	for p in /proc/[0-9]*; do
		if [ "$p/exe" -ef "$TUTTI" ]; then echo "${p#/proc/}"; fi
	done
}

# Everything of a dead process dies with it; the kernel needs a moment to say so.
nobody_left() {
	local tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(own_processes)" ] || return 0
		sleep 0.1
	done
	ps -o pid,args -p "$(own_processes | paste -sd,)"
	return 1
}

# from_docs PAGE LANGUAGE LINE: the block of PAGE in LANGUAGE that has LINE
from_docs() {
	awk -v fence='```'"$2" -v line="$3" '
		$0 == fence { inside = 1; text = ""; found = 0; next }
		$0 == "```" { if (inside && found) { printf "%s", text; exit } inside = 0 }
		inside { text = text $0 "\n"; found += $0 == line }' "$TOP/docs/$1"
}

# commit_all DIR: makes DIR a repository with one commit
commit_all() {
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" -c user.name=tests -c user.email=tests@example.org commit -qm "as it came"
}

# fetch_sources DIR PACKAGE…: unpacked in DIR/PACKAGE, each a repository. The archive's index lives
# in DIR, too, so nothing of the machine is changed.
fetch_sources() {
	local dir=$1 suite opts p
	shift
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	echo "deb-src http://deb.debian.org/debian $suite main" >"$dir/sources.list"
	opts="-o Dir::Etc::SourceList=$dir/sources.list -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists=$dir/lists -o Dir::Cache=$dir/cache -o APT::Sandbox::User=root"
	apt-get $opts update -qq >&2
	for p; do
		(cd "$dir" && apt-get $opts source -qq --download-only "$p") >&2
		mkdir "$dir/$p"
		tar --no-same-owner -xf "$dir/$p"_*.orig.tar.* -C "$dir/$p" --strip-components=1
		commit_all "$dir/$p"
	done
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

# new_node: a Node that is new enough: ours, else that of the machine
new_node() {
	local node=("$TOP"/agents/node/node_modules/node-linux-*/bin/node)
	if [ -x "${node[0]}" ]; then
		echo "${node[0]}"
	else
		command -v node
	fi
}

# agent_config NAME PATH: the pinned program NAME, at PATH below agents/NAME/node_modules
agent_config() {
	cat >"$XDG_CONFIG_HOME/tutti/config.yaml" <<EOF
agents:
  $1:
    path: $TOP/agents/$1/node_modules/$2
    node: $(new_node)
EOF
}

qwen_config() {
	agent_config qwen @qwen-code/qwen-code/cli.js
}

claude_config() {
	agent_config claude @anthropic-ai/claude-code/bin/claude.exe
}

gemini_config() {
	agent_config gemini @google/gemini-cli/bundle/gemini.js
}

opencode_config() {
	agent_config opencode opencode-ai/bin/opencode.exe
}

codex_config() {
	agent_config codex @openai/codex/bin/codex.js
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

# agents_config: every agent that tutti knows and whose pinned program is here
agents_config() {
	local program name config=$XDG_CONFIG_HOME/tutti/config.yaml
	"$TUTTI" agents --json >"$BATS_TEST_TMPDIR/known.json"
	printf 'agents:\n  native: {}\n' >"$config"
	for name in $(jq_like "$BATS_TEST_TMPDIR/known.json" "' '.join(a['name'] for a in r['agents'])"); do
		program=$TOP/agents/$name/node_modules/.bin/$name
		[ ! -e "$program" ] || printf '  %s:\n    path: %s\n    node: %s\n' "$name" "$program" "$(new_node)"
	done >>"$config"
}

# main_job_with AGENT: the report of the main job, and whether it holds
main_job_with() {
	job_with "$1" architectural-analysis small
	is "$(jq_like "$r" "len(r['evidence']) > 5")" True
}

# small_job_with AGENT: the same of two agents, for programs that take their time to start
small_job_with() {
	job_with "$1" issue-triage medium
	is "$(jq_like "$r" "len(r['evidence']) > 1 and len(r['steps']) > 1")" True
}

# job_with AGENT FLOW SIZE
job_with() {
	r=$BATS_TEST_TMPDIR/report.json
	"$TUTTI" run "$2" "the engine and its store" --size "$3" --repo "$REPO" \
		--agent "$1" --model rehearsal --format plain --output "$BATS_TEST_TMPDIR/report.md"
	"$TUTTI" runs export last --repo "$REPO" --as json >"$r"
	is "$(jq_like "$r" "r['run']['agent']")" "$1"
	is "$(unresolved "$r")" 0
	has "$BATS_TEST_TMPDIR/report.md" 'read-only: proven (mode A'
}

# hostile_model_with AGENT KIND: whatever it asks for, nothing changes but our own data
hostile_model_with() {
	mkdir -p "$HOME/.ssh"
	echo secret >"$HOME/.ssh/id"
	echo "hostile $2" >"$BATS_TEST_TMPDIR/script"
	one_step_flow
	"$TUTTI" run one "the engine" --repo "$REPO" \
		--agent native --model rehearsal --format quiet --output "$BATS_TEST_TMPDIR/n.md"
	snapshot=$(echo "$TUTTI_DATA"/snapshots/*)
	before=$(tree_hash "$REPO") home=$(tree_hash "$HOME") frozen=$(tree_hash "$snapshot")
	"$TUTTI" run one "the engine" --repo "$REPO" \
		--agent "$1" --model rehearsal --rehearsal-script "$BATS_TEST_TMPDIR/script" \
		--format plain --output "$BATS_TEST_TMPDIR/report.md" || true
	is "$before" "$(tree_hash "$REPO")"
	is "$home" "$(tree_hash "$HOME")"
	is "$frozen" "$(tree_hash "$snapshot")"
	lacks "$BATS_TEST_TMPDIR/report.md" secret
	lacks "$BATS_TEST_TMPDIR/report.md" 'read-only mode does not hold'
}

# without_run_facts FILE: of a report what is the same in every run of the same question
without_run_facts() {
	grep -v -E '^\*\*Run\*\*' "$1" | sed 's/, lost attempts left no trace)$/)/'
}

# ran_twice RUN: steps that were completed more than once, or ran again after that
ran_twice() {
	"$TUTTI" runs logs "$1" --json | python3 -c '
import json, sys
done = {}
for line in sys.stdin:
    event = json.loads(line)
    data = event["data"]
    if event["type"] != "step":
        continue
    if data.get("status") == "completed":
        done[data["step"]] = done.get(data["step"], 0) + 1
    elif data.get("status") == "running" and data["step"] in done:
        done[data["step"]] += 100
print(" ".join(k for k, n in done.items() if n != 1))'
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
