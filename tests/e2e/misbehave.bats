# Models and servers that misbehave: each has its right ending, and the report shows the gap.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$REPO"
	commit_all "$REPO"
}

# run_with LINE…: the main job with that script; CODE, and the JSON report in $R
run_with() {
	CODE=0 R=$BATS_TEST_TMPDIR/report.json
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/script"
	"$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo "$REPO" \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" --json >"$R" 2>/dev/null || CODE=$?
	MD=$(ls -t "$TUTTI_DATA"/reports/*.md | head -1)
}

# ending STEP: how it ended
ending() {
	jq_like "$R" "[s['ending'] for s in r['steps'] if s['step'] == '$1'][0]"
}

status() {
	jq_like "$R" "[s['status'] for s in r['steps'] if s['step'] == '$1'][0]"
}

@test "one angle fails in its own way, the run goes on and names the gap" {
	while read -r want script; do
		run_with "step=structure $script"
		echo "$script: $(ending structure), exit $CODE"
		is "$CODE" 0
		is "$(status structure)" failed
		is "$(ending structure)" "$want"
		sed -n '/^## Gaps/,/^## Evidence/p' "$MD" | grep -q "Structure failed ($want)"
		is "$(jq_like "$R" "'Structure' in r['outcome']")" True
	done <<-'END'
	empty empty
	asked question
	refused refuse
	endpoint_down status 500
	endpoint_down cut 3
	denied status 401
	END
}

@test "an empty answer is never success" {
	run_with empty
	is "$CODE" 1
	for step in structure behaviour concurrency; do
		is "$(status $step)" failed
		is "$(ending $step)" empty
	done
	is "$(jq_like "$R" "r['run']['status'], len(r['findings'])")" "failed 0"
	has "$MD" 'no agent answered'
}

@test "a truncated answer is partial, and says so" {
	run_with "step=structure truncate"
	is "$CODE" 0
	is "$(status structure)" completed
	has "$MD" 'Structure is partial'
}

@test "a server that fails twice is asked again" {
	run_with "times=2 status 503"
	is "$CODE" 0
	is "$(status structure)" completed
	run_with "times=1 close"
	is "$CODE" 0
	run_with "times=1 rate-limit 1"
	is "$CODE" 0
}

@test "a stalled stream is not waited for for ever" {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/short.yaml" <<-'END'
	flow: short
	category: analysis
	summary: Short limits.
	steps:
	  - {id: hung, persona: codebase-explorer, task: t, timeout: 2s, retries: 0, on_failure: continue}
	  - {id: stalled, persona: codebase-explorer, task: t, stall: 2s, retries: 0, on_failure: continue}
	  - {id: fine, persona: codebase-explorer, task: t}
	END
	printf '%s\n' 'step=hung hang' 'step=stalled stall 1' >"$BATS_TEST_TMPDIR/script"
	R=$BATS_TEST_TMPDIR/report.json
	own_program
	timeout 60 "$TUTTI" run short engine --model rehearsal --repo "$REPO" --json \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" >"$R" 2>/dev/null &
	run=$!
	# those who hang are seen while they do: the run's process, its launcher, an init, an agent
	local most=0 now
	for _ in $(seq 200); do
		now=$(own_processes | wc -l)
		[ "$now" -le "$most" ] || most=$now
		[ "$most" -lt 4 ] || break
		sleep 0.02
	done
	[ "$most" -ge 4 ]
	wait "$run"
	is "$(ending hung)" timed_out
	is "$(ending stalled)" stalled
	is "$(ending fine)" answered
	nobody_left
}

@test "floods are cut, memory stays flat" {
	printf 'flood 200000000\n' >"$BATS_TEST_TMPDIR/script"
	python3 - "$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo \
		"$REPO" --rehearsal-script "$BATS_TEST_TMPDIR/script" --format quiet <<-'END'
	import resource, subprocess, sys
	subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
	peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
	print("peak", peak, "MiB")
	assert peak < 300, peak
	END
	run_with "huge 600000"
	is "$CODE" 0
	has "$MD" 'cut to fit into its prompt'
	has "$MD" 'Structure is partial: its text was cut off: its answer was cut at 512 KiB'
}

@test "hostile calls are denied, counted, and change nothing" {
	before=$(tree_hash "$REPO")
	for kind in write shell leave escape nonsense all; do
		run_with "hostile $kind"
		is "$CODE" 0
		is "$(jq_like "$R" "sum(s['denied'] for s in r['steps']) > 0")" True
		has "$MD" 'tool calls were denied'
	done
	[ "$before" = "$(tree_hash "$REPO")" ]
}

@test "a model that never answers runs into its turn limit" {
	run_with "step=structure endless"
	is "$CODE" 0
	is "$(status structure)" failed
	run_with "step=structure same"
	is "$CODE" 0
	is "$(status structure)" failed
}

@test "invented ids and verdicts are not believed" {
	run_with "step=validator say ### V1: X99 — refuted" "step=behaviour say Nothing found."
	is "$CODE" 0
	has "$MD" 'not reviewed'
	is "$(jq_like "$R" "[f for f in r['findings'] if f['verdict'] == 'refuted']")" "[]"
}

# flood_flow: a command that says more than 4 MiB, with what a terminal would obey at its end
flood_flow() {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/flood.yaml" <<-END
	flow: flood
	category: analysis
	summary: A command that says too much.
	steps:
	  - id: flood
	    kind: command
	    run: [sh, -c, "head -c 4194304 /dev/zero | tr '\\\\0' x; printf 'end\\\\033[2J\\\\302\\\\233m\\\\342\\\\200\\\\256\\\\n'; $1"]
	    on_failure: continue
	END
}

# unseen FILE: no byte in it that a terminal obeys, and no character that cannot be seen
unseen() {
	if LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]' "$1"; then
		return 1
	fi
}

@test "what was cut off is kept aside, named, and looked at without danger" {
	flood_flow true
	"$TUTTI" run flood x --model rehearsal --repo "$REPO" --format quiet --output "$BATS_TEST_TMPDIR/out.md"
	"$TUTTI" runs show last --repo "$REPO" >"$BATS_TEST_TMPDIR/show"
	"$TUTTI" runs show last --repo "$REPO" --json >"$BATS_TEST_TMPDIR/show.json"
	"$TUTTI" runs logs last --repo "$REPO" >"$BATS_TEST_TMPDIR/logs"
	has "$BATS_TEST_TMPDIR/show" 'cut off in attempt 1, output: output above 4 MiB; 14 bytes are kept$'
	has "$BATS_TEST_TMPDIR/logs" 'a part of its output was cut off (output above 4 MiB): 14 bytes are kept, 0 not; spill/r-'
	file=$(jq_like "$BATS_TEST_TMPDIR/show.json" "r['steps'][1]['cut_off'][0]['file']")
	is "$(stat -c %a "$TUTTI_DATA/$file")" 600
	printf 'end\033[2J\302\233m\342\200\256\n' | cmp - "$TUTTI_DATA/$file"
	# as it says, and as a person would
	look=$(sed -n 's/^ *\(cat -v .*\) | less$/\1/p' "$BATS_TEST_TMPDIR/show")
	is "$(jq_like "$BATS_TEST_TMPDIR/show.json" "r['steps'][1]['cut_off'][0]['look']")" "$look | less"
	sh -c "$look" >"$BATS_TEST_TMPDIR/looked"
	has "$BATS_TEST_TMPDIR/looked" '^end^\[\[2JM-BM-^\[mM-bM-^@M-.$'
	for seen in show show.json logs looked out.md; do
		unseen "$BATS_TEST_TMPDIR/$seen"
	done
	rm -r "$TUTTI_DATA/spill"
	"$TUTTI" runs show last --repo "$REPO" >"$BATS_TEST_TMPDIR/show"
	has "$BATS_TEST_TMPDIR/show" 'it went to make room for later ones'
	lacks "$BATS_TEST_TMPDIR/show" 'cat -v'
}

@test "what a killed process had kept is named, and the next attempt has a file of its own" {
	flood_flow 'sleep 5'
	"$TUTTI" run flood x --model rehearsal --repo "$REPO" --format quiet --output "$BATS_TEST_TMPDIR/out.md" &
	killed=$!
	for try in $(seq 100); do
		[ -s "$(echo "$TUTTI_DATA"/spill/r-*/1.1.output)" ] && break
		sleep 0.1
	done
	kill -9 $killed
	wait $killed || true
	"$TUTTI" runs show last --repo "$REPO" >"$BATS_TEST_TMPDIR/show"
	has "$BATS_TEST_TMPDIR/show" 'cut off in attempt 1, output: 14 bytes are kept; nothing is in the log'
	has "$BATS_TEST_TMPDIR/show" 'cat -v .*/1.1.output | less'
	"$TUTTI" runs resume last --repo "$REPO" --format quiet --output "$BATS_TEST_TMPDIR/out.md"
	"$TUTTI" runs show last --repo "$REPO" >"$BATS_TEST_TMPDIR/show"
	has "$BATS_TEST_TMPDIR/show" 'cut off in attempt 1, output: 14 bytes are kept; nothing is in the log'
	has "$BATS_TEST_TMPDIR/show" 'cut off in attempt 2, output: output above 4 MiB; 14 bytes are kept$'
	is "$(ls "$TUTTI_DATA"/spill/r-*/ | tr '\n' ' ')" "1.1.output 1.2.output "
}
