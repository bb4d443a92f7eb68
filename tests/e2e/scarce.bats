# The program without memory, here and there: tests/scarce. Every request for it is ./dev scarce.

load real

scarce() {
	python3 "$TOP/tests/scarce/scarce.py" "$TUTTI" "$(dirname "$TUTTI")/tests/libscarce.so" \
		"$BATS_TEST_TMPDIR/place" "$@"
}

@test "calls without memory are answered rightly, refused or end the daemon in order" {
	scarce calls 1
}

@test "commands without memory say so, and nothing that is not so" {
	scarce commands 3 "runs list" "runs export last --as json" "db verify" "runs show r-none"
}

@test "a start without memory leaves runs to the next one" {
	scarce recovery 1
}

@test "runs without memory, in the daemon or in the fence, come to an end" {
	scarce runs 1
}

@test "a daemon whose launcher is killed ends, and the next one goes on with the run" {
	own_place
	mkdir -p "$BATS_TEST_TMPDIR/repo" "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/slow.yaml" <<-'END'
		flow: slow
		category: analysis
		summary: Takes its time.
		steps:
		  - {id: slow, kind: command, run: [sh, -c, "sleep 1.0731; echo done"]}
		report:
		  sections: [slow]
	END
	"$TUTTI" serve --no-port --json >"$BATS_TEST_TMPDIR/said" 2>"$BATS_TEST_TMPDIR/log" &
	daemon=$!
	until [ -s "$BATS_TEST_TMPDIR/said" ]; do sleep 0.05; done
	run=$("$TUTTI" run slow x --repo "$BATS_TEST_TMPDIR/repo" --model rehearsal --detach)
	until pgrep -f "sh -c sleep 1.0731" >/dev/null; do sleep 0.05; done
	pkill -9 -P "$daemon" -x tutti-launcher
	code=0
	wait $daemon || code=$?
	[ "$code" = 71 ] || { cat "$BATS_TEST_TMPDIR/log"; echo "ended with $code"; return 1; }
	"$TUTTI" serve --no-port --json >"$BATS_TEST_TMPDIR/said" 2>>"$BATS_TEST_TMPDIR/log" &
	daemon=$!
	"$TUTTI" runs watch "$run" --format plain
	kill $daemon
	"$TUTTI" runs show "$run" --json | grep -q '"status":"completed"'
}
