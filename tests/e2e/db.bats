# What is stored: whether it is as it was written, copies of it, and what nobody needs any more.

load real

setup() {
	own_place
	T=$BATS_TEST_TMPDIR
	REPO=$T/repo
	mkdir "$REPO"
	cp -r "$TOP/src/core" "$TOP/src/engine" "$REPO"
	commit_all "$REPO"
	cd "$T"
}

job() {
	"$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo "$REPO" --format quiet \
		"$@" >/dev/null
}

# flood: a run of which something is cut off and kept
flood() {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/flood.yaml" <<-'END'
	flow: flood
	category: analysis
	summary: A command that says too much.
	steps:
	  - {id: flood, kind: command, run: [sh, -c, "yes | head -c 6000000"], on_failure: continue}
	END
	"$TUTTI" run flood x --repo "$REPO" --model rehearsal --format quiet >/dev/null
}

newest() {
	"$TUTTI" runs list --all --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["runs"][0]["id"])'
}

@test "any byte that changes is found" {
	job
	echo "int more;" >>"$REPO/core/core.h"
	job
	flood
	"$TUTTI" db verify --json >verified
	is "$(jq_like verified "r['intact'], r['runs'], r['snapshots'], r['kept_files'], r['flaws']")" "True 3 2 1 []"
	"$(dirname "$TUTTI")/tests/flips" "$TUTTI_DATA" "${FLIPS:-300}" >flips
	is "$(jq_like flips "r['missed'], r['whole']")" "0 True"
}

# The first page is half there, and a journal beside it says that there was none.
@test "killed in the middle of making a database, it is made by the next one" {
	for n in 1 2 3 4; do
		rm -rf "$TUTTI_DATA"
		code=0
		"$(dirname "$TUTTI")/tests/inject" -c pwrite64 -p tutti.db -k half -n $n -- \
			"$TUTTI" serve --no-port >said 2>&1 || code=$?
		is "$code" 137
		code=0
		"$TUTTI" db verify >said 2>&1 || code=$?
		is "$code $(head -1 said)" "5 error: there is nothing stored yet"
		code=0
		"$TUTTI" runs list >said 2>&1 || code=$?
		is "$code $(head -1 said)" "0 no runs yet"
		job
		"$TUTTI" db verify >said
		has said "every byte is as it was written: .* 1 run"
	done
}

@test "a database of a time before there were sums gets them" {
	job
	sqlite3 "$TUTTI_DATA/tutti.db" .dump | sqlite3 plain.db
	sqlite3 plain.db "PRAGMA user_version = $(sqlite3 "$TUTTI_DATA/tutti.db" "PRAGMA user_version")"
	mv plain.db "$TUTTI_DATA/tutti.db"
	code=0
	"$TUTTI" db verify >said || code=$?
	is "$code" 6
	has said "^page 1: it does not say that pages have sums"
	job
	"$TUTTI" db verify >said
	has said "every byte is as it was written: .* 2 runs"
}

@test "what was changed with its sums is found by the chain of its run" {
	job
	sqlite3 "$TUTTI_DATA/tutti.db" "UPDATE steps SET output = output || ' '
		WHERE key = (SELECT min(key) FROM steps WHERE output IS NOT NULL)"
	code=0
	"$TUTTI" db verify >said || code=$?
	cat said
	is "$code" 6
	has said "this run is not stored as it was written"
	has said "^page .*: it is not as it was written"
}

@test "a killed daemon's log is looked at, too" {
	"$TUTTI" serve --bind 127.0.0.1:0 --json >said 2>log 3>&- &
	DAEMON=$!
	until [ -s said ]; do sleep 0.05; done
	job
	kill -9 $DAEMON
	wait $DAEMON || true
	[ -s "$TUTTI_DATA/tutti.db-wal" ]
	"$TUTTI" db verify >verified
	has verified "every byte is as it was written: .* [1-9][0-9]* frames of the log"
	python3 - "$TUTTI_DATA/tutti.db-wal" <<-'END'
	import sys
	f = open(sys.argv[1], "r+b")
	f.seek(32 + 24 + 4096 + 24 + 100)
	c = f.read(1)[0]
	f.seek(-1, 1)
	f.write(bytes([c ^ 1]))
	END
	code=0
	"$TUTTI" db verify >verified || code=$?
	is "$code" 6
	has verified "frame of the log [0-9]*: it was committed, and something before it does not hold"
}

