/* A run that is over before anybody could follow it. */
#include "check.h"

#include "base/limits.h"
#include "cli/follow.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena *a;
static char dir[] = "/tmp/tutti-follow-XXXXXX";

static int open_place(void **state)
{
	struct err err = { 0 };

	(void)state;
	a = arena_create("test", ARENA_JOB);
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", fs_join(a, dir, "config"), 1);
	unsetenv("OPENAI_BASE_URL");
	assert_int_equal(fs_mkdirs(fs_join(a, dir, "config/tutti/flows"), 0700), 0);
	assert_int_equal(fs_write(fs_join(a, dir, "config/tutti/flows/sum.yaml"),
			     STR("flow: sum\ncategory: analysis\nsummary: Adds.\nsteps:\n"
				 "  - {id: add, kind: code, run: 'return 40 + 2'}\n"),
			     0600, &err),
	    0);
	return 0;
}

/* The loop sleeps, so that it hears of launch and end in the same turn. */
static void on_prepare(uv_prepare_t *prepare)
{
	(void)prepare;
	usleep(100000);
}

static void on_patience(uv_timer_t *timer)
{
	struct follow *f = timer->data;

	f->terminated = true;
}

static void test_over_at_once(void **state)
{
	const struct globals g = { .data = fs_join(a, dir, "data") };
	const struct follow_spec spec = { .house = { .globals = &g }, .format = "quiet" };
	struct err err = { 0 };
	struct library *lib = cli_library(a, &g, &err);
	json_t *frozen = library_freeze(lib, STR("sum"), &err);
	json_t *input = json_pack("{s:s}", "question", "add");
	const struct launch l = {
		.frozen = frozen, .flow = STR("sum"), .input = input, .size = SIZE_SMALL
	};
	struct follow f;
	uv_prepare_t slow;
	uv_timer_t patience;

	(void)state;
	assert_non_null(frozen);
	assert_int_equal(follow_open(&f, a, &spec, &err), 0);
	uv_prepare_init(&f.house.loop, &slow);
	uv_prepare_start(&slow, on_prepare);
	uv_timer_init(&f.house.loop, &patience);
	patience.data = &f;
	uv_timer_start(&patience, on_patience, 20000, 0);
	assert_int_equal(follow_launch(&f, &l, &err), 0);
	assert_true(f.over);
	assert_int_equal(f.status, RUN_COMPLETED);
	uv_close((uv_handle_t *)&slow, NULL);
	uv_close((uv_handle_t *)&patience, NULL);
	follow_close(&f);
	json_decref(frozen);
	json_decref(input);
	library_destroy(lib);
}

static int close_place(void **state)
{
	(void)state;
	fs_remove_tree(dir);
	arena_destroy(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_over_at_once) };

	return cmocka_run_group_tests(tests, open_place, close_place);
}
