/*
 * Citations with a known truth: files in several languages, and a text that cites them rightly,
 * wrongly and almost rightly. Everything follows from a seed. For the truth test and the
 * measurement of what a citation costs.
 */
#ifndef TESTS_TRUTH_H
#define TESTS_TRUTH_H

#include "base/buf.h"
#include "base/limits.h"
#include "evidence/evidence.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TRUTH_FILES 24
#define TRUTH_LINES 400

/* Lines of a file are of these kinds. */
enum truth_line { LINE_UNIQUE, LINE_TWIN, LINE_BRACE, LINE_BLANK, LINE_KINDS };

struct truth_file {
	char path[64];
	struct str text;
	struct str lines[TRUTH_LINES + 1]; /* from 1, without their ends */
	enum truth_line kinds[TRUTH_LINES + 1];
	unsigned n;
	bool crlf;
};

struct truth {
	const char *what; /* the case, for messages */
	enum cite_state state;
	unsigned line, end; /* where it stands: RESOLVES, MOVED */
};

struct truths {
	struct arena *arena;
	struct truth_file files[TRUTH_FILES];
	struct buf text; /* the answer; owned */
	struct truth *v;
	size_t n;
	uint64_t state;
};

static inline uint32_t truth_random(struct truths *t, uint32_t below)
{
	t->state ^= t->state << 13;
	t->state ^= t->state >> 7;
	t->state ^= t->state << 17;
	return (uint32_t)(t->state >> 20) % below;
}

/* --- files -------------------------------------------------------------------------------- */

/* How a line looks in each language; %05u makes it the only one of its file. */
static const struct {
	const char *ext, *unique[3], *twin, *brace, *indent;
} truth_languages[] = {
	{ "c",
	    { "rc = read_part(&run->part_%05u, \"name\");", "if (!is_open(v->door_%05u))",
		"static int take_%05u(struct run *r, int fd)" },
	    "return -EINVAL; /* nobody asked */", "}", "\t" },
	{ "go",
	    { "err := s.store.Put(ctx, \"key%05u\")", "func (s *Server) Handle%05u() error {",
		"for _, part%05u := range parts {" },
	    "return nil, errors.New(\"closed\")", "}", "\t\t" },
	{ "py",
	    { "value_%05u = self.read('name', strict=True)",
		"def handle_%05u(self, request):", "raise Problem_%05u(request.path)" },
	    "return self.finish(request)", ")", "    " },
	{ "ts",
	    { "const part%05u = await load(`x/${id}`);", "export function show%05u(a: number) {",
		"items.push({ id: %05u, name: 'x' });" },
	    "return Promise.resolve(null);", "});", "  " },
	{ "rs",
	    { "let part_%05u = read(&path)?.trim();", "pub fn show_%05u<T: Ord>(x: T) -> T {",
		"self.parts.insert(%05u, value.clone());" },
	    "return Err(Error::Closed.into());", "}", "    " },
	{ "java",
	    { "this.part%05u = Objects.requireNonNull(x);", "public void show%05u(Part p) {",
		"log.warn(\"part %05u is gone\", p);" },
	    "throw new IllegalStateException();", "}", "        " },
	{ "sh",
	    { "part_%05u=$(cut -d: -f2 <\"$file\")", "take_part_%05u() {",
		"[ -e \"$dir/%05u\" ] || exit 1" },
	    "echo \"usage: $0 FILE\" >&2", "fi", "\t" },
	{ "md",
	    { "The part %05u is read before the others.", "## What part %05u is for",
		"* part %05u: see the \"manual\" of it" },
	    "This is said in more than one place.", "---", "" },
};

#define TRUTH_LANGUAGES (sizeof(truth_languages) / sizeof(truth_languages[0]))

