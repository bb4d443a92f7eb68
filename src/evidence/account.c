/*
 * Nothing is lost: what was counted when each answer was checked must stand in the report's list.
 * The count comes from the attempt, the list from the report, so that no stage between them can
 * drop a finding without being noticed.
 */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"

#define TOLD_MAX 5

struct accounting {
	struct arena *a;
	struct map listed; /* uid -> finding */
	struct map steps;  /* step -> counter */
	struct buf lost;
	unsigned n_lost;
};

static void lose(struct accounting *ac, const char *text)
{
	if (ac->n_lost++ < TOLD_MAX)
		buf_printf(&ac->lost, "%s%s", ac->lost.n ? "; " : "", text);
}

static unsigned *counter(struct accounting *ac, struct str step)
{
	unsigned *n = map_get(&ac->steps, step);

	if (!n)
		map_put(&ac->steps, step, n = arena_new(ac->a, unsigned));
	return n;
}

static const char *said_of(struct accounting *ac, const struct finding *f, const char *what)
{
	return arena_printf(ac->a, "%.*s of %.*s %s", STR_ARG(str_take(f->uid, 80)),
	    STR_ARG(str_take(f->step, 80)), what);
}

static void check_listed(struct accounting *ac, struct finding *const *listed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (map_put(&ac->listed, listed[i]->uid, listed[i]))
			lose(ac, said_of(ac, listed[i], "shares its name with another finding"));
		++*counter(ac, listed[i]->step);
	}
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = listed[i], *into = f->into;

		if (f->disposition <= DISPOSITION_NONE || f->disposition >= DISPOSITIONS)
			lose(ac, said_of(ac, f, "has no disposition"));
		else if ((f->disposition == DISPOSITION_MERGED) != (into != NULL))
			lose(ac, said_of(ac, f, "is merged into nothing"));
		else if (into && (into->into || map_get(&ac->listed, into->uid) != into))
			lose(ac, said_of(ac, f, "is merged into what is not in the report"));
	}
}

static void check_step(struct accounting *ac, const struct parsed_step *s)
{
	size_t here = s->evidence ? s->evidence->n_findings : 0;
	unsigned listed = *counter(ac, s->step);

	for (size_t i = 0; i < here; i++)
		if (map_get(&ac->listed, s->evidence->findings[i]->uid) != s->evidence->findings[i])
			lose(ac, said_of(ac, s->evidence->findings[i], "is not in the report"));
	if (s->parsed >= 0 && (unsigned long long)s->parsed != listed)
		lose(ac, arena_printf(ac->a, "of %lld findings of %.*s %u are in the report",
			     s->parsed, STR_ARG(str_take(s->step, 80)), listed));
}

struct str evidence_account(struct arena *a, const struct parsed_step *steps, size_t n_steps,
    struct finding *const *listed, size_t n_listed)
{
	struct accounting ac = { .a = a };
	struct str text = { "", 0 };

	map_init(&ac.listed, a);
	map_init(&ac.steps, a);
	buf_init(&ac.lost, KIB(64));
	check_listed(&ac, listed, n_listed);
	for (size_t i = 0; i < n_steps; i++)
		check_step(&ac, &steps[i]);
	if (ac.n_lost > TOLD_MAX)
		buf_printf(&ac.lost, "; and %u more", ac.n_lost - TOLD_MAX);
	if (ac.n_lost)
		text = str_from(
		    arena_printf(a, "findings were lost: %.*s", STR_ARG(buf_str(&ac.lost))));
	buf_fini(&ac.lost);
	return text;
}
