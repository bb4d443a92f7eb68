# Agents that a file describes: the example of docs/agents-other.md, and some that mean no good.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo AGENTS=$BATS_TEST_TMPDIR/agents
	mkdir "$REPO" "$AGENTS"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$REPO"
	commit_all "$REPO"
}

# block LANGUAGE: the first block of that language in the page
block() {
	sed -n '/^```'"$1"'$/,/^```$/p' "$TOP/docs/agents-other.md" | sed '1d; /^```$/,$d'
}

# describe NAME: reads the description from stdin and names it in the configuration
describe() {
	cat >"$AGENTS/$1.yaml"
	printf 'agents:\n  %s:\n    file: %s\n' "$1" "$AGENTS/$1.yaml" >"$XDG_CONFIG_HOME/tutti/config.yaml"
}

# program NAME: reads a program from stdin
program() {
	cat >"$AGENTS/$1"
	chmod +x "$AGENTS/$1"
}

# ask AGENT [OPTION…]: a run with it; CODE, and the JSON report, or the error, in $R
ask() {
	local agent=$1
	shift
	CODE=0 R=$BATS_TEST_TMPDIR/report.json
	"$TUTTI" run architectural-analysis engine --size small --repo "$REPO" --agent "$agent" \
		--model rehearsal --json "$@" >"$R" 2>/dev/null || CODE=$?
}

# verdict AGENT: what the list of agents says of it
verdict() {
	"$TUTTI" agents --json >"$BATS_TEST_TMPDIR/agents.json"
	jq_like "$BATS_TEST_TMPDIR/agents.json" \
		"[a['verdict'] for a in r['agents'] if a['name'] == '$1'][0]"
}

example() {
	block python | program reader.py
	block yaml | describe reader
}

@test "other agents: the example of the page gives a report whose citations resolve" {
	example
	"$TUTTI" agents check reader
	before=$(tree_hash "$REPO")
	ask reader
	is "$CODE" 0
	is "$(jq_like "$R" "r['run']['agent']")" reader
	is "$(jq_like "$R" "len(r['evidence']) > 3")" True
	is "$(unresolved "$R")" 0
	is "$(tree_hash "$REPO")" "$before"
	"$TUTTI" runs export last --repo "$REPO" --as md >"$BATS_TEST_TMPDIR/report.md"
	has "$BATS_TEST_TMPDIR/report.md" "by the fence alone: the agent has no mode of its own"
}

@test "other agents: unchecked, or another than was checked, is refused" {
	example
	is "$(verdict reader)" refused
	ask reader
	is "$CODE" 4
	has "$R" "has not been checked on this machine"
	has "$R" "tutti agents check reader"
	"$TUTTI" agents check reader
	is "$(verdict reader)" ready
	echo "# another" >>"$AGENTS/reader.py"
	ask reader
	is "$CODE" 4
	has "$R" "is another than was checked"
	"$TUTTI" agents check reader
	echo "# another" >>"$AGENTS/reader.yaml"
	ask reader
	is "$CODE" 4
	has "$R" "is another than was checked"
}

@test "other agents: one that gives no answer does not pass" {
	program mute <<-'EOF'
		#!/bin/sh
		echo "no model for me" >&2
		exit 3
	EOF
	echo "program: mute" | describe mute
	CODE=0
	"$TUTTI" agents check mute >"$BATS_TEST_TMPDIR/out" || CODE=$?
	is "$CODE" 1
	has "$BATS_TEST_TMPDIR/out" "exit status 3: no model for me"
	has "$BATS_TEST_TMPDIR/out" 'agent "mute" did not pass'
	ask mute
	is "$CODE" 4
	has "$R" "did not pass its check"
}

@test "other agents: all mistakes of a description come at once, with their places" {
	describe many <<-'EOF'
		title: Many
		programm: x
		arguments: [ok, "{{token}}", "{{nothing}}"]
		environment: {lower: x, HOME: /root}
		files: {../x: y}
		output: xml
		binds: [/etc]
	EOF
	ask many
	is "$CODE" 2
	for place in 2:1 3:18 3:31 4:15 4:25 5:9 6:9 7:1; do
		has "$R" "many.yaml:$place: "
	done
	has "$R" "did you mean 'program'"
	has "$R" "it names no program"
}

@test "other agents: only those that speak acp are talked to in that way" {
	printf 'agents:\n  opencode:\n    protocol: acp\n  qwen:\n    protocol: pigeon\n  new: {}\n' \
		>"$XDG_CONFIG_HOME/tutti/config.yaml"
	ask native
	is "$CODE" 2
	has "$R" "config.yaml:3:15: agent 'opencode' does not speak acp"
	has "$R" "config.yaml:5:15: protocol is cli or acp"
	has "$R" "config.yaml:6:3: there is no agent 'new'; one of your own needs a file"
}

