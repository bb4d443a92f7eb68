/* The timer of a run, and a loop that stood still when it was due. */
#include "check.h"

#include "engine/alarm.h"

#include <time.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;
static struct alarms *alarms;
static uv_pipe_t talker;
static char order[8]; /* what was called: r, something was read; a, the alarm */

static void note(char what)
{
	order[strlen(order)] = what;
}

static void ring(void *ctx, int64_t run)
{
	(void)ctx;
	assert_int_equal(run, 7);
	note('a');
	uv_read_stop((uv_stream_t *)&talker);
	alarms_set(alarms, run, 0, 0);
}

static void alloc(uv_handle_t *h, size_t n, uv_buf_t *ret)
{
	static char room[64];

	(void)h;
	(void)n;
	*ret = uv_buf_init(room, sizeof(room));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	(void)s;
	(void)buf;
	if (n > 0)
		note('r');
}

static void stand_still(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Somebody who stood still along with us, and takes half a second to go on. */
static void speak(uv_timer_t *timer)
{
	const int *end = timer->data;

	assert_int_equal(write(*end, "x", 1), 1);
}

static void wait_for_it(int64_t due, long still)
{
	uv_timer_t other;
	int ends[2];

	memset(order, 0, sizeof(order));
	uv_loop_init(&loop);
	alarms = alarms_create(&loop, ring, NULL);
	assert_int_equal(pipe(ends), 0);
	uv_pipe_init(&loop, &talker, 0);
	uv_pipe_open(&talker, ends[0]);
	uv_read_start((uv_stream_t *)&talker, alloc, on_read);
	alarms_set(alarms, 7, 1000 + due, 1000);
	assert_int_equal(write(ends[1], "x", 1), 1);
	stand_still(still);
	uv_update_time(&loop);
	uv_timer_init(&loop, &other);
	other.data = &ends[1];
	uv_timer_start(&other, speak, 500, 0);
	while (!strchr(order, 'a'))
		uv_run(&loop, UV_RUN_ONCE);
	alarms_destroy(alarms);
	uv_close((uv_handle_t *)&talker, NULL);
	uv_close((uv_handle_t *)&other, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(ends[1]);
}

static void what_was_said_meanwhile_is_read_first(void **state)
{
	(void)state;
	wait_for_it(50, 1000);
	assert_string_equal(order, "rra");
}

static void who_stood_still_along_has_time_to_speak(void **state)
{
	(void)state;
	wait_for_it(1100, 1000);
	assert_string_equal(order, "rra");
}

static void nobody_waits_who_is_in_time(void **state)
{
	(void)state;
	wait_for_it(0, 0);
	assert_non_null(strchr(order, 'a'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_meanwhile_is_read_first),
		cmocka_unit_test(who_stood_still_along_has_time_to_speak),
		cmocka_unit_test(nobody_waits_who_is_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
