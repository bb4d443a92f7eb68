/* For tests of pure rooms: an arena for each test, and what a text holds. */
#ifndef TESTS_ARENA_H
#define TESTS_ARENA_H

#include "check.h"

#include "base/limits.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

#define assert_has(text, what)                                                   \
	do {                                                                     \
		struct str text_ = (text);                                       \
		if (!str_contains(text_, str_from(what)))                        \
			fail_msg("no \"%s\" in:\n%.*s", (what), STR_ARG(text_)); \
	} while (0)
#define assert_lacks(text, what) assert_false(str_contains((text), str_from(what)))

#endif
