/*
 * What ceilings cut off is kept for a person: these bytes and no others, no more of them than there
 * is room for, and no step is any different for it, whatever becomes of the file.
 */
#include "check.h"

#include "pen.h"

#include "worker/spill.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#define LONG "timeout: 60s, stall: 60s"

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_COUNTS false
#elif defined(__has_feature)
#define MEMORY_COUNTS !__has_feature(address_sanitizer)
#else
#define MEMORY_COUNTS true
#endif

/* --- what the log says ---------------------------------------------------------------------- */

static json_t *told; /* array of the events "spill" of the last run */
static char run_id[ID_RUN_SIZE];

static int keep_event(void *ctx, const struct event_row *row)
{
	(void)ctx;
	if (str_is(row->type, "spill"))
		json_array_append_new(told, json_parse(row->data, NULL));
	return 0;
}

static int read_told(struct store *s, void *ctx)
{
	struct run_row row;
	int rc = s->ops->run_load(s, pen.arena, pen.run, &row);

	(void)ctx;
	if (rc == 0)
		snprintf(run_id, sizeof(run_id), "%.*s", STR_ARG(row.id));
	return rc ? rc : s->ops->event_read(s, pen.run, 0, 1000000, keep_event, NULL);
}

static void run_with(const char *kind, const char *keys, const char *want)
{
	pen_run_one(kind, keys);
	const char *got = pen_told();

	if (!str_starts(str_from(got), str_from(want)))
		fail_msg("%s: %s", kind, got);
	json_decref(told);
	told = json_array();
	pen_read(read_told, NULL);
	assert_int_equal(pen_alive(), 0);
}

static void run_kind(const char *kind, const char *want)
{
	run_with(kind, LONG, want);
}

/* The one event of STREAM; there have to be as many as streams that were cut. */
static const json_t *told_of(const char *stream)
{
	const json_t *found = NULL;
	json_t *one;
	size_t k;

	json_array_foreach (told, k, one)
		if (str_is(json_get_str(one, "stream"), stream)) {
			assert_null(found);
			found = one;
		}
	if (!found)
		fail_msg("nothing was told of %s", stream);
	assert_string_equal(json_get_cstr(found, "step", ""), "only");
	assert_int_equal(json_get_int(found, "epoch", 0), 1);
	return found;
}

static const char *place(const char *below)
{
	return fs_join(pen.arena, pen.dir, below);
}

/* The file of an event; it has the size that the event says, and is nobody else's. */
static struct str file_of(const json_t *one)
{
	const char *name = json_get_cstr(one, "file", NULL);
	struct str text;
	struct stat st;

