# The page in each of its states, in Debian's Chromium, driven by tests/browser/states.mjs: all are reached, in three
# widths and both themes, axe finds nothing, and nothing scrolls sideways. ui/states/table.mjs has the states.

load real

setup_file() {
	"$(new_node)" "$TOP/tests/browser/states.mjs" >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

# whole PART N: all states of a part hold, and they are N at least
whole() {
	local n
	n=$(grep -c "^ok $1, " "$BATS_FILE_TMPDIR/said" || true)
	if grep -q "^not ok $1, " "$BATS_FILE_TMPDIR/said" || [ "$n" -lt "$2" ]; then
		grep "^not ok $1, " "$BATS_FILE_TMPDIR/said" || cat "$BATS_FILE_TMPDIR/said"
		return 1
	fi
}

@test "each state of the page: lists, launcher, composer, palette" {
	whole "Run list" 5
	whole Launcher 6
	whole Composer 5
	whole Palette 4
}

@test "each state of the page: a run's header, roster and streams" {
	whole Header 8
	whole Roster 8
	whole Stream 9
}

@test "each state of the page: report, evidence, timeline, graph, comparison" {
	whole Report 7
	whole "Evidence popover" 6
	whole Timeline 9
	whole Graph 6
	whole Compare 8
}

@test "each state of the page: pages, and what opens above them" {
	whole Views 28
}
