/*
 * Search in SQLite: FTS5 over the table of texts. A person's words become quoted strings of its
 * query language, in which nothing but a quote has a meaning, so no input is an error of syntax or
 * an operator.
 */
#include "store/sqlite_priv.h"

#include "base/buf.h"
#include "base/utf8.h"

/* --- keeping ------------------------------------------------------------------------------ */

int sqlite_text_forget(struct store *s, int64_t run, struct str kind, struct str name)
{
	struct query q = sql_query(s, "DELETE FROM texts WHERE run = ?1 AND kind = ?2"
				      " AND (?3 IS NULL OR name = ?3)");

	sql_int(&q, run);
	sql_str(&q, kind);
	sql_opt(&q, name);
	return sql_run(&q);
}

/* What marks a hit in a snippet is not to be there already. */
int sqlite_text_put(struct store *s, const struct text_row *r)
{
	int rc = sqlite_text_forget(s, r->run, r->kind, r->name.p ? r->name : STR(""));
	struct query q = sql_query(s,
	    "INSERT INTO texts (run, kind, name, step, title, body) VALUES (?1, ?2, ?3, ?4,"
	    " replace(replace(?5, char(2), ' '), char(3), ' '),"
	    " replace(replace(?6, char(2), ' '), char(3), ' '))");

	if (rc)
		return rc;
	sql_int(&q, r->run);
	sql_str(&q, r->kind);
	sql_str(&q, r->name);
	sql_str(&q, r->step);
	sql_str(&q, r->title);
	sql_str(&q, utf8_cut(r->body, SEARCH_TEXT_MAX));
	return sql_run(&q);
}

/* --- finding ------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
	return c == ' ' || (unsigned char)c < ' ';
}

static struct str next_word(struct str *rest)
{
	size_t from = 0, to;

	while (from < rest->n && is_blank(rest->p[from]))
		from++;
	for (to = from; to < rest->n && !is_blank(rest->p[to]); to++)
		;
	struct str word = { rest->p + from, to - from };

	*rest = str_skip(*rest, to);
	return word;
}

static void add_quoted(struct buf *b, struct str word)
{
	buf_adds(b, b->n ? " \"" : "\"");
	for (size_t i = 0; i < word.n; i++) {
		buf_addc(b, word.p[i]);
		if (word.p[i] == '"')
			buf_addc(b, '"');
	}
	buf_addc(b, '"');
}

struct str sqlite_search_query(struct arena *a, struct str words)
{
	struct str rest = utf8_cut(words, SEARCH_QUERY_MAX), word;
	struct buf b;

	buf_init(&b, 4 * SEARCH_QUERY_MAX);
	for (size_t n = 0; n < SEARCH_WORDS_MAX && (word = next_word(&rest)).n; n++)
		add_quoted(&b, word);
	if (b.n)
		buf_addc(&b, '*');
	struct str query = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return query;
}

static void read_hit(struct query *q, struct arena *a, struct text_hit *h)
{
	h->run = sql_get_int(q);
	h->id = sql_get_str(q, a);
	h->kind = sql_get_str(q, a);
	h->step = sql_get_str(q, a);
	h->title = sql_get_str(q, a);
	h->snippet = sql_get_str(q, a);
}

#define HIT                                            \
	"SELECT t.run, r.id, t.kind, t.step, t.title," \
	" snippet(search, -1, char(2), char(3), char(8230), 24)"

static const char FIND[] =
    HIT " FROM search JOIN texts t ON t.key = search.rowid JOIN runs r ON r.key = t.run"
	" WHERE search MATCH ?1 AND ?2 = 0 ORDER BY rank, t.key DESC LIMIT ?3";
/*
 * The texts of one run are few, and each is asked for by its number: with the index first, all that
 * matches in all runs would be gone through. Their ranks would, too; so they come as they were
 * written.
 */
static const char FIND_IN_RUN[] =
    HIT " FROM texts t CROSS JOIN search ON search.rowid = t.key CROSS JOIN runs r ON r.key = t.run"
	" WHERE t.run = ?2 AND search MATCH ?1 ORDER BY t.key LIMIT ?3";

int sqlite_text_find(struct store *s, struct arena *a, const struct text_filter *f,
    struct text_hit **ret, size_t *ret_n)
{
	struct str match = sqlite_search_query(a, f->words);
	unsigned limit = f->limit && f->limit < SEARCH_HITS_MAX ? f->limit : SEARCH_HITS_MAX;
	struct text_hit *hits = arena_array(a, limit, sizeof(*hits));
	size_t n = 0;
	int rc;

	*ret = hits;
	*ret_n = 0;
	if (!match.n)
		return 0;
	struct query q = sql_query(s, f->run ? FIND_IN_RUN : FIND);

	sql_str(&q, match);
	sql_int(&q, f->run);
	sql_int(&q, limit);
	while ((rc = sql_step(&q)) == 1 && n < limit)
		read_hit(&q, a, &hits[n++]);
	*ret_n = n;
	return sql_done(&q, rc < 0 ? rc : 0);
}
