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

/*
 * What marks a hit in a snippet is not to be there already. A run that used up its numbers is
 * searched in what it has.
 */
int sqlite_text_put(struct store *s, const struct text_row *r)
{
	int rc = sqlite_text_forget(s, r->run, r->kind, r->name.p ? r->name : STR(""));
	struct query q =
	    sql_query(s, "WITH last (key) AS (SELECT coalesce(max(key), ?1 << 20) FROM texts"
			 " WHERE key > ?1 << 20 AND key < (?1 + 1) << 20)"
			 "INSERT INTO texts (key, run, kind, name, step, title, body)"
			 " SELECT key + 1, ?1, ?2, ?3, ?4,"
			 " replace(replace(?5, char(2), ' '), char(3), ' '),"
			 " replace(replace(?6, char(2), ' '), char(3), ' ')"
			 " FROM last WHERE key < (?1 << 20) + ?7");

	if (rc)
		return rc;
	sql_int(&q, r->run);
	sql_str(&q, r->kind);
	sql_str(&q, r->name);
	sql_str(&q, r->step);
	sql_str(&q, r->title);
	sql_str(&q, utf8_cut(r->body, SEARCH_TEXT_MAX));
	sql_int(&q, SEARCH_RUN_TEXTS_MAX);
	return sql_run(&q);
}

/* --- finding ------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
	return c == ' ' || (unsigned char)c < ' ';
}

static bool is_letter(char c)
{
	return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
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

/*
 * What somebody types may be the beginning of a word; of the first letter or two it is that of so
 * many that all of the index would be gone through (letters beyond ASCII count for two or three).
 */
static bool is_beginning(struct str word)
{
	size_t to = word.n, from;

	while (to && !is_letter(word.p[to - 1]))
		to--;
	for (from = to; from && is_letter(word.p[from - 1]); from--)
		;
	return to - from >= 3;
}

struct str sqlite_search_query(struct arena *a, struct str words)
{
	struct str rest = utf8_cut(words, SEARCH_QUERY_MAX), word, last = { "", 0 };
	struct buf b;

	buf_init(&b, 4 * SEARCH_QUERY_MAX);
	for (size_t n = 0; n < SEARCH_WORDS_MAX && (word = next_word(&rest)).n; n++)
		add_quoted(&b, last = word);
	if (is_beginning(last))
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

/* Where the newest ?2 texts begin that match. */
static const char NEWEST[] = "SELECT coalesce(min(key), 0) FROM (SELECT rowid AS key FROM search"
			     " WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2)";
/* Of words that are everywhere, no person needs the best one of all times. */
static const char FIND[] =
    HIT " FROM search JOIN texts t ON t.key = search.rowid JOIN runs r ON r.key = t.run"
	" WHERE search MATCH ?1 AND search.rowid >= ?2 ORDER BY rank, t.key DESC LIMIT ?3";
/* In one run they come as they were written: ranks would be those among all runs. */
static const char FIND_IN_RUN[] =
    HIT " FROM search CROSS JOIN texts t ON t.key = search.rowid CROSS JOIN runs r ON r.key = t.run"
	" WHERE search MATCH ?1 AND search.rowid > ?2 << 20 AND search.rowid < (?2 + 1) << 20"
	" ORDER BY search.rowid LIMIT ?3";

static int newest(struct store *s, struct str match, int64_t *ret)
{
	struct query q = sql_query(s, NEWEST);

	sql_str(&q, match);
	sql_int(&q, SEARCH_RANKED_MAX);
	return sql_one_key(&q, ret);
}

int sqlite_text_find(struct store *s, struct arena *a, const struct text_filter *f,
    struct text_hit **ret, size_t *ret_n)
{
	struct str match = sqlite_search_query(a, f->words);
	unsigned limit = f->limit && f->limit < SEARCH_HITS_MAX ? f->limit : SEARCH_HITS_MAX;
	struct text_hit *hits = arena_array(a, limit, sizeof(*hits));
	int64_t from = f->run;
	size_t n = 0;
	int rc = 0;

	*ret = hits;
	*ret_n = 0;
	if (match.n && !f->run)
		rc = newest(s, match, &from);
	if (!match.n || rc)
		return rc;
	struct query q = sql_query(s, f->run ? FIND_IN_RUN : FIND);

	sql_str(&q, match);
	sql_int(&q, from);
	sql_int(&q, limit);
	while ((rc = sql_step(&q)) == 1 && n < limit)
		read_hit(&q, a, &hits[n++]);
	*ret_n = n;
	return sql_done(&q, rc < 0 ? rc : 0);
}
