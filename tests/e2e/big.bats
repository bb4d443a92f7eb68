# Repositories that are too much: many files, a huge file, things that are no files.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
}

# peak COMMAND…: runs it; PEAK is the largest resident set of it or any one child, in MiB
peak() {
	PEAK=$(python3 -c '
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)' "$@")
}

@test "50,000 files: frozen, run and reported within bounded memory" {
	python3 - "$REPO" <<'EOF'
import os, sys
for d in range(500):
    os.makedirs(f"{sys.argv[1]}/src/part{d:03}")
    for f in range(100):
        with open(f"{sys.argv[1]}/src/part{d:03}/unit{f:02}.c", "w") as out:
            out.write(f"int value_{d}_{f}(void)\n{{\n\treturn {d * f};\n}}\n")
EOF
	commit_all "$REPO"
	peak "$TUTTI" run architectural-analysis "value_7_7" --size small --repo "$REPO" \
		--model rehearsal --format quiet --output "$BATS_TEST_TMPDIR/report.md"
	echo "peak $PEAK MiB"
	[ "$PEAK" -lt 250 ]
	"$TUTTI" runs export last --repo "$REPO" --as json >"$BATS_TEST_TMPDIR/report.json"
	r=$BATS_TEST_TMPDIR/report.json
	[ "$(jq_like "$r" "r['run']['status']")" = completed ]
	[ "$(unresolved "$r")" = 0 ]
	grep -q 'value_7_7' "$BATS_TEST_TMPDIR/report.md"
}

@test "a file of 1 GB, a FIFO, a socket, links: named in the report, never opened" {
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >"$REPO/main.c"
	commit_all "$REPO"
	truncate -s 1G "$REPO/huge.bin"
	mkfifo "$REPO/pipe"
	python3 -c "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$REPO/sock"
	ln -s /etc/passwd "$REPO/passwd"
	ln -s main.c "$REPO/inside.c"
	ln -s . "$REPO/loop"
	peak timeout 60 "$TUTTI" run architectural-analysis "main" --size small --repo "$REPO" \
		--model rehearsal --format quiet --output "$BATS_TEST_TMPDIR/report.md"
	echo "peak $PEAK MiB"
	[ "$PEAK" -lt 150 ]
	grep -q 'huge.bin (larger than 8 MiB)' "$BATS_TEST_TMPDIR/report.md"
	grep -q 'passwd (a link that leads out of the tree)' "$BATS_TEST_TMPDIR/report.md"
	[ "$(du -sm "$TUTTI_DATA" | cut -f1)" -lt 20 ]
}

@test "a plain directory and a repository without commits" {
	printf 'def main():\n    return 0\n' >"$REPO/main.py"
	"$TUTTI" run architectural-analysis "main" --size small --repo "$REPO" --model rehearsal \
		--format quiet --output "$BATS_TEST_TMPDIR/plain.md"
	git -C "$REPO" init -q
	"$TUTTI" run architectural-analysis "main" --size small --repo "$REPO" --model rehearsal \
		--format quiet --output "$BATS_TEST_TMPDIR/empty.md"
	grep -q 'main.py:1' "$BATS_TEST_TMPDIR/plain.md"
	grep -q 'main.py:1' "$BATS_TEST_TMPDIR/empty.md"
}
