/* A validator that judges as a script says: with evidence and without, twice, others, as JSON. */
#include "rehearsal/priv.h"

static const char *const ways[JUDGE_WAYS] = {
	[JUDGE_CONFIRM] = "confirm",
	[JUDGE_PARTLY] = "partly",
	[JUDGE_REFUTE] = "refute",
	[JUDGE_BARE] = "refute-bare",
	[JUDGE_INVENTED] = "refute-invented",
	[JUDGE_TWICE] = "twice",
	[JUDGE_SKIP] = "skip",
	[JUDGE_OTHERS] = "others",
	[JUDGE_OWN] = "own",
};

bool judging_parse(struct str text, struct judging_rule *ret)
{
	struct str rest = str_trim(text), word = str_split(&rest, ' ');

	*ret = (struct judging_rule){ .json = str_is(word, "json") };
	if (ret->json) {
		rest = str_trim(rest);
		word = str_split(&rest, ' ');
	}
	ret->item = rest.p ? str_trim(rest) : (struct str){ "", 0 };
	for (int way = 0; way < JUDGE_WAYS; way++) {
		ret->way = (enum judging)way;
		if (str_is(word, ways[way]))
			return true;
	}
	return false;
}

/* --- places ------------------------------------------------------------------------------- */

/* A line that was read: one far from the item's own, so that it says something else. */
static bool place_read(const struct scene *s, struct ruling *r)
{
	for (size_t i = s->book.n_views; i-- > 0;) {
		const struct view *v = s->book.views[i];
		const struct line *l = NULL;

		for (size_t k = v->n; k-- > 0 && !l;)
			l = quote_of(&v->lines[k]).n ? &v->lines[k] : NULL;
		if (!l)
			continue;
		r->path = v->path;
		r->line = l->no;
		r->quote = quote_of(l);
		return true;
	}
	return false;
}

static void cite(const struct scene *s, struct ruling *r)
{
	if (!r->quote.n)
		place_read(s, r);
}

static void cite_nothing(struct ruling *r)
{
	r->path = r->quote = (struct str){ "", 0 };
}

/* --- ways --------------------------------------------------------------------------------- */

static void say(struct ruling *r, enum verdict_word said)
{
	r->said = said;
	r->reason = STR("As the script says.");
}

static void refute(const struct scene *s, struct ruling *r, enum judging way)
{
	say(r, SAID_REFUTED);
	if (way == JUDGE_BARE) {
		cite_nothing(r);
		return;
	}
	cite(s, r);
	if (way == JUDGE_INVENTED) {
		r->path = STR("src/there/is/no/such/file.c");
		r->line = 1;
	}
}

static size_t bend(const struct scene *s, struct ruling r, enum judging way, struct ruling *ret)
{
	ret[0] = r;
	switch ((int)way) {
	case JUDGE_CONFIRM:
	case JUDGE_TWICE:
		say(&ret[0], SAID_CONFIRMED);
		break;
	case JUDGE_PARTLY:
		say(&ret[0], SAID_PARTLY);
		break;
	case JUDGE_SKIP:
		return 0;
	default:
		refute(s, &ret[0], way);
		break;
	}
	if (way == JUDGE_OTHERS)
		ret[0].as = STR("ZZ-99");
	if (way == JUDGE_OWN)
		ret[0].as = STR("V1");
	if (way != JUDGE_TWICE)
		return 1;
	ret[1] = r;
	refute(s, &ret[1], JUDGE_REFUTE);
	return 2;
}

static const struct judging_rule *rule_of(const struct mischief *m, const struct item *item)
{
	for (size_t i = m->n_judging; i-- > 0;)
		if (!m->judging[i].item.n || str_eq(m->judging[i].item, item->id))
			return &m->judging[i];
	return NULL;
}

void rulings_bend(const struct scene *s, const struct mischief *m, struct draft *d)
{
	struct ruling *v = arena_array(s->a, 2 * d->n_rulings + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < d->n_rulings; i++) {
		const struct judging_rule *rule = rule_of(m, d->rulings[i].item);

		if (rule)
			n += bend(s, d->rulings[i], rule->way, &v[n]);
		else
			v[n++] = d->rulings[i];
		d->as_json |= rule && rule->json;
	}
	d->rulings = v;
	d->n_rulings = n;
}