	assert_non_null(name);
	assert_true(
	    str_starts(str_from(name), str_from(arena_printf(pen.arena, "spill/%s/", run_id))));
	assert_int_equal(stat(place(name), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, json_get_int(one, "kept", -1));
	assert_int_equal(fs_read(pen.arena, place(name), MIB(64), &text), 0);
	return text;
}

static void expect_told(
    const json_t *one, const char *why, long long kept, long long lost, const char *ended)
{
	assert_string_equal(json_get_cstr(one, "why", ""), why);
	assert_int_equal(json_get_int(one, "kept", -1), kept);
	if (lost >= 0)
		assert_int_equal(json_get_int(one, "lost", -1), lost);
	assert_string_equal(json_get_cstr(one, "ended", ""), ended);
}

/* --- which bytes ---------------------------------------------------------------------------- */

static void what_fits_leaves_nothing(void **state)
{
	(void)state;
	run_kind("normal", "completed: answered = Two files.");
	run_kind("fails", "failed: crashed");
	run_kind("noise", "completed: answered = Two files.");
	assert_int_equal(json_array_size(told), 0);
	assert_false(fs_exists(place(SPILL_PLACE)));
}

static void long_lines_are_kept_from_their_beginnings(void **state)
{
	(void)state;
	run_kind("long-lines", "completed: answered = Two files.");
	const json_t *one = told_of("output");
	struct str text = file_of(one);
	ptrdiff_t second = str_find(text, STR("\xff\nsecond\033[2Jzzz"));
	size_t first = strlen("first\033[2J") + MIB(7) + 2, all = 2 * first + 1;

	expect_told(one, "a line above 6 MiB", (long long)all, 0, "");
	assert_int_equal(json_array_size(told), 1);
	assert_true(str_starts(text, STR("first\033[2Jzzz")));
	assert_int_equal(second, first - 2);
	assert_true(str_ends(text, STR("zzz\xff\n")));
	assert_int_equal(str_find(text, STR("between")), -1);
}

static void a_line_without_end_has_its_share_and_no_memory(void **state)
{
	(void)state;
	pen_forget_most();
	size_t before = pen_memory("VmRSS:");

	run_kind("giant-line", "failed: truncated (truncated: it wrote more than an attempt may)");
	size_t most = pen_memory("VmHWM:");
	const json_t *one = told_of("output");

	if (MEMORY_COUNTS && most > before + MIB(8))
		fail_msg("from %zu to %zu KiB", before / 1024, most / 1024);
	expect_told(one, "a line above 6 MiB, output above 64 MiB", SPILL_OUTPUT_MAX, -1,
	    "its share of 20 MiB is full");
	assert_true(
	    json_get_int(one, "lost", 0) >= (long long)(AGENT_OUTPUT_MAX - SPILL_OUTPUT_MAX));
	assert_true(str_starts(file_of(one), STR("{\"type\":\"text\",\"text\":\"xxx")));
}

static void output_is_kept_from_where_it_was_cut(void **state)
{
	(void)state;
	run_kind("endless", "completed: truncated (its answer was cut at 512 KiB) = y");
	const json_t *output = told_of("output"), *answer = told_of("answer");

	assert_string_equal(json_get_cstr(output, "why", ""), "output above 64 MiB");
	/* lines of 1,023 bytes behind a first one: in the middle of one of them */
	struct str text = file_of(output), line = str_line(&text);

	assert_true(line.n < 1023 && str_ends(line, STR("yyy\"}")));
	assert_true(str_starts(text, STR("{\"type\":\"text\",\"text\":\"yyy")));
	/* as far as it was taken */
	text = file_of(answer);
	expect_told(answer, "an answer above 512 KiB", (long long)text.n, 0, "");
	assert_true(text.n <= ANSWER_TAKEN_MAX && text.n > ANSWER_TAKEN_MAX - KIB(1));
}

static void an_answer_is_kept_whole(void **state)
{
	(void)state;
	run_kind("long-answer", "completed: truncated (its answer was cut at 512 KiB) = From here");
	struct str text = file_of(told_of("answer"));

	assert_int_equal(json_array_size(told), 1);
	assert_int_equal(text.n, MIB(1) + strlen("From here to there."));
	assert_true(str_starts(text, STR("From hereaaa")) && str_ends(text, STR("aaa to there.")));
}

static void errors_are_kept_from_the_first_byte(void **state)
{
	(void)state;
	run_kind("stderr-flood", "completed: answered = Two files.");
	const json_t *one = told_of("errors");

	expect_told(one, "standard error above 64 KiB", SPILL_ERRORS_MAX,
	    (long long)(MIB(256) - SPILL_ERRORS_MAX), "its share of 8 MiB is full");
	assert_int_equal(file_of(one).n, SPILL_ERRORS_MAX);
	assert_int_equal(json_array_size(told), 1);
}

static void a_command_is_kept_from_where_it_was_cut(void **state)
{
	(void)state;
	unsigned runs = pen.launched + 1;

	pen_launch("  - id: only\n"
		   "    kind: command\n"
		   "    run: [/bin/sh, -c, \"head -c 4194303 /dev/zero; echo abc; echo def\"]\n"
		   "    on_failure: continue\n");
	pen_wait(runs);
	json_decref(told);
	told = json_array();
	pen_read(read_told, NULL);
	const json_t *one = told_of("output");

	expect_told(one, "output above 4 MiB", 7, 0, "");
	assert_true(str_is(file_of(one), "bc\ndef\n"));
}

/* The same prompt once more, in the same attempt: neither round has the other's bytes. */
static void each_round_has_its_own_file(void **state)
{
	static const char *const names[] = { "1.1.output", "1.1.again.output" };
	json_t *one;
	size_t k;

	(void)state;
	run_with("long-lines", LONG ", output: findings", "failed: contract_broken");
	assert_int_equal(json_array_size(told), 2);
	json_array_foreach (told, k, one) {
		assert_int_equal(file_of(one).n, 2 * (strlen("first\033[2J") + MIB(7) + 2) + 1);
		assert_string_equal(json_get_cstr(one, "file", ""),
		    arena_printf(pen.arena, SPILL_PLACE "/%s/%s", run_id, names[k]));
	}
}

/* --- when it cannot be kept ----------------------------------------------------------------- */

/* A disk that takes no more looks like this: a file cannot grow. The log of the run fits. */
static void a_write_that_fails_ends_it_and_nothing_else(void **state)
{
	struct rlimit was, less;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	(void)state;
	assert_true(handler == SIG_IGN); /* the worker's: it would be the end of the process */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	less = (struct rlimit){ MIB(7), was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
	run_kind("giant-line", "failed: truncated (truncated: it wrote more than an attempt may)");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	const json_t *one = told_of("output");

	expect_told(one, "a line above 6 MiB, output above 64 MiB", (long long)MIB(7), -1,
	    arena_printf(pen.arena, "it cannot be written: %s", err_name(-EFBIG)));
	assert_true(str_starts(file_of(one), STR("{\"type\":\"text\",\"text\":\"xxx")));
}

/* What another one left in its way: nothing is written to, and nobody is followed. */
static void expect_no_file(int error, const char *kind, const char *want)
{
	run_kind(kind, want);
	const json_t *one = told_of("errors");

	expect_told(one, "standard error above 64 KiB", 0, (long long)MIB(256),
	    arena_printf(pen.arena, "its file cannot be made: %s", err_name(error)));
	assert_true(json_is_null(json_object_get(one, "file")));
}

static void a_file_that_cannot_be_made_changes_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fs_write(place(SPILL_PLACE), STR("mine"), 0600, &err), 0);
	expect_no_file(-ENOTDIR, "stderr-flood", "completed: answered = Two files.");
	assert_int_equal(unlink(place(SPILL_PLACE)), 0);
	assert_int_equal(mkdir(place("elsewhere"), 0700), 0);
	assert_int_equal(symlink("elsewhere", place(SPILL_PLACE)), 0);
	expect_no_file(-ENOTDIR, "stderr-flood", "completed: answered = Two files.");
	assert_int_equal(rmdir(place("elsewhere")), 0); /* empty */
}

