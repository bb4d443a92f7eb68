# A disk without room: nothing goes on, nothing is lost, and nobody has to be killed.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$REPO"
	commit_all "$REPO"
	export SMALL=$BATS_TEST_TMPDIR/small OUT=$BATS_TEST_TMPDIR/out
	export TUTTI_DATA=$SMALL/data TUTTI REPO
	mkdir "$SMALL"
	echo "delay 40" >"$BATS_TEST_TMPDIR/script"
	export RUN="run architectural-analysis engine --size small --model rehearsal --format plain"
	RUN="$RUN --repo $REPO --rehearsal-script $BATS_TEST_TMPDIR/script --output"
	cat >"$BATS_TEST_TMPDIR/disk.bash" <<'EOS'
set -eu
wait_for() {
	local tries
	for tries in $(seq 300); do
		! grep -q "$1" "$OUT" || return 0
		sleep 0.1
	done
	echo "never said: $1"
	cat "$OUT"
	return 1
}
# begin_and_fill: a run, and no room as soon as its agents work; its process in $RUNS
begin_and_fill() {
	"$TUTTI" $RUN "$BATS_TEST_TMPDIR/report.md" >"$OUT" 2>&1 &
	RUNS=$!
	wait_for "Structure started"
	dd if=/dev/zero of="$SMALL/filler" bs=4k 2>/dev/null || true
	wait_for "the disk is full"
}
EOS
	export BATS_TEST_TMPDIR
}

# on_a_small_disk SCRIPT: in a mount namespace with a tmpfs for tutti's data; nobody but root may
# make one, so others are root there for as long as it takes
on_a_small_disk() {
	local mount='mount -t tmpfs -o size=${SIZE:-32m},mode=777 none "$SMALL" && exec "$@"'
	local script=(bash "$BATS_TEST_TMPDIR/disk.bash")
	printf '%s\n' "$1" >>"$BATS_TEST_TMPDIR/disk.bash"
	if [ "$(id -u)" = 0 ]; then
		unshare --mount sh -c "$mount" - "${script[@]}"
	else
		unshare --map-root-user --mount sh -c "$mount" - \
			unshare --user --map-user="$(id -u)" --map-group="$(id -g)" "${script[@]}"
	fi
}

@test "a run waits on a full disk and goes on when there is room" {
	on_a_small_disk '
begin_and_fill
kill -0 $RUNS
rm "$SMALL/filler"
wait $RUNS
"$TUTTI" runs list --all --json >"$BATS_TEST_TMPDIR/runs.json"'
	has "$OUT" "there is room on the disk again"
	has "$OUT" "run completed"
	has "$BATS_TEST_TMPDIR/runs.json" '"status": *"completed"'
	has "$BATS_TEST_TMPDIR/report.md" "^# "
}

@test "a run on a full disk can be left, and resumed later" {
	on_a_small_disk '
begin_and_fill
kill -TERM $RUNS
code=0
wait $RUNS || code=$?
echo "exit $code" >>"$OUT"
rm "$SMALL/filler"
"$TUTTI" runs resume last --repo "$REPO" --format plain --output "$BATS_TEST_TMPDIR/report.md" >>"$OUT" 2>&1'
	has "$OUT" "exit 143"
	has "$OUT" "The run is kept"
	has "$OUT" "run completed"
	has "$BATS_TEST_TMPDIR/report.md" "^# "
}

@test "no room to begin with is an error with a reason" {
	on_a_small_disk '
dd if=/dev/zero of="$SMALL/filler" bs=4k 2>/dev/null || true
code=0
"$TUTTI" $RUN - >"$OUT" 2>&1 || code=$?
echo "exit $code" >>"$OUT"'
	has "$OUT" "exit 4"
	has "$OUT" "\(full\|No space left\)"
}

# cut_off FILE: what became of what the step "flood" had too much of, by `runs show --json`
cut_off() {
	jq_like "$1" "[s['cut_off'][0] for s in r['steps'] if s['step'] == 'flood'][0]$2"
}

