/* Sessions in files, and what a codec makes of them: beside them, or in them (test_adapter.c). */
#ifndef TESTS_FACTS_H
#define TESTS_FACTS_H

#include "play.h"

#include <dirent.h>
#include <stdio.h>

static inline const char *path_of(
    struct arena *a, const char *agent, const char *name, const char *ending)
{
	return arena_printf(
	    a, "%s/tests/adapter/%s/%s%s", getenv("TUTTI_SOURCE"), agent, name, ending);
}

static inline struct str slurp(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = arena_alloc(a, KIB(256));

	if (!f)
		return (struct str){ "", 0 };
	size_t n = fread(text, 1, KIB(256), f);

	fclose(f);
	return (struct str){ text, n };
}

/* GOT is what the file PATH holds from offset SKIP on; or it becomes that. */
static inline void compare(struct arena *a, const char *path, size_t skip, struct str got)
{
	struct str all = slurp(a, path);

	if (getenv("FACTS_UPDATE")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fwrite(all.p, 1, skip, f);
		fwrite(got.p, 1, got.n, f);
		fclose(f);
	} else if (!str_eq(str_skip(all, skip), got)) {
		print_message("%s: the codec says:\n%.*s", path, STR_ARG(got));
		fail();
	}
}

static inline void play_directive(struct play *p, struct str line)
{
	struct str rest = line, verb = str_split(&rest, ' ');

	if (str_is(verb, "cut")) {
		session_line(p->session, rest, true);
		return;
	}
	struct str number = rest.p ? str_split(&rest, ' ') : rest;
	unsigned long long n;

	if (!str_to_u64(number, 255, &n) || (!str_is(verb, "exit") && !str_is(verb, "signal")))
		fail_msg("unknown directive: %.*s", STR_ARG(line));
	play_exit(p, str_is(verb, "exit") ? W_EXITCODE((int)n, 0) : W_EXITCODE(0, (int)n),
	    arena_cstr(p->arena, rest));
}

static inline void play_session(struct play *p, const char *path)
{
	struct str text = slurp(p->arena, path);
	ptrdiff_t cut = str_find(text, STR("\n----\n"));

	assert_true(cut > 0);
	for (struct str rest = str_take(text, (size_t)cut); rest.p;) {
		struct str line = str_split(&rest, '\n');

		if (str_starts(line, STR("> ")))
			play_directive(p, str_skip(line, 2));
		else if (!str_starts(line, STR("#")))
			session_line(p->session, line, false);
	}
	assert_true(p->ended);
	compare(p->arena, path, (size_t)cut + 6, buf_str(&p->out));
}

static inline int is_session(const struct dirent *e)
{
	return str_ends(str_from(e->d_name), STR(".session"));
}

#endif
