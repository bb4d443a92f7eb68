# A repository's own flows: used when they were accepted, as they were accepted, and harmless before.

load real

setup() {
	own_place
	REPO=$BATS_TEST_TMPDIR/repo
	mkdir -p "$REPO/.tutti/flows" "$REPO/.tutti/personas" "$REPO/src"
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >"$REPO/src/main.c"
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	TRUSTED=$XDG_CONFIG_HOME/tutti/trusted.json
	cd "$REPO"
}

# tutti [ARGUMENT…]: stdout, stderr and exit code apart
tutti() {
	CODE=0
	"$TUTTI" "$@" >"$OUT" 2>"$ERR" </dev/null || CODE=$?
}

# flow_file NAME [PERSONA]: a flow of the repository that runs without an agent, or with one
flow_file() {
	cat >"$REPO/.tutti/flows/$1.yaml" <<-END
	flow: $1
	category: review
	summary: Comes with the repository.
	steps:
	  - {id: count, kind: command, label: Count, role: angle, run: [wc, -l, src/main.c]}
	END
	[ -z "${2:-}" ] || echo "  - {id: judge, persona: $2, task: Judge src., role: angle}" \
		>>"$REPO/.tutti/flows/$1.yaml"
}

persona_file() {
	printf -- '---\npersona: %s\n---\nYou are the %s of this repository.\n' "$1" "$1" \
		>"$REPO/.tutti/personas/$1.md"
}

# entry NAME: what the list says of the repository's flow NAME: trusted, changed
entry() {
	tutti flows list --json
	jq_like "$OUT" "[(f['trusted'], f.get('changed')) for f in r['flows']
		if f['name'] == '$1' and f['origin'] == 'repository']"
}

@test "a flow of the repository is listed, refused, shown, accepted and run" {
	persona_file judge
	flow_file theirs judge
	tutti flows list
	is "$CODE" 0
	has "$OUT" 'theirs  *not trusted: tutti flows trust theirs'
	tutti run theirs src --model rehearsal
	is "$CODE" 4
	has "$ERR" "error: flow 'theirs' is the repository's own, and not trusted"
	has "$ERR" 'why: .*/.tutti/flows/theirs.yaml'
	has "$ERR" 'fix: tutti flows trust theirs'
	tutti flows show theirs
	is "$CODE" 4

	tutti flows trust theirs # nobody to ask
	is "$CODE" 4
	has "$OUT" "$REPO/.tutti/flows/theirs.yaml"
	has "$OUT" "sha256 $(sha256sum <.tutti/flows/theirs.yaml | cut -d' ' -f1)"
	has "$OUT" "sha256 $(sha256sum <.tutti/personas/judge.md | cut -d' ' -f1)"
	has "$OUT" 'count  *wc -l src/main.c'
	has "$OUT" 'judge  *judge, repository'
	has "$ERR" 'fix: .*tutti flows trust theirs --yes'
	[ ! -e "$TRUSTED" ]

	tutti flows trust theirs --yes
	is "$CODE" 0
	has "$OUT" "'theirs' is trusted"
	is "$(stat -c %a "$TRUSTED")" 600
	is "$(entry theirs)" "[(True, None)]"
	tutti run theirs src --model rehearsal --format quiet
	is "$CODE" 0
	has "$OUT" 'src/main.c'
	tutti flows trust theirs # nothing to ask any more
	is "$CODE" 0
	has "$OUT" 'trusted already'
	tutti flows untrust theirs
	is "$CODE" 0
	is "$(entry theirs)" "[(False, False)]"
	tutti flows untrust theirs
	is "$CODE" 5
}

@test "whoever is asked decides, and only yes is yes" {
	flow_file theirs
	for answer in n '' yup 'yes please'; do
		printf '%s\n' "$answer" | script -qec "'$TUTTI' flows trust theirs" /dev/null >"$OUT" || true
		has "$OUT" "Trust 'theirs' in this repository?"
		[ ! -e "$TRUSTED" ]
	done
	printf 'y\n' | script -qec "'$TUTTI' flows trust theirs" /dev/null >"$OUT"
	has "$OUT" "'theirs' is trusted"
	is "$(entry theirs)" "[(True, None)]"
}

