/* A unified diff, line by line. Hunks are read by their counts, so that no line of a file can pose
 * as one of the diff. */
#include "change/change.h"

#include "base/json.h"
#include "base/limits.h"

#include <ctype.h>

#define LINE_NO_MAX 1000000000ULL

struct parser {
	struct arena *a;
	struct change *c;
	struct str rest;
	size_t cap_files;
	struct change_raw *raw;
	size_t n_raw, cap_raw;
};

/* The next line without its "\n"; a "\r" is the file's own. False at the end. */
static bool next_line(struct str *rest, struct str *ret)
{
	ptrdiff_t at = str_chr(*rest, '\n');

	if (!rest->n)
		return false;
	*ret = str_take(*rest, at < 0 ? rest->n : (size_t)at);
	*rest = str_skip(*rest, ret->n + 1);
	return true;
}

/* --- head --------------------------------------------------------------------------------- */

static const char *const kinds[CHANGE_KINDS] = { "none", "uncommitted", "since" };

static struct change_head read_head(struct arena *a, struct str line)
{
	json_t *doc = json_parse(line, NULL);
	struct change_head h = { .base = json_dup_str(a, doc, "base"),
		.from = json_dup_str(a, doc, "from"),
		.to = json_dup_str(a, doc, "to"),
		.unrelated = json_get_bool(doc, "unrelated", false),
		.cut = json_get_bool(doc, "cut", false),
		.files = (unsigned)json_get_int(doc, "files", 0) };

	for (unsigned k = 0; k < CHANGE_KINDS; k++)
		if (str_is(json_get_str(doc, "kind"), kinds[k]))
			h.kind = (enum change_kind)k;
	json_decref(doc);
	return h;
}

/* --- names -------------------------------------------------------------------------------- */

static int octal(struct str s)
{
	int v = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '7')
			return -1;
		v = v * 8 + (s.p[i] - '0');
	}
	return v < 256 ? v : -1;
}

/* "\"a/b\\n\"" as it was before git quoted it; *RET_LENGTH: bytes of S that it took. */
static struct str unquote(struct arena *a, struct str s, size_t *ret_length)
{
	static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0, i = 1;

	for (; i < s.n && s.p[i] != '"'; i++) {
		int v = s.p[i] == '\\' ? octal(str_skip(s, i + 1)) : -1;
		const char *l = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1]
				    ? strchr(letters, s.p[i + 1])
				    : NULL;

		if (v >= 0)
			out[n++] = (char)v;
		else
			out[n++] = l ? bytes[l - letters] : s.p[i];
		i += v >= 0 ? 3 : l ? 1 : 0;
	}
	*ret_length = i < s.n ? i + 1 : s.n;
	return (struct str){ out, n };
}

/* A name that fills the rest of its line; git puts a tab behind one that holds blanks. */
static struct str name_of(struct arena *a, struct str s)
{
	size_t length;

	if (str_starts(s, STR("\"")))
		return unquote(a, s, &length);
	if (str_ends(s, STR("\t")))
		s.n--;
	return s;
}

static struct str without_prefix(struct str name)
{
	return name.n > 2 && name.p[1] == '/' ? str_skip(name, 2) : name;
}

/* "a/NAME b/NAME", where both names are the same one unless other lines say otherwise. */
static struct str common_name(struct arena *a, struct str s)
{
	size_t length;

	if (s.n && s.p[0] == '"')
		return without_prefix(unquote(a, s, &length));
	if (s.n < 7 || s.n % 2 == 0)
		return without_prefix(s);
	struct str left = str_take(s, s.n / 2), right = str_skip(s, s.n / 2 + 1);

	return str_eq(str_skip(left, 2), str_skip(right, 2)) ? str_skip(right, 2)
							     : without_prefix(s);
}

/* --- files -------------------------------------------------------------------------------- */

static struct change_file *last_file(struct parser *p)
{
	struct change *c = p->c;

	return c->n_files && !c->more_files ? &c->files[c->n_files - 1] : NULL;
}

static void begin_file(struct parser *p, struct str names)
{
	struct change *c = p->c;

	if (c->n_files == CHANGE_FILES_MAX) {
		c->more_files++;
		return;
	}
	c->files = arena_grow(p->a, c->files, c->n_files, &p->cap_files, sizeof(*c->files));
	c->files[c->n_files++] = (struct change_file){ .path = common_name(p->a, names) };
}

static void set_names(struct parser *p, struct change_file *f, struct str name, bool is_old)
{
	struct str path = name_of(p->a, name);

	if (str_is(path, "/dev/null")) {
		f->how = is_old ? CHANGE_ADDED : CHANGE_DELETED;
		return;
	}
	path = without_prefix(path);
	if (!is_old)
		f->path = path;
	else if (f->how == CHANGE_DELETED || !f->path.n)
		f->path = path;
}

static void set_old(struct parser *p, struct change_file *f, struct str name, enum change_how how)
{
	f->old_path = name_of(p->a, name);
	f->how = how;
}

#define SUBMODULE_MODE "160000"

enum header {
	OLD_MODE,
	NEW_MODE,
	DELETED_MODE,
	ADDED_MODE,
	RENAME_FROM,
	RENAME_TO,
	COPY_FROM,
	COPY_TO,
	OLD_NAME,
	NEW_NAME,
	INDEX,
	BINARY,
	PATCH,
	LEFT_OUT,
	HEADERS
};

static const char *const headers[HEADERS] = { "old mode ", "new mode ", "deleted file mode ",
	"new file mode ", "rename from ", "rename to ", "copy from ", "copy to ", "--- ", "+++ ",
	"index ", "Binary files ", "GIT binary patch", "tutti left out: " };

