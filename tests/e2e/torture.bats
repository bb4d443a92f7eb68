# A daemon that is killed, starved and lied to, and clients that keep account of what it told them:
# tests/torture. What takes longer is ./dev torture.

load real

torture() {
	python3 "$TOP/tests/torture/torture.py" "$TUTTI" "$BATS_TEST_TMPDIR/place" "$@"
}

@test "killed at 100 random moments: nothing that a client was told is lost" {
	torture kill 100
}

@test "killed at single calls of a life, and of one that goes on with a run" {
	torture sites 10
	rm -r "$BATS_TEST_TMPDIR/place"
	torture recovery 6
}

@test "calls that fail cost nothing that a client was told" {
	torture faults 24
}

@test "a disk that is full for a while, and one that can only be read" {
	torture disk 3
	rm -r "$BATS_TEST_TMPDIR/place"
	torture readonly 3
}

@test "other daemons and commands on the same data: one owns it" {
	torture two 2
}

@test "the database is taken away under the daemon, in eight ways" {
	torture gone 8
}

@test "clocks that are stepped, and processes that stand still" {
	torture clock 2
	rm -r "$BATS_TEST_TMPDIR/place"
	torture pause 2
}

# injected OPTION… -- ARGUMENT…: tutti with a call that fails, in a place of its own
injected() {
	timeout 60 "$(dirname "$TUTTI")/tests/inject" "$@" >"$BATS_TEST_TMPDIR/said" 2>&1
}

@test "a machine that is short of processes for a moment is not held for a poorer one" {
	own_place
	"$TUTTI" doctor --json >"$BATS_TEST_TMPDIR/want" || true
	# the first clone is that of the launcher, the second that of its first trial
	injected -l -c clone -n 2 -m 3 -e 11 -- "$TUTTI" doctor --json || true
	for who in want said; do
		jq_like "$BATS_TEST_TMPDIR/$who" "[c for c in r['checks'] if c['group'] == 'Isolation'][0]['text']" \
			>"$BATS_TEST_TMPDIR/$who.mode"
	done
	has "$BATS_TEST_TMPDIR/want.mode" "mode A"
	diff "$BATS_TEST_TMPDIR/want.mode" "$BATS_TEST_TMPDIR/said.mode"
}

@test "where there are too few descriptors or threads to begin with, it says so" {
	own_place
	for few in "-c clone3 -n 2 -e 11" "-c epoll_ctl -n 4 -e 12" "-c mmap -n 60 -m 100000 -e 12"; do
		code=0
		injected $few -- "$TUTTI" serve --no-port || code=$?
		[ "$code" -lt 128 ] || { cat "$BATS_TEST_TMPDIR/said"; echo "$few: $code"; return 1; }
	done
	# where libuv aborts: its pool, its pipe, its watches
	for few in "-c clone3 -n 8 -e 11" "-c pipe2 -n 1 -e 24" "-c epoll_ctl -n 5 -e 12" "-c epoll_ctl -n 8 -e 28"; do
		code=0
		injected $few -- "$TUTTI" serve --no-port || code=$?
		[ "$code" = 71 ] || { cat "$BATS_TEST_TMPDIR/said"; echo "$few: $code"; return 1; }
		has "$BATS_TEST_TMPDIR/said" "^tutti: the kernel refuses what the event loop cannot be without: "
	done
	for n in 4 5 6 7 8 10 12 14 16 18; do
		code=0
		(ulimit -n $n && exec "$TUTTI" serve --no-port) >"$BATS_TEST_TMPDIR/said" 2>&1 || code=$?
		[ "$code" -lt 128 ] || { cat "$BATS_TEST_TMPDIR/said"; echo "$n descriptors: $code"; return 1; }
	done
}

@test "an abort that nobody was refused anything for is one: SIGABRT ends the daemon" {
	own_place
	"$TUTTI" serve --no-port >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	daemon=$!
	timeout 30 sh -c 'until grep -q serving "$0"; do sleep 0.05; done' "$BATS_TEST_TMPDIR/said"
	kill -ABRT "$daemon"
	code=0
	timeout 30 tail --pid="$daemon" -f /dev/null || kill -KILL "$daemon"
	wait "$daemon" || code=$?
	[ "$code" = 134 ]
}

@test "without descriptors for a moment citations are checked a moment later" {
	own_place
	one_step_flow
	mkdir "$BATS_TEST_TMPDIR/repo"
	printf 'int queue_push(int x)\n{\n\treturn x;\n}\n' >"$BATS_TEST_TMPDIR/repo/queue.c"
	for n in 3 100000; do # once for longer than it waits
		injected -c openat2 -p queue.c -m $n -e 24 -o "$BATS_TEST_TMPDIR/hit" -- "$TUTTI" run one "the queue" \
			--repo "$BATS_TEST_TMPDIR/repo" --model rehearsal --output "$BATS_TEST_TMPDIR/report-$n.md"
		has "$BATS_TEST_TMPDIR/hit" "^hit 1 .*queue.c"
	done
	has "$BATS_TEST_TMPDIR/report-3.md" ": 0 findings; all 1 citations hold"
	has "$BATS_TEST_TMPDIR/report-100000.md" "of 1 citations 0 hold, 1 cannot be checked"
}
