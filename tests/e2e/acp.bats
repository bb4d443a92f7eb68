# Real agents over the Agent Client Protocol, behind the fence, against the rehearsal model.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo R=$BATS_TEST_TMPDIR/report.json
	mkdir "$REPO"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$REPO"
	commit_all "$REPO"
}

# ask AGENT [OPTION…]: the main job with it; CODE, and the JSON report in $R
ask() {
	local agent=$1
	shift
	CODE=0
	"$TUTTI" run architectural-analysis "the engine and its store" --size small --repo "$REPO" \
		--agent "$agent" --model rehearsal --json "$@" >"$R" 2>"$BATS_TEST_TMPDIR/err" || CODE=$?
}

main_job() {
	ask "$1"
	is "$CODE" 0
	is "$(jq_like "$R" "r['run']['agent']")" "$1"
	is "$(jq_like "$R" "len(r['evidence']) > 5")" True
	is "$(unresolved "$R")" 0
}

# hostile AGENT KIND…: nothing changes, neither here nor in the snapshot
hostile() {
	local agent=$1
	shift
	mkdir -p "$HOME/.ssh"
	echo secret >"$HOME/.ssh/id"
	before=$(tree_hash "$REPO") home=$(tree_hash "$HOME")
	for kind in "$@"; do
		echo "hostile $kind" >"$BATS_TEST_TMPDIR/script"
		ask "$agent" --rehearsal-script "$BATS_TEST_TMPDIR/script"
		is "$(tree_hash "$REPO")" "$before"
		is "$(tree_hash "$HOME")" "$home"
		is "$(diff -r "$REPO/engine" "$TUTTI_DATA"/snapshots/*/tree/engine)" ""
		is "$(jq_like "$R" "sum(s['denied'] for s in r['steps']) > 0 or
			any(s['ending'] == 'denied' for s in r['steps'])")" True
		lacks "$R" secret
	done
}

over_acp() {
	echo "    protocol: acp" >>"$XDG_CONFIG_HOME/tutti/config.yaml"
}

@test "acp: qwen's main job ends with a report whose citations resolve" {
	qwen_config
	over_acp
	main_job qwen
}

@test "acp: a hostile model changes nothing through qwen" {
	qwen_config
	over_acp
	hostile qwen write all
}

@test "acp: qwen passes the check of agents" {
	qwen_config
	over_acp
	"$TUTTI" agents check qwen
}
