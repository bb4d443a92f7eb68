/*
 * A machine that is short of something for a while: attempts wait for it and are given back, and no
 * step fails for it.
 */
#include "check.h"

#include "pen.h"

#include <fcntl.h>
#include <sys/resource.h>

#define STEP                                                                                   \
	"  - {id: only, persona: p, model: normal, task: \"Look.\", retries: 0, timeout: 60s," \
	" stall: 60s}\n"

static uv_timer_t later;
static rlim_t had;

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	had = limit.rlim_cur;
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* As many as there are, and no more. */
static void no_more_descriptors(void)
{
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(next >= 0);
	close(next);
	limit_descriptors((rlim_t)next);
}

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void enough_again(uv_timer_t *timer)
{
	limit_descriptors(had);
	uv_close((uv_handle_t *)timer, on_closed);
}

static void after(uint64_t ms, uv_timer_cb fn)
{
	uv_timer_init(&pen.loop, &later);
	uv_timer_start(&later, fn, ms, 0);
}

static void a_step_waits_for_descriptors(void **state)
{
	(void)state;
	pen_launch(STEP);
	no_more_descriptors();
	after(200, enough_again);
	pen_wait(1);
	assert_string_equal(pen_told(), "completed: answered = Two files.");
	assert_int_equal(pen_alive(), 0);
}

static void leave(uv_timer_t *timer)
{
	enough_again(timer);
	worker_drain(pen.worker);
}

/* Who leaves does not wait for it; the step is the next life's. */
static void who_leaves_gives_back_what_waits(void **state)
{
	(void)state;
	pen_launch(STEP);
	no_more_descriptors();
	after(200, leave);
	while (!pen.launched || uv_is_active((uv_handle_t *)&later) || worker_busy(pen.worker))
		uv_run(&pen.loop, UV_RUN_ONCE);
	assert_int_equal(pen.over, 0);
	assert_string_equal(pen_told(), "pending: none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_step_waits_for_descriptors, pen_set_up, pen_tear_down),
		cmocka_unit_test_setup_teardown(
		    who_leaves_gives_back_what_waits, pen_set_up, pen_tear_down),
	};

	pen_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	pen_end();
	return failed;
}
