# Verdicts that change the result: refuted with evidence and without, silent validators, several.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir "$REPO"
	cp -r "$TOP/src/store" "$REPO"
	commit_all "$REPO"
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	cat >"$XDG_CONFIG_HOME/tutti/flows/judged.yaml" <<-'END'
	flow: judged
	category: analysis
	summary: One angle, a recommendation and its validation.
	spine:
	  angles:
	    - {id: structure, persona: structural-analyst, task: "Analyse {{ question }}.", retries: 0}
	  synthesizer: {persona: software-architect, task: "Recommend.", retries: 0}
	  validator: {retries: 0}
	END
	R=$BATS_TEST_TMPDIR/report.json MD=$BATS_TEST_TMPDIR/report.md ERR=$BATS_TEST_TMPDIR/err
	OPTIONS=()
}

# judged LINE…: the small flow with that script and $OPTIONS; CODE, $R and $MD
judged() {
	CODE=0
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/script"
	"$TUTTI" run judged store --size small --model rehearsal --repo "$REPO" --output "$MD" \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" --json "${OPTIONS[@]}" >"$R" 2>"$ERR" || CODE=$?
}

# finding ID KEY
finding() {
	jq_like "$R" "[f['$2'] for f in r['findings'] if f['id'] == '$1'][0]"
}

# section NAME: of the Markdown
section() {
	sed -n "/^## $1/,/^## /p" "$MD" >"$BATS_TEST_TMPDIR/section"
	echo "$BATS_TEST_TMPDIR/section"
}

@test "refuted with evidence: out of the recommendation in every form" {
	judged "step=validator judge refute S1"
	is "$CODE" 0
	is "$(finding S1 verdict), $(finding S1 survived) of $(finding S1 asked)" "refuted, 0 of 1"
	is "$(finding S2 verdict)" upheld
	is "$(jq_like "$R" "r['validation']['recommendation_hit'], r['validation']['rewritten']")" "True True"
	is "$(jq_like "$R" "'S1' in r['recommendation'], 'S1' in r['answer']")" "False False"
	has "$(section Recommendation)" 'Rewritten after the validation'
	lacks "$(section Recommendation)" 'S1'
	lacks "$(section Answer)" 'S1'
	has "$MD" 'S1.* | refuted | '
}

@test "a rewrite that names what is refuted is not believed: no clear winner" {
	judged "step=validator judge refute S1" "step=rewrite say Do S1 all the same."
	is "$CODE" 0
	is "$(jq_like "$R" "r['no_clear_winner'], r['validation']['struck']")" "True ['S1']"
	is "$(jq_like "$R" "r['recommendation'].startswith('No clear winner') and 'all the same' not in r['recommendation']")" True
	is "$(jq_like "$R" "'; no clear winner' in r['outcome']")" True
	has "$(section Recommendation)" 'Result: no clear winner'
	lacks "$(section Recommendation)" 'all the same'
}

@test "a rewrite that fails leaves the recommendation without what is refuted" {
	judged "step=validator judge refute S1" "step=rewrite status 401"
	is "$CODE" 0
	is "$(jq_like "$R" "r['validation']['rewritten'], r['validation']['struck']")" "False ['S1']"
	is "$(jq_like "$R" "__import__('re').search(r'S1(?! \\(refuted\\))', r['recommendation'])")" None
	lacks "$(section Recommendation)" '(#f-s1)'
	has "$(section Gaps)" 'Recommendation after validation failed'
}

@test "everything refuted leaves nothing to recommend" {
	judged "step=validator judge refute" "step=rewrite refuse"
	is "$(jq_like "$R" "{f['verdict'] for f in r['findings']}, r['no_clear_winner']")" "{'refuted'} True"
}

@test "who refutes without evidence, judges twice or judges others does not refute" {
	judged "step=validator judge refute-bare S1" "step=validator judge refute-invented S2" \
		"step=validator judge twice S3" "step=validator judge others S4"
	is "$(finding S1 verdict), $(finding S2 verdict), $(finding S3 verdict), $(finding S4 verdict)" \
		"weakened, weakened, weakened, not reviewed"
	has "$MD" 'refuted without counter-evidence that resolves, so only weakened'
	has "$MD" 'the validator says two things of it'
	has "$MD" 'not among what was to be judged: ZZ-99'
}

@test "verdicts as JSON count like others" {
	judged "step=validator judge json confirm" "step=validator judge json refute S1"
	is "$(finding S1 verdict), $(finding S2 verdict)" "refuted, upheld"
}

@test "fails, says nothing, says that all is fine: not validated, and --strict tells" {
	OPTIONS=(--strict)
	for script in "status 401" empty "say All fine, every finding is confirmed."; do
		judged "step=validator $script"
		is "$CODE" 8
		is "$(jq_like "$R" "r['validation']['validated'], r['validation']['state']")" "False not validated"
		is "$(jq_like "$R" "{f['verdict'] for f in r['findings']}")" "{'not reviewed'}"
		is "$(jq_like "$R" "'; not validated' in r['outcome']")" True
		sed '/^## Answer/q' "$MD" | grep -q '^> \*\*Not validated\.\*\* Validation '
		has "$(section Validation)" '^\*\*Not validated\.\*\*'
		has "$(section Recommendation)" 'Unvalidated'
	done
}