static void an_open_name_is_never_taken_over(void **state)
{
	struct spills *s = spills_create(pen.dir);
	struct spill_found *found;
	struct spill one, two;
	size_t n;

	(void)state;
	spill_begin(&one, s, "r-0123456789", 3, 1, false);
	spill_begin(&two, s, "r-0123456789", 3, 1, false);
	spill_add(&one, SPILL_OF_ERRORS, STR("first"));
	spill_add(&two, SPILL_OF_ERRORS, STR("second"));
	json_t *first = spill_end(&one, SPILL_ERRORS), *second = spill_end(&two, SPILL_ERRORS);

	assert_string_equal(json_get_cstr(first, "file", ""), "spill/r-0123456789/3.1.errors");
	assert_true(json_is_null(json_object_get(second, "file")));
	assert_int_equal(json_get_int(second, "lost", 0), 6);
	assert_true(str_contains(json_get_str(second, "ended"), str_from(err_name(-EEXIST))));
	assert_int_equal(spill_list(pen.arena, pen.dir, "r-0123456789", &found, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(found[0].bytes, 5);
	json_decref(first);
	json_decref(second);
	spills_destroy(s);
}

/* --- how much ------------------------------------------------------------------------------- */

/* SIZE bytes that an earlier run left, so long AGO. A hole is as long as what is written. */
static void left_behind(const char *run, off_t size, time_t ago)
{
	const struct timespec times[2] = { { time(NULL) - ago, 0 }, { time(NULL) - ago, 0 } };
	const char *dir = place(arena_printf(pen.arena, SPILL_PLACE "/%s", run));

	assert_int_equal(fs_mkdirs(dir, 0700), 0);
	int fd = open(fs_join(pen.arena, dir, "1.1.output"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && ftruncate(fd, size) == 0);
	close(fd);
	assert_int_equal(utimensat(AT_FDCWD, dir, times, 0), 0);
}

static bool is_there(const char *run)
{
	return fs_exists(place(arena_printf(pen.arena, SPILL_PLACE "/%s", run)));
}

static void the_oldest_makes_room(void **state)
{
	(void)state;
	left_behind("r-newer", (off_t)MIB(200), 10);
	left_behind("r-oldest", (off_t)MIB(100), 30);
	left_behind("r-older", (off_t)MIB(250), 20);
	left_behind("what is this", (off_t)MIB(900), 40);
	run_kind("stderr-flood", "completed: answered = Two files.");
	assert_int_equal(file_of(told_of("errors")).n, SPILL_ERRORS_MAX);
	assert_false(is_there("r-oldest"));
	assert_true(is_there("r-older") && is_there("r-newer") && is_there("what is this"));
}

static void there_is_never_more_than_all_runs_may_have(void **state)
{
	struct spills *s = spills_create(pen.dir);
	struct spill one;

	(void)state;
	spill_begin(&one, s, "r-one", 1, 1, false);
	spill_add(&one, SPILL_OF_ERRORS, STR("its run does not go"));
	left_behind("r-one", (off_t)(SPILL_HOUSE_MAX - 10), 20);
	json_t *told_one = spill_end(&one, SPILL_ERRORS);
	struct spills *later = spills_create(pen.dir);

	spill_begin(&one, later, "r-one", 2, 1, false);
	spill_add(&one, SPILL_OF_ERRORS, STR("abcdefghij"));
	json_t *told_two = spill_end(&one, SPILL_ERRORS);

	assert_int_equal(json_get_int(told_one, "lost", -1), 0);
	assert_int_equal(json_get_int(told_two, "kept", -1), 0);
	assert_string_equal(
	    json_get_cstr(told_two, "ended", ""), "the 512 MiB of all runs are full");
	json_decref(told_one);
	json_decref(told_two);
	spills_destroy(later);
	spills_destroy(s);
}

/* --- what is found -------------------------------------------------------------------------- */

static void only_files_of_ours_are_listed(void **state)
{
	static const char *const made[] = { "10.1.output", "2.3.errors", "2.3.again.errors",
		"2.1.answer", "x", "1.1", "1.1.", "1.1.outputs", "-1.1.output", "1..output",
		"1.1.again.", "1.1.output.x", "\033[2J.1.output", "1.4294967296.output" };
	static const char *const want[] = { "2.1.answer", "2.3.errors", "2.3.again.errors",
		"10.1.output" };
	struct spill_found *found;
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(spill_list(pen.arena, pen.dir, "r-0", &found, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(fs_mkdirs(place(SPILL_PLACE "/r-0/1.1.output"), 0700), 0);
	for (size_t k = 0; k < sizeof(made) / sizeof(made[0]); k++)
		assert_int_equal(fs_write(fs_join(pen.arena, place(SPILL_PLACE "/r-0"), made[k]),
				     STR("abc"), 0600, &err),
		    0);
	assert_int_equal(symlink("x", place(SPILL_PLACE "/r-0/3.1.output")), 0);
	assert_int_equal(spill_list(pen.arena, pen.dir, "r-0", &found, &n), 0);
	assert_int_equal(n, 4);
	for (size_t k = 0; k < n; k++)
		assert_string_equal(
		    found[k].file, arena_printf(pen.arena, SPILL_PLACE "/r-0/%s", want[k]));
	assert_true(found[2].again && !found[1].again);
	assert_int_equal(found[3].position, 10);
	assert_int_equal(found[3].bytes, 3);
}

/* --- life ----------------------------------------------------------------------------------- */

static int teardown(void **state)
{
	(void)state;
	json_decref(told);
	told = NULL;
	pen_close();
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, pen_set_up, teardown)
	const struct CMUnitTest tests[] = {
		T(what_fits_leaves_nothing),
		T(long_lines_are_kept_from_their_beginnings),
		T(a_line_without_end_has_its_share_and_no_memory),
		T(output_is_kept_from_where_it_was_cut),
		T(an_answer_is_kept_whole),
		T(errors_are_kept_from_the_first_byte),
		T(a_command_is_kept_from_where_it_was_cut),
		T(each_round_has_its_own_file),
		T(a_write_that_fails_ends_it_and_nothing_else),
		T(a_file_that_cannot_be_made_changes_nothing),
		T(an_open_name_is_never_taken_over),
		T(the_oldest_makes_room),
		T(there_is_never_more_than_all_runs_may_have),
		T(only_files_of_ours_are_listed),
	};

	pen_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	pen_end();
	return failed;
}