@test "a backup while runs are written is whole, and is put back" {
	"$TUTTI" serve --bind 127.0.0.1:0 --json >said 2>log 3>&- &
	DAEMON=$!
	until [ -s said ]; do sleep 0.05; done
	job
	first=$(newest)
	job --detach
	"$TUTTI" db backup copy.db >out
	has out "wrote copy.db: [12] runs, [0-9]* bytes, checked"
	is "$(stat -c %a copy.db)" 600
	code=0
	"$TUTTI" db restore copy.db 2>err || code=$?
	is "$code" 4
	has err "a tutti (process $DAEMON) works in"
	kill $DAEMON
	wait $DAEMON
	code=0
	"$TUTTI" db backup copy.db 2>err || code=$?
	is "$code" 2
	has err "is there already"
	job
	"$TUTTI" db restore copy.db >out 2>err
	has err "what was there: .*tutti.db.before-"
	"$TUTTI" runs show "$first" --json >shown
	is "$(jq_like shown "r['status']")" completed
	"$TUTTI" db verify >/dev/null
	job
	"$TUTTI" db verify >/dev/null
}

@test "what is no whole database is not put back" {
	job
	"$TUTTI" db backup copy.db >out
	python3 -c 'f = open("copy.db", "r+b"); f.seek(9000); f.write(b"\xff\xfe")'
	sha=$(sha256sum "$TUTTI_DATA/tutti.db")
	for file in copy.db "$REPO/core/core.h"; do
		code=0
		"$TUTTI" db restore "$file" 2>err || code=$?
		is "$code" 6
		has err "is not a whole database of tutti"
	done
	is "$(sha256sum "$TUTTI_DATA/tutti.db")" "$sha"
	is "$(ls "$TUTTI_DATA" | grep -c restore)" 0
	code=0
	"$TUTTI" db restore nowhere.db 2>err || code=$?
	is "$code" 5
}

@test "a damaged database is not copied as if it were whole" {
	job
	python3 -c 'f = open("'"$TUTTI_DATA"'/tutti.db", "r+b"); f.seek(-100, 2); f.write(b"\xff\xfe\xfd")'
	code=0
	"$TUTTI" db backup copy.db 2>err || code=$?
	is "$code" 6
	has err "the database is damaged; nothing was written"
	is "$(ls | grep -c copy.db)" 0
	"$TUTTI" db verify >out || true
	has out "it is not as it was written"
}

@test "gc: old runs, what only they needed, and room; a dry run changes nothing" {
	job
	flood
	first=$(newest)
	sleep 5.1
	echo "int more;" >>"$REPO/core/core.h"
	job
	second=$(newest)
	sha=$(sha256sum "$TUTTI_DATA/tutti.db")
	"$TUTTI" db gc --keep 5s --dry-run --json >dry
	"$TUTTI" runs show "$first" >/dev/null
	"$TUTTI" db gc --keep 5s --json >done
	is "$(jq_like dry "r['runs'] >= 2, r['snapshots'], r['directories']")" "True 1 2"
	is "$(jq_like done "r['runs'] >= 2, r['snapshots'], r['directories']")" "True 1 2"
	is "$(jq_like done "r['bytes_after'] < r['bytes_before']")" True
	is "$(ls "$TUTTI_DATA/snapshots" | wc -l)" 1
	"$TUTTI" db verify >/dev/null
	"$TUTTI" runs export "$second" --as md >report.md
	has report.md "^# "
	"$TUTTI" db gc --json >again
	is "$(jq_like again "r['runs'], r['texts'], r['snapshots'], r['directories']")" "0 0 0 0"
}

@test "usage" {
	for words in "" "frob" "backup" "restore a b"; do
		code=0
		"$TUTTI" db $words 2>err || code=$?
		is "$code" 2
		has err "fix: "
	done
	code=0
	"$TUTTI" db verify 2>err || code=$?
	is "$code" 5
}