@test "three validators: their own models, each word shown, and a rule" {
	OPTIONS=(--validators 3 --validator-model one --validator-model two --strict)
	judged "model=one judge refute S1" "step=validator-2 judge confirm S1" "model=two judge refute S2" \
		"step=validator-3 judge skip S3"
	is "$CODE" 0
	is "$(finding S1 verdict), $(finding S1 survived) of $(finding S1 asked)" "refuted, 1 of 3"
	is "$(finding S2 verdict), $(finding S2 survived) of $(finding S2 asked)" "weakened, 2 of 3"
	is "$(finding S3 verdict), $(finding S3 survived) of $(finding S3 asked)" "upheld, 2 of 2"
	is "$(jq_like "$R" "[(v['step'], v['model']) for v in r['validation']['validators']]")" \
		"[('validator', 'one'), ('validator-2', 'two'), ('validator-3', 'one')]"
	is "$(jq_like "$R" "r['reproduce']['command'].endswith(' --validators 3 --validator-model one --validator-model two')")" True
	has "$MD" 'survived 1 of 3'
	has "$MD" 'Validation 2: upheld'
}

@test "one of several says nothing: validated in part" {
	OPTIONS=(--validators 2 --strict)
	judged "step=validator-2 say All fine."
	is "$CODE" 8
	is "$(jq_like "$R" "r['validation']['state'], r['validation']['why']")" \
		"validated in part ['Validation 2 judged none of $(jq_like "$R" "len(r['findings'])") findings']"
}

@test "resume goes on with the validators of the launch" {
	OPTIONS=(--validators 2 --validator-model one --validator-model two)
	judged "step=recommendation status 401"
	is "$CODE" 1
	rm "$XDG_CONFIG_HOME/tutti/flows/judged.yaml"
	"$TUTTI" runs resume last --repo "$REPO" --format quiet --output "$MD"
	"$TUTTI" runs export last --repo "$REPO" --as json >"$R"
	is "$(jq_like "$R" "[(v['model'], v['status']) for v in r['validation']['validators']]")" \
		"[('one', 'completed'), ('two', 'completed')]"
	is "$(finding S1 asked)" 2
}

@test "each dimension of a review is validated by as many" {
	"$TUTTI" run code-review store --size small --model rehearsal --repo "$REPO" --validators 2 \
		--format plain --output "$MD" 2>"$ERR"
	has "$ERR" '^code-review: small 13 agents, 8 of them validators, at least 1 model calls$'
	"$TUTTI" runs export last --repo "$REPO" --as json >"$R"
	is "$(jq_like "$R" "{f['asked'] for f in r['findings']}, len(r['validation']['validators'])")" "{2} 8"
	# each of them about its own dimension alone
	is "$(jq_like "$R" "sum(v['asked'] for v in r['validation']['validators']) == 2 * len(r['findings'])")" True
}

@test "what cannot be asked for is said" {
	CODE=0
	"$TUTTI" run judged q --validators 6 --model rehearsal --repo "$REPO" 2>"$ERR" || CODE=$?
	is "$CODE" 2
	"$TUTTI" run judged q --validators 1 --validator-model a --validator-model b --repo "$REPO" 2>"$ERR" || CODE=$?
	has "$ERR" '2 models, but 1 validator'
	printf 'flow: none\ncategory: analysis\nsummary: s\nsteps:\n  - {id: a, kind: code, run: "1"}\n' \
		>"$XDG_CONFIG_HOME/tutti/flows/none.yaml"
	"$TUTTI" run none q --validators 2 2>"$ERR" || CODE=$?
	is "$CODE" 2
	has "$ERR" "flow 'none' has no validator"
}

# over FLOW LINE…: as judged, with a flow of the catalogue
over() {
	CODE=0
	printf '%s\n' "${@:2}" >"$BATS_TEST_TMPDIR/script"
	"$TUTTI" run "$1" store --size small --model rehearsal --repo "$REPO" --output "$MD" --strict \
		--rehearsal-script "$BATS_TEST_TMPDIR/script" --json >"$R" 2>"$ERR" || CODE=$?
}

@test "in each kind of flow: what is refuted is not recommended, a broken validator validates nothing" {
	for flow in code-review code-overview iterative-plan-review research; do
		over "$flow" "persona=adversarial-validator judge refute"
		is "$(jq_like "$R" "len(r['findings']) > 0 and {f['verdict'] for f in r['findings']}")" "{'refuted'}"
		is "$(jq_like "$R" "[f['id'] for f in r['findings'] if __import__('re').search(
			r'(?<![\\w~/-])' + f['id'] + r'(?![\\w~-])(?! \\(refuted\\))', r['recommendation'])]")" "[]"
		over "$flow" "persona=adversarial-validator empty"
		is "$CODE" 8
		is "$(jq_like "$R" "r['validation']['state'], '; not validated' in r['outcome']")" "not validated True"
		has "$(section Validation)" '^\*\*Not validated\.\*\*'
	done
}
