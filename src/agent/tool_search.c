/* search: literal or POSIX extended, bounded in files, bytes, hits and width. */
#include "agent/priv.h"

#include "base/utf8.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>

#define SEARCH_DEFAULT 100
#define SEARCH_MAX 500
#define SEARCH_FILE_MAX MIB(2)
#define SEARCH_BYTES_MAX MIB(512)
#define PATTERN_MAX KIB(1)
#define REGEX_SIZE_MAX 10000  /* glibc takes about a kilobyte for each of it */
#define REGEX_LINE_MAX KIB(4) /* glibc's matcher is slow on long lines */
#define HIT_WIDTH 300

struct search {
	struct tool_call *call;
	struct str pattern, glob;
	regex_t regex;
	bool is_regex, more, bounded;
	size_t n, max, bytes;
	size_t missed, too_large, too_wide; /* what was not searched, or not wholly */
};

/* --- matching ------------------------------------------------------------------------------------
 */

static bool hits(struct search *s, struct str line)
{
	bool wide = line.n > REGEX_LINE_MAX;
	regmatch_t m = { .rm_eo = (regoff_t)(wide ? REGEX_LINE_MAX : line.n) };

	if (!s->is_regex)
		return str_contains(line, s->pattern);
	bool hit = regexec(&s->regex, line.p, 1, &m, REG_STARTEND | (wide ? REG_NOTEOL : 0)) == 0;

	s->too_wide += wide && !hit;
	return hit;
}

/* A line that is shown whole is read; those that follow each other are one entry. */
static void add_read(json_t *reads, struct str path, size_t no)
{
	json_t *last = json_array_get(reads, json_array_size(reads) - 1);

	if (last && json_get_int(last, "to", -1) + 1 == (long long)no &&
	    str_eq(json_get_str(last, "path"), path))
		json_object_set_new(last, "to", json_integer((json_int_t)no));
	else
		json_array_append_new(reads, json_pack("{s:o, s:I, s:I}", "path", json_text(path),
						 "from", (json_int_t)no, "to", (json_int_t)no));
}

static void add_hit(struct search *s, struct str path, size_t no, struct str line)
{
	struct str shown = utf8_cut(line, HIT_WIDTH);

	tool_add_name(s->call, path);
	buf_printf(s->call->out, ":%zu: ", no);
	buf_add(s->call->out, shown);
	buf_adds(s->call->out, shown.n < line.n ? " …\n" : "\n");
	if (shown.n == line.n)
		add_read(s->call->reads, path, no);
}

static void search_text(struct search *s, struct str path, struct str text)
{
	size_t no = 0;

	if (!s->is_regex && !str_contains(text, s->pattern))
		return;
	while (text.p && text.n) {
		struct str line = str_line(&text);

		no++;
		if (!hits(s, line))
			continue;
		if (s->n == s->max || s->call->out->n > TOOL_RESULT_MAX - KIB(8)) {
			s->more = true;
			return;
		}
		s->n++;
		add_hit(s, path, no, line);
	}
}

/* --- where ---------------------------------------------------------------------------------------
 */

static bool wanted(const struct search *s, struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct str base = slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;

	if (!s->glob.n)
		return true;
	return glob_match(root_path(s->glob), str_chr(s->glob, '/') >= 0 ? path : base);
}

static bool is_binary(struct str text)
{
	return text.n && memchr(text.p, 0, text.n < KIB(8) ? text.n : KIB(8));
}

static bool on_file(void *ctx, struct str path, size_t size)
{
	struct search *s = ctx;
	struct str text;

	if (!wanted(s, path))
		return true;
	if (size > SEARCH_FILE_MAX) {
		s->too_large++;
		return true;
	}
	if (s->bytes + size > SEARCH_BYTES_MAX) {
		s->bounded = true;
		return false;
	}
	struct arena *a = arena_create("search", SEARCH_FILE_MAX + KIB(64));
	int rc = root_read(s->call->root, a, path, SEARCH_FILE_MAX, &text);

	s->missed += rc < 0;
	if (!rc && !is_binary(text)) {
		s->bytes += text.n;
		search_text(s, path, text);
	}
	arena_destroy(a);
	return !s->more;
}

static int search_in(struct search *s, struct str path)
{
	struct str text;
	size_t missed = 0;
	int rc = root_read(s->call->root, s->call->arena, path, SEARCH_FILE_MAX, &text);

	if (rc == -EISDIR)
		rc = root_walk(s->call->root, path, on_file, s, &missed);
	else if (rc == -E2BIG)
		return tool_fail_path(s->call, path, "it is larger than 2 MiB; use read_file");
	else if (!rc && is_binary(text))
		return tool_fail_path(s->call, path, "it is a binary file");
	else if (!rc)
		search_text(s, root_path(path), text);
	s->missed += missed;
	return rc < 0 ? tool_fail_path(s->call, path, root_why(rc)) : 0;
}

