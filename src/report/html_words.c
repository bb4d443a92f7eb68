/* Words of a text that lead somewhere: ids of findings to their cards, citations to the evidence.
 */
#include "report/html.h"

#include <ctype.h>

#define UID_SHOWN 80

static bool is_id_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

/* "f-s1", or "f-s1-17" where another finding has that already; NTH is its place among all. */
static struct str free_anchor(struct arena *a, const struct map *taken, struct str uid, size_t nth)
{
	struct buf b;

	buf_init(&b, KIB(4));
	md_anchor(&b, str_take(uid, UID_SHOWN));
	struct str base = arena_dup(a, buf_str(&b)), name = base;

	buf_fini(&b);
	for (; map_get(taken, name); nth++)
		name = str_from(arena_printf(a, "%.*s-%zu", STR_ARG(base), nth + 1));
	return name;
}

void html_refs_init(
    struct html_refs *r, struct arena *a, struct finding *const *findings, size_t n, size_t rows)
{
	struct html_ref *refs = arena_array(a, n, sizeof(*refs));
	struct map taken;

	map_init(&r->by_uid, a);
	map_init(&taken, a);
	r->rows = rows;
	for (size_t i = 0; i < n; i++) {
		if (!findings[i]->uid.n || map_get(&r->by_uid, findings[i]->uid))
			continue;
		refs[i] =
		    (struct html_ref){ findings[i], free_anchor(a, &taken, findings[i]->uid, i) };
		map_put(&taken, refs[i].anchor, &refs[i]);
		map_put(&r->by_uid, findings[i]->uid, &refs[i]);
	}
}

void html_uid(struct buf *b, const struct html_refs *r, struct str uid)
{
	const struct html_ref *ref = map_get(&r->by_uid, uid);

	if (ref)
		buf_printf(b, "<a class=\"id\" href=\"#%.*s\">", STR_ARG(ref->anchor));
	html_cut(b, uid, UID_SHOWN);
	buf_adds(b, ref ? "</a>" : "");
}

static size_t word_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_id_char(s.p[n]))
		n++;
	while (n && !isalnum((unsigned char)s.p[n - 1]))
		n--;
	return n;
}

static void add_word(struct buf *b, const struct html_refs *r, struct str word)
{
	const struct html_ref *ref = map_get(&r->by_uid, word);

	if (!ref) {
		html_add(b, word);
	} else if (ref->finding->verdict == VERDICT_REFUTED) {
		buf_adds(b, "<s>");
		html_add(b, word);
		buf_adds(b, "</s> (refuted)");
	} else {
		html_uid(b, r, word);
	}
}

void html_words(struct buf *b, const struct html_refs *r, struct str s)
{
	if (!r || !r->by_uid.n) {
		html_add(b, s);
		return;
	}
	for (size_t i = 0; i < s.n;) {
		size_t from = i, n;

		while (i < s.n && !isalnum((unsigned char)s.p[i]))
			i++;
		html_add(b, (struct str){ s.p + from, i - from });
		n = i < s.n ? word_length(str_skip(s, i)) : 0;
		add_word(b, r, str_take(str_skip(s, i), n));
		i += n;
	}
}

void html_cite(struct buf *b, const struct html_refs *r, const struct citation *c, struct str words)
{
	unsigned long long id;
	enum html_tone tone = html_state_tone(c->state);

	if (!str_to_u64(str_skip(c->id, 1), r->rows, &id) || !id) {
		html_add(b, words);
		return;
	}
	buf_printf(b, "<a class=\"ref %s\" href=\"#E%llu\">", html_tone_name(tone), id);
	html_add(b, words);
	buf_printf(b, " <span aria-hidden=\"true\">%s</span><span class=\"%s\"> %s</span></a>",
	    html_sign(c->state), c->state == CITE_RESOLVES ? "vh" : "st",
	    cite_state_name(c->state));
}
