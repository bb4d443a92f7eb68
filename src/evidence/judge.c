/* Verdicts, read out of a validator's text as it is written: blocks, bullets, tables, JSON. */
#include "evidence/priv.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/unconst.h"
#include "flow/output.h"

#include <ctype.h>

/* --- reading ----------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum verdict verdict;
} verdict_words[] = {
	/* what softens comes before what it softens */
	{ "partly", VERDICT_WEAKENED },
	{ "partial", VERDICT_WEAKENED },
	{ "weakened", VERDICT_WEAKENED },
	{ "overstated", VERDICT_WEAKENED },
	{ "not refuted", VERDICT_UPHELD },
	{ "not confirmed", VERDICT_WEAKENED },
	{ "unconfirmed", VERDICT_WEAKENED },
	{ "refuted", VERDICT_REFUTED },
	{ "rejected", VERDICT_REFUTED },
	{ "false positive", VERDICT_REFUTED },
	{ "confirmed", VERDICT_UPHELD },
	{ "upheld", VERDICT_UPHELD },
	{ "holds", VERDICT_UPHELD },
};

static bool is_own(struct str id)
{
	return id.n > 1 && id.p[0] == 'V' && isdigit((unsigned char)id.p[1]);
}

static bool contains_nocase(struct str s, struct str word)
{
	for (size_t i = 0; i + word.n <= s.n; i++)
		if (str_eq_nocase((struct str){ s.p + i, word.n }, word))
			return true;
	return false;
}

static enum verdict verdict_in(struct str s)
{
	s = str_take(s, 400);
	for (size_t i = 0; i < sizeof(verdict_words) / sizeof(verdict_words[0]); i++)
		if (contains_nocase(s, str_from(verdict_words[i].word)))
			return verdict_words[i].verdict;
	return VERDICT_NONE;
}

/* The first item id in S that does not belong to the validator itself. */
static struct str id_in(struct str s)
{
	s = str_take(s, 400);
	for (size_t i = 0; i < s.n; i++) {
		struct str rest = str_skip(s, i);
		bool inside = i && (is_word_char(s.p[i - 1]) || s.p[i - 1] == '/');
		size_t n = inside || is_of_another_run(s, i) ? 0 : item_id_length(rest);

		if (n && !is_own(str_take(rest, n)))
			return str_take(rest, n);
	}
	return (struct str){ "", 0 };
}

static struct str first_field(struct str body, const char *const *keys)
{
	struct str value = { "", 0 };

	for (; *keys && !value.n; keys++)
		value = item_field(body, *keys);
	return value;
}

/* "### V1: S1 — confirmed", or "- S1: confirmed, because …". */
static bool judgement_of(const struct finding *f, struct judgement *ret)
{
	static const char *const items[] = { "Item", "Finding", "Claim", NULL };
	static const char *const results[] = { "Result", "Verdict", NULL };
	static const char *const reasons[] = { "Reason", "Because", "Result", "Claim", NULL };
	struct str result = first_field(f->body, results), rest = f->body;
	struct judgement j = {
		.by = f->uid.n ? f->uid : f->id, .cites = f->cites, .n_cites = f->n_cites
	};

	j.item = is_own(f->id) ? id_in(f->title) : f->id;
	if (!j.item.n)
		j.item = id_in(first_field(f->body, items));
	j.said = verdict_in(f->title);
	if (j.said == VERDICT_NONE)
		j.said = verdict_in(result);
	j.reason = first_field(f->body, reasons);
	if (!j.reason.n)
		j.reason = strip_marks(str_line(&rest));
	j.impact = item_field(f->body, "Impact");
	*ret = j;
	return j.item.n && j.said != VERDICT_NONE;
}

/* "| S1 | confirmed | because … |" */
static bool judgement_of_row(struct str line, struct judgement *ret)
{
	struct judgement j = { .said = VERDICT_NONE };

	line = str_trim(line);
	if (!line.n || line.p[0] != '|')
		return false;
	while (line.p) {
		struct str cell = strip_marks(str_split(&line, '|'));

		if (!j.item.n && item_id_length(cell) == cell.n && cell.n && !is_own(cell))
			j.item = cell;
		else if (j.said == VERDICT_NONE && cell.n < 40)
			j.said = verdict_in(cell);
		else if (cell.n > j.reason.n)
			j.reason = cell;
	}
	j.by = j.item;
	*ret = j;
	return j.item.n && j.said != VERDICT_NONE;
}

/*
 * "### S1 — confirmed", and further down "### S1 — refuted": the first is an item of the text, the
 * second is only known by its line. SEEN: the ids of lines before.
 */
static bool judgement_again(struct map *seen, struct str line, struct judgement *ret)
{
	struct item_head head;
	struct judgement j = { .said = VERDICT_NONE };

	if (!item_head(line, &head) || is_own(head.id))
		return false;
	j.item = j.by = head.id;
	j.said = verdict_in(head.title);
	j.reason = head.title;
	if (map_put(seen, head.id, seen) == NULL || j.said == VERDICT_NONE)
		return false;
	*ret = j;
	return true;
}

static size_t count_lines(struct str text, struct str prefix)
{
	size_t n = 0;

	while (text.p)
		n += str_starts(str_trim(str_line(&text)), prefix);
	return n;
}