static inline struct str truth_make_line(struct truths *t, size_t language, enum truth_line kind)
{
	static unsigned next;
	const char *indent = truth_languages[language].indent;

	if (kind == LINE_BLANK)
		return STR("");
	if (kind == LINE_TWIN)
		return str_from(
		    arena_printf(t->arena, "%s%s", indent, truth_languages[language].twin));
	if (kind == LINE_BRACE)
		return str_from(truth_languages[language].brace);
	const char *form = truth_languages[language].unique[truth_random(t, 3)];
	const char *at = strstr(form, "%05u");

	return str_from(arena_printf(
	    t->arena, "%s%.*s%05u%s", indent, (int)(at - form), form, next++ % 100000, at + 4));
}

static inline void truth_make_file(struct truths *t, unsigned i)
{
	struct truth_file *f = &t->files[i];
	size_t language = i % TRUTH_LANGUAGES;
	struct buf b;

	snprintf(
	    f->path, sizeof(f->path), "part%u/file%u.%s", i / 6, i, truth_languages[language].ext);
	f->crlf = i % 3 == 1;
	f->n = TRUTH_LINES - 17 * i / 2;
	buf_init(&b, MIB(1));
	for (unsigned n = 1; n <= f->n; n++) {
		uint32_t r = truth_random(t, 20);

		f->kinds[n] = r < 2   ? LINE_BLANK
			      : r < 4 ? LINE_BRACE
			      : r < 6 ? LINE_TWIN
				      : LINE_UNIQUE;
		f->lines[n] = truth_make_line(t, language, f->kinds[n]);
		buf_add(&b, f->lines[n]);
		buf_adds(&b, f->crlf ? "\r\n" : "\n");
	}
	f->text = arena_dup(t->arena, buf_str(&b));
	buf_fini(&b);
}

static inline int truth_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	const struct truths *t = ctx;

	(void)a;
	if (str_is(path, "large/large.c"))
		return -E2BIG;
	for (size_t i = 0; i < TRUTH_FILES; i++)
		if (str_is(path, t->files[i].path)) {
			*ret = t->files[i].text;
			return 0;
		}
	return -ENOENT;
}

/* --- citing ------------------------------------------------------------------------------- */

/* The reference, in one of the forms that models write. */
static inline void truth_cite(struct truths *t, const char *path, unsigned line, unsigned end)
{
	static const char *const one[] = { "`%s:%u` ", "%s:%u ", "**`%s:%u`**: ", "`%s:L%u` - ",
		"(%s#L%u) " };
	static const char *const more[] = { "`%s:%u-%u` ", "%s:%u\xe2\x80\x93%u ",
		"`%s:L%u-L%u`: ", "%s#L%u-L%u " };

	buf_adds(&t->text, "- in ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (end > line)
		buf_printf(&t->text, more[truth_random(t, 4)], path, line, end);
	else
		buf_printf(&t->text, one[truth_random(t, 5)], path, line);
#pragma GCC diagnostic pop
}

/* QUOTE in marks that it does not hold itself, or, in plain quotation marks, even does. */
static inline void truth_quote(struct truths *t, struct str quote)
{
	quote = str_trim(quote);
	bool lines = str_chr(quote, '\n') >= 0, ticks = str_chr(quote, '`') >= 0;

	switch (lines ? 3 : truth_random(t, 4)) {
	case 0:
		if (!ticks) {
			buf_printf(&t->text, "`%.*s` is it.\n", STR_ARG(quote));
			return;
		}
		break;
	case 1:
		buf_printf(&t->text, "\xe2\x80\x9c%.*s\xe2\x80\x9d is it.\n", STR_ARG(quote));
		return;
	case 3:
		buf_printf(&t->text, "\n\n```\n%.*s\n```\n", STR_ARG(quote));
		return;
	default:
		break;
	}
	buf_printf(&t->text, "\"%.*s\" is it.\n", STR_ARG(quote));
}

static inline void truth_add(
    struct truths *t, const char *what, enum cite_state state, unsigned line, unsigned end)
{
	t->v[t->n++] = (struct truth){ what, state, line, end };
}

/* A line of KIND, from 42 to 42 before the end. */
static inline unsigned truth_pick(
    struct truths *t, const struct truth_file *f, enum truth_line kind)
{
	for (;;) {
		unsigned n = 42 + truth_random(t, f->n - 84);

		if (f->kinds[n] == kind)
			return n;
	}
}

/* N lines from LINE on, as a model copies them: with plain line ends. */
static inline struct str truth_lines(
    struct truths *t, const struct truth_file *f, unsigned line, unsigned n)
{
	char *s = arena_printf(t->arena, "%.*s", STR_ARG(f->lines[line]));

	for (unsigned i = 1; i < n; i++)
		s = arena_printf(t->arena, "%s\n%.*s", s, STR_ARG(f->lines[line + i]));
	return str_from(s);
}

static inline void truth_right(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_UNIQUE), more = truth_random(t, 4);

	truth_cite(t, f->path, n, n);
	truth_quote(t, f->lines[n]);
	truth_add(t, "right", CITE_RESOLVES, n, n);
	truth_cite(t, f->path, n - more, n + more);
	truth_quote(t, f->lines[n]);
	truth_add(t, "in a range", CITE_RESOLVES, n - more, n + more);
	truth_cite(t, f->path, n, n + more);
	truth_quote(t, truth_lines(t, f, n, more + 1));
	truth_add(t, "several lines", CITE_RESOLVES, n, n + more);
}

