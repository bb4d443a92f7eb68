/* The model's nodes, and what its expressions come to. */
#include "model.h"

#include "base/json.h"
#include "base/map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* --- texts that outlive transactions --------------------------------------------------------- */

static struct kept {
	struct kept *next;
	struct str s;
	char text[];
} * kept[256];

struct str model_keep(struct str s)
{
	unsigned h = (unsigned)s.n;

	for (size_t i = 0; i < s.n; i++)
		h = h * 31 + (unsigned char)s.p[i];
	for (struct kept *k = kept[h % 256]; k; k = k->next)
		if (str_eq(k->s, s))
			return k->s;
	struct kept *k = xalloc(sizeof(*k) + s.n + 1);

	if (s.n)
		memcpy(k->text, s.p, s.n);
	k->s = (struct str){ k->text, s.n };
	k->next = kept[h % 256];
	kept[h % 256] = k;
	return k->s;
}

void model_forget_texts(void)
{
	for (int i = 0; i < 256; i++) {
		for (struct kept *k = kept[i], *next; k; k = next) {
			next = k->next;
			free(k);
		}
		kept[i] = NULL;
	}
}

/* --- nodes ------------------------------------------------------------------------------------ */

struct model *model_create(const struct core *c, struct str seed)
{
	struct model *m = xalloc(sizeof(*m));

	m->flow = core_flow(c);
	m->size = core_size(c);
	m->seed = model_keep(seed);
	m->end_as = -1;
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	free(m->nodes);
	free(m);
}

void model_copy(struct model *to, const struct model *from)
{
	struct model_node *nodes = to->nodes;
	int cap = to->cap;

	if (cap < from->n) {
		cap = from->cap;
		nodes = xrealloc(nodes, (size_t)cap * sizeof(*nodes));
	}
	*to = *from;
	to->nodes = nodes;
	to->cap = cap;
	if (from->n)
		memcpy(nodes, from->nodes, (size_t)from->n * sizeof(*nodes));
}

int model_find(const struct model *m, struct str name)
{
	for (int i = 0; i < m->n; i++)
		if (!m->nodes[i].dead && str_eq(m->nodes[i].name, name))
			return i;
	return -1;
}

int model_add(struct model *m, struct str name, const struct flow_step *def, enum step_kind kind,
    int parent, unsigned ordinal)
{
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 32;
		m->nodes = xrealloc(m->nodes, (size_t)m->cap * sizeof(*m->nodes));
	}
	m->nodes[m->n] = (struct model_node){ .name = model_keep(name),
		.def = def,
		.kind = kind,
		.parent = parent,
		.ordinal = ordinal,
		.chosen = -1,
		.seat = UINT32_MAX };
	return m->n++;
}

/* Everything of the flow's top level that its size does not exclude. */
void model_plan(struct model *m)
{
	for (size_t k = 0; k < m->flow->n_steps; k++) {
		const struct flow_step *def = m->flow->steps[k];

		if (def->size <= m->size && model_find(m, def->id) < 0)
			model_add(m, def->id, def, def->kind, -1, 0);
	}
	m->planned = true;
}

static bool names(const struct flow_step *sw, struct str id)
{
	for (size_t k = 0; k < sw->sw.n_cases; k++)
		for (size_t s = 0; s < sw->sw.cases[k].steps.n; s++)
			if (str_eq(sw->sw.cases[k].steps.v[s], id))
				return true;
	return false;
}

static void add_need(int *needs, int *n, int need)
{
	for (int k = 0; k < *n; k++)
		if (needs[k] == need)
			return;
	if (*n < MODEL_NEEDS_MAX)
		needs[(*n)++] = need;
}

/* Of a top-level step: what it names, the switches that name it; else the snapshot. */
static int top_needs(const struct model *m, int i, int *needs)
{
	const struct model_node *node = model_at(m, i);
	int n = 0, snapshot = model_find(m, STR("snapshot"));

	for (int k = 0; k < m->n; k++) {
		const struct model_node *other = model_at(m, k);

		if (k == i || other->parent >= 0 || !other->def || other->dead)
			continue;
		for (size_t d = 0; d < node->def->needs.n; d++)
			if (str_eq(node->def->needs.v[d], other->name))
				add_need(needs, &n, k);
		if (other->kind == KIND_SWITCH && names(other->def, node->name))
			add_need(needs, &n, k);
	}
	if (!n && snapshot >= 0)
		add_need(needs, &n, snapshot);
	return n;
}

int model_needs(const struct model *m, int i, int *needs)
{
	const struct model_node *node = model_at(m, i);
	int n = 0;

	if (!node->def)
		return 0;
	if (node->parent < 0)
		return top_needs(m, i, needs);
	if (model_at(m, node->parent)->kind != KIND_LOOP)
		return 0;
	for (int k = 0; k < m->n; k++) {
		const struct model_node *other = model_at(m, k);

		if (other->dead || other->parent != node->parent || other->ordinal != node->ordinal)
			continue;
		for (size_t d = 0; d < node->def->needs.n; d++)
			if (str_eq(node->def->needs.v[d], other->def->id))
				add_need(needs, &n, k);
	}
	return n;
}