/* --- the call ------------------------------------------------------------------------------------
 */

/* "{2,5}" at the beginning of P: how often at most; 1 when there is no such thing. */
static size_t repeats(struct str p)
{
	size_t most = 0, n = 0;

	if (!p.n || p.p[0] != '{')
		return 1;
	for (size_t i = 1; i < p.n && p.p[i] != '}'; i++) {
		n = isdigit((unsigned char)p.p[i]) ? n * 10 + (size_t)(p.p[i] - '0') : 0;
		n = n <= REGEX_SIZE_MAX ? n : REGEX_SIZE_MAX + 1;
		most = n > most ? n : most;
	}
	return most ? most : 1;
}

/* Where the thing ends that begins at I: escapes, bracket expressions and repetitions are one. */
static size_t thing_end(struct str p, size_t i)
{
	char last = p.p[i] == '[' ? ']' : '}';

	if (p.p[i] == '\\')
		return i + 1;
	if (p.p[i] != '[' && p.p[i] != '{')
		return i;
	i += i + 1 < p.n && p.p[i + 1] == '^' ? 2 : 1;
	for (i += i < p.n && p.p[i] == ']'; i < p.n && p.p[i] != last;)
		i++;
	return i;
}

/* About how large glibc's automaton becomes: a repetition multiplies what it repeats. */
static size_t regex_size(struct str p)
{
	size_t all[PATTERN_MAX + 1] = { 0 }, last = 0, depth = 0; /* of each open group */

	for (size_t i = 0; i < p.n && all[depth] <= REGEX_SIZE_MAX; i = thing_end(p, i) + 1) {
		if (p.p[i] == '(') {
			all[++depth] = last = 0;
		} else if (p.p[i] == '{') {
			size_t n = repeats(str_skip(p, i));

			all[depth] += last * (n - 1);
			last *= n;
		} else {
			last = p.p[i] == ')' && depth ? all[depth--] : 1;
			all[depth] += last;
		}
	}
	return all[depth];
}

static int compile(struct search *s)
{
	char why[200];

	if (regex_size(s->pattern) > REGEX_SIZE_MAX)
		return tool_fail(s->call, "the regular expression repeats too much");
	errno = 0;
	int rc =
	    regcomp(&s->regex, arena_cstr(s->call->arena, s->pattern), REG_EXTENDED | REG_NOSUB);

	if (!rc)
		return 0;
	if (errno == ENOMEM) /* an expression is not wrong for that */
		out_of_memory("expression", s->pattern.n);
	regerror(rc, &s->regex, why, sizeof(why));
	return tool_fail(s->call, "the regular expression is wrong: %s", why);
}

static void add_notes(const struct search *s)
{
	struct tool_call *call = s->call;

	if (!s->n)
		buf_adds(call->out, "No match.\n");
	if (s->more)
		buf_printf(call->out, "(first %zu matches; there are more)\n", s->n);
	if (s->bounded)
		buf_adds(call->out, "(the search was cut at 512 MiB of text)\n");
	tool_note(call, s->too_large, "files are larger than 2 MiB and were not searched");
	tool_note(call, s->too_wide,
	    "lines are longer than 4 KiB; only their beginning was held against the expression");
	tool_note(call, s->missed, "places could not be looked into: too deep or not readable");
}

int tool_search(struct tool_call *call)
{
	long long max = json_get_int(call->args, "max", SEARCH_DEFAULT);
	struct search s = { .call = call,
		.pattern = json_get_str(call->args, "pattern"),
		.glob = json_get_str(call->args, "glob"),
		.is_regex = json_get_bool(call->args, "regex", false),
		.max = max < 1		  ? SEARCH_DEFAULT
		       : max < SEARCH_MAX ? (size_t)max
					  : SEARCH_MAX };

	if (!s.pattern.n || s.pattern.n > PATTERN_MAX)
		return tool_fail(call, "pattern must have 1 to %zu bytes", PATTERN_MAX);
	if (str_chr(s.pattern, '\n') >= 0)
		return tool_fail(call, "pattern must be a single line");
	if (s.glob.n > GLOB_MAX)
		return tool_fail(call, "glob must have at most %d bytes", GLOB_MAX);
	if (s.is_regex && compile(&s) < 0)
		return -EINVAL;
	int rc = search_in(&s, json_get_str(call->args, "path"));

	if (s.is_regex)
		regfree(&s.regex);
	if (rc)
		return rc;
	add_notes(&s);
	call->summary = arena_printf(call->arena, "%zu hits", s.n);
	return 0;
}
