# Every flow, at every size, on three repositories: this one and two of other people. All runs are made
# once, three at a time; the tests look at what they left. By default each flow meets each size and each
# repository once; with CATALOGUE=all, all 234.

load real

FOREIGN="jq jinja2"

setup_file() {
	export WORK=$BATS_FILE_TMPDIR
	HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config
	export HOME XDG_CONFIG_HOME
	unset OPENAI_BASE_URL OPENAI_API_KEY OPENAI_MODEL XDG_DATA_HOME
	mkdir -p "$HOME" "$XDG_CONFIG_HOME" "$WORK/sources" "$WORK/reports" "$WORK/flows"
	fetch_sources "$WORK/sources" $FOREIGN
	"$TUTTI" flows list --json >"$WORK/flows.json"
	for flow in $(jq_like "$WORK/flows.json" "' '.join(f['name'] for f in r['flows'])"); do
		"$TUTTI" flows show "$flow" --json >"$WORK/flows/$flow.json"
	done
	export TOP TUTTI
	export -f run_one inputs_of jq_like
	runs >"$WORK/runs"
	xargs <"$WORK/runs" -P3 -L1 --process-slot-var=SLOT bash -c 'run_one "$@"' _
}

runs() {
	local n=0 name flow size
	for flow in $(cd "$WORK/flows" && ls); do
		for size in small medium large; do
			for name in tutti $FOREIGN; do
				[ "${CATALOGUE:-}" != all ] && [ $((n++ % 3)) != 0 ] ||
					echo "$name ${flow%.json} $size"
			done
			n=$((n + 1))
		done
		n=$((n + 1))
	done
}

# run_one NAME FLOW SIZE: a data directory has one owner at a time, so each slot has its own
run_one() {
	local out=$WORK/reports/$1.$2.$3 repo=$WORK/sources/$1 question="the parser and its errors"
	case $1 in
	tutti) repo=$TOP question="the engine and its store" ;;
	jinja2) question="the loaders and their cache" ;;
	esac
	mkdir -pm 700 "$WORK/data-$SLOT"
	"$TUTTI" run "$2" "$question" $(inputs_of "$2") --repo "$repo" --size "$3" --model rehearsal \
		--data "$WORK/data-$SLOT" --format quiet --json --output "$out.md" \
		>"$out.json" 2>"$out.err" </dev/null || echo "$1 $2 $3: $?" >>"$WORK/failed"
}

# inputs_of FLOW: what it cannot do without, and an older document where it takes one
inputs_of() {
	jq_like "$WORK/flows/$1.json" "' '.join(
		{'because': 'because=incident', 'document': 'document=README.md'}[i['name']]
		for i in r['inputs'] if i['name'] in ('because', 'document'))"
}

# look CHECK: catalogue.py over all reports
look() {
	python3 "$BATS_TEST_DIRNAME/catalogue.py" "$1" "$WORK" "$TOP/tests/flows/sections.txt"
}

@test "26 flows, three sizes, three repositories: every run completes" {
	[ ! -e "$WORK/failed" ] || cat "$WORK/failed" "$WORK"/reports/*.err
	[ ! -e "$WORK/failed" ]
	is "$(ls "$WORK/reports" | grep -c '[.]md$')" "$(wc -l <"$WORK/runs")"
	is "$(cut -d' ' -f2,3 "$WORK/runs" | sort -u | wc -l)" 78
	look complete
}

@test "the parts of each report stand in the catalogue's order" {
	look order
}

@test "no part of a report is empty, no template is left in it" {
	look whole
}

@test "every citation has a state, and those of code resolve" {
	look citations
}

@test "every finding says what became of it" {
	look dispositions
}

@test "what a size or a signal leaves out is named with its reason" {
	look gaps
}

@test "a flow that rests on a reason is not started without one" {
	own_place
	CODE=0
	"$TUTTI" run runbook "the disk is full" --repo "$TOP" --model rehearsal 2>"$WORK/err" || CODE=$?
	is "$CODE" 2
	has "$WORK/err" 'runbook needs because'
	has "$WORK/err" 'fix: tutti run runbook'
}

@test "a standard that three places do not follow is not drafted, unless there is a reason" {
	own_place
	mkdir "$BATS_TEST_TMPDIR/repo"
	echo "An empty project." >"$BATS_TEST_TMPDIR/repo/README"
	commit_all "$BATS_TEST_TMPDIR/repo"
	draft() {
		"$TUTTI" run coding-standard "how errors are returned" "$@" --repo "$BATS_TEST_TMPDIR/repo" \
			--size small --model rehearsal --format quiet --json >"$BATS_TEST_TMPDIR/r.json"
		jq_like "$BATS_TEST_TMPDIR/r.json" \
			"[s['status'] for s in r['steps'] if s['step'] == 'recommendation'][0]"
	}
	is "$(draft)" skipped
	is "$(draft because="incident of May")" completed
}

# too_wide FILE: lines of more than 80 columns, whatever the locale of this machine
too_wide() {
	python3 -c 'import sys
print(*(l for l in open(sys.argv[1], encoding="utf-8").read().splitlines() if len(l) > 80))' "$1"
}

@test "the list of flows fits into 80 columns and shows what each asks for" {
	"$TUTTI" flows >"$WORK/list"
	is "$(too_wide "$WORK/list")" ""
	is "$(grep -cE '^(Analysis|Discovery|Planning|Authoring|Review)$' "$WORK/list")" 5
	is "$(grep -cE '^  [a-z-]+ +[A-Z].* [0-9]+/[0-9]+/[0-9]+$' "$WORK/list")" 26
	has "$WORK/list" 'investigate  *Symptom '
	for flow in $(cd "$WORK/flows" && ls); do
		"$TUTTI" flows show "${flow%.json}" >"$WORK/one"
		is "$(too_wide "$WORK/one")" ""
	done
	is "$(jq_like "$WORK/flows.json" "sorted(set(f['category'] for f in r['flows']))")" \
		"['analysis', 'authoring', 'discovery', 'planning', 'review']"
	is "$(jq_like "$WORK/flows.json" "[f['inputs'][0]['label'] for f in r['flows']
		if f['name'] == 'issue-triage']")" "['Report']"
}
