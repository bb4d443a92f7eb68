/*
 * Where a text names findings. A name is a uid ("S1", "data/S1"), or step and id of a finding whose
 * id is unique; it stands between characters that are no part of a word, but lists like "S1/S2"
 * and "S1-S3" name both. "r-6v4e0q2m8k#S1" is a finding of another run.
 */
#include "evidence/priv.h"

#include "base/map.h"

#include <ctype.h>

struct mentions {
	struct map by_name;
};

struct str uid_with_step(struct arena *a, const struct finding *f)
{
	if (!f->step.n || !f->id.n)
		return (struct str){ "", 0 };
	return str_from(arena_printf(a, "%.*s/%.*s", STR_ARG(f->step), STR_ARG(f->id)));
}

static void add_name(struct mentions *m, struct str name, struct finding *f)
{
	if (name.n && !map_get(&m->by_name, name))
		map_put(&m->by_name, name, f);
}

struct mentions *mentions_create(struct arena *a, struct finding *const *findings, size_t n)
{
	struct mentions *m = arena_new(a, struct mentions);

	map_init(&m->by_name, a);
	for (size_t i = 0; i < n; i++)
		add_name(m, findings[i]->uid, findings[i]);
	for (size_t i = 0; i < n; i++)
		add_name(m, uid_with_step(a, findings[i]), findings[i]);
	return m;
}

static bool is_part(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_joint(char c)
{
	return c == '-' || c == '/';
}

/* The longest name that S begins with, or NULL. Names are short; what is longer is none. */
static struct finding *name_at(const struct mentions *m, struct str s, size_t *ret_n)
{
	size_t n = 0;

	while (n < s.n && n < 256 && (is_part(s.p[n]) || is_joint(s.p[n])))
		n++;
	while (n) {
		struct finding *f =
		    is_part(s.p[n - 1]) ? map_get(&m->by_name, str_take(s, n)) : NULL;

		*ret_n = n;
		if (f)
			return f;
		do
			n--;
		while (n && !(is_joint(s.p[n]) && is_part(s.p[n - 1])));
	}
	return NULL;
}

bool mention_next(const struct mentions *m, struct str line, size_t from, struct mention *ret)
{
	for (size_t at = from; at < line.n; at++) {
		size_t n;

		if (!is_part(line.p[at]) || (at && is_part(line.p[at - 1])))
			continue;
		if (is_of_another_run(line, at)) {
			n = item_id_length(str_skip(line, at));
			at += n ? n - 1 : 0;
			continue;
		}
		struct finding *f = name_at(m, str_skip(line, at), &n);

		if (f) {
			*ret = (struct mention){ at, n, f };
			return true;
		}
	}
	return false;
}