@test "other agents: a description that others may write to is not read" {
	example
	chmod g+w "$AGENTS/reader.yaml"
	ask reader
	is "$CODE" 2
	has "$R" "others may write to the description"
}

@test "other agents: one that writes wherever it can changes nothing" {
	program vandal <<-EOF
		#!/bin/sh
		for place in /repo "$REPO" "$HOME" "$AGENTS" "$TUTTI_DATA" /opt/agent; do
			echo x >"\$place/PWNED"
			rm -rf "\$place/"* 2>/dev/null
			chmod -R 777 "\$place" 2>/dev/null
		done
		git -C /repo commit --allow-empty -m x
		echo "I have tried everything."
	EOF
	echo "program: vandal" | describe vandal
	echo keep >"$HOME/keep"
	before=$(tree_hash "$REPO") home=$(tree_hash "$HOME") agents=$(tree_hash "$AGENTS")
	"$TUTTI" agents check vandal
	ask vandal
	is "$CODE" 0
	is "$(tree_hash "$REPO")" "$before"
	is "$(tree_hash "$HOME")" "$home"
	is "$(tree_hash "$AGENTS")" "$agents"
}

@test "other agents: events of ndjson become an answer, and their end counts" {
	program events <<-'EOF'
		#!/usr/bin/env python3
		import json, sys
		say = lambda **k: print(json.dumps(k), flush=True)
		prompt = sys.argv[-1]
		say(type="call", id="1", tool="read", arguments={"path": "x"})
		say(type="called", id="1", tool="read", error=None)
		say(type="delta", text="The engine ")
		say(type="delta", text="has been looked at.")
		say(usage={"input": 10, "output": 5})
		say(type="done" if "ring.c" in prompt else "dome")
	EOF
	describe events <<-'EOF'
		program: events
		prompt: argument
		output: ndjson
		events:
		  text: {when: {/type: delta}, text: /text}
		  tool: {when: {/type: call}, id: /id, name: /tool, input: /arguments}
		  tool_end: {when: {/type: called}, id: /id, name: /tool, failed: /error}
		  usage: {in: /usage/input, out: /usage/output}
		  result: {when: {/type: done}}
	EOF
	"$TUTTI" agents check events
	sed -i 's/"ring.c"/"ring.d"/' "$AGENTS/events"
	CODE=0
	"$TUTTI" agents check events >"$BATS_TEST_TMPDIR/out" || CODE=$?
	is "$CODE" 1
	has "$BATS_TEST_TMPDIR/out" "answer .*exit status 0"
}

# acp_agent WHAT: an agent over ACP that answers, and does WHAT (Python) once it has the prompt
acp_agent() {
	program peer <<-EOF
		#!/usr/bin/env python3
		import json, os, signal, sys, time
		def say(**k):
		    sys.stdout.write(json.dumps(dict(jsonrpc="2.0", **k)) + "\\n")
		    sys.stdout.flush()
		def text(t):
		    say(method="session/update", params={"sessionId": "s", "update": {
		        "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": t}}})
		for line in sys.stdin:
		    m = json.loads(line)
		    if m.get("method") == "initialize":
		        say(id=m["id"], result={"protocolVersion": 1})
		    elif m.get("method") == "session/new":
		        say(id=m["id"], result={"sessionId": "s"})
		    elif m.get("method") == "session/prompt":
		        text("It has been looked at.")
		        $1
		        say(id=m["id"], result={"stopReason": "end_turn"})
		        $2
	EOF
	printf 'program: peer\noutput: acp\n' | describe peer
}

@test "other agents: over acp, one that leaves when stdin is closed" {
	acp_agent pass pass
	"$TUTTI" agents check peer
}

@test "other agents: over acp, one that stays is ended, and its answer counts" {
	acp_agent pass 'signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'
	"$TUTTI" agents check peer
}

@test "other agents: over acp, one that is gone before it is answered is a crash" {
	acp_agent 'say(id=1, method="fs/read_text_file"); os._exit(7)' pass
	CODE=0
	"$TUTTI" agents check peer >"$BATS_TEST_TMPDIR/out" || CODE=$?
	is "$CODE" 1
	has "$BATS_TEST_TMPDIR/out" "answer .*exit status 7"
}

@test "other agents: over acp, one that does not read its answers is stopped" {
	acp_agent '[say(id="i" * 200, method="x") for i in range(100000)]' pass
	CODE=0
	"$TUTTI" agents check peer >"$BATS_TEST_TMPDIR/out" || CODE=$?
	is "$CODE" 1
	has "$BATS_TEST_TMPDIR/out" "it does not read what it is answered"
}

@test "other agents: over acp, one that closes its stdin still gives an answer" {
	acp_agent 'os.close(0); say(id=1, method="x"); time.sleep(0.2)' 'os._exit(0)'
	"$TUTTI" agents check peer
}
