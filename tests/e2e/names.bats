# Names and texts that want to steer a terminal or to look like something else: whatever tutti says of
# them, no byte of it is one that a terminal obeys or a reader cannot see.

load real

# hostile_files DIR: one file for each trick, with something in it that is worth a finding
hostile_files() {
	python3 - "$1" <<'EOF'
import os, sys
names = [b"new\nline", b"esc\x1b[2J\x1b]0;owned\x07", b"rtl\xe2\x80\xaetxt", b"iso\xe2\x81\xa6x\xe2\x81\xa9",
    b"bad\xff\xfe", b"csi\xc2\x9b31m", b"raw\x9b31m", b"over\rwritten", b"back\x08\x08space", b"del\x7f",
    b"tab\there", b"thin\xe2\x80\x8bspace", b"bom\xef\xbb\xbf", b"line\xe2\x80\xa8sep", b"quote'\"$(id)`id`",
    b"<b onclick=x>html&amp;", b"](javascript:x)|cell", b"-rf"]
body = b"int worker_%d(int n)\n{\n" + b"\tn += queue_take(n); /* FIXME: loses an item */\n" * 130 + b"\treturn n;\n}\n"
for i, n in enumerate(names):
    os.makedirs(os.path.join(os.fsencode(sys.argv[1]), n))
    open(os.path.join(os.fsencode(sys.argv[1]), n, n + b".c"), "wb").write(body % i)
for n in [b"esc\x1b[2J.c", b"rtl\xe2\x80\xaetxt.c"]: # that an answer cites
    open(os.path.join(os.fsencode(sys.argv[1]), n), "wb").write(body % 0)
EOF
}

# plain FILE…: neither control bytes nor what is invisible or turns the direction of writing
plain() {
	python3 - "$@" <<'EOF'
import sys
obeyed = [*range(0, 9), *range(11, 32), *range(0x7f, 0xa0), *range(0x200b, 0x2010), *range(0x2028, 0x202f),
    *range(0x2060, 0x2070), 0xfeff]
for name in sys.argv[1:]:
    text = open(name, "rb").read().decode()
    found = sorted({hex(ord(c)) for c in text if ord(c) in obeyed})
    assert text and not found, (name, found)
EOF
}

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/$'repo\e[2J\u202e'
	mkdir "$REPO"
	hostile_files "$REPO"
	commit_all "$REPO"
}

# told NAME WHAT…: what `tutti runs WHAT` says, in the file NAME and plain
told() {
	OUT=$BATS_TEST_TMPDIR/$1
	shift
	"$TUTTI" runs "$@" --repo "$REPO" >"$OUT"
	plain "$OUT"
}

@test "hostile names reach nobody's terminal and no report as they are" {
	printf '%s\n' $'step=behaviour say The queue\e[31m is \u202elost in `esc\e[2J.c:3` and in `rtl\u202etxt.c:3`.' \
		>"$BATS_TEST_TMPDIR/script"
	"$TUTTI" run architectural-analysis $'who loses\e]0;owned\a items of the \u202equeue?' --size small \
		--repo "$REPO" --model rehearsal --rehearsal-script "$BATS_TEST_TMPDIR/script" \
		--format plain --output - >"$BATS_TEST_TMPDIR/report.md" 2>"$BATS_TEST_TMPDIR/progress"
	plain "$BATS_TEST_TMPDIR/report.md" "$BATS_TEST_TMPDIR/progress"
	# a name that was not found as it is would be "missing"
	has "$BATS_TEST_TMPDIR/report.md" '`esc\\x1b\[2J.c:3` | not checked'
	has "$BATS_TEST_TMPDIR/report.md" '`rtl<U+202E>txt.c:3` | not checked'
	told list list
	told list.json list --json
	told show show last
	has "$OUT" 'who loses\\x1b\]0;owned\\x07 items of the <U+202E>queue'
	told show.json show last --json
	told proof show last --proof
	told proof.json show last --proof --json
	told logs logs last
	has "$OUT" 'The queue\\x1b\[31m is <U+202E>lost'
	told logs.json logs last --json
	told md export last --as md
	has "$OUT" '`esc\\x1b\[2J.c:3` | not checked'
	told html export last --as html
	has "$OUT" '<code>esc\\x1b\[2J.c:3</code>'
	has "$OUT" '<code>rtl&lt;U+202E&gt;txt.c:3</code>'
	lacks "$OUT" '<b onclick'
	told json export last --as json
	is "$(jq_like "$OUT" "[c['path'] in ('esc\x1b[2J.c', 'rtl\u202etxt.c') for c in r['evidence']].count(True)")" 2
}