static bool is_fence(struct str line)
{
	return str_starts(str_trim(line), STR("```"));
}

size_t judgements_parse(struct arena *a, struct str text, const struct evidence *validator_evidence,
    struct judgement **ret)
{
	size_t most = validator_evidence->n_findings, n = 0, room;
	bool fenced = false;
	struct map seen;

	room = count_lines(text, (struct str){ "", 0 });
	room = most + (room < FINDINGS_MAX ? room : FINDINGS_MAX);
	struct judgement *v = arena_array(a, room, sizeof(*v));

	map_init(&seen, a);
	for (size_t i = 0; i < most; i++)
		n += judgement_of(validator_evidence->findings[i], &v[n]);
	for (struct str rest = text; rest.p && n < room;) {
		struct str line = str_line(&rest);

		fenced ^= is_fence(line);
		if (fenced)
			continue;
		if (judgement_of_row(line, &v[n]) || judgement_again(&seen, line, &v[n]))
			n++;
	}
	*ret = v;
	return n;
}

/* --- JSON -------------------------------------------------------------------------------- */

#define VALUE_DEPTH 6
#define PLACE_BYTES 4096

static struct str first_text(const json_t *object, const char *const *keys)
{
	struct str value = { "", 0 };

	for (; *keys && !value.n; keys++)
		value = json_get_str(object, *keys);
	return value;
}

/* What is no line of its own cannot begin an item of its own. */
static void add_flat(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, s.p[i] == '\n' || s.p[i] == '\r' ? ' ' : s.p[i]);
}

static void add_line(struct buf *b, const char *before, struct str s)
{
	buf_adds(b, before);
	add_flat(b, s);
	buf_addc(b, '\n');
}

/* "src/a.c:12 "text"" as it stands, or put together from path, line and quote. */
static void add_place(struct buf *b, const json_t *place)
{
	struct str path = json_get_str(place, "path"), quote = json_get_str(place, "quote");
	long long line = json_get_int(place, "line", 0);
	char mark = str_chr(quote, '"') < 0 ? '"' : '`';

	if (json_is_string(place)) {
		struct str text = { json_string_value(place), json_string_length(place) };

		add_line(b, "Evidence: ", str_take(text, PLACE_BYTES));
	} else if (path.n && line > 0) {
		buf_adds(b, "Evidence: `");
		add_flat(b, str_take(path, PLACE_BYTES));
		buf_printf(b, ":%lld` %c", line, mark);
		add_flat(b, str_take(quote, PLACE_BYTES));
		buf_printf(b, "%c\n", mark);
	}
}

static void add_places(struct buf *b, const json_t *object)
{
	const json_t *places = json_object_get(object, "evidence");
	json_t *one;
	size_t i;

	if (!places)
		places = object;
	if (!json_is_array(places))
		add_place(b, places);
	json_array_foreach (places, i, one)
		add_place(b, one);
}

static bool add_object(struct buf *b, const json_t *object, unsigned number)
{
	static const char *const items[] = { "item", "finding", "finding_id", "claim_id", "id",
		NULL };
	static const char *const words[] = { "verdict", "result", "status", NULL };
	static const char *const reasons[] = { "reason", "because", "explanation", NULL };
	struct str item = str_trim(first_text(object, items)), word = first_text(object, words);

	if (!item.n || item_id_length(item) != item.n || is_own(item) ||
	    verdict_in(word) == VERDICT_NONE)
		return false;
	buf_printf(b, "### V%u: %.*s — ", number, STR_ARG(item));
	add_line(b, "", str_take(word, 40));
	add_line(b, "Reason: ", first_text(object, reasons));
	add_places(b, object);
	buf_addc(b, '\n');
	return true;
}

static unsigned add_objects(struct buf *b, const json_t *value, unsigned n, unsigned depth)
{
	const char *key;
	json_t *one;
	size_t i;

	if (depth > VALUE_DEPTH || n >= FINDINGS_MAX)
		return n;
	if (json_is_object(value) && add_object(b, value, n + 1))
		return n + 1;
	json_array_foreach (value, i, one)
		n = add_objects(b, one, n, depth + 1);
	json_object_foreach ((json_t *)unconst(value), key, one)
		n = add_objects(b, one, n, depth + 1);
	return n;
}

/* The verdicts of a JSON value in TEXT as blocks of Markdown; empty when there are none. */
static struct str json_as_blocks(struct arena *a, struct str text)
{
	json_t *value = str_chr(text, '{') < 0 ? NULL : output_extract(text);
	struct buf b;

	buf_init(&b, MIB(4));
	if (value)
		add_objects(&b, value, 0, 0);
	struct str s = buf_status(&b) ? (struct str){ "", 0 } : arena_dup(a, buf_str(&b));

	buf_fini(&b);
	json_decref(value);
	return s;
}

struct evidence *evidence_read(struct arena *a, struct str step, struct str text)
{
	struct evidence *ev = evidence_parse(a, step, text);
	struct str blocks = ev->n_findings ? (struct str){ "", 0 } : json_as_blocks(a, text);

	return blocks.n ? evidence_parse(a, step, blocks) : ev;
}
