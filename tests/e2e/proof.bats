# What a run proves: kept, shown, exported, verified; and what is found when anything is another.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$REPO"
	commit_all "$REPO"
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err FILE=$BATS_TEST_TMPDIR/run.proof
	PROVEN='read-only: proven (mode A, \([0-9]*\)/\1 canaries, repository fingerprint equal)'
}

# tutti [ARGUMENT…]: stdout, stderr and exit code apart
tutti() {
	CODE=0
	"$TUTTI" "$@" >"$OUT" 2>"$ERR" </dev/null || CODE=$?
}

job() {
	tutti run architectural-analysis engine --size small --model rehearsal --repo "$REPO" "$@"
}

# slow [ARGUMENT…]: the same in the background, one agent after the other, with time to interfere
slow() {
	echo "parallel: 1" >"$XDG_CONFIG_HOME/tutti/config.yaml"
	echo "delay 40" >"$BATS_TEST_TMPDIR/script"
	"$TUTTI" run architectural-analysis engine --size small --model rehearsal --repo "$REPO" \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" "$@" >"$OUT" 2>"$ERR" </dev/null &
	JOB=$!
}

# until_agent: an agent executes; its first record is in the log
until_agent() {
	local tries
	for tries in $(seq 200); do
		if "$TUTTI" runs logs last --all --json 2>/dev/null | grep -q '"part":"start"'; then
			return 0
		fi
		sleep 0.05
	done
	return 1
}

# records FILE EXPRESSION: a Python expression about the list r of records in an exported file
records() {
	python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
r = [line["data"] for line in lines if line.get("type") == "proof"]
print(eval(sys.argv[2]))' "$1" "$2"
}

@test "a run says what it proves; the file says it anywhere" {
	before=$(tree_hash "$REPO")
	job
	is "$CODE" 0
	has "$OUT" "- $PROVEN"
	is "$(tree_hash "$REPO")" "$before"
	tutti runs show last --all
	has "$OUT" "^  $PROVEN"
	tutti runs show last --all --proof
	is "$CODE" 0
	has "$OUT" "^  $PROVEN"
	has "$OUT" 'agent        native'
	has "$OUT" 'capabilities 0000000000000000, no_new_privs 1, seccomp 2'
	has "$OUT" 'namespace empty'
	tutti runs show last --all --proof --json --output "$FILE"
	is "$CODE" 0
	empty "$OUT"
	rm -rf "$TUTTI_DATA"
	tutti proof verify "$FILE"
	is "$CODE" 0
	has "$OUT" "$PROVEN"
	tutti proof verify "$FILE" --json
	is "$(jq_like "$OUT" "r['valid'], r['attempts'], r['repository_changed']")" "True 5 False"
}

@test "a record is whole, and no answer or secret is in it" {
	export OPENAI_API_KEY=sk-nobody-may-see-this
	job
	"$TUTTI" runs show last --all --proof --json >"$FILE"
	is "$(records "$FILE" "len([x for x in r if x['part'] == 'start']) == \
		len([x for x in r if x['part'] == 'end']) == 5")" True
	is "$(records "$FILE" "all(sorted(x['fence']['descriptors']) == [0, 1, 2] \
		for x in r if x['part'] == 'start')")" True
	is "$(records "$FILE" "all(x['gateway']['bytes_out'] > 1000 and \
		x['gateway']['upstream'] == 'rehearsal' for x in r if x['part'] == 'end')")" True
	is "$(records "$FILE" "{x['repository']['head'] for x in r} == \
		{'$(git -C "$REPO" rev-parse HEAD)'}")" True
	is "$(records "$FILE" "{(x['repository']['dev'], x['repository']['ino']) for x in r} == \
		{($(stat -c '%d, %i' "$REPO"))}")" True
	is "$(records "$FILE" "{x['agent']['version'] for x in r if x['part'] == 'start'} == \
		{'$("$TUTTI" version | cut -d' ' -f2)'}")" True
	is "$(records "$FILE" "all(x['fence']['program']['sha256'] == \
		__import__('hashlib').sha256(open(x['agent']['path'], 'rb').read()).hexdigest() \
		for x in r if x['part'] == 'start')")" True
	lacks "$FILE" 'sk-nobody'
	lacks "$FILE" 'Summary'
}

@test "the chain can be followed with nothing but SHA-256" {
	job
	"$TUTTI" runs show last --all --proof --json >"$FILE"
	python3 - "$FILE" <<-'END'
	import hashlib, json, sys
	sha = lambda b: hashlib.sha256(b).hexdigest()
	raw = open(sys.argv[1], "rb").read()
	lines = raw.split(b"\n")[:-1]
	assert json.loads(lines[-1])["file"] == sha(raw[:raw.rindex(b'{"file"')])
	log = b""
	for line in lines[1:-2]:
	    event = json.loads(line)
	    if "prev" in event.get("data", {}):
	        assert event["data"]["prev"] == sha(log), event["seq"]
	    log += (event["sha256"] if "sha256" in event else sha(line)).encode() + b"\n"
	seal = json.loads(lines[-2])
	assert seal == {"seal": event["seq"], "sha256": sha(log)}
	END
}

