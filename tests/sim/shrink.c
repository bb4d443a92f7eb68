/* A failing world made smaller: fewer kinds of faults, fewer faults, fewer people, simpler flows.
 */
#include "sim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char part_letters[PARTS] = { 'f', 'a', 's' };

struct shrinking {
	struct sim_spec *spec;
	char kind[24]; /* how it fails: what stands before the first colon */
	unsigned tries;
	struct sim_result last;
};

static void kind_of(const char *failed, char *kind, size_t size)
{
	snprintf(kind, size, "%.*s", (int)strcspn(failed, ":,"), failed);
}

static bool still_fails(struct shrinking *s, const struct sim_spec *spec)
{
	struct sim_result got;
	char kind[24];

	s->tries++;
	sim_run(spec, &got);
	kind_of(got.failed, kind, sizeof(kind));
	if (!got.failed[0] || strcmp(kind, s->kind) != 0)
		return false;
	s->last = got;
	return true;
}

static void drop_kinds(struct shrinking *s)
{
	for (int f = 0; f < FAULTS; f++) {
		struct sim_spec less = *s->spec;

		less.off[f] = true;
		if (!s->spec->off[f] && still_fails(s, &less))
			*s->spec = less;
	}
}

/* Halves, quarters … single ones, as long as that helps. */
static void drop_parts(struct shrinking *s, enum part part)
{
	unsigned n = s->last.parts[part] < PART_MAX ? s->last.parts[part] : PART_MAX;

	for (unsigned size = n; size > 0; size /= 2)
		for (unsigned from = 0; from < n; from += size) {
			struct sim_spec less = *s->spec;

			for (unsigned i = from; i < from + size && i < n; i++)
				less.without[part][i] = true;
			if (memcmp(&less, s->spec, sizeof(less)) != 0 && still_fails(s, &less))
				*s->spec = less;
		}
}

/* What is left out and never happened any more need not be named. */
static void tidy(struct shrinking *s)
{
	for (int p = 0; p < PARTS; p++)
		for (unsigned i = s->last.parts[p]; i < PART_MAX; i++)
			s->spec->without[p][i] = false;
}

unsigned sim_shrink(struct sim_spec *spec)
{
	struct shrinking s = { .spec = spec };

	sim_run(spec, &s.last);
	kind_of(s.last.failed, s.kind, sizeof(s.kind));
	if (!s.last.failed[0])
		return 0;
	drop_kinds(&s);
	for (int round = 0; round < 2; round++)
		for (int p = 0; p < PARTS; p++)
			drop_parts(&s, (enum part)p);
	tidy(&s);
	return s.tries;
}

void sim_command(const struct sim_spec *spec, struct buf *b)
{
	unsigned n = 0;

	buf_printf(b, "./dev sim --seed %llu", (unsigned long long)spec->seed);
	for (int f = 0; f < FAULTS; f++)
		if (spec->off[f])
			buf_printf(b, "%s%s", n++ ? "," : " --off ", fault_names[f]);
	n = 0;
	for (int p = 0; p < PARTS; p++)
		for (unsigned i = 0; i < PART_MAX; i++)
			if (spec->without[p][i])
				buf_printf(
				    b, "%s%c%u", n++ ? "," : " --without ", part_letters[p], i);
}

bool sim_parse_off(struct sim_spec *spec, const char *text)
{
	struct str rest = str_from(text);

	while (rest.p) {
		struct str name = str_split(&rest, ',');
		bool found = false;

		for (int f = 0; f < FAULTS; f++)
			if (str_is(name, fault_names[f]))
				spec->off[f] = found = true;
		if (!found)
			return false;
	}
	return true;
}

bool sim_parse_without(struct sim_spec *spec, const char *text)
{
	struct str rest = str_from(text);

	while (rest.p) {
		struct str word = str_split(&rest, ',');
		const char *letter = word.n ? memchr(part_letters, word.p[0], PARTS) : NULL;
		unsigned long long i;

		if (!letter || !str_to_u64(str_skip(word, 1), PART_MAX - 1, &i))
			return false;
		spec->without[letter - part_letters][i] = true;
	}
	return true;
}
