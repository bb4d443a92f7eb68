/*
 * Somebody, the kernel for want of memory most of all, kills a child while its walls are built:
 * that is a crash like any other, and no verdict on what this machine can do.
 */
#include "check.h"

#include "pen.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static pid_t launcher;

/* The oldest child of process PID that is not the one SEEN before; 0 when there is none. */
static pid_t child_of(pid_t pid, pid_t seen)
{
	char path[64];
	int child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *f = fopen(path, "re");

	while (f && fscanf(f, "%d", &child) == 1 && child == seen)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

static bool is_git(pid_t pid)
{
	char path[64], name[16] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *f = fopen(path, "re");
	bool is = f && fgets(name, sizeof(name), f) && strcmp(name, "git\n") == 0;

	if (f)
		fclose(f);
	return is;
}

/* Kills the first git below the launcher, as soon as it is one. */
static void *kill_git(void *stop)
{
	for (pid_t pid = launcher; !*(atomic_bool *)stop;) {
		pid = child_of(pid, 0);
		if (pid && is_git(pid)) {
			kill(pid, SIGKILL);
			*(atomic_bool *)stop = true;
		}
		if (!pid)
			pid = launcher;
	}
	return NULL;
}

/* Kills the N-th child from now on as soon as it is there. */
static void *kill_child(void *n)
{
	pid_t pid = 0, next = 0;

	for (unsigned i = 0; i < *(unsigned *)n; i++, pid = next)
		while (!(next = child_of(launcher, pid)))
			continue;
	kill(pid, SIGKILL);
	return NULL;
}

static void run_killing(const char *steps, unsigned n)
{
	pthread_t killer;

	assert_int_equal(pthread_create(&killer, NULL, kill_child, &n), 0);
	pen_launch(steps);
	pen_wait(1);
	pthread_join(killer, NULL);
	assert_int_equal(pen_alive(), 0);
}

static void the_copier_is_tried_again(void **state)
{
	(void)state;
	run_killing("  - {id: only, persona: p, model: normal, task: t, retries: 0}\n", 1);
	assert_string_equal(pen_told(), "completed: answered = Two files.");
}

static void an_agent_is_tried_again(void **state)
{
	(void)state;
	run_killing("  - {id: only, persona: p, model: normal, task: t, retries: 1}\n", 2);
	assert_string_equal(pen_told(), "completed: answered = Two files.");
}

static void it_is_told_as_what_it_is(void **state)
{
	(void)state;
	run_killing("  - {id: only, persona: p, model: normal, task: t, retries: 0}\n", 2);
	assert_string_equal(pen_told(),
	    "failed: crashed (crashed: the fence could not be built: it died while the walls were "
	    "built (signal 9))");
}

/* Its death says nothing about the repository. */
static void the_copiers_git_is_tried_again(void **state)
{
	static const char steps[] =
	    "  - {id: only, persona: p, model: normal, task: t, retries: 0}\n";
	atomic_bool killed = false;
	pthread_t killer;

	(void)state;
	assert_int_equal(pthread_create(&killer, NULL, kill_git, &killed), 0);
	for (unsigned runs = 1; !killed && runs <= 50; runs++) {
		pen_launch(steps);
		pen_wait(runs);
		assert_string_equal(pen_told(), "completed: answered = Two files.");
	}
	assert_true(killed);
	pthread_join(killer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_copier_is_tried_again, pen_set_up, pen_tear_down),
		cmocka_unit_test_setup_teardown(
		    the_copiers_git_is_tried_again, pen_set_up, pen_tear_down),
		cmocka_unit_test_setup_teardown(an_agent_is_tried_again, pen_set_up, pen_tear_down),
		cmocka_unit_test_setup_teardown(
		    it_is_told_as_what_it_is, pen_set_up, pen_tear_down),
	};

	pen_begin();
	launcher = child_of(getpid(), 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	pen_end();
	return failed;
}
