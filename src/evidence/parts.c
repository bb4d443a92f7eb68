/*
 * What an item says under its labels: "Claim: …", "- **Failure scenario:** …", "#### Suggestion". A
 * value goes on over the lines below it until another label, a heading or a blank line; models
 * write their steps as lists. The labels are those that the built-in personas ask for, and those
 * that small models write in their place.
 */
#include "evidence/priv.h"

#include <ctype.h>

#define LABEL_MAX 24

enum part { PART_CLAIM, PART_SCENARIO, PART_SUGGESTION, PARTS, PART_OTHER = PARTS, PART_NONE };

static const struct {
	const char *label;
	enum part part;
} labels[] = {
	{ "claim", PART_CLAIM },
	{ "finding", PART_CLAIM },
	{ "problem", PART_CLAIM },
	{ "issue", PART_CLAIM },
	{ "description", PART_CLAIM },
	{ "failure scenario", PART_SCENARIO },
	{ "failure_scenario", PART_SCENARIO },
	{ "scenario", PART_SCENARIO },
	{ "exploit", PART_SCENARIO },
	{ "attack", PART_SCENARIO },
	{ "suggestion", PART_SUGGESTION },
	{ "suggested fix", PART_SUGGESTION },
	{ "recommendation", PART_SUGGESTION },
	{ "fix", PART_SUGGESTION },
	{ "remedy", PART_SUGGESTION },
	{ "mitigation", PART_SUGGESTION },
	{ "severity", PART_OTHER },
	{ "confidence", PART_OTHER },
	{ "evidence", PART_OTHER },
	{ "citation", PART_OTHER },
	{ "citations", PART_OTHER },
	{ "location", PART_OTHER },
	{ "class", PART_OTHER },
	{ "category", PART_OTHER },
	{ "impact", PART_OTHER },
	{ "likelihood", PART_OTHER },
	{ "where", PART_OTHER },
	{ "file", PART_OTHER },
	{ "files", PART_OTHER },
	{ "dimension", PART_OTHER },
	{ "principle", PART_OTHER },
	{ "priority", PART_OTHER },
	{ "searched", PART_OTHER },
	{ "addresses", PART_OTHER },
	{ "rates", PART_OTHER },
	{ "source", PART_OTHER },
	{ "sources", PART_OTHER },
	{ "unverified", PART_OTHER },
	{ "reason", PART_OTHER },
	{ "result", PART_OTHER },
	{ "verdict", PART_OTHER },
	{ "item", PART_OTHER },
};

static enum part part_of(struct str label)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (str_eq_nocase(label, str_from(labels[i].label)))
			return labels[i].part;
	return PART_NONE;
}

/* The label that LINE begins with; *RET is what stands behind it. */
static enum part label_of(struct str line, struct str *ret)
{
	struct str rest = str_trim(line);
	bool heading = heading_level(rest);
	ptrdiff_t colon = str_chr(str_take(rest, LABEL_MAX + 16), ':');

	if (colon < 0) {
		*ret = str_skip(rest, rest.n);
		return heading ? part_of(strip_marks(item_undress(rest))) : PART_NONE;
	}
	*ret = strip_marks(str_skip(rest, (size_t)colon + 1));
	return part_of(strip_marks(item_undress(str_take(rest, (size_t)colon))));
}

/* The part that is being read: where it began, and where it ends so far. */
struct reading {
	enum part part;
	const char *from, *to;
};

static void read_end(struct reading *r, struct str *parts)
{
	if (r->part < PARTS && !parts[r->part].n && r->from)
		parts[r->part] = strip_marks((struct str){ r->from, (size_t)(r->to - r->from) });
	*r = (struct reading){ .part = PART_NONE };
}

static bool is_prose(struct str line)
{
	return line.n && !strchr("#|>`-*+<", line.p[0]) && !isdigit((unsigned char)line.p[0]);
}

static void read_line(struct reading *r, struct str line, struct str *parts, bool first)
{
	struct str value, trimmed = str_trim(line);
	enum part part = label_of(line, &value);

	if (part != PART_NONE || heading_level(trimmed)) {
		read_end(r, parts);
		r->part = part;
		r->from = value.n ? value.p : NULL;
		r->to = value.p + value.n;
	} else if (!trimmed.n) {
		if (r->from)
			read_end(r, parts);
	} else if (r->part != PART_NONE || (first && is_prose(trimmed))) {
		/* an item that begins with a sentence claims that */
		r->part = r->part == PART_NONE ? PART_CLAIM : r->part;
		r->from = r->from ? r->from : trimmed.p;
		r->to = trimmed.p + trimmed.n;
	}
}

void item_parts(struct finding *f)
{
	struct str parts[PARTS] = { { "", 0 }, { "", 0 }, { "", 0 } }, rest = f->body;
	struct reading r = { .part = PART_NONE };
	bool fence = false;

	while (rest.p && rest.n) {
		struct str line = str_line(&rest);

		if (str_starts(str_trim(line), STR("```"))) {
			read_end(&r, parts);
			fence = !fence;
		} else if (!fence) {
			read_line(&r, line, parts, line.p == f->body.p);
		}
	}
	read_end(&r, parts);
	f->claim = parts[PART_CLAIM];
	f->scenario = parts[PART_SCENARIO];
	f->suggestion = parts[PART_SUGGESTION];
}
