/* Hunks small enough to be read, and chunks of them small enough for a prompt. */
#include "change/change.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>

#define HUNK_HEAD_MAX 160 /* "@@ h12 @@ …" without a reason */
#define TITLE_MAX KIB(8)

/* What stands before a line (say.c): its number and a blank. */
static size_t number_width(unsigned line)
{
	return line < 900000 ? 7 : 12;
}

/* --- what nobody is shown ----------------------------------------------------------------- */

/* Names of files that programs write. */
static const char *const generated[] = { "package-lock.json", "npm-shrinkwrap.json", "yarn.lock",
	"pnpm-lock.yaml", "Cargo.lock", "poetry.lock", "uv.lock", "Pipfile.lock", "Gemfile.lock",
	"composer.lock", "go.sum", "flake.lock", ".min.js", ".min.css", ".js.map", ".css.map",
	".pb.go", ".pb.cc", ".pb.h", "_pb2.py", "_pb2_grpc.py", NULL };

static bool is_generated(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct str name = slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;

	for (size_t i = 0; generated[i]; i++) {
		bool suffix = generated[i][0] == '.' || generated[i][0] == '_';

		if (suffix ? str_ends(name, str_from(generated[i])) : str_is(name, generated[i]))
			return true;
	}
	return false;
}

static size_t longest_line(struct str body)
{
	size_t most = 0;

	while (body.n) {
		ptrdiff_t at = str_chr(body, '\n');
		size_t n = at < 0 ? body.n : (size_t)at;

		most = n > most ? n : most;
		body = str_skip(body, n + 1);
	}
	return most;
}

struct extent {
	size_t bytes, line; /* of all its hunks; of the longest line */
};

static const char *why_not(const struct change_file *f, const struct extent *e)
{
	if (f->binary)
		return "binary";
	if (is_generated(f->path))
		return "generated, by its name";
	if (e->line > CHANGE_LINE_MAX)
		return "a line of more than 8 KiB";
	return e->bytes > CHANGE_FILE_MAX ? "more than 1 MiB of changes" : NULL;
}

/* --- hunks -------------------------------------------------------------------------------- */

struct slicing {
	struct arena *a;
	struct change *c;
	size_t cap_hunks, cap_chunks, bytes;
};

static struct change_hunk *add_hunk(struct slicing *s, size_t file)
{
	struct change *c = s->c;

	c->hunks = arena_grow(s->a, c->hunks, c->n_hunks, &s->cap_hunks, sizeof(*c->hunks));
	struct change_hunk *h = &c->hunks[c->n_hunks++];

	*h = (struct change_hunk){ .id = (unsigned)c->n_hunks,
		.file = file,
		.bytes = HUNK_HEAD_MAX + c->files[file].left_out.n };
	c->files[file].n++;
	return h;
}

/* Where the next line of either side stands. */
struct cursor {
	unsigned old, new;
};

/* As many whole lines off BODY as one hunk may hold; at least one. */
static void take_lines(struct change_hunk *h, struct str *body, struct cursor *at)
{
	const char *from = body->p;
	size_t width = number_width(at->new);

	h->old_line = at->old;
	h->new_line = at->new;
	while (body->n) {
		ptrdiff_t end = str_chr(*body, '\n');
		size_t n = end < 0 ? body->n : (size_t)end + 1;
		char mark = body->p[0];

		if (h->bytes + n + width > CHANGE_HUNK_MAX && body->p > from && mark != '\\')
			break;
		h->bytes += n + width + (end < 0);
		h->old_n += mark != '+' && mark != '\\';
		h->new_n += mark != '-' && mark != '\\';
		*body = str_skip(*body, n);
	}
	h->body = (struct str){ from, (size_t)(body->p - from) };
	at->old += h->old_n;
	at->new += h->new_n;
	h->old_line -= h->old_n == 0 && h->old_line;
	h->new_line -= h->new_n == 0 && h->new_line;
}

static void split(struct slicing *s, const struct change_raw *raw)
{
	struct str body = raw->body;
	struct cursor at = { raw->old_line + (raw->old_n == 0), raw->new_line + (raw->new_n == 0) };

	while (body.n) {
		struct change_hunk *h = add_hunk(s, raw->file);

		take_lines(h, &body, &at);
		s->bytes += h->bytes;
	}
}

static struct extent measure(const struct change_raw *raw, size_t n)
{
	struct extent e = { 0 };

	for (size_t i = 0; i < n; i++) {
		size_t longest = longest_line(raw[i].body);

		e.bytes += raw[i].body.n;
		e.line = longest > e.line ? longest : e.line;
	}
	return e;
}

static struct str title_of(struct arena *a, const struct change_file *f)
{
	static const char *const words[] = { [CHANGE_MODIFIED] = "",
		[CHANGE_ADDED] = " (new file)",
		[CHANGE_DELETED] = " (deleted)",
		[CHANGE_RENAMED] = " (renamed from ",
		[CHANGE_COPIED] = " (copied from " };
	struct buf b;

	buf_init(&b, KIB(128));
	buf_add_terminal_line(&b, str_take(f->path, PATH_BYTES_MAX));
	buf_adds(&b, words[f->how]);
	if (f->how == CHANGE_RENAMED || f->how == CHANGE_COPIED) {
		buf_add_terminal_line(&b, str_take(f->old_path, PATH_BYTES_MAX));
		buf_addc(&b, ')');
	}
	if (f->how != CHANGE_ADDED && f->how != CHANGE_DELETED && f->new_mode.n) {
		buf_adds(&b, ", mode ");
		buf_add_terminal_line(&b, str_take(f->old_mode, 10));
		buf_adds(&b, " -> ");
		buf_add_terminal_line(&b, str_take(f->new_mode, 10));
	}
	struct str title = arena_dup(a, utf8_cut(buf_str(&b), TITLE_MAX));

