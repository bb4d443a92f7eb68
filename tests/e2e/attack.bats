# Hostile repositories and a hostile model: nothing leaves the fence (tests/attack/corpus has the rest).

load real

@test "what many hostile repositories bring along has no effect outside, with our agent and with qwen" {
	TUTTI=$TUTTI UPSTREAM=$(dirname "$TUTTI")/tests/upstream "$TOP/tests/attack/corpus" -g native qwen
}

@test "the same without namespaces, with our agent" {
	TUTTI=$TUTTI UPSTREAM=$(dirname "$TUTTI")/tests/upstream "$(dirname "$TUTTI")/tests/degrade" C -- \
		"$TOP/tests/attack/corpus" -g native
}

@test "an agent that PATH finds in the repository is not started" {
	own_place
	export MARKS=$BATS_TEST_TMPDIR/marks SECRETS=$BATS_TEST_TMPDIR/secrets SINK=9
	mkdir "$MARKS" "$SECRETS"
	REPO=$BATS_TEST_TMPDIR/repo
	"$TOP/tests/attack/repositories" make "$REPO" hijack_agent
	node=("$TOP"/agents/node/node_modules/node-linux-*/bin)
	PATH=$REPO/node_modules/.bin:${node[0]}:$PATH "$TUTTI" run architectural-analysis engine \
		--size small --repo "$REPO" --agent qwen --model rehearsal --format plain \
		--output "$BATS_TEST_TMPDIR/report.md" || true
	has "$BATS_TEST_TMPDIR/report.md" 'is in the repository that it would look at'
	is "$(ls "$MARKS")" ""
}

# place TEXT: what becomes of it: "frozen", or "refused: why", before anything of it is looked at
place() {
	local code=0
	timeout 60 "$TUTTI" run architectural-analysis engine --size small --repo "$1" --model rehearsal \
		--format plain --output "$BATS_TEST_TMPDIR/report.md" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null || code=$?
	case $code in
	0) echo frozen ;;
	2 | 4) sed -n 's/^error: /refused: /p' "$BATS_TEST_TMPDIR/out" ;;
	esac
}

@test "places that are no repository are refused, however they are written; a repository is not" {
	own_place
	R=$BATS_TEST_TMPDIR/repo D=$TUTTI_DATA T=$BATS_TEST_TMPDIR
	mkdir -p "$R/src" "$HOME/x" "$D/snapshots/y" "$T/odd name" "$T/deep/a/b"
	echo 'int engine;' >"$R/src/a.c"
	commit_all "$R"
	cp -r "$R/." "$T/odd name/"
	cp -r "$R" "$T"/$'new\nline'
	cp -r "$R" "$T"/$'esc\e[2J'
	cp -r "$R" "$T"/-rf
	ln -s / "$T/to-root"
	ln -s "$HOME" "$T/to-home"
	ln -s to-home "$T/to-to-home"
	ln -s "$D" "$T/to-data"
	ln -s "$R" "$T/to-repo"
	ln -s loop "$T/loop"
	ln -s nowhere "$T/dangling"
	ln -s ../../.. "$T/deep/a/up"
	mkfifo "$T/fifo"
	git init -q --bare "$T/bare"
	cd "$HOME/x"
	while IFS='|' read -r want path; do
		eval "path=$path"
		got=$(place "$path")
		case $want in
		frozen) [ "$got" = frozen ] || { echo "$path: $got"; return 1; } ;;
		refused) [ -n "$got" ] && [ "$got" != frozen ] || { echo "$path: ${got:-no reason}"; cat "$T/out"; return 1; } ;;
		esac
	done <<-'END'
	refused|/
	refused|//
	refused|/.
	refused|/..
	refused|/../..
	refused|////
	refused|/usr/..
	refused|/usr/../
	refused|/proc/self/root
	refused|/proc/self/root/
	refused|/proc/self/root/usr/..
	refused|/proc/thread-self/root
	refused|"$T/to-root"
	refused|"$T/to-root/"
	refused|"$T/to-root/."
	refused|"$T/to-root/../"
	refused|"$HOME"
	refused|"$HOME/"
	refused|"$HOME//"
	refused|"$HOME/."
	refused|"$HOME/x/.."
	refused|"$HOME/x/../"
	refused|"$HOME/./x/./.."
	refused|..
	refused|../
	refused|../x/..
	refused|./..
	refused|/proc/self/cwd/..
	refused|"$T/to-home"
	refused|"$T/to-home/"
	refused|"$T/to-home/x/.."
	refused|"$T/to-to-home"
	refused|"$D"
	refused|"$D/"
	refused|"$D/snapshots"
	refused|"$D/snapshots/y"
	refused|"$D/snapshots/../snapshots"
	refused|"$D/snapshots/.."
	refused|"$T/to-data"
	refused|"$T/to-data/snapshots"
	refused|"$T"
	refused|"$T/"
	refused|"$T/repo/.."
	refused|"$T/deep/a/up/$(basename "$(dirname "$T")")/$(basename "$T")"
	refused|"$T/loop"
	refused|"$T/loop/x"
	refused|"$T/dangling"
	refused|"$T/fifo"
	refused|"$T/bare"
	refused|"$R/src/a.c"
	refused|"$R/src/a.c/"
	refused|"$R/nowhere"
	refused|/nonexistent
	refused|/dev/null
	refused|"$(printf 'x%.0s' $(seq 5000))"
	refused|"$(printf '../%.0s' $(seq 1300))"
	refused|~x
	refused|$'\xff\xfe'
	refused|$'nowhere\e[2J\nnowhere'
	frozen|"$R"
	frozen|"$R/"
	frozen|"$R/."
	frozen|"$R/src/.."
	frozen|"$R/src"
	frozen|"$T/to-repo"
	frozen|"$T/to-home/../repo"
	frozen|"$T/odd name"
	frozen|"$T"/$'new\nline'
	frozen|"$T"/$'esc\e[2J'
	frozen|"$T/-rf"
	END
	cd "$T"
	is "$(place -rf)" frozen
	is "$(place ./-rf)" frozen
}
