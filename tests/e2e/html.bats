# The HTML report in a browser: Debian's Chromium, driven and judged by tests/browser/report.mjs.

load real

setup_file() {
	export HOME=$BATS_FILE_TMPDIR/home TUTTI_DATA=$BATS_FILE_TMPDIR/data
	local repo=$BATS_FILE_TMPDIR/repo script=$BATS_FILE_TMPDIR/script
	mkdir -p "$HOME" "$TUTTI_DATA" "$repo"
	chmod 700 "$TUTTI_DATA"
	cp -r "$TOP/src/engine" "$TOP/src/store" "$repo"
	commit_all "$repo"
	# citations in every state, and a text that would like to be more than text
	cat >"$script" <<-'END'
	step=structure answer invent all
	step=behaviour answer say <script>alert(1)</script> <img src="http://192.0.2.1/x.png" onerror="alert(2)"> ![a](http://192.0.2.1/y.png) [b](javascript:alert(3)) </style></body> <svg onload=alert(4)>
	END
	"$TUTTI" run architectural-analysis "engine and store" --size small --model rehearsal \
		--rehearsal-script "$script" --repo "$repo" --format quiet \
		-o "$BATS_FILE_TMPDIR/report.html" >"$BATS_FILE_TMPDIR/run.log" 2>&1 || true
	(cd "$repo" && "$TUTTI" runs export last --as json) >"$BATS_FILE_TMPDIR/report.json"
	(cd "$repo" && "$TUTTI" runs export last --as html) >"$BATS_FILE_TMPDIR/again.html"
	"$(new_node)" "$TOP/tests/browser/report.mjs" "$BATS_FILE_TMPDIR/report.html" \
		"$BATS_FILE_TMPDIR/report.json" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# held NAME: the browser said that it holds
held() {
	grep -qxF "ok $1" "$BATS_FILE_TMPDIR/said" || {
		cat "$BATS_FILE_TMPDIR/said" "$BATS_FILE_TMPDIR/run.log"
		return 1
	}
}

@test "run -o FILE.html and runs export --as html write the same page" {
	cmp "$BATS_FILE_TMPDIR/report.html" "$BATS_FILE_TMPDIR/again.html"
	has "$BATS_FILE_TMPDIR/report.html" "<!DOCTYPE html>"
	for state in resolves moved changed missing; do
		is "$(report_count "$BATS_FILE_TMPDIR/report.json" "$state" | grep -c '^0$')" 0
	done
}

@test "in a browser: no script, no request" {
	held "there is no script, and nothing is asked for"
	held "nothing left the page"
	held "nothing ran and nothing was asked for, light"
	held "nothing ran and nothing was asked for, dark"
}

@test "in a browser without JavaScript: every citation can be read" {
	held "without JavaScript every fold opens, and every citation shows its lines"
	held "the marked lines hold what was quoted"
	held "a word that cites leads to its lines"
}

@test "in a browser: phone, keyboard and paper" {
	held "at 390 pixels nothing scrolls sideways, with everything open"
	held "the first key leads to the answer"
	held "on paper everything is unfolded and nothing is clipped"
}

@test "in a browser: axe finds nothing in both themes at three widths" {
	for theme in light dark; do
		for width in 390 1024 1440; do
			held "axe finds nothing, $theme, $width pixels"
		done
	done
}

@test "a page whose snapshot is gone says so" {
	export TUTTI_DATA=$BATS_FILE_TMPDIR/data
	mv "$TUTTI_DATA/snapshots" "$TUTTI_DATA/elsewhere"
	(cd "$BATS_FILE_TMPDIR/repo" && "$TUTTI" runs export last --as html) >"$BATS_TEST_TMPDIR/gone.html"
	mv "$TUTTI_DATA/elsewhere" "$TUTTI_DATA/snapshots"
	has "$BATS_TEST_TMPDIR/gone.html" "The snapshot of this run is no longer there"
	lacks "$BATS_TEST_TMPDIR/gone.html" "<mark"
}