static inline void truth_shifted(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_UNIQUE), by = 1 + truth_random(t, 40);
	unsigned to = truth_random(t, 2) ? n + by : n - by, m = truth_pick(t, f, LINE_UNIQUE);

	truth_cite(t, f->path, to, to);
	truth_quote(t, f->lines[n]);
	truth_add(t, "shifted", CITE_MOVED, n, n);
	while (f->kinds[m + 1] != LINE_UNIQUE)
		m = truth_pick(t, f, LINE_UNIQUE);
	truth_cite(t, f->path, m - by, m - by + 1);
	if (by < 2) /* then its second line is cited, and the first with it */
		truth_quote(t, f->lines[m + 1]);
	else
		truth_quote(t, truth_lines(t, f, m, 2));
	truth_add(t, "two lines, shifted", CITE_MOVED, by < 2 ? m + 1 : m, m + 1);
}

static inline void truth_changed(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_UNIQUE);
	char *other = arena_cstr(t->arena, f->lines[n]), *digits = other + strlen(other);

	while (!(digits[0] >= '0' && digits[0] <= '9'))
		digits--;
	digits[0] = 'x'; /* of the number that makes it the only one */
	truth_cite(t, f->path, n, n);
	truth_quote(t, str_from(other));
	truth_add(t, "another text", CITE_CHANGED, 0, 0);
	n = truth_pick(t, f, LINE_UNIQUE);
	truth_cite(t, f->path, n, n);
	truth_quote(t, str_from(f->crlf ? "closed;" : truth_languages[0].brace));
	truth_add(t, "too short to mean a place", CITE_CHANGED, 0, 0);
}

static inline void truth_missing(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_UNIQUE);
	const char *base = strchr(f->path, '/') + 1;

	truth_cite(t, arena_printf(t->arena, "renamed/%s", base), n, n);
	truth_quote(t, f->lines[n]);
	truth_add(t, "renamed", CITE_MISSING, 0, 0);
	truth_cite(t, arena_printf(t->arena, "part0/new_%s", base), n, n + 2);
	truth_quote(t, f->lines[n]);
	truth_add(t, "invented path", CITE_MISSING, 0, 0);
	truth_cite(t, f->path, f->n + 1 + truth_random(t, 1000), 0);
	truth_quote(t, STR("nothing_like_this(anywhere, at_all)"));
	truth_add(t, "invented lines", CITE_MISSING, 0, 0);
	truth_cite(t, f->path, f->n + 1 + truth_random(t, 1000), 0);
	buf_adds(&t->text, "there is more.\n");
	truth_add(t, "invented lines, no quote", CITE_MISSING, 0, 0);
}

