/*
 * Changes out of hostile diffs: hunks hold what they say and lie in the text, chunks are small
 * enough and hold each hunk once, what is shown is what was read, names come back from their
 * quotes.
 */
#include "must.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "change/change.h"

#include <stdint.h>

static const char head[] = "{\"kind\":\"since\",\"base\":\"main\",\"from\":\"0123456789\"}\n";

/* Lines of BODY that begin with a mark of MARKS. */
static unsigned count(struct str body, const char *marks)
{
	unsigned n = 0;

	while (body.n) {
		ptrdiff_t at = str_chr(body, '\n');
		char mark = body.p[0] == '\n' ? ' ' : body.p[0];

		n += strchr(marks, mark) != NULL;
		body = str_skip(body, at < 0 ? body.n : (size_t)at + 1);
	}
	return n;
}

static void check_hunks(const struct change *c, struct str text)
{
	for (size_t i = 0; i < c->n_hunks; i++) {
		const struct change_hunk *h = &c->hunks[i];

		must(
		    h->id == i + 1 && h->file < c->n_files && h->bytes <= CHANGE_HUNK_MAX + KIB(1));
		must(!h->body.n ||
		     (h->body.p >= text.p && h->body.p + h->body.n <= text.p + text.n));
		must(count(h->body, " -") == h->old_n && count(h->body, " +") == h->new_n);
		must(h->body.n == 0 || c->files[h->file].left_out.n == 0);
	}
}

static void check_files(const struct change *c)
{
	size_t hunks = 0;

	for (size_t i = 0; i < c->n_files; i++) {
		const struct change_file *f = &c->files[i];
		unsigned added = 0, deleted = 0;

		must(f->first == hunks && (f->n > 0 || f->left_out.n > 0));
		must(utf8_valid(f->title) && str_chr(f->title, '\n') < 0);
		for (size_t k = 0; k < f->n; k++) {
			must(c->hunks[f->first + k].file == i);
			added += count(c->hunks[f->first + k].body, "+");
			deleted += count(c->hunks[f->first + k].body, "-");
		}
		/* every line, or a word about why there is none */
		must(f->left_out.n || (added == f->added && deleted == f->deleted));
		hunks += f->n;
	}
	must(hunks == c->n_hunks);
}

/* SHOWN without the numbers before its lines, from the hunk's head on. */
static void check_shown(struct str *shown, const struct change_hunk *h)
{
	struct str rest = h->body;

	while (str_starts(*shown, STR("===")) || str_starts(*shown, STR("\n===")))
		*shown = str_skip(*shown, (size_t)str_chr(str_skip(*shown, 1), '\n') + 2);
	must(str_starts(*shown, STR("@@ h")));
	*shown = str_skip(*shown, (size_t)str_chr(*shown, '\n') + 1);
	while (rest.n) {
		ptrdiff_t at = str_chr(rest, '\n');
		struct str line = str_take(rest, at < 0 ? rest.n : (size_t)at);
		size_t number = 0;

		while (number < shown->n && strchr(" 0123456789", shown->p[number]) &&
		       number < 11 && !(number >= 7 && shown->p[number - 1] == ' '))
			number++;
		must(str_starts(str_skip(*shown, number), line));
		*shown = str_skip(*shown, number + line.n);
		must(shown->n && shown->p[0] == '\n');
		*shown = str_skip(*shown, 1);
		rest = str_skip(rest, line.n + 1);
	}
}

static void check_chunks(struct arena *a, const struct change *c)
{
	size_t next = 0;

	for (size_t i = 0; i < c->n_chunks; i++) {
		const struct change_chunk *chunk = &c->chunks[i];
		struct str shown = change_chunk_text(a, c, chunk);

		must(chunk->first == next && chunk->n > 0 && chunk->id == i + 1);
		must(shown.n <= chunk->bytes && chunk->bytes <= CHANGE_CHUNK_MAX);
		for (size_t k = 0; k < chunk->n; k++)
			check_shown(&shown, &c->hunks[chunk->first + k]);
		must(shown.n == 0);
		next += chunk->n;
		json_decref(change_chunk_json(c, chunk));
	}
	must(next == c->n_hunks);
}

static void check_names(struct arena *a, struct str name)
{
	struct buf b;

	name = str_take(name, 200);
	if (!name.n || memchr(name.p, 0, name.n))
		return;
	buf_init(&b, KIB(64));
	buf_adds(&b, head);
	change_write_new(&b, name, "100644", name);
	change_write_left_out(&b, name, "100644", "it is late");
	struct change *c = change_parse(a, arena_dup(a, buf_str(&b)));

	must(c->n_files == 2 && str_eq(c->files[0].path, name) && str_eq(c->files[1].path, name));
	must(str_is(c->files[1].left_out, "it is late") && !c->files[0].torn);
	buf_fini(&b);
}

static void check_receipt(struct arena *a, struct str text)
{
	bool seen[40];
	unsigned n = receipt_read(text, 3, 42, seen), set = 0, again = 0;
	struct str said = receipt_ids(a, 3, 40, seen, true);
	bool same[40];

	for (size_t i = 0; i < 40; i++)
		set += seen[i];
	again = receipt_read(str_from(arena_printf(a, "READ: %.*s", STR_ARG(said))), 3, 42, same);
	must(n == set && again == n && memcmp(seen, same, sizeof(seen)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str raw = { (const char *)data, size };
	struct str text = str_from(arena_printf(a, "%s", head));
	char *all = arena_alloc(a, text.n + size + 1);

	memcpy(all, text.p, text.n);
	memcpy(all + text.n, data, size);
	text = (struct str){ all, text.n + size };
	struct change *c = change_parse(a, text);

	check_hunks(c, text);
	check_files(c);
	check_chunks(a, c);
	json_decref(change_json(c));
	(void)change_touches(c, STR("a.c"), 1, 2);
	change_parse(a, raw);
	check_names(a, raw);
	check_receipt(a, raw);
	arena_destroy(a);
	return 0;
}