@test "what is cut off and kept is not what fills the disk" {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/flood.yaml" <<-'END'
	flow: flood
	category: analysis
	summary: A command that says too much.
	steps:
	  - {id: flood, kind: command, run: [sh, -c, "yes | head -c 40000000"], on_failure: continue}
	END
	SIZE=80m on_a_small_disk '
export RUN="run flood x --repo $REPO --model rehearsal --format quiet --output"
"$TUTTI" $RUN "$BATS_TEST_TMPDIR/one.md"
"$TUTTI" runs show last --repo "$REPO" --json >"$BATS_TEST_TMPDIR/one.json"
df --output=avail -B1 "$SMALL" | tail -1 >"$BATS_TEST_TMPDIR/free"
"$TUTTI" $RUN "$BATS_TEST_TMPDIR/two.md"
"$TUTTI" runs show last --repo "$REPO" --json >"$BATS_TEST_TMPDIR/two.json"
ls "$TUTTI_DATA"/spill/* >"$OUT"'
	local one=$BATS_TEST_TMPDIR/one.json two=$BATS_TEST_TMPDIR/two.json
	is "$(jq_like "$one" "r['status']") $(jq_like "$two" "r['status']")" "completed completed"
	is "$(cut_off "$one" "['ended']")" "less than 64 MiB of the disk are free"
	is "$(cut_off "$two" "['ended']")" "less than 64 MiB of the disk are free"
	# 40,000,000 bytes without the 4 MiB that the step has, kept or counted
	is "$(jq_like "$one" "(lambda c: c['kept'] > 0 and c['kept'] + c['lost'])(
		[s['cut_off'][0] for s in r['steps'] if s['step'] == 'flood'][0])")" 35805696
	is "$(cut_off "$two" "['kept']") $(cut_off "$two" "['lost']") $(cut_off "$two" "['file']")" \
		"0 35805696 None"
	[ "$(cat "$BATS_TEST_TMPDIR/free")" -gt 40000000 ]
	has "$OUT" '^1.1.output$'
	is "$(grep -c output "$OUT")" 1
}

# What people see meanwhile: the daemon answers, what there is can be read, a launch says what is
# wrong; and nobody has to do anything when there is room again.
@test "a daemon on a full disk answers, and goes on by itself" {
	on_a_small_disk '
"$TUTTI" serve --bind 127.0.0.1:0 --json --rehearsal-script "$BATS_TEST_TMPDIR/script" \
	>"$BATS_TEST_TMPDIR/said" 2>"$OUT" &
DAEMON=$!
trap "kill -9 $DAEMON 2>/dev/null || true" EXIT
until [ -s "$BATS_TEST_TMPDIR/said" ]; do sleep 0.05; done
api() { curl -sS --max-time 20 --unix-socket "$TUTTI_DATA/tutti.sock" -H "Content-Type: application/json" "$@"; }
launch() {
	api http://localhost/api/v1/runs -d "{\"flow\":\"architectural-analysis\",\"question\":\"engine\",
		\"size\":\"small\",\"model\":\"rehearsal\",\"repo\":\"$REPO\"}"
}
launch >"$BATS_TEST_TMPDIR/first"
id=$(python3 -c "import json; print(json.load(open(\"$BATS_TEST_TMPDIR/first\"))[\"id\"])")
until api http://localhost/metrics | grep -q "^tutti_busy [1-9]"; do sleep 0.05; done
dd if=/dev/zero of="$SMALL/filler" bs=4k 2>/dev/null || true
wait_for "the disk is full"
api -o /dev/null -w "health %{http_code}\n" http://localhost/healthz >>"$BATS_TEST_TMPDIR/heard"
api -o /dev/null -w "run %{http_code}\n" http://localhost/api/v1/runs/$id >>"$BATS_TEST_TMPDIR/heard"
api -o /dev/null -w "list %{http_code}\n" http://localhost/api/v1/runs >>"$BATS_TEST_TMPDIR/heard"
launch >"$BATS_TEST_TMPDIR/second"
rm "$SMALL/filler"
wait_for "there is room on the disk again"
wait_for "$id is over"
api http://localhost/api/v1/runs/$id >"$BATS_TEST_TMPDIR/run"
kill $DAEMON
wait $DAEMON'
	is "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/heard")" "health 200 run 200 list 200 "
	is "$(jq_like "$BATS_TEST_TMPDIR/run" "r['status']")" completed
	is "$(jq_like "$BATS_TEST_TMPDIR/second" "r['error']['code'], r['error']['what']")" \
		"not_ready the disk is full"
	is "$(grep -c "the disk is full" "$OUT")" 1
}