static inline void truth_unchecked(struct truths *t, const struct truth_file *f)
{
	unsigned n = 1 + truth_random(t, f->n);

	truth_cite(t, f->path, n, n + truth_random(t, 3));
	buf_adds(&t->text, "it happens.\n");
	truth_add(t, "no quote", CITE_UNCHECKED, 0, 0);
	truth_cite(t, "large/large.c", n, n);
	truth_quote(t, f->lines[truth_pick(t, f, LINE_UNIQUE)]);
	truth_add(t, "too large to look at", CITE_UNCHECKED, 0, 0);
	buf_printf(&t->text, "- https://example.org/%s \"says it\"\n", f->path);
	truth_add(t, "a page of the web", CITE_UNCHECKED, 0, 0);
}

/* The twin that is nearest to LINE; of two as near, the first. */
static inline unsigned truth_nearest(const struct truth_file *f, unsigned line)
{
	for (unsigned by = 0;; by++) {
		if (by < line && f->kinds[line - by] == LINE_TWIN)
			return line - by;
		if (line + by <= f->n && f->kinds[line + by] == LINE_TWIN)
			return line + by;
	}
}

static inline void truth_twins(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_TWIN), near = n - 1 - truth_random(t, 30);

	truth_cite(t, f->path, n, n);
	truth_quote(t, f->lines[n]);
	truth_add(t, "one of several", CITE_RESOLVES, n, n);
	truth_cite(t, f->path, near, near);
	truth_quote(t, f->lines[n]);
	n = truth_nearest(f, near);
	truth_add(t, "the nearest of several", n == near ? CITE_RESOLVES : CITE_MOVED, n, n);
}

/* The same text, as people and tools lay it out. */
static inline void truth_dressed(struct truths *t, const struct truth_file *f)
{
	unsigned n = truth_pick(t, f, LINE_UNIQUE), brace = truth_pick(t, f, LINE_BRACE);
	struct str line = str_trim(f->lines[n]);
	char *wide = arena_alloc(t->arena, 4 * line.n + 1), *p = wide;

	for (size_t i = 0; i < line.n; i++) {
		*p++ = line.p[i];
		if (line.p[i] == ' ') {
			*p++ = i % 2 ? '\t' : ' ';
			*p++ = ' ';
		}
	}
	truth_cite(t, f->path, n, n);
	truth_quote(t, str_from(wide));
	truth_add(t, "other white space", CITE_RESOLVES, n, n);
	truth_cite(t, f->path, n, n);
	buf_printf(&t->text, "\n```\n%u: %.*s\n```\n", n, STR_ARG(line));
	truth_add(t, "with its number", CITE_RESOLVES, n, n);
	truth_cite(t, f->path, brace, brace);
	buf_printf(&t->text, "`%.*s` is it.\n", STR_ARG(f->lines[brace]));
	truth_add(t, "short, but a whole line", CITE_RESOLVES, brace, brace);
	truth_cite(t, f->path, n, n);
	truth_quote(t, str_skip(line, 2));
	truth_add(t, "a part of a line", CITE_RESOLVES, n, n);
}

/* Files, and at least N citations of them in t->text; truth_end frees the text. */
static inline void truth_begin(struct truths *t, struct arena *a, uint64_t seed, size_t n)
{
	static void (*const cases[])(struct truths *, const struct truth_file *) = { truth_right,
		truth_shifted, truth_changed, truth_missing, truth_unchecked, truth_twins,
		truth_dressed };

	*t = (struct truths){ .arena = a, .state = seed * 2 + 1 };
	t->v = arena_array(a, n + 16, sizeof(*t->v));
	buf_init(&t->text, MIB(8));
	for (unsigned i = 0; i < TRUTH_FILES; i++)
		truth_make_file(t, i);
	for (unsigned i = 0; t->n < n; i++) {
		if (i % 5 == 0)
			buf_printf(&t->text, "\n### S%u: Item\n\n", i / 5 + 1);
		cases[i % 7](t, &t->files[truth_random(t, TRUTH_FILES)]);
	}
}

static inline void truth_end(struct truths *t)
{
	buf_fini(&t->text);
}

#endif