@test "what changes is not trusted any more, whichever text it is" {
	persona_file judge
	flow_file theirs judge
	cp -r .tutti "$BATS_TEST_TMPDIR/before"
	again() {
		rm -rf .tutti
		cp -r "$BATS_TEST_TMPDIR/before" .tutti
		is "$(entry theirs)" "[(True, None)]"
	}
	refused() {
		is "$(entry theirs)" "[(False, True)]"
		tutti run theirs src --model rehearsal
		is "$CODE" 4
		has "$ERR" 'changed since you accepted it'
		empty "$OUT"
	}
	tutti flows trust .tutti/flows/theirs.yaml --yes
	is "$CODE" 0

	sed -i 's/wc, -l/cat/' .tutti/flows/theirs.yaml
	refused
	tutti flows list
	has "$OUT" 'theirs  *changed since you accepted it: tutti flows trust theirs'
	tutti flows trust theirs
	has "$OUT" "flow 'theirs' changed"
	again
	echo "And lenient." >>.tutti/personas/judge.md
	refused
	again
	rm .tutti/personas/judge.md # and now the flow is broken
	refused
	again
	printf -- '---\npersona: judge\n---\nYou agree.\n' >.tutti/personas/zz.md # takes the name
	refused
	again
	printf 'flow: theirs\ncategory: review\nsummary: s\nsteps: [{id: a, kind: code, run: return 1}]\n' \
		>.tutti/flows/zz.yaml
	refused
	again
	mv .tutti/flows/theirs.yaml .tutti/flows/moved.yaml # the same text elsewhere is the same
	is "$(entry theirs)" "[(True, None)]"
	again
	flow_file another # what it does not use is nothing to it
	persona_file nobody
	is "$(entry theirs)" "[(True, None)]"
	is "$(entry another)" "[(False, False)]"
}

@test "the same bytes in another repository are not accepted there" {
	flow_file theirs
	tutti flows trust theirs --yes
	cp -r "$REPO" "$BATS_TEST_TMPDIR/copy"
	tutti run theirs src --model rehearsal --repo "$BATS_TEST_TMPDIR/copy"
	is "$CODE" 4
	has "$ERR" 'and not trusted'
	ln -s "$REPO" "$BATS_TEST_TMPDIR/link" # this is the same one
	tutti flows show theirs --repo "$BATS_TEST_TMPDIR/link"
	is "$CODE" 0
	tutti flows untrust --all --repo "$BATS_TEST_TMPDIR/copy"
	is "$CODE" 0
	is "$(entry theirs)" "[(True, None)]"
	tutti flows trust theirs --yes --repo "$BATS_TEST_TMPDIR/copy"
	rm -r "$BATS_TEST_TMPDIR/copy" # what is gone can be forgotten, too
	tutti flows untrust theirs --repo "$BATS_TEST_TMPDIR/copy"
	is "$CODE" 0
	lacks "$TRUSTED" copy
	tutti flows untrust --all
	is "$(entry theirs)" "[(False, False)]"
}

@test "nothing that is not accepted takes the place of a built-in or user's flow or persona" {
	flow_file research
	flow_file mine
	persona_file structural-analyst
	mkdir -p "$XDG_CONFIG_HOME/tutti/flows"
	sed 's/Comes with the repository/Mine/' .tutti/flows/mine.yaml >"$XDG_CONFIG_HOME/tutti/flows/mine.yaml"
	tutti flows show research --json
	is "$(jq_like "$OUT" "r['title']")" Research
	tutti flows show mine --json
	is "$(jq_like "$OUT" "r['summary']")" "Mine."
	tutti personas list --json
	is "$(jq_like "$OUT" "[(p['origin'], p['trusted']) for p in r['personas']
		if p['name'] == 'structural-analyst']")" "[('built in', True), ('repository', False)]"

	# a flow that is accepted brings its personas along for itself, and for no other
	flow_file theirs structural-analyst
	tutti flows trust theirs --yes
	has "$OUT" "in place of the persona 'structural-analyst' that is built in"
	echo 'step=structure say ### S1: x `src/main.c:1` "int main(void)"' >"$BATS_TEST_TMPDIR/script"
	tutti run architectural-analysis src --size small --model rehearsal --format quiet \
		--rehearsal-script "$BATS_TEST_TMPDIR/script"
	is "$CODE" 0
	tutti run theirs src --model rehearsal --format quiet
	is "$CODE" 0
	python3 - "$TUTTI_DATA"/tutti.db <<-'END'
	import sqlite3, sys
	rows = sqlite3.connect(sys.argv[1]).execute(
	    "select bytes from blobs join runs on runs.frozen = blobs.hash order by runs.key")
	own = [b"of this repository" in bytes(row[0]) for row in rows]
	assert own == [False, True], own
	END

	# accepted, it takes the place; changed, neither runs silently
	tutti flows trust research --yes
	is "$CODE" 0
	has "$OUT" "in place of the flow 'research' that is built in"
	tutti flows show research --json
	is "$(jq_like "$OUT" "r['summary']")" "Comes with the repository."
	echo "# more" >>.tutti/flows/research.yaml
	tutti run research src --model rehearsal
	is "$CODE" 4
	has "$ERR" 'tutti flows untrust research'
	tutti flows untrust research
	tutti flows show research --json
	is "$(jq_like "$OUT" "r['title']")" Research
}

