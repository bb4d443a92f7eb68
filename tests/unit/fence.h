/*
 * For tests that start children behind the fence, here and on the emulated poorer machines
 * (../degrade.h): the mode that must come of it, and turning until something is so.
 */
#ifndef TESTS_FENCE_H
#define TESTS_FENCE_H

#include "check.h"

#include "sandbox/sandbox.h"

#include <poll.h>
#include <stdlib.h>

/* What the first letter of DEGRADED says; without it the best. */
static inline enum fence_mode wanted_mode(void)
{
	const char *word = getenv("DEGRADED");

	return word && word[0] == 'B'	? FENCE_B
	       : word && word[0] == 'C' ? FENCE_C
	       : word && word[0] == 'D' ? FENCE_NONE
					: FENCE_A;
}

/* Reports are heard until *FLAG; or the launcher is gone: false. */
static inline bool turn_until(struct sandbox *sb, const bool *flag)
{
	while (!*flag) {
		struct pollfd p = { sandbox_fd(sb), POLLIN, 0 };

		poll(&p, 1, -1);
		if (sandbox_turn(sb) < 0)
			return false;
	}
	return true;
}

#endif
