# The daemon as people and programs meet it: its life, its doors, and the command line beside it.

load real

setup() {
	own_place
	own_program
	T=$BATS_TEST_TMPDIR
	REPO=$T/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$TOP/src/core" "$REPO"
	commit_all "$REPO"
	one_step_flow
	JOB=(run architectural-analysis engine --size small --model rehearsal --repo "$REPO")
	DAEMON=
	export TUTTI
	cd "$T"
}

teardown() {
	local p
	for p in $(own_processes); do kill -9 "$p" 2>/dev/null || true; done
}

# serve [OPTION…]: a daemon; DAEMON is its process, URL and LINK where it is
serve() {
	: >"$T/said"
	: >"$T/log"
	"$TUTTI" serve --bind 127.0.0.1:0 --json "$@" >"$T/said" 2>"$T/log" 3>&- &
	DAEMON=$!
	until [ -s "$T/said" ] || ! kill -0 "$DAEMON"; do sleep 0.02; done
	URL=$(jq_like "$T/said" "r['url']") LINK=$(jq_like "$T/said" "r['sign_in']")
	export URL
}

# ended CODE: the daemon ends so, and nothing of it is left
ended() {
	ended_of "$DAEMON" "$1"
	nobody_left
}

# ended_of PROCESS CODE
ended_of() {
	local code=0
	wait "$1" || code=$?
	is "$code" "$2"
}

check() {
	python3 "$BATS_TEST_DIRNAME/serve.py" "$@"
}

# slowly MS: the rehearsal model takes its time
slowly() {
	echo "delay $1" >"$T/slow"
}

# job ARGUMENT…: the main job
job() {
	"$TUTTI" "${JOB[@]}" "$@"
}

# begin ARGUMENT…: the same beside us, as plain lines in $T/begun; FOLLOWER is its process, ID the run
begin() {
	"$TUTTI" "${JOB[@]}" --format plain "$@" 2>"$T/begun" 3>&- &
	FOLLOWER=$!
	until ID=$(newest) && [ -n "$ID" ]; do sleep 0.05; done
	until_at_work "$ID"
}

# newest: the id of the newest run that is not over
newest() {
	"$TUTTI" runs list --all --status running --limit 1 --json >"$T/newest.json"
	jq_like "$T/newest.json" "''.join(x['id'] for x in r['runs'])"
}

state_of() {
	"$TUTTI" runs show "$1" --json >"$T/state.json"
	jq_like "$T/state.json" "r['status']"
}

