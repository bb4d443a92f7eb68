/*
 * What the built-in flows ask models to read before anybody has written a text: prompts and bytes
 * at each size if every signal is there, and how much of it is the same for agents that look side
 * by side.
 */
#include "bench.h"

#include "../unit/catalogue.h"

#include <stdio.h>

struct sums {
	unsigned prompts, looking;
	size_t bytes, largest, common, shortest; /* common, shortest: of those that look */
	struct str first;
};

static void take(struct sums *s, const struct flow_step *step, struct str text)
{
	s->prompts++;
	s->bytes += text.n;
	s->largest = text.n > s->largest ? text.n : s->largest;
	if (step->role != ROLE_ANGLE || step->agent.web == WEB_ONLY)
		return;
	size_t same = s->looking ? catalogue_common(s->first, text) : text.n;

	s->first = s->looking ? s->first : text;
	s->common = s->looking && s->common < same ? s->common : same;
	s->shortest = s->looking && s->shortest < text.n ? s->shortest : text.n;
	s->looking++;
}

static void print(const struct flow *f, enum flow_size size, const struct sums *s)
{
	double share = s->shortest ? (double)s->common / (double)s->shortest : 0;

	printf("  %-30.*s %-7s %3u %8zu %8zu", STR_ARG(f->name), flow_size_name(size), s->prompts,
	    s->bytes, s->largest);
	if (s->looking > 1)
		printf(" %7.0f %%\n", 100 * share);
	else
		printf("       –\n");
}

static struct sums measure(struct catalogue *c, const struct flow *f)
{
	struct sums s = { .prompts = 0 };

	for (size_t k = 0; k < f->n_all; k++) {
		struct prompt p;
		struct err err;

		if (!catalogue_takes_part(c, f->all[k]))
			continue;
		int rc = catalogue_prompt(c, f, f->all[k], &p, &err);

		if (rc)
			bench_die(err.what, rc);
		take(&s, f->all[k], p.text);
	}
	return s;
}

int bench_prompts(struct arena *a)
{
	struct catalogue c;
	size_t largest = 0;

	catalogue_open(&c, a);
	c.signals = true;
	bench_title("prompts of the built-in flows, without texts of other agents");
	printf("  %-30s %-7s %3s %8s %8s %9s\n", "flow", "size", "n", "bytes", "largest", "common");
	for (size_t i = 0; i < library_count(c.lib); i++)
		for (c.size = SIZE_SMALL; c.size <= SIZE_LARGE; c.size++) {
			const struct flow *f = library_at(c.lib, i)->flow;
			struct sums s = measure(&c, f);

			largest = s.largest > largest ? s.largest : largest;
			print(f, c.size, &s);
		}
	bench_goal("largest prompt", (double)largest / KIB(1), true, 8, "KiB");
	catalogue_close(&c);
	return 0;
}
