# kill -9 at any moment: nothing is lost, nothing runs twice, nobody stays behind.

load real

KILLS=${KILLS:-30} # a hundred with clients that keep account are in torture.bats
INTERRUPTS=${INTERRUPTS:-20}

setup() {
	own_place
	own_program
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$TOP/src/core" "$REPO"
	commit_all "$REPO"
	ARGS="run architectural-analysis engine --size small --model rehearsal --format quiet"
	ARGS="$ARGS --repo $REPO --output"
}

newest() {
	"$TUTTI" runs list --all --limit 1 --json | python3 -c '
import json, sys
runs = json.load(sys.stdin)["runs"]
print(runs[0]["id"], runs[0]["status"]) if runs else print("none none")'
}

@test "killed at $KILLS random moments, resumed each time: the same report" {
	want=$BATS_TEST_TMPDIR/want.md got=$BATS_TEST_TMPDIR/got.md
	begin=$(date +%s%N)
	"$TUTTI" $ARGS "$want"
	span=$((($(date +%s%N) - begin) / 1000000))
	resumed=0
	for i in $(seq "$KILLS"); do
		"$TUTTI" $ARGS "$got" 2>/dev/null &
		pid=$!
		sleep "$(printf '%d.%03d' $((RANDOM % span / 1000)) $((RANDOM % span % 1000)))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		nobody_left
		read -r id status < <(newest)
		[ "$status" = running ] || continue
		resumed=$((resumed + 1))
		"$TUTTI" runs resume "$id" --format quiet --output "$got" >/dev/null
		diff <(without_run_facts "$want") <(without_run_facts "$got")
		[ -z "$(ran_twice "$id")" ]
	done
	echo "resumed $resumed of $KILLS"
	[ "$resumed" -gt $((KILLS / 3)) ]
}

@test "a run that was killed twice still comes to its end" {
	want=$BATS_TEST_TMPDIR/want.md got=$BATS_TEST_TMPDIR/got.md
	"$TUTTI" $ARGS "$want"
	echo "delay 40" >"$BATS_TEST_TMPDIR/script"
	"$TUTTI" $ARGS "$got" --rehearsal-script "$BATS_TEST_TMPDIR/script" 2>/dev/null &
	sleep 0.5
	kill -9 $! && wait $! || true
	nobody_left
	read -r id status < <(newest)
	[ "$status" = running ]
	"$TUTTI" runs resume "$id" --format quiet --rehearsal-script "$BATS_TEST_TMPDIR/script" \
		>/dev/null 2>&1 &
	sleep 0.4
	kill -9 $! && wait $! || true
	nobody_left
	"$TUTTI" runs resume "$id" --format quiet --output "$got" >/dev/null
	diff <(without_run_facts "$want") <(without_run_facts "$got")
	[ -z "$(ran_twice "$id")" ]
}

@test "interrupted at $INTERRUPTS random moments: it ends in good order" {
	# little to read, so that most of the moments are those of starting and ending attempts
	rm -rf "$REPO" && mkdir -p "$REPO/engine" && echo "int x;" >"$REPO/engine/x.c"
	commit_all "$REPO"
	cat >"$BATS_TEST_TMPDIR/many.sh" <<-'END'
	for i in $(seq "$INTERRUPTS"); do
		"$TUTTI" run architectural-analysis engine --size small --model rehearsal --format quiet \
			--repo "$REPO" --output /dev/null 2>"$BATS_TEST_TMPDIR/said" &
		pid=$!
		sleep "0.$(printf '%03d' $((RANDOM % 400)))"
		kill -INT $pid 2>/dev/null || true
		[ $((i % 2)) = 0 ] || sleep "0.0$((RANDOM % 10))"
		kill -INT $pid 2>/dev/null || true
		code=0
		wait $pid || code=$?
		case $code in
		0 | 130) ;;
		*) cat "$BATS_TEST_TMPDIR/said" && echo "exit code $code" && exit 1 ;;
		esac
	done
	END
	export TUTTI REPO INTERRUPTS BATS_TEST_TMPDIR
	bash "$BATS_TEST_TMPDIR/many.sh"
	nobody_left
	# and what was cancelled is proven as far as it went: no start without an end
	for id in $("$TUTTI" runs list --all --json | python3 -c '
import json, sys
for r in json.load(sys.stdin)["runs"]: print(r["id"])'); do
		"$TUTTI" runs logs "$id" --json | python3 -c '
import json, sys
open_ = set()
for line in sys.stdin:
    e = json.loads(line)
    if e["type"] == "proof":
        k = (e["data"]["step"], e["data"]["epoch"])
        if e["data"]["part"] == "start": open_.add(k)
        else: open_.discard(k)
assert not open_, open_'
	done
}
