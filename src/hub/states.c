/* Which events a page hears of, and in which form. */
#include "hub/priv.h"

#include "base/unconst.h"

#include <stdlib.h>

#define DATA_MAX HUB_BYTES /* of one event; more is left out by members, */
#define MEMBER_MAX KIB(16) /* those that are larger than that */

/* What a single agent does: rows ("tail") and conversations ("blocks") tell it. */
static bool is_fact(struct str type)
{
	static const char *const facts[] = { "text", "think", "void", "tool", "tool_end", "denied",
		"usage", "init", "retry", "waiting", "request", "exchange", "progress", "proof" };

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (str_is(type, facts[i]))
			return true;
	return false;
}

static void add_large(struct buf *b, struct row *row)
{
	json_t *value, *kept = json_object();
	const char *key;

	json_object_foreach ((json_t *)unconst(row_doc(row)), key, value) {
		char *text = json_dump(value);

		if (strlen(text) <= MEMBER_MAX)
			json_object_set(kept, key, value);
		free(text);
	}
	json_object_set_new(kept, "cut", json_integer((json_int_t)row->data.n));
	buf_add_value(b, kept);
	json_decref(kept);
}

static void add_row(struct portion *p, struct row *row)
{
	struct buf *b = &p->states;
	char stamp[32];

	buf_adds(b, p->n_states++ ? ",{" : "{");
	buf_member_int(b, "seq", row->seq);
	buf_member(b, "at", str_from(clock_iso(row->at, stamp, sizeof(stamp))));
	buf_member(b, "type", row->type);
	buf_member_json(b, "data", STR(""));
	if (row->data.n > DATA_MAX)
		add_large(b, row);
	else
		buf_add(b, row->data);
	buf_addc(b, '}');
}

void portion_states(struct portion *p)
{
	if (p->has_states)
		return;
	p->has_states = true;
	for (size_t i = 0; i < p->n; i++) {
		struct row *row = &p->rows[i];

		if (is_fact(row->type))
			continue;
		add_row(p, row);
		if (str_is(row->type, "run"))
			p->has_report |= json_get_str(row_doc(row), "report").n > 0;
	}
}
