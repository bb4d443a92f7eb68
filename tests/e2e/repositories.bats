# The main job on other people's repositories: three languages, sources of Debian packages.

load real

PACKAGES="jq golang-github-spf13-cobra jinja2"

setup_file() {
	export SOURCES=$BATS_FILE_TMPDIR/sources
	mkdir -p "$SOURCES"
	fetch_sources "$SOURCES" $PACKAGES
}

setup() {
	own_place
}

# analyse PACKAGE [OPTION…]: the main job; the JSON report is $BATS_TEST_TMPDIR/report.json
analyse() {
	local p=$1
	shift
	"$TUTTI" run architectural-analysis "the engine and its store" --size medium \
		--repo "$SOURCES/$p" --model rehearsal --format quiet \
		--output "$BATS_TEST_TMPDIR/report.md" "$@"
	"$TUTTI" runs export last --repo "$SOURCES/$p" --as json >"$BATS_TEST_TMPDIR/report.json"
}

@test "a report on each of three repositories, every citation checked and resolved" {
	for p in $PACKAGES; do
		analyse "$p"
		r=$BATS_TEST_TMPDIR/report.json
		echo "$p: $(jq_like "$r" "r['outcome']")"
		[ "$(jq_like "$r" "r['run']['status']")" = completed ]
		[ "$(jq_like "$r" "len(r['findings']) > 0 and len(r['evidence']) > 0")" = True ]
		[ "$(unresolved "$r")" = 0 ]
		[ "$(jq_like "$r" "r['run']['rehearsal']")" = True ]
	done
}

@test "the citations resolve for somebody who looks them up without tutti" {
	analyse jq
	python3 - "$BATS_TEST_TMPDIR/report.json" "$SOURCES/jq" <<'EOF'
import json, sys
report = json.load(open(sys.argv[1]))
squeeze = lambda s: " ".join(s.split())
checked = 0
for c in report["evidence"]:
    if c["class"] != "codebase":
        continue
    lines = open(f"{sys.argv[2]}/{c['path']}", errors="replace").read().split("\n")
    there = "\n".join(lines[c["line"] - 1:max(c["end"], c["line"])])
    if c["quote"]:
        assert squeeze(c["quote"]) in squeeze(there), c
        checked += 1
print(checked, "looked up")
assert checked > 5
EOF
}

@test "invented citations are missing or changed, moved ones repaired, none resolves" {
	for p in $PACKAGES; do
		analyse "$p"
		for kind in file line quote moved; do
			echo "invent $kind" >"$BATS_TEST_TMPDIR/script"
			analyse "$p" --rehearsal-script "$BATS_TEST_TMPDIR/script"
			r=$BATS_TEST_TMPDIR/report.json
			missing=$(report_count "$r" missing) changed=$(report_count "$r" changed)
			moved=$(report_count "$r" moved)
			echo "$p $kind: $missing missing, $changed changed, $moved moved"
			case $kind in
			file | line) want="1 0 0" ;;
			quote) want="0 1 0" ;;
			moved) want="0 0 1" ;;
			esac
			is "$((missing > 0)) $((changed > 0)) $((moved > 0))" "$want"
			grep -q 'could not be confirmed' "$BATS_TEST_TMPDIR/report.md" || [ "$kind" = moved ]
		done
	done
}

@test "the repositories are as they were" {
	for p in $PACKAGES; do
		before=$(tree_hash "$SOURCES/$p")
		analyse "$p"
		[ "$before" = "$(tree_hash "$SOURCES/$p")" ]
	done
}