static void take_header(
    struct parser *p, struct change_file *f, enum header which, struct str value)
{
	switch (which) {
	case OLD_MODE:
		f->old_mode = value;
		break;
	case NEW_MODE:
		f->new_mode = value;
		break;
	case DELETED_MODE:
		f->how = CHANGE_DELETED;
		f->old_mode = value;
		break;
	case ADDED_MODE:
		f->how = CHANGE_ADDED;
		f->new_mode = value;
		break;
	case RENAME_FROM:
	case COPY_FROM:
		set_old(p, f, value, which == COPY_FROM ? CHANGE_COPIED : CHANGE_RENAMED);
		break;
	case RENAME_TO:
	case COPY_TO:
		f->path = name_of(p->a, value);
		break;
	case OLD_NAME:
	case NEW_NAME:
		set_names(p, f, value, which == OLD_NAME);
		break;
	case INDEX: /* with the mode behind it where that stays the same */
		f->submodule |= str_ends(value, STR(" " SUBMODULE_MODE));
		break;
	case LEFT_OUT:
		f->left_out = str_take(value, 200);
		break;
	case BINARY:
	case PATCH:
	case HEADERS:
		f->binary = true;
		break;
	}
}

/* What git writes of a commit of another repository: one line on each side, and no text. */
static void note_submodule(struct change_file *f)
{
	f->submodule |= str_is(f->old_mode, SUBMODULE_MODE) || str_is(f->new_mode, SUBMODULE_MODE);
}

static void header_line(struct parser *p, struct change_file *f, struct str line)
{
	for (enum header k = 0; k < HEADERS; k++) {
		struct str word = str_from(headers[k]);

		if (str_starts(line, word)) {
			take_header(p, f, k, str_skip(line, word.n));
			note_submodule(f);
			return;
		}
	}
}

/* --- hunks -------------------------------------------------------------------------------- */

/* "12,3" or "12", cut off S, which goes on behind it. */
static bool take_range(struct str *s, unsigned *ret_line, unsigned *ret_n)
{
	size_t n = 0;

	while (n < s->n && (isdigit((unsigned char)s->p[n]) || s->p[n] == ','))
		n++;
	struct str range = str_take(*s, n), line = str_split(&range, ',');
	unsigned long long from = 0, count = 1;

	*s = str_skip(*s, n);
	if (!str_to_u64(line, LINE_NO_MAX, &from) ||
	    (range.p && !str_to_u64(range, LINE_NO_MAX, &count)))
		return false;
	*ret_line = (unsigned)from;
	*ret_n = (unsigned)count;
	return true;
}

/* "@@ -1,2 +3,4 @@ …" */
static bool hunk_line(struct str line, struct change_raw *ret)
{
	if (!str_starts(line, STR("@@ -")))
		return false;
	line = str_skip(line, 4);
	if (!take_range(&line, &ret->old_line, &ret->old_n) || !str_starts(line, STR(" +")))
		return false;
	line = str_skip(line, 2);
	return take_range(&line, &ret->new_line, &ret->new_n) && str_starts(line, STR(" @@"));
}

/* Lines that are still to come on both sides. */
struct left {
	unsigned old, new;
};

/* Does LINE belong to a hunk of which LEFT is missing? */
static bool belongs(struct str line, struct left *left)
{
	char mark = line.n ? line.p[0] : ' ';
	bool of_old = mark == ' ' || mark == '-', of_new = mark == ' ' || mark == '+';

	if (mark == '\\')
		return true;
	if ((!of_old && !of_new) || (of_old && !left->old) || (of_new && !left->new))
		return false;
	left->old -= of_old;
	left->new -= of_new;
	return true;
}

static void take_body(struct parser *p, struct change_file *f, struct change_raw *h)
{
	struct left left = { h->old_n, h->new_n };
	const char *from = p->rest.p;
	struct str ahead = p->rest, line;

	while (next_line(&ahead, &line) && belongs(line, &left)) {
		f->added += line.n && line.p[0] == '+';
		f->deleted += line.n && line.p[0] == '-';
		p->rest = ahead;
	}
	h->body = (struct str){ from, (size_t)(p->rest.p - from) };
	f->torn |= left.old || left.new;
	h->old_n -= left.old;
	h->new_n -= left.new;
}

static void take_hunk(struct parser *p, struct change_file *f, struct change_raw *h)
{
	h->file = p->c->n_files - 1;
	take_body(p, f, h);
	if (p->n_raw == CHANGE_HUNKS_MAX)
		f->left_out = STR("behind the first 50,000 hunks");
	if (!h->body.n || p->n_raw == CHANGE_HUNKS_MAX)
		return;
	p->raw = arena_grow(p->a, p->raw, p->n_raw, &p->cap_raw, sizeof(*p->raw));
	p->raw[p->n_raw++] = *h;
}

/* --- all of it ---------------------------------------------------------------------------- */

static void take_line(struct parser *p, struct str line)
{
	struct change_raw h = { 0 };
	struct change_file *f = last_file(p);

	if (str_starts(line, STR("diff --git ")))
		begin_file(p, str_skip(line, 11));
	else if (f && hunk_line(line, &h))
		take_hunk(p, f, &h);
	else if (f)
		header_line(p, f, line);
}

struct change *change_parse(struct arena *a, struct str text)
{
	struct parser p = { .a = a, .c = arena_new(a, struct change), .rest = text };
	struct str line;

	if (next_line(&p.rest, &line))
		p.c->head = read_head(a, line);
	while (p.c->head.kind != CHANGE_NONE && next_line(&p.rest, &line))
		take_line(&p, line);
	change_slice(a, p.c, p.raw, p.n_raw);
	return p.c;
}