@test "a byte that is another is found in the file" {
	job
	"$TUTTI" runs show last --all --proof --json >"$FILE"
	python3 - "$TUTTI" "$FILE" <<-'END'
	import random, subprocess, sys
	tutti, path = sys.argv[1:]
	good = open(path, "rb").read()
	rng = random.Random(7)
	def verify(data):
	    open(path, "wb").write(data)
	    p = subprocess.run([tutti, "proof", "verify", path], capture_output=True)
	    return p.returncode, p.stderr
	assert verify(good)[0] == 0
	for _ in range(120):
	    at, bit = rng.randrange(len(good)), 1 << rng.randrange(8)
	    code, said = verify(good[:at] + bytes([good[at] ^ bit]) + good[at + 1:])
	    assert code == 6 and b"error: " in said and b"why: " in said and b"fix: " in said, at
	for other in (good + b"\n", b" " + good, good[:-1], good.replace(b",", b", ", 1), b""):
	    assert verify(other)[0] == 6
	END
}

@test "a byte that is another is found in the database" {
	job
	id=$("$TUTTI" runs list --all --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["runs"][0]["id"])')
	python3 - "$TUTTI" "$TUTTI_DATA/tutti.db" "$id" <<-'END'
	import random, sqlite3, subprocess, sys
	tutti, path, run = sys.argv[1:]
	db = sqlite3.connect(path, isolation_level=None)
	rng = random.Random(11)
	def show():
	    p = subprocess.run([tutti, "runs", "show", run, "--proof"], capture_output=True)
	    return p.returncode, p.stdout
	assert show()[0] == 0
	def flip(text):
	    raw = bytearray(text.encode())
	    at = rng.randrange(len(raw))
	    raw[at] = raw[at] ^ 1 if 0x20 < raw[at] ^ 1 < 0x7f else ord("~")
	    return raw.decode(errors="replace")
	places = [("events", "rowid", c) for c in ("data", "type")] + \
	    [("steps", "key", c) for c in ("output", "evidence", "facts")] + \
	    [("runs", "key", c) for c in ("seal", "report", "status")] + [("blobs", "hash", "bytes")]
	report = db.execute("SELECT report FROM runs").fetchone()[0]
	for table, key, column in places:
	    where = f"WHERE {column} <> ''" + (f" AND hash = '{report}'" if table == "blobs" else "")
	    rows = db.execute(f"SELECT {key}, {column} FROM {table} {where}").fetchall()
	    for name, old in rng.sample(rows, min(12, len(rows))):
	        new = flip(old.decode() if isinstance(old, bytes) else old)
	        if table == "blobs":
	            new = new.encode()
	        if column == "status":
	            new = "failed"
	        db.execute("PRAGMA foreign_keys = OFF")
	        db.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (new, name))
	        code, said = show()
	        assert code == 6 and b"not proven" in said, (table, column, name, said[:300])
	        db.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (old, name))
	for column in ("at", "step", "seq"):
	    for name, in rng.sample(db.execute("SELECT rowid FROM events").fetchall(), 4):
	        db.execute("BEGIN")
	        db.execute(f"UPDATE events SET {column} = {column} + 1000000 WHERE rowid = ?", (name,))
	        db.execute("COMMIT")
	        assert show()[0] == 6, column
	        db.execute(f"UPDATE events SET {column} = {column} - 1000000 WHERE rowid = ?", (name,))
	last = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT 1").fetchone()
	db.execute("DELETE FROM events WHERE seq = ?", (last[1],))
	assert show()[0] == 6
	db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", last)
	assert show()[0] == 0
	END
}

@test "who works in the repository meanwhile is told apart from the agents" {
	slow
	until_agent
	echo 'int mine;' >"$REPO/mine.c"
	wait "$JOB"
	has "$OUT" 'read-only: proven (mode A, \([0-9]*\)/\1 canaries, the repository was changed meanwhile, by others)'
	has "$OUT" 'the repository was changed by others while agents were at work'
	"$TUTTI" runs show last --all --proof --json >"$FILE"
	tutti proof verify "$FILE"
	is "$CODE" 0
	has "$OUT" 'by others'
}

