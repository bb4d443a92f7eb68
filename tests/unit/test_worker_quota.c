/*
 * Children that fill their scratch space, or do not. In modes A and B a file system of its own has
 * an end; in mode C somebody looks (run as test_worker_quota-C): who has too much is killed, with
 * that as the reason, and nothing is left of it.
 */
#include "check.h"

#include "pen.h"

#include "base/unconst.h"

#define FULL "failed: crashed (crashed: it filled its scratch space)"
#define CLOSED "failed: crashed (crashed: its scratch space cannot be looked at)"
#define FINE "completed: answered = Two files."
#define NO_ROOM "failed: crashed (crashed: exit status 3: there is no more room)"
#define NO_FILES "failed: crashed (crashed: exit status 3: there are no more files to be had)"

static const struct row {
	const char *kind;
	const char *in_a_and_b, *in_c, *in_c_of_a_user; /* NULL: as before */
} rows[] = {
	{ "normal", FINE, NULL, NULL },
	{ "modest", FINE, NULL, NULL },
	{ "restless", FINE, NULL, NULL },
	{ "disk", NO_ROOM, FULL, NULL },
	{ "inodes", NO_FILES, FULL, NULL },
	{ "hides", NO_ROOM, FULL, CLOSED },  /* root sees it */
	{ "nameless", NO_ROOM, FINE, NULL }, /* docs/fence.md, "Not covered" */
	{ "deep", "failed: timed_out (", CLOSED, NULL },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *wanted(const struct row *r)
{
	if (sandbox_mode(pen.sandbox) != FENCE_C)
		return r->in_a_and_b;
	if (geteuid() != 0 && r->in_c_of_a_user)
		return r->in_c_of_a_user;
	return r->in_c ? r->in_c : r->in_a_and_b;
}

static void child(void **state)
{
	const struct row *r = *state;
	bool waits = strcmp(r->kind, "deep") == 0 && sandbox_mode(pen.sandbox) != FENCE_C;

	pen_run_one(r->kind, waits ? "timeout: 2s, stall: 60s" : "timeout: 60s, stall: 60s");
	const char *got = pen_told();

	if (!str_starts(str_from(got), str_from(wanted(r))))
		fail_msg("%s: %s", r->kind, got);
	assert_int_equal(pen_alive(), 0);
	assert_true(pen_is_clean());
}

/* --- life ------------------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	pen_open(1);
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[N_ROWS];
	const char *word = getenv("DEGRADED");

	for (size_t i = 0; i < N_ROWS; i++) {
		struct row *r = unconst(&rows[i]);

		tests[i] = (struct CMUnitTest){ r->kind, child, setup, pen_tear_down, r };
	}
	pen_begin();
	pen_must(strcmp(fence_mode_name(sandbox_mode(pen.sandbox)), word ? word : "A") == 0,
	    "not the mode that is to be tested");
	int failed = _cmocka_run_group_tests("quota", tests, N_ROWS, NULL, NULL);

	pen_end();
	return failed;
}
