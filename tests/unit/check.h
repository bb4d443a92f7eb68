/* What every unit test includes: cmocka in its order, and whole-text comparison. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"

#define assert_str(s, lit)                                            \
	do {                                                          \
		struct str got_ = (s);                                \
		char *cstr_ = xstrndup(got_.p ? got_.p : "", got_.n); \
		assert_string_equal(cstr_, (lit));                    \
		free(cstr_);                                          \
	} while (0)

#endif