# until_is RUN STATUS: looks until it is
until_is() {
	local tries=0
	until [ "$(state_of "$1")" = "$2" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
}

# until_has FILE PATTERN
until_has() {
	local tries=0
	until grep -q -- "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || has "$1" "$2"
		sleep 0.05
	done
}

# until_at_work RUN: an agent of it was started
until_at_work() {
	local tries=0
	until "$TUTTI" runs logs "$1" --json 2>/dev/null | grep -q '"part":"start"'; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.05
	done
}

# refused CODE COMMAND…: exit code 4 and an error of this code with a reason and a way out
refused() {
	local code=0
	"${@:2}" --json >"$T/refused" 2>/dev/null || code=$?
	is "$code" 4
	is "$(jq_like "$T/refused" "bool(r['error']['what'] and r['error']['why'] and r['error']['fix'])")" True
	has "$T/refused" "$1"
}

# --- its life ---------------------------------------------------------------------------------

@test "it says where it is, and refuses what must not be" {
	"$TUTTI" serve --bind 127.0.0.1:0 >"$T/said" 2>"$T/log" 3>&- &
	DAEMON=$!
	until_has "$T/said" "runs go on"
	has "$T/said" "^tutti works here:  http://127.0.0.1:[0-9]*$"
	has "$T/said" "^sign in once:  *http://127.0.0.1:[0-9]*/sign-in?code=[0-9a-f]*$"
	is "$(stat -c %a "$TUTTI_DATA/token" "$TUTTI_DATA/tutti.sock" | tr '\n' ' ')" "600 600 "
	port=$(sed -n 's/^tutti works here:.*://p' "$T/said")
	refused "process $DAEMON" "$TUTTI" serve
	refused "no other machine can reach" "$TUTTI" serve --data "$T/other" --bind 0.0.0.0:0
	refused "no other machine can reach" "$TUTTI" serve --data "$T/other" --bind "[::]:0"
	refused "in digits" "$TUTTI" serve --data "$T/other" --bind localhost:0
	refused "in use" "$TUTTI" serve --data "$T/other" --bind "127.0.0.1:$port"
	"$TUTTI" serve --link >"$T/link"
	has "$T/link" "^http://127.0.0.1:$port/sign-in?code="
	kill "$DAEMON"
	ended 0
	[ ! -e "$TUTTI_DATA/tutti.sock" ]
	refused "no daemon" "$TUTTI" serve --link
	: >"$T/said"
	"$TUTTI" serve --no-port --json >"$T/said" 2>"$T/log" 3>&- &
	DAEMON=$!
	until_has "$T/said" socket
	is "$(jq_like "$T/said" "sorted(r)")" "['pid', 'socket']"
	kill -INT "$DAEMON"
	ended 0
}

@test "killed in the middle of runs: the next one goes on, to the same report" {
	TUTTI_DATA=$T/alone job --format quiet --output "$T/want.md"
	slowly 40
	serve --rehearsal-script "$T/slow"
	a=$(job --detach) b=$(job --detach)
	until_at_work "$a"
	until_at_work "$b"
	kill -9 "$DAEMON"
	ended 137
	is "$(state_of "$a") $(state_of "$b")" "running running"
	[ -S "$TUTTI_DATA/tutti.sock" ]
	serve
	until_has "$T/log" "2 runs of an earlier life go on"
	for id in "$a" "$b"; do
		until_is "$id" completed
		"$TUTTI" runs export "$id" -o "$T/got.md"
		diff <(without_run_facts "$T/want.md") <(without_run_facts "$T/got.md")
		is "$(ran_twice "$id")" ""
	done
	kill "$DAEMON"
	ended 0
}

@test "a run that cannot be read any more is named, and keeps no other from going on" {
	slowly 40
	serve --rehearsal-script "$T/slow"
	a=$(job --detach)
	until_at_work "$a"
	b=$("$TUTTI" run code-review "all of it" --model rehearsal --repo "$REPO" --detach)
	until_at_work "$b"
	kill -9 "$DAEMON"
	ended 137
	sqlite3 "$TUTTI_DATA/tutti.db" "DELETE FROM blobs WHERE hash IN
		(SELECT frozen FROM runs WHERE id = '$a')"
	serve
	until_has "$T/log" "error run=$a of an earlier life cannot go on: the run's definition"
	until_is "$b" completed
	is "$(state_of "$a")" running
	kill "$DAEMON"
	ended 0
	code=0
	"$TUTTI" db verify >"$T/verified" || code=$?
	is "$code" 6
	has "$T/verified" "rows refer to what is not there in blobs"
}

@test "asked to end it lets agents finish; asked twice it ends at once" {
	slowly 30
	serve --rehearsal-script "$T/slow"
	id=$(job --detach)
	until_at_work "$id"
	kill "$DAEMON"
	ended 0
	# who was at work ended well, and nobody began anew
	is "$(state_of "$id")" running
	"$TUTTI" runs logs "$id" --json >"$T/log.json"
	is "$(grep '"part":"end"' "$T/log.json" | grep -c '"ending":"answered"')" \
		"$(grep -c '"part":"start"' "$T/log.json")"
	slowly 20000
	serve --rehearsal-script "$T/slow"
	until_has "$T/log" "1 run of an earlier life goes on"
	check check_drain "$DAEMON"
	kill "$DAEMON"
	ended 0
	is "$(state_of "$id")" running
	serve
	until_is "$id" completed
	is "$(ran_twice "$id")" ""
	kill "$DAEMON"
	ended 0
}

# --- the command line beside it ---------------------------------------------------------------

@test "a run by a daemon is a run like any other" {
	serve
	for how in here there; do
		[ "$how" = there ] || export TUTTI_DATA_WAS=$TUTTI_DATA TUTTI_DATA=$T/alone
		code=0
		job --format quiet --output "$T/$how.md" || code=$?
		job --format quiet --fail-on low --output /dev/null || code="$code $?"
		job --json --strict >"$T/$how.json" || code="$code $?"
		job --timeout 1ms --format quiet --output /dev/null || code="$code $?"
		"$TUTTI" run no-such-flow x --repo "$REPO" 2>>"$T/$how.err" || code="$code $?"
		job --agent nobody --json >"$T/$how.agent" || code="$code $?"
		"$TUTTI" run architectural-analysis x --repo "$T/none" 2>>"$T/$how.err" || code="$code $?"
		echo "$code" >"$T/$how.codes"
		[ "$how" = there ] || export TUTTI_DATA=$TUTTI_DATA_WAS
	done
	diff "$T/here.codes" "$T/there.codes"
	diff <(without_run_facts "$T/here.md") <(without_run_facts "$T/there.md")
	diff "$T/here.err" "$T/there.err"
	diff <(jq_like "$T/here.json" "sorted(r)") <(jq_like "$T/there.json" "sorted(r)")
	is "$(jq_like "$T/there.json" "r['exit']")" "$(jq_like "$T/here.json" "r['exit']")"
	diff <(jq_like "$T/here.agent" "r['exit'], r['error']['what']") \
		<(jq_like "$T/there.agent" "r['exit'], r['error']['what']")
	kill "$DAEMON"
	ended 0
}

@test "detached, watched, cancelled, resumed, retried" {
	refused "no daemon" job --detach
	slowly 40
	serve --rehearsal-script "$T/slow"
	job --detach --json >"$T/detached.json"
	id=$(jq_like "$T/detached.json" "r['id']")
	is "$(jq_like "$T/detached.json" "r['run']['id']")" "$id"
	until_at_work "$id"
	"$TUTTI" runs cancel "$id" --json >"$T/cancelled.json"
	is "$(jq_like "$T/cancelled.json" "r['status']")" cancelled
	is "$(state_of "$id")" cancelled
	# Ctrl-C leaves the run alone
	begin --output "$T/left.md"
	kill -INT "$FOLLOWER"
	code=0
	wait "$FOLLOWER" || code=$?
	is "$code" 130
	has "$T/begun" "The run continues: tutti runs watch $ID"
	[ ! -e "$T/left.md" ]
	is "$(state_of "$ID")" running
	"$TUTTI" runs watch "$ID" --format plain >"$T/watched" 2>&1
	is "$(state_of "$ID")" completed
	has "$T/watched" Validation
	"$TUTTI" runs resume "$id" --format quiet --output "$T/resumed.md"
	is "$(state_of "$id")" completed
	diff <("$TUTTI" runs export "$id") "$T/resumed.md"
	"$TUTTI" runs logs "$id" >"$T/logs"
	has "$T/logs" completed
	code=0
	"$TUTTI" runs cancel "$id" --json >"$T/over.json" || code=$?
	is "$code $(jq_like "$T/over.json" "r['error']['what'] != ''")" "2 True"
	kill "$DAEMON"
	ended 0
}

@test "a step that asks a person is answered" {
	cat >"$XDG_CONFIG_HOME/tutti/flows/asks.yaml" <<-'END'
	flow: asks
	category: analysis
	summary: Asks a person.
	steps:
	  - {id: look, persona: codebase-explorer, task: "Where is the queue?"}
	  - {id: enough, kind: approval, needs: [look], ask: "Enough?", choices: [yes, "no; touch pasted"]}
	END
	serve
	id=$("$TUTTI" run asks queue --model rehearsal --repo "$REPO" --detach)
	until_has "$T/log" "run=$id a person is asked"
	code=0
	"$TUTTI" runs approve "$id" perhaps --json >"$T/wrong.json" || code=$?
	is "$code" 2
	is "$(jq_like "$T/wrong.json" "r['error']['fix']")" \
		"['tutti runs approve $id yes', \"tutti runs approve $id 'no; touch pasted'\"]"
	timeout 2 "$TUTTI" runs watch "$id" --format plain >"$T/watched" 2>&1 || true
	has "$T/watched" "enough waits for a person: tutti runs approve $id CHOICE"
	kill -9 "$DAEMON"
	ended 137
	refused "tutti serve" "$TUTTI" runs approve "$id" yes
	serve
	"$TUTTI" runs approve "$id" yes
	until_is "$id" completed
	"$TUTTI" runs logs "$id" >"$T/logs"
	has "$T/logs" yes
	kill "$DAEMON"
	ended 0
}

@test "while a model server is looked for, everybody else is answered" {
	check look_for_models "$REPO"
	nobody_left
}

@test "who follows a run sees it to its end, whatever becomes of the daemon" {
	slowly 60
	serve --rehearsal-script "$T/slow"
	begin --output "$T/followed.md"
	kill -9 "$DAEMON"
	ended_of "$DAEMON" 137
	serve
	wait "$FOLLOWER"
	is "$(state_of "$ID")" completed
	diff <("$TUTTI" runs export "$ID") "$T/followed.md"
	kill "$DAEMON"
	ended 0
	# and when none comes back, who looks on is told
	slowly 20000
	serve --rehearsal-script "$T/slow"
	begin --output "$T/never.md"
	"$TUTTI" runs watch "$ID" --format plain 2>"$T/watched" >&2 3>&- &
	watcher=$!
	timeout 120 "$TUTTI" runs logs "$ID" -f >"$T/lines" 2>"$T/lost" 3>&- &
	reader=$!
	kill -9 "$DAEMON"
	ended_of "$DAEMON" 137
	timeout 120 "$TUTTI" runs logs "$ID" -f --json >"$T/lines.json" 3>&- & # nobody was there when it came
	late=$!
	ended_of "$FOLLOWER" 4
	ended_of "$watcher" 4
	ended_of "$reader" 4
	ended_of "$late" 4
	[ -s "$T/lines" ]
	has "$T/lost" "error: nobody carries run $ID out any more"
	has "$T/lost" "tutti runs resume $ID"
	tail -1 "$T/lines.json" >"$T/last.json"
	is "$(jq_like "$T/last.json" "r['error']['what']")" "nobody carries run $ID out any more"
	has "$T/begun" "tutti runs resume $ID"
	has "$T/watched" "tutti runs resume $ID"
	[ ! -e "$T/never.md" ]
	nobody_left
}

# --- its API ----------------------------------------------------------------------------------

@test "who asks: token, cookie, one-time links, hosts" {
	serve --allow-host tutti.example
	check check_who "$LINK" "$REPO"
	kill "$DAEMON"
	ended 0
	lacks "$T/log" "$(cat "$TUTTI_DATA/token")"
	lacks "$T/log" "code="
}

@test "runs by the API: launched once, listed, searched, read, taken out" {
	serve
	check check_runs "$REPO"
	kill "$DAEMON"
	ended 0
}

@test "curl alone launches, follows and fetches, as the docs say" {
	serve
	from_docs api.md sh '# launch, follow, fetch' >"$T/walk"
	[ -s "$T/walk" ]
	cd "$REPO"
	sh -eu "$T/walk" >"$T/stream"
	is "$(grep -c '^id: ' "$T/stream")" "$(grep -c '^data: ' "$T/stream")"
	is "$(grep '^id: ' "$T/stream" | tail -1)" "id: $(grep -c '^id: ' "$T/stream")"
	has "$T/stream" '"status": *"completed"'
	has report.md '^## Answer'
	kill "$DAEMON"
	ended 0
}

@test "a log that is followed has no gap across the death of the daemon" {
	slowly 60
	serve --rehearsal-script "$T/slow"
	id=$(job --detach)
	check check_stream "$id" "$DAEMON" "'$TUTTI' serve --no-port >'$T/again' 2>>'$T/log' 3>&- &
		until grep -q works '$T/again'; do sleep 0.05; done"
}

@test "help and completion know of it" {
	"$TUTTI" help serve >"$T/help"
	has "$T/help" "tutti run … --detach"
	has "$T/help" "--allow-host NAME"
	"$TUTTI" help >"$T/help"
	has "$T/help" "trust, data, serve"
	for shell in bash zsh fish; do
		"$TUTTI" completion "$shell" >"$T/words"
		has "$T/words" serve
		has "$T/words" "retry approve export"
	done
}

# --- systemd ----------------------------------------------------------------------------------

@test "sockets of a service manager are taken, and it is told" {
	check activate "$REPO" >"$T/said"
	nobody_left
	# what is printed is in a journal then
	lacks "$T/said" code=
	has "$T/said" "tutti serve --link"
	is "$(state_of "$(tail -n 1 "$T/said")")" completed
}

@test "the units are valid" {
	# else every agent gets the signal that only the daemon is to have
	has "$TOP/dist/systemd/tutti.service" '^KillMode=mixed$'
	command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
	mkdir "$T/units"
	sed "s|/usr/local/bin/tutti|$TUTTI|" "$TOP/dist/systemd/tutti.service" >"$T/units/tutti.service"
	cp "$TOP/dist/systemd/tutti.socket" "$T/units"
	XDG_RUNTIME_DIR=$T systemd-analyze --user verify "$T/units/tutti.service" "$T/units/tutti.socket" \
		>"$T/verified" 2>&1 || { cat "$T/verified"; return 1; }
	empty "$T/verified"
}
