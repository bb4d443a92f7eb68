/* An answer before it becomes text, and the text in the form that was asked for. */
#include "rehearsal/priv.h"

static void make_summary(const struct scene *s, struct draft *d)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_adds(&b, REHEARSAL_NOTE " ");
	coverage_write(&b, s);
	d->summary = buf_to_arena(s->a, &b);
}

void draft_make(const struct scene *s, unsigned inventions, struct draft *ret)
{
	struct draft d = { .n_findings = 0 };

	if (s->part.kind == PART_ANALYST)
		findings_make(s, &d);
	else if (s->part.kind == PART_RATER)
		ratings_make(s, &d);
	else if (s->part.kind == PART_JUDGE)
		rulings_make(s, &d);
	make_summary(s, &d);
	if (inventions)
		inventions_add(s, inventions, &d);
	*ret = d;
}

/* --- text ---------------------------------------------------------------------------------------
 */

static void write_analysis(struct buf *b, const struct scene *s, const struct draft *d)
{
	findings_write(b, d);
	if (d->n_findings == 0 && *s->part.lens->clean)
		buf_printf(b, "%s\n\n", s->part.lens->clean);
	buf_printf(b, "## Summary\n%.*s\n", STR_ARG(d->summary));
	buf_adds(b, "Confidence: low — counted and matched, not understood.\n");
}

static void write_plain(struct buf *b, const struct scene *s, const struct draft *d)
{
	(void)s;
	buf_printf(b, "%.*s\n", STR_ARG(d->summary));
}

static void (*const writers[])(struct buf *b, const struct scene *s, const struct draft *d) = {
	[PART_PLAIN] = write_plain,
	[PART_ANALYST] = write_analysis,
	[PART_RATER] = write_analysis,
	[PART_JUDGE] = rulings_write,
	[PART_ADVISER] = advice_write,
};

json_t *draft_value(const struct scene *s, const struct draft *d)
{
	const struct schema_source src = { s, d };

	return schema_fill(&src, s->part.schema);
}

static void write_value(
    struct buf *b, const struct scene *s, const struct draft *d, struct str unread)
{
	json_t *value = draft_value(s, d);

	buf_printf(b, "%.*s\n", STR_ARG(d->summary));
	receipt_write(b, s, unread);
	buf_adds(b, "\n```json\n");
	buf_add_value(b, value);
	buf_adds(b, "\n```\n");
	json_decref(value);
}

struct str draft_write(const struct scene *s, const struct draft *d, struct str unread)
{
	struct buf b;

	buf_init(&b, REHEARSAL_TEXT_MAX);
	if (s->part.schema)
		write_value(&b, s, d, unread);
	else
		writers[s->part.kind](&b, s, d);
	if (!s->part.schema)
		receipt_write(&b, s, unread);
	return buf_to_arena(s->a, &b);
}
