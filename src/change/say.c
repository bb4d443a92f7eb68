/* A change in words: for reviewers, for people, for expressions. */
#include "change/change.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#define FILES_SHOWN 500 /* in expressions; their number is told, too */
#define PLACES_SHOWN 20

/* --- chunks ------------------------------------------------------------------------------- */

static void add_range(struct buf *b, const char *side, unsigned line, unsigned n)
{
	if (!n)
		buf_printf(b, "%s none", side);
	else if (n == 1)
		buf_printf(b, "%s %u", side, line);
	else
		buf_printf(b, "%s %u-%u", side, line, line + n - 1);
}

static void add_head(struct buf *b, const struct change_file *f, const struct change_hunk *h)
{
	buf_printf(b, "@@ h%u @@ ", h->id);
	if (h->body.n) {
		add_range(b, "old", h->old_line, h->old_n);
		add_range(b, ", new", h->new_line, h->new_n);
	} else if (f->left_out.n) {
		buf_printf(b, "its lines are not shown: %.*s", STR_ARG(f->left_out));
	} else {
		buf_adds(b, "no line was changed");
	}
	buf_addc(b, '\n');
}

/* Each line behind its number in the new file; what is gone has none. */
static void add_body(struct buf *b, const struct change_hunk *h)
{
	struct str rest = h->body;
	unsigned no = h->new_line + (h->new_n == 0);

	while (rest.n) {
		ptrdiff_t at = str_chr(rest, '\n');
		struct str line = str_take(rest, at < 0 ? rest.n : (size_t)at);
		char mark = line.n ? line.p[0] : ' ';

		if (mark == '-' || mark == '\\')
			buf_adds(b, "       ");
		else
			buf_printf(b, "%6u ", no++);
		buf_add(b, line);
		buf_addc(b, '\n');
		rest = str_skip(rest, line.n + 1);
	}
}

static void add_title(
    struct buf *b, const struct change *c, const struct change_chunk *chunk, size_t hunk)
{
	const struct change_file *f = &c->files[c->hunks[hunk].file];

	if (hunk > chunk->first && f->first != hunk)
		return;
	buf_printf(b, "%s=== %.*s%s\n", hunk > chunk->first ? "\n" : "", STR_ARG(f->title),
	    f->first == hunk ? "" : ", continued");
}

struct str change_chunk_text(
    struct arena *a, const struct change *c, const struct change_chunk *chunk)
{
	struct buf b;

	buf_init(&b, CHANGE_CHUNK_MAX);
	for (size_t i = chunk->first; i < chunk->first + chunk->n; i++) {
		add_title(&b, c, chunk, i);
		add_head(&b, &c->files[c->hunks[i].file], &c->hunks[i]);
		add_body(&b, &c->hunks[i]);
	}
	struct str text = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return text;
}

const struct change_chunk *change_chunk(const struct change *c, struct str id)
{
	unsigned long long n = 0;

	if (!str_starts(id, STR("c")) || !str_to_u64(str_skip(id, 1), c->n_chunks, &n) || !n)
		return NULL;
	return &c->chunks[n - 1];
}

/* --- titles ------------------------------------------------------------------------------- */

static void add_commit(struct buf *b, struct str id)
{
	buf_add_terminal_line(b, str_take(id, 8));
}

static void add_sides(struct buf *b, const struct change_head *h)
{
	if (h->kind == CHANGE_UNCOMMITTED) {
		buf_adds(b, "uncommitted work on ");
		add_commit(b, h->from);
		return;
	}
	buf_add_terminal_line(b, utf8_cut(h->base, 120));
	buf_adds(b, h->unrelated ? " (no common ancestor is known) " : " (");
	if (!h->unrelated) {
		add_commit(b, h->from);
		buf_addc(b, ')');
	}
	buf_adds(b, "...");
	if (h->to.n)
		add_commit(b, h->to);
	else
		buf_adds(b, "working tree");
}

struct str change_title(struct arena *a, const struct change *c)
{
	struct buf b;

	if (c->head.kind == CHANGE_NONE)
		return STR("no change: the repository as it is");
	buf_init(&b, KIB(4));
	add_sides(&b, &c->head);
	buf_printf(&b, ": %zu file%s, +%u -%u", c->n_files, c->n_files == 1 ? "" : "s", c->added,
	    c->deleted);
	struct str title = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return title;
}

static void add_place(struct buf *b, const struct change *c, const struct change_hunk *h)
{
	buf_printf(b, "h%u ", h->id);
	buf_add_terminal_line(b, utf8_cut(c->files[h->file].path, 200));
	if (h->new_n > 1)
		buf_printf(b, ":%u-%u", h->new_line, h->new_line + h->new_n - 1);
	else if (h->body.n)
		buf_printf(b, ":%u", h->new_line);
}