@test "a list that is broken, another's or open to others trusts nothing and says how to mend it" {
	flow_file theirs
	tutti flows trust theirs --yes
	cp "$TRUSTED" "$BATS_TEST_TMPDIR/good"
	for damage in 's/"sha256":"./"sha256":"g/' 's/trusted.1/trusted\/2/' '$d' 's/"kind":"flow"/"kind":"spell"/' \
		's/"flow":"theirs"/"flow":"research"/'; do
		sed "$damage" "$BATS_TEST_TMPDIR/good" >"$TRUSTED"
		tutti run theirs src --model rehearsal
		is "$CODE" 4
		has "$ERR" 'trusted.json cannot be understood, so no flow of a repository is trusted'
		has "$ERR" "fix: .*rm $TRUSTED"
	done
	tutti flows trust theirs --yes # nothing is written over what is not understood
	is "$CODE" 4
	cp "$BATS_TEST_TMPDIR/good" "$TRUSTED"
	chmod 666 "$TRUSTED"
	tutti run theirs src --model rehearsal
	is "$CODE" 4
	has "$ERR" "fix: chmod go-w $TRUSTED"
	chmod 600 "$TRUSTED"
	if [ "$(id -u)" = 0 ]; then
		chown 4711 "$TRUSTED"
		tutti flows list
		is "$CODE" 4
		has "$ERR" 'belongs to somebody else'
		chown 0 "$TRUSTED"
	fi
	rm "$TRUSTED"
	mkfifo "$TRUSTED"
	chmod 600 "$TRUSTED"
	tutti flows list
	is "$CODE" 4
	rm "$TRUSTED"
	truncate -s 5M "$TRUSTED"
	chmod 600 "$TRUSTED"
	tutti flows list
	is "$CODE" 4
	rm "$TRUSTED"
	tutti run theirs src --model rehearsal
	has "$ERR" 'and not trusted'
	tutti run theirs src --trust-repo --model rehearsal --format quiet # as before, for CI
	is "$CODE" 0
}

