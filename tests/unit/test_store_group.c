/* What a group of jobs comes to, on a store that does what the test says. */
#include "check.h"

#include "base/limits.h"
#include "store/group.h"

#include <stdio.h>

static struct {
	const int *begins, *commits; /* answers in order; the last one stays */
	int64_t writes;
	char log[64];
} fake;

static int next_of(const int **answers)
{
	int rc = **answers;

	if (rc != 0)
		++*answers;
	return rc;
}

static void note(const char *what)
{
	strncat(fake.log, what, sizeof(fake.log) - strlen(fake.log) - 1);
}

static int fake_begin(struct store *s)
{
	(void)s;
	note("(");
	return next_of(&fake.begins);
}

static int fake_commit(struct store *s)
{
	(void)s;
	int rc = next_of(&fake.commits);

	note(rc ? "!" : ")");
	return rc;
}

static void fake_rollback(struct store *s)
{
	(void)s;
	note("x");
}

static int64_t fake_writes(struct store *s)
{
	(void)s;
	return fake.writes;
}

static const struct store_ops fake_ops = { .name = "fake",
	.begin = fake_begin,
	.commit = fake_commit,
	.rollback = fake_rollback,
	.writes = fake_writes };
static struct store fake_store = { &fake_ops };
static const int fine[] = { 0 };

struct probe {
	struct store_job base;
	int rc; /* what it comes to */
	bool writes;
};

static int carry_out(struct store *s, struct store_job *job)
{
	const struct probe *p = (struct probe *)job;

	(void)s;
	note(p->writes ? "w" : "r");
	fake.writes += p->writes;
	return p->rc;
}

static struct store_group g;
static struct store_queue inner, in;

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.begins = fake.commits = fine;
	group_init(&g, &fake_store, NULL);
	store_queue_init(&inner);
	store_queue_init(&in);
	return 0;
}

static void post(struct probe *p, int rc, bool writes)
{
	*p = (struct probe){ .base = { .fn = carry_out }, .rc = rc, .writes = writes };
	store_queue_push(&in, &p->base);
}

static void who_reads_in_vain_undoes_nothing(void **state)
{
	struct probe a, b;

	(void)state;
	post(&a, -ENOENT, false);
	post(&b, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(rw)");
	assert_int_equal(a.base.rc, -ENOENT);
	assert_int_equal(b.base.rc, 0);
	assert_false(group_take(&g, &inner, &in, GROUP_MAX));
}

static void a_full_disk_is_waited_for(void **state)
{
	static const int commits[] = { -ENOSPC, -ENOSPC, 0 };
	struct probe a;

	(void)state;
	fake.commits = commits;
	post(&a, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_false(group_go_on(&g, true));
	assert_string_equal(fake.log, "(w!x(w!x");
	assert_true(group_go_on(&g, true));
	assert_int_equal(a.base.rc, 0);
}

/* Its first statement already found no room. */
static void who_could_not_write_is_waited_for_too(void **state)
{
	struct probe a, b;

	(void)state;
	post(&a, -ENOSPC, false);
	post(&b, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_false(group_go_on(&g, true));
	a.rc = 0;
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(rx(rx(r)(w)");
	assert_int_equal(a.base.rc, 0);
}

/* Somebody else writes, longer than the database itself waits for it. */
static void a_store_that_is_busy_is_waited_for(void **state)
{
	static const int begins[] = { -EBUSY, -EBUSY, -EBUSY, 0 };
	struct probe a;

	(void)state;
	fake.begins = begins;
	post(&a, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_false(group_go_on(&g, true));
	assert_false(group_go_on(&g, true));
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(x(x(x(w)");
	assert_int_equal(a.base.rc, 0);
}

/* A disk that fails, memory that is short, a file system that may only be read: all of it can pass.
 */
static void a_store_that_fails_is_waited_for(void **state)
{
	static const int commits[] = { -EIO, -EIO, -ENOMEM, -EACCES, 0 };
	struct probe a, b;

	(void)state;
	fake.commits = commits;
	post(&a, 0, true);
	post(&b, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_false(group_go_on(&g, true));
	assert_int_equal(g.waits_for, -EIO);
	assert_false(group_go_on(&g, true));
	assert_false(group_go_on(&g, true));
	assert_int_equal(g.waits_for, -EACCES);
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(ww!x(w!x(w!x(w!x(w)(w)");
	assert_int_equal(a.base.rc, 0);
	assert_int_equal(b.base.rc, 0);
}

/* Who only reads, is told so: what it was to read may be what cannot be read. */
static void who_only_reads_does_not_wait_for_a_store_that_fails(void **state)
{
	struct probe a, b;

	(void)state;
	post(&a, -EIO, false);
	post(&b, 0, true);
	a.base.reads = true;
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(rx(rx(w)");
	assert_int_equal(a.base.rc, -EIO);
	assert_int_equal(b.base.rc, 0);
}

static void who_has_no_patience_is_told_what_is_in_the_way(void **state)
{
	static const int begins[] = { -EBUSY, -EBUSY, 0 };
	struct probe a;

	(void)state;
	fake.begins = begins;
	post(&a, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_true(group_go_on(&g, false));
	assert_int_equal(a.base.rc, -EBUSY);
}

/* A job's own refusal is its answer, whatever the number. */
static void a_refusal_is_no_busy_store(void **state)
{
	struct probe a, b;

	(void)state;
	post(&a, -EBUSY, true);
	post(&b, 0, true);
	assert_true(group_take(&g, &inner, &in, GROUP_MAX));
	assert_true(group_go_on(&g, true));
	assert_string_equal(fake.log, "(wx(wx(w)");
	assert_int_equal(a.base.rc, -EBUSY);
	assert_int_equal(b.base.rc, 0);
}

static void inside_and_outside_take_turns(void **state)
{
	struct probe p[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		p[i] = (struct probe){ .base = { .fn = carry_out } };
		store_queue_push(i < 3 ? &inner : &in, &p[i].base);
	}
	assert_true(group_take(&g, &inner, &in, 4));
	assert_int_equal(g.n, 4);
	assert_ptr_equal(g.jobs[0], &p[0].base);
	assert_ptr_equal(g.jobs[1], &p[3].base);
	assert_ptr_equal(g.jobs[2], &p[1].base);
	assert_ptr_equal(g.jobs[3], &p[4].base);
	assert_true(group_go_on(&g, true));
	assert_true(group_take(&g, &inner, &in, 4));
	assert_int_equal(g.n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(who_reads_in_vain_undoes_nothing),
		T(a_full_disk_is_waited_for),
		T(who_could_not_write_is_waited_for_too),
		T(a_store_that_is_busy_is_waited_for),
		T(a_store_that_fails_is_waited_for),
		T(who_only_reads_does_not_wait_for_a_store_that_fails),
		T(who_has_no_patience_is_told_what_is_in_the_way),
		T(a_refusal_is_no_busy_store),
		T(inside_and_outside_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