struct str change_places(
    struct arena *a, const struct change *c, unsigned from, unsigned to, const bool *missing)
{
	unsigned n = 0;
	struct buf b;

	buf_init(&b, KIB(64));
	for (unsigned id = from; id >= 1 && id <= to && id <= c->n_hunks; id++) {
		if (!missing[id - from])
			continue;
		if (n++ >= PLACES_SHOWN)
			continue;
		buf_adds(&b, n > 1 ? ", " : "");
		add_place(&b, c, &c->hunks[id - 1]);
	}
	if (n > PLACES_SHOWN)
		buf_printf(&b, " and %u more", n - PLACES_SHOWN);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* --- expressions -------------------------------------------------------------------------- */

static json_t *file_json(const struct change_file *f)
{
	static const char *const words[] = { [CHANGE_MODIFIED] = "modified",
		[CHANGE_ADDED] = "added",
		[CHANGE_DELETED] = "deleted",
		[CHANGE_RENAMED] = "renamed",
		[CHANGE_COPIED] = "copied" };

	return json_pack("{s:o, s:o, s:s, s:i, s:i, s:o}", "path", json_text(f->path), "old_path",
	    json_text(f->old_path), "how", words[f->how], "added", (int)f->added, "deleted",
	    (int)f->deleted, "left_out", json_text(f->left_out));
}

json_t *change_chunk_json(const struct change *c, const struct change_chunk *chunk)
{
	size_t from = c->hunks[chunk->first].file, to = c->hunks[chunk->first + chunk->n - 1].file;
	unsigned first = c->hunks[chunk->first].id;
	char id[24], hunks[48];
	struct str name = c->files[from].title;
	struct buf b;

	snprintf(id, sizeof(id), "c%u", chunk->id);
	snprintf(hunks, sizeof(hunks), chunk->n > 1 ? "h%u-h%u" : "h%u", first,
	    first + (unsigned)chunk->n - 1);
	buf_init(&b, KIB(4));
	buf_add(&b, utf8_cut(name, 300));
	if (to > from)
		buf_printf(&b, " and %zu more", to - from);
	json_t *doc = json_pack("{s:s, s:s, s:o, s:i}", "id", id, "hunks", hunks, "files",
	    json_text(buf_str(&b)), "n", (int)chunk->n);

	buf_fini(&b);
	return doc;
}

/* All of it where that is little, and else its beginning with a word about the rest. */
static json_t *text_json(const struct change *c)
{
	struct arena *a = arena_create("change text", MIB(16));
	struct buf b;
	size_t i = 0;

	buf_init(&b, MIB(1));
	for (; i < c->n_chunks && b.n < 3 * CHANGE_CHUNK_MAX; i++) {
		buf_adds(&b, i ? "\n" : "");
		buf_add(&b, change_chunk_text(a, c, &c->chunks[i]));
	}
	if (i < c->n_chunks)
		buf_printf(&b, "\n[cut here: the other %zu of %zu parts are left out]\n",
		    c->n_chunks - i, c->n_chunks);
	json_t *text = json_text(buf_str(&b));

	buf_fini(&b);
	arena_destroy(a);
	return text;
}

static json_t *left_out_json(const struct change *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_files && json_array_size(list) < FILES_SHOWN; i++)
		if (c->files[i].left_out.n)
			json_array_append_new(list, file_json(&c->files[i]));
	return list;
}

json_t *change_json(const struct change *c)
{
	static const char *const kinds[] = { "none", "uncommitted", "since" };
	struct arena *a = arena_create("change title", MIB(1));
	json_t *files = json_array(), *chunks = json_array();

	for (size_t i = 0; i < c->n_files && i < FILES_SHOWN; i++)
		json_array_append_new(files, file_json(&c->files[i]));
	for (size_t i = 0; i < c->n_chunks; i++)
		json_array_append_new(chunks, change_chunk_json(c, &c->chunks[i]));
	json_t *doc = json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}",
	    "kind", kinds[c->head.kind], "title", json_text(change_title(a, c)), "base",
	    json_text(c->head.base), "from", json_text(c->head.from), "to", json_text(c->head.to),
	    "n_files", (int)c->n_files, "added", (int)c->added, "deleted", (int)c->deleted, "hunks",
	    (int)c->n_hunks, "files", files, "chunks", chunks, "left_out", left_out_json(c), "text",
	    text_json(c));

	arena_destroy(a);
	return doc;
}