@test "links, pipes, devices, huge files and thousands of them are harmless" {
	flow_file theirs
	tutti flows trust theirs --yes
	printf -- '---\npersona: outside\n---\nSECRET\n' >"$HOME/outside.md"
	sed 's/theirs/outside/' .tutti/flows/theirs.yaml >"$HOME/outside.yaml"
	ln -s "$HOME/outside.yaml" .tutti/flows/outside.yaml
	ln -s "$HOME/outside.md" .tutti/personas/outside.md
	ln -s /dev/zero .tutti/flows/zero.yaml
	ln -s loop.yaml .tutti/flows/loop.yaml
	mkfifo .tutti/flows/pipe.yaml .tutti/personas/pipe.md
	mkdir .tutti/flows/directory.yaml
	truncate -s 1G .tutti/flows/huge.yaml
	printf 'flow: [' >.tutti/flows/'$(touch owned).yaml'
	printf '\377\376\000' >.tutti/flows/$'\033]0;x\007.yaml'
	for options in '' --trust-repo; do
		tutti flows list $options
		is "$CODE" 0
		lacks "$OUT" 'outside\|zero\|pipe\|huge\|directory'
		is "$(grep -cP '[\x00-\x08\x0b-\x1f\x7f]' "$OUT")" 0
		has "$OUT" theirs
	done
	lacks "$OUT" 'trust \$'
	# a command that is named can be pasted, whatever the file is called
	has "$OUT" "validate '$REPO/.tutti/flows/\$(touch owned).yaml'"
	tutti flows trust '$(touch owned)'
	is "$CODE" 6
	has "$ERR" "validate '$REPO/.tutti/flows/\$(touch owned).yaml'"
	tutti personas list --trust-repo
	lacks "$OUT" 'outside\|pipe'
	is "$(entry theirs)" "[(True, None)]"
	tutti flows trust --json # describes all, accepts none
	is "$CODE" 6
	is "$(jq_like "$OUT" "sorted(f['state'] for f in r['flows'])")" "['broken', 'broken', 'trusted']"

	rm .tutti/flows/*huge* .tutti/flows/*.yaml 2>/dev/null || rm -r .tutti/flows/directory.yaml
	flow_file theirs
	is "$(entry theirs)" "[(True, None)]"
	for i in $(seq 3000); do echo "flow: f$i"; done >"$BATS_TEST_TMPDIR/names"
	(cd .tutti/personas && split -l 1 -a 4 --additional-suffix=.md "$BATS_TEST_TMPDIR/names")
	tutti flows list
	is "$CODE" 0
	has "$OUT" '.tutti/personas has more than 100 files: nothing of it was read'
	tutti run theirs src --model rehearsal
	is "$CODE" 4
	has "$ERR" 'changed since you accepted it'
	tutti run research src --model rehearsal --format quiet
	is "$CODE" 0
}

@test "a directory that is a link is none of the repository's" {
	flow_file theirs
	mv .tutti "$HOME/tutti"
	ln -s "$HOME/tutti" .tutti
	tutti run theirs src --model rehearsal --trust-repo
	is "$CODE" 5
	rm .tutti
	mkdir .tutti
	ln -s "$HOME/tutti/flows" .tutti/flows
	tutti flows trust
	is "$CODE" 5
	has "$ERR" 'the repository has no flows of its own'
}

@test "two that accept at once both count" {
	for i in 1 2 3 4 5 6 7 8; do flow_file "f$i"; done
	for i in 1 2 3 4 5 6 7 8; do "$TUTTI" flows trust "f$i" --yes >/dev/null & done
	wait
	is "$(jq_like "$TRUSTED" "sorted(f['flow'] for f in r['flows'])")" \
		"['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8']"
	is "$(find "$XDG_CONFIG_HOME/tutti" -name '*new*')" ''
}

@test "a shell that completes runs nothing of what a repository calls its flows" {
	flow_file theirs
	printf 'flow: [' >.tutti/flows/'$(touch owned).yaml'
	printf 'flow: [' >.tutti/flows/'x$(touch owned)`touch owned`.yaml'
	cat >"$BATS_TEST_TMPDIR/complete.bash" <<-END
	PATH=$(dirname "$TUTTI"):\$PATH
	eval "\$(tutti completion bash)"
	COMP_WORDS=(tutti run the) COMP_CWORD=2
	_tutti
	printf '%s\n' "\${COMPREPLY[@]}"
	COMP_WORDS=(tutti run '')
	_tutti
	printf '%s\n' "\${COMPREPLY[@]}"
	END
	bash "$BATS_TEST_TMPDIR/complete.bash" >"$OUT"
	is "$(head -1 "$OUT")" theirs
	has "$OUT" '^code-review$'
	lacks "$OUT" owned
	[ ! -e owned ]
}

@test "what needs too much memory is not read" {
	flow_file theirs
	tutti flows trust theirs --yes
	python3 - <<-'END'
	for k in range(60):
	    angles = "".join("   - {id: s%d, persona: structural-analyst, task: x}\n" % i for i in range(450))
	    open(".tutti/flows/f%d.yaml" % k, "w").write(
	        "flow: f%d\ncategory: review\nsummary: s\nspine:\n  angles:\n%s" % (k, angles)
	        + "  synthesizer: {persona: software-architect, task: x}\n")
	END
	tutti flows list
	is "$CODE" 0
	has "$OUT" 'need more than 128 MiB: nothing of it was read'
	tutti run theirs src --model rehearsal
	is "$CODE" 4
	tutti flows list --trust-repo
	is "$CODE" 0
	has "$ERR" 'nothing of it is used'
}