	buf_fini(&b);
	return title;
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isxdigit((unsigned char)s.p[i]))
			return false;
	return s.n == 8;
}

/* The commit that a line like "+Subproject commit 1234abcd…" names, cut to be read; or "none". */
static struct str commit_of(const struct change_raw *raw, size_t n, struct str begin)
{
	struct str rest = n ? raw[0].body : STR("");

	while (rest.n) {
		struct str line = str_line(&rest);

		if (str_starts(line, begin) && is_hex(str_take(str_skip(line, begin.n), 8)))
			return str_take(str_skip(line, begin.n), 8);
	}
	return STR("none");
}

static struct str submodule_reason(struct arena *a, const struct change_raw *raw, size_t n)
{
	struct str old = commit_of(raw, n, STR("-Subproject commit ")),
		   new = commit_of(raw, n, STR("+Subproject commit "));

	return str_from(
	    arena_printf(a, "a submodule, commit %.*s -> %.*s: what is in it is not here",
		STR_ARG(old), STR_ARG(new)));
}

/* Its hunks, or one without lines. A file behind the ceiling has none. */
static void slice_file(struct slicing *s, size_t i, const struct change_raw *raw, size_t n)
{
	struct change_file *f = &s->c->files[i];
	struct extent e = measure(raw, n);
	const char *why = why_not(f, &e);

	f->title = title_of(s->a, f);
	f->first = s->c->n_hunks;
	if (f->submodule)
		f->left_out = submodule_reason(s->a, raw, n);
	else if (why && !f->left_out.n)
		f->left_out = str_from(why);
	f->excused = f->left_out.n && (f->submodule || f->binary || is_generated(f->path));
	size_t cost = f->title.n + (f->left_out.n ? 0 : e.bytes);

	if (s->bytes + cost > CHANGE_TEXT_MAX || s->c->n_hunks >= CHANGE_HUNKS_MAX) {
		f->left_out = STR("behind the first 4 MiB of the change");
		f->excused = false;
		s->bytes = CHANGE_TEXT_MAX + 1; /* a small file behind a large one is not ahead */
		return;
	}
	for (size_t k = 0; k < n && !f->left_out.n; k++)
		split(s, &raw[k]);
	if (!f->n)
		add_hunk(s, i);
	s->bytes += f->title.n + HUNK_HEAD_MAX;
}

/* --- chunks ------------------------------------------------------------------------------- */

static size_t title_bytes(const struct change *c, size_t file)
{
	return c->files[file].title.n + 32; /* "\n=== " and ", continued\n" */
}

static struct change_chunk *begin_chunk(struct slicing *s, size_t first)
{
	struct change *c = s->c;

	c->chunks = arena_grow(s->a, c->chunks, c->n_chunks, &s->cap_chunks, sizeof(*c->chunks));
	struct change_chunk *chunk = &c->chunks[c->n_chunks++];

	*chunk = (struct change_chunk){ .id = (unsigned)c->n_chunks, .first = first };
	return chunk;
}

static size_t file_bytes(const struct change *c, const struct change_file *f)
{
	size_t n = f->title.n + 32;

	for (size_t k = 0; k < f->n; k++)
		n += c->hunks[f->first + k].bytes;
	return n;
}

/* A file stays whole where a chunk of its own can hold it; else its hunks fill what room there is.
 */
static bool fits(const struct change *c, const struct change_chunk *chunk, size_t hunk)
{
	const struct change_file *f = &c->files[c->hunks[hunk].file];
	bool first = f->first == hunk;
	size_t whole = first ? file_bytes(c, f) : 0;

	if (first && whole <= CHANGE_CHUNK_MAX)
		return chunk->bytes + whole <= CHANGE_CHUNK_MAX;
	size_t title = first ? title_bytes(c, c->hunks[hunk].file) : 0;

	return chunk->bytes + title + c->hunks[hunk].bytes <= CHANGE_CHUNK_MAX;
}

static void pack(struct slicing *s)
{
	struct change *c = s->c;
	struct change_chunk *chunk = NULL;

	for (size_t i = 0; i < c->n_hunks; i++) {
		bool again = !chunk || !fits(c, chunk, i);

		if (again)
			chunk = begin_chunk(s, i);
		if (again || c->files[c->hunks[i].file].first == i)
			chunk->bytes += title_bytes(c, c->hunks[i].file);
		chunk->bytes += c->hunks[i].bytes;
		chunk->n++;
	}
}

void change_slice(struct arena *a, struct change *c, const struct change_raw *raw, size_t n)
{
	struct slicing s = { .a = a, .c = c };
	size_t at = 0;

	for (size_t i = 0; i < c->n_files; i++) {
		size_t from = at;

		while (at < n && raw[at].file == i)
			at++;
		slice_file(&s, i, n ? raw + from : NULL, at - from);
		c->added += c->files[i].added;
		c->deleted += c->files[i].deleted;
		c->n_left_out += c->files[i].left_out.n > 0;
		c->n_excused += c->files[i].excused;
	}
	pack(&s);
}
