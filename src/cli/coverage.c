#include "cli/coverage.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#define PATH_WIDTH 40
#define DIRS_SHOWN 20
#define FILES_SHOWN 40
#define SPANS_SHOWN 2

static long long total(const json_t *doc, const char *key)
{
	return json_get_int(json_get_object(doc, "totals"), key, 0);
}

static void add_more(struct buf *b, const struct term *t)
{
	term_add(b, t, STYLE_DIM, STR("  and more; --json has them"));
	buf_addc(b, '\n');
}

static void add_totals(struct buf *b, const struct term *t, const json_t *doc)
{
	struct str scope = json_get_str(doc, "scope");
	const char *words = str_is(scope, "change")  ? " of the change"
			    : str_is(scope, "focus") ? " in focus"
						     : "";

	term_addf(b, t, STYLE_PLAIN, "  %lld file%s%s: %lld read, %lld in part, %lld not read",
	    total(doc, "files"), total(doc, "files") == 1 ? "" : "s", words, total(doc, "read"),
	    total(doc, "partly"), total(doc, "not_read"));
	buf_addc(b, '\n');
	term_addf(b, t, STYLE_PLAIN, "  %lld of %lld lines", total(doc, "lines_read"),
	    total(doc, "lines"));
	buf_addc(b, '\n');
	if (total(doc, "skipped")) {
		term_addf(b, t, STYLE_DIM, "  %lld more skipped", total(doc, "skipped"));
		buf_addc(b, '\n');
	}
	if (total(doc, "unlisted") || total(doc, "reads_left_out")) {
		term_addf(b, t, STYLE_WARN, "  beyond what is kept: %lld files, %lld reads",
		    total(doc, "unlisted"), total(doc, "reads_left_out"));
		buf_addc(b, '\n');
	}
}

static void add_blind(struct buf *b, const struct term *t, const json_t *doc)
{
	const json_t *step;
	size_t i;

	json_array_foreach (json_get_array(doc, "not_known"), i, step) {
		term_add(b, t, STYLE_WARN, STR("  what it read is not known: "));
		term_add(b, t, STYLE_PLAIN, utf8_fit(str_from(json_string_value(step)), 48));
		buf_addc(b, '\n');
	}
}

/* The longest end of S that is no wider than WIDTH. */
static struct str fit_end(struct str s, size_t width)
{
	if (s.n > 4 * width) /* the most bytes that so many columns take */
		s = str_skip(s, s.n - 4 * width);
	while (s.n && (((unsigned char)s.p[0] & 0xc0) == 0x80 || utf8_fit(s, width).n < s.n))
		s = str_skip(s, 1);
	return s;
}

/* How wide S is, which is no wider than PATH_WIDTH. */
static size_t width_of(struct str s)
{
	size_t width = PATH_WIDTH;

	while (width && utf8_fit(s, width - 1).n == s.n)
		width--;
	return width;
}

/* In a column of its own; the end of a path says more than its beginning. */
static void add_path(struct buf *b, struct str path)
{
	struct buf shown;
	struct str s;

	buf_init(&shown, 4 * PATH_BYTES_MAX + KIB(1));
	buf_add_terminal_line(&shown, path);
	s = buf_str(&shown);
	buf_adds(b, "  ");
	if (utf8_fit(s, PATH_WIDTH).n < s.n) {
		s = fit_end(s, PATH_WIDTH - 3);
		buf_printf(b, "...%.*s%*s", STR_ARG(s), (int)(PATH_WIDTH - 3 - width_of(s)), "");
	} else {
		buf_printf(b, "%.*s%*s", STR_ARG(s), (int)(PATH_WIDTH - width_of(s)), "");
	}
	buf_fini(&shown);
}

static void add_dirs(struct buf *b, const struct term *t, const json_t *doc)
{
	const json_t *dirs = json_get_array(doc, "directories"), *d;
	size_t i;

	if (!json_array_size(dirs))
		return;
	buf_addc(b, '\n');
	term_addf(b, t, STYLE_DIM, "  %-*s %8s %8s %12s", PATH_WIDTH, "directory", "not read",
	    "in part", "lines unread");
	buf_addc(b, '\n');
	json_array_foreach (dirs, i, d) {
		if (i == DIRS_SHOWN)
			break;
		add_path(b, json_get_str(d, "path"));
		buf_printf(b, " %8lld %8lld %12lld\n", json_get_int(d, "not_read", 0),
		    json_get_int(d, "partly", 0),
		    json_get_int(d, "lines", 0) - json_get_int(d, "lines_read", 0));
	}
	if (json_array_size(dirs) > DIRS_SHOWN)
		add_more(b, t);
}

static void add_spans(struct buf *b, const struct term *t, const json_t *read)
{
	const json_t *span;
	size_t i;

	json_array_foreach (read, i, span) {
		if (i == SPANS_SHOWN) {
			term_add(b, t, STYLE_DIM, STR(", ..."));
			break;
		}
		term_addf(b, t, STYLE_DIM, "%s%lld-%lld", i ? ", " : "",
		    (long long)json_integer_value(json_array_get(span, 0)),
		    (long long)json_integer_value(json_array_get(span, 1)));
	}
}

static void add_file(struct buf *b, const struct term *t, const json_t *f)
{
	add_path(b, json_get_str(f, "path"));
	if (str_is(json_get_str(f, "state"), "not_read"))
		term_addf(b, t, STYLE_WARN, " not read, %lld lines", json_get_int(f, "lines", 0));
	else
		buf_addc(b, ' ');
	add_spans(b, t, json_get_array(f, "read"));
	buf_addc(b, '\n');
}

/* Those that somebody may want to look at: what is read or skipped is in the JSON. */
static void add_files(struct buf *b, const struct term *t, const json_t *doc)
{
	const json_t *f;
	size_t i, shown = 0;

	json_array_foreach (json_get_array(doc, "files"), i, f) {
		struct str state = json_get_str(f, "state");

		if (!str_is(state, "not_read") && !str_is(state, "partly"))
			continue;
		if (!shown)
			buf_addc(b, '\n');
		if (shown++ == FILES_SHOWN) {
			add_more(b, t);
			return;
		}
		add_file(b, t, f);
	}
}

void coverage_add_view(struct buf *b, const struct term *t, const json_t *doc)
{
	if (!json_is_object(doc)) {
		term_add(b, t, STYLE_DIM, STR("  nothing is known of what this run has read"));
		buf_addc(b, '\n');
		return;
	}
	add_totals(b, t, doc);
	add_blind(b, t, doc);
	add_dirs(b, t, doc);
	add_files(b, t, doc);
}
