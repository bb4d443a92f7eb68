/* Words of a text that lead somewhere: ids of findings to their cards, places to the evidence. */
#include "report/html.h"

#include <ctype.h>
#include <stdio.h>

#define UID_SHOWN 80
#define SPOT_MAX 500 /* bytes of a path that is looked for in texts */

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

static void name_findings(
    struct html_refs *r, struct arena *a, struct finding *const *findings, size_t n)
{
	struct html_ref *refs = arena_array(a, n, sizeof(*refs));
	struct map taken;

	map_init(&taken, a);
	for (size_t i = 0; i < n; i++) {
		if (!findings[i]->uid.n || map_get(&r->by_uid, findings[i]->uid))
			continue;
		refs[i] =
		    (struct html_ref){ findings[i], free_anchor(a, &taken, findings[i]->uid, i) };
		map_put(&taken, refs[i].anchor, &refs[i]);
		map_put(&r->by_uid, findings[i]->uid, &refs[i]);
	}
}

static void name_spots(struct html_refs *r, struct arena *a, const struct cite_row *rows)
{
	struct html_spot *spots = arena_array(a, r->rows, sizeof(*spots)), *had;

	for (size_t i = 0; i < r->rows; i++) {
		const struct citation *c = rows[i].cite;

		if (!c || c->trust != TRUST_CODEBASE || !c->line || c->path.n > SPOT_MAX)
			continue;
		struct str key =
		    str_from(arena_printf(a, "%.*s:%u:%u", STR_ARG(c->path), c->line, c->end));

		had = map_get(&r->spots, key);
		if (had)
			had->mixed |= had->state != c->state;
		spots[i] = (struct html_spot){ i, c->state, false };
		if (!had)
			map_put(&r->spots, key, &spots[i]);
	}
}

void html_refs_init(struct html_refs *r, struct arena *a, struct finding *const *findings, size_t n,
    const struct cite_row *rows, size_t n_rows)
{
	r->rows = n_rows < HTML_ENTRIES_MAX ? n_rows : HTML_ENTRIES_MAX;
	map_init(&r->by_uid, a);
	map_init(&r->spots, a);
	name_findings(r, a, findings, n);
	name_spots(r, a, rows);
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

/* REST: what follows it, which may say already that it is refuted. */
static void add_word(struct buf *b, const struct html_refs *r, struct str word, struct str rest)
{
	const struct html_ref *ref = map_get(&r->by_uid, word);

	if (!ref) {
		html_add(b, word);
	} else if (ref->finding->verdict == VERDICT_REFUTED) {
		buf_adds(b, "<s>");
		html_add(b, word);
		buf_adds(b, str_starts(rest, STR(" (refuted)")) ? "</s>" : "</s> (refuted)");
	} else {
		html_uid(b, r, word);
	}
}

/* --- places ------------------------------------------------------------------------------- */

static size_t spot_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && (is_id_char(s.p[n]) || memchr(".:@+~", s.p[n], 5)))
		n++;
	while (n && memchr(".:-", s.p[n - 1], 3))
		n--;
	return n;
}

/* "5", "L5", "5-9": 0 for anything else. */
static unsigned read_lines(struct str s, unsigned *ret_end)
{
	struct str from = str_split(&s, '-');
	unsigned long long line = 0, end = 0;

	if (from.n && from.p[0] == 'L')
		from = str_skip(from, 1);
	if (s.n && s.p[0] == 'L')
		s = str_skip(s, 1);
	if (!str_to_u64(from, UINT32_MAX, &line))
		return 0;
	end = line;
	if (s.p && !str_to_u64(s, UINT32_MAX, &end))
		return 0;
	*ret_end = (unsigned)end;
	return (unsigned)line;
}

static const struct html_spot *spot_of(const struct html_refs *r, struct str word)
{
	const char *colon = word.n ? memrchr(word.p, ':', word.n) : NULL;
	char key[SPOT_MAX + 32];
	unsigned end;

	if (!colon || (size_t)(colon - word.p) > SPOT_MAX)
		return NULL;
	struct str path = { word.p, (size_t)(colon - word.p) };
	unsigned line = read_lines(str_skip(word, path.n + 1), &end);

	if (!line)
		return NULL;
	snprintf(key, sizeof(key), "%.*s:%u:%u", STR_ARG(path), line, end);
	return map_get(&r->spots, str_from(key));
}

static void add_spot(struct buf *b, const struct html_spot *spot, struct str word)
{
	buf_printf(b, "<a class=\"ref%s%s\" href=\"#E%zu\">", spot->mixed ? "" : " ",
	    spot->mixed ? "" : html_tone_name(html_state_tone(spot->state)), spot->row + 1);
	html_add(b, word);
	if (!spot->mixed)
		buf_printf(b, " <span aria-hidden=\"true\">%s</span><span class=\"%s\"> %s</span>",
		    html_sign(spot->state), spot->state == CITE_RESOLVES ? "vh" : "st",
		    cite_state_name(spot->state));
	buf_adds(b, "</a>");
}

/* The bytes before the next word. */
static size_t gap_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && !isalnum((unsigned char)s.p[n]) && !memchr("._/", s.p[n], 3))
		n++;
	return n;
}

/* Would people write it for a file? "src/a.c", "Makefile.am"; no address, no time of day. */
static bool is_path(struct str s)
{
	bool letter = false, mark = false;

	for (size_t i = 0; i < s.n; i++) {
		letter |= isalpha((unsigned char)s.p[i]) != 0;
		mark |= s.p[i] == '/' || (s.p[i] == '.' && i + 1 < s.n);
		if (s.p[i] == ':')
			return false;
	}
	return letter && mark && !str_contains(s, STR("//"));
}

static bool add_place(struct buf *b, struct str word)
{
	const char *colon = word.n ? memrchr(word.p, ':', word.n) : NULL;
	struct str path = { word.p, colon ? (size_t)(colon - word.p) : 0 };
	unsigned end = 0, line;

	if (!path.n || path.n > SPOT_MAX || !is_path(path))
		return false;
	line = read_lines(str_skip(word, path.n + 1), &end);
	if (!line || end < line)
		return false;
	buf_adds(b, "<a class=\"cite\" data-at=\"");
	html_add(b, path);
	buf_printf(b, ":%u-%u\">", line, end);
	html_add(b, word);
	buf_adds(b, "</a>");
	return true;
}

void html_places(struct buf *b, struct str s)
{
	while (s.n) {
		size_t n = gap_length(s);

		html_add(b, str_take(s, n));
		s = str_skip(s, n);
		n = spot_length(s);
		if (!n && s.n)
			n = 1;
		if (!add_place(b, str_take(s, n)))
			html_add(b, str_take(s, n));
		s = str_skip(s, n);
	}
}

/* --- text --------------------------------------------------------------------------------- */

void html_words(struct buf *b, const struct html_refs *r, struct str s)
{
	const char *tried = s.p; /* a word that is no place holds none in its middle either */

	while (r && s.n) {
		size_t n = gap_length(s);

		html_add(b, str_take(s, n));
		s = str_skip(s, n);
		if (!s.n)
			return;
		n = s.p >= tried ? spot_length(s) : 0;
		tried = n ? s.p + n : tried;
		const struct html_spot *spot = spot_of(r, str_take(s, n));

		if (spot) {
			add_spot(b, spot, str_take(s, n));
		} else {
			n = word_length(s);
			if (n && isalnum((unsigned char)s.p[0]))
				add_word(b, r, str_take(s, n), str_skip(s, n));
			else
				html_add(b, str_take(s, n = 1));
		}
		s = str_skip(s, n);
	}
	html_add(b, s);
}