/* --- what names mean -------------------------------------------------------------------------- */

/* Of its own round first, then outwards, then of the top level. */
int model_sees(const struct model *m, int from, struct str id)
{
	for (int at = from; at >= 0 && model_at(m, at)->parent >= 0; at = model_at(m, at)->parent)
		for (int i = 0; i < m->n; i++) {
			const struct model_node *n = model_at(m, i);

			if (!n->dead && n->parent == model_at(m, at)->parent &&
			    n->ordinal == model_at(m, at)->ordinal && str_eq(n->def->id, id))
				return i;
		}
	return model_find(m, id);
}

/* The output that a text sees: of the round before, while there is none of this round yet. */
static bool sees_output(const struct model *m, int from, struct str id, struct str *ret)
{
	int i = model_sees(m, from, id);

	if (i < 0)
		return false;
	const struct model_node *n = model_at(m, i);

	if (!step_is_settled(n->status) && n->parent >= 0 &&
	    model_at(m, n->parent)->kind == KIND_LOOP)
		for (int k = 0; k < m->n; k++) {
			const struct model_node *b = model_at(m, k);

			if (!b->dead && b->parent == n->parent && b->def == n->def &&
			    b->ordinal + 1 == n->ordinal)
				n = b;
		}
	*ret = n->output;
	return n->status == STEP_COMPLETED && n->output.p;
}

static int round_of(const struct model *m, int from)
{
	for (int at = from; at >= 0; at = model_at(m, at)->parent)
		if (model_at(m, at)->parent >= 0 &&
		    model_at(m, model_at(m, at)->parent)->kind == KIND_LOOP)
			return (int)model_at(m, at)->ordinal;
	return 0;
}

/* steps.ID.FIELD and what is behind it. */
static bool split_step(struct str text, struct str *id, struct str *field, struct str *rest)
{
	if (!str_starts(text, STR("steps.")))
		return false;
	struct str t = str_skip(text, 6);

	*id = str_split(&t, '.');
	size_t n = 0;

	while (t.p && n < t.n && isalpha((unsigned char)t.p[n]))
		n++;
	*field = str_take(t, n);
	*rest = str_skip(t, n);
	return true;
}

static struct str quoted(struct str text)
{
	struct str rest = text, word;

	str_split(&rest, '"');
	word = str_split(&rest, '"');
	return word;
}

int model_test(const struct model *m, int from, struct str text)
{
	struct str id, field, rest, output;

	if (str_is(text, "true") || str_is(text, "false"))
		return str_is(text, "true");
	if (str_is(text, "size == \"large\""))
		return m->size == SIZE_LARGE;
	if (str_is(text, "signals.big"))
		return m->measured ? m->big : -1;
	if (str_starts(text, STR("round >= ")))
		return round_of(m, from) >= atoi(text.p + 9);
	if (!split_step(text, &id, &field, &rest))
		return -1;
	if (str_is(field, "status")) {
		int i = model_sees(m, from, id);

		return i >= 0 && str_is(quoted(rest), step_status_name(model_at(m, i)->status));
	}
	return sees_output(m, from, id, &output) && str_eq(output, quoted(rest));
}

/* {"a", "b"} or ["a","b"]: texts between quotes. */
static int items_of(struct str text, struct str *items, int max)
{
	struct str rest = text;
	int n = 0;

	while (rest.p) {
		str_split(&rest, '"');
		struct str item = rest.p ? str_split(&rest, '"') : (struct str){ NULL, 0 };

		if (item.p && n < max)
			items[n++] = item;
	}
	return n;
}

int model_list(const struct model *m, int from, struct str text, struct str *items, int max)
{
	struct str id, field, rest, output;

	if (str_starts(text, STR("{")))
		return items_of(text, items, max);
	if (!split_step(text, &id, &field, &rest) || !sees_output(m, from, id, &output) ||
	    !str_starts(output, STR("[")))
		return -1;
	return items_of(output, items, max);
}

bool model_code(const struct model *m, int from, struct str text, struct str *ret)
{
	struct str expr = str_skip(text, 7), id, field, rest, items[4], output; /* "return " */
	char list[64] = "[";

	if (str_starts(expr, STR("\""))) {
		*ret = quoted(expr);
		return true;
	}
	if (str_starts(expr, STR("{"))) {
		int n = items_of(expr, items, 4);

		for (int k = 0; k < n; k++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%.*s\"",
			    k ? "," : "", STR_ARG(items[k]));
		*ret = model_keep(str_from(strncat(list, "]", sizeof(list) - strlen(list) - 1)));
		return true;
	}
	if (!split_step(expr, &id, &field, &rest))
		return false;
	*ret = sees_output(m, from, id, &output) ? output : STR("");
	return true;
}