@test "an attempt fails whose snapshot is changed while it runs, and so do the others" {
	slow
	until_agent
	for file in "$TUTTI_DATA"/snapshots/*/tree/engine/apply.c; do
		chmod u+w "$file" "${file%/*}" 2>/dev/null || true
		echo '/* what nobody froze */' >>"$file"
	done
	wait "$JOB" || CODE=$?
	is "$CODE" 1
	"$TUTTI" runs show last --all >"$OUT"
	has "$OUT" 'read-only: not proven'
	has "$OUT" 'the snapshot that it read was changed while it ran'
	has "$OUT" 'the snapshot is not what was made'
	tutti runs show last --all --proof
	is "$CODE" 6
	"$TUTTI" runs show last --all --proof --json >"$FILE" || true
	tutti proof verify "$FILE"
	is "$CODE" 6
	has "$ERR" 'it does not prove that everything only read'
	has "$ERR" 'the snapshot was changed while it ran'
}

@test "what is no file, and names that are no words, hold nothing up" {
	mkfifo "$REPO/pipe" "$REPO/engine/pipe"
	truncate -s 4G "$REPO/sparse"
	ln -s /dev/zero "$REPO/zero"
	ln -s . "$REPO/engine/loop"
	python3 - "$REPO" <<-'END'
	import os, sys
	for c in range(1, 256):
	    if chr(c) not in "/.":
	        open(os.path.join(os.fsencode(sys.argv[1]), bytes([c]) + b"\x1b]0;x\x07.c"), "w").write("x")
	END
	evil="$BATS_TEST_TMPDIR/$(printf 'r\033[2J\377\n')"
	mv "$REPO" "$evil"
	REPO=$evil
	job
	is "$CODE" 0
	has "$OUT" "$PROVEN"
	tutti runs show last --all --proof
	is "$CODE" 0
	lacks "$OUT" "$(printf '\033')"
	tutti runs show last --all --proof --json --output "$FILE"
	lacks "$FILE" "$(printf '\033')"
	tutti proof verify "$FILE"
	is "$CODE" 0
}

@test "a command has records like an agent" {
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/look.yaml" <<-'END'
	flow: look
	category: analysis
	summary: One command.
	steps:
	  - {id: count, kind: command, run: [sh, -c, 'ls | wc -l; exit 3']}
	END
	tutti run look q --repo "$REPO" --model rehearsal
	"$TUTTI" runs show last --all --proof --json >"$FILE"
	is "$(records "$FILE" "[x['argv'][2:] for x in r if x['part'] == 'start']")" \
		"[['sh', '-c', 'ls | wc -l; exit 3'], ['sh', '-c', 'ls | wc -l; exit 3']]"
	is "$(records "$FILE" "[(x['epoch'], x['exit'], x['ending']) for x in r if x['part'] == 'end']")" \
		"[(1, 3, 'crashed'), (2, 3, 'crashed')]"
	tutti runs show last --all
	has "$OUT" "$PROVEN"
}

@test "a run that was killed goes on, and says what is known of the lost" {
	slow
	until_agent
	kill -9 "$JOB"
	wait "$JOB" || true
	tutti runs show last --all
	has "$OUT" 'of 1 no end is recorded'
	tutti runs show last --all --proof --json --output "$FILE"
	tutti proof verify "$FILE"
	is "$CODE" 6
	has "$ERR" 'the run had not ended'
	tutti runs resume "$("$TUTTI" runs list --all --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["runs"][0]["id"])')"
	is "$CODE" 0
	tutti runs show last --all
	has "$OUT" 'repository fingerprint equal, lost attempts left no trace)'
	tutti runs show last --all --proof --json --output "$FILE"
	tutti proof verify "$FILE"
	is "$CODE" 0
}

@test "runs of a version without proofs are shown, and say so" {
	job
	python3 - "$TUTTI_DATA/tutti.db" <<-'END'
	import sqlite3, sys
	db = sqlite3.connect(sys.argv[1], isolation_level=None)
	db.execute("DELETE FROM events WHERE type = 'proof'")
	for what in "TABLE search", "TABLE texts":
	    db.execute("DROP " + what)
	for column in "summary", "seen":
	    db.execute("ALTER TABLE runs DROP COLUMN " + column)
	db.execute("ALTER TABLE runs DROP COLUMN seal")
	db.execute("ALTER TABLE runs DROP COLUMN seal_seq")
	db.execute("PRAGMA user_version = 1")
	END
	tutti runs show last --all
	is "$CODE" 0
	has "$OUT" 'of this run no proof was kept'
	tutti runs show last --all --proof
	is "$CODE" 6
}

@test "what proof verify wants" {
	tutti proof
	is "$CODE" 2
	has "$ERR" 'fix: '
	tutti proof verify /nonexistent
	is "$CODE" 5
	tutti proof verify "$TOP/README.md"
	is "$CODE" 6
	tutti help proofs
	has "$OUT" 'tutti proof verify FILE'
	tutti completion bash
	has "$OUT" 'proof) words="verify'
}
