/* search: literal or POSIX extended, bounded in files, bytes, hits and width. */
#include "agent/priv.h"

#include "base/utf8.h"

#include <regex.h>
#include <stdlib.h>

#define SEARCH_DEFAULT 100
#define SEARCH_MAX 500
#define SEARCH_FILE_MAX MIB(2)
#define SEARCH_BYTES_MAX MIB(512)
#define REGEX_LINE_MAX KIB(4) /* glibc's matcher is slow on long lines */
#define HIT_WIDTH 300

struct search {
	struct tool_call *call;
	struct str pattern, glob;
	regex_t regex;
	bool is_regex, more, bounded;
	size_t n, max, files, bytes;
};

static bool hits(struct search *s, struct str line)
{
	regmatch_t m = { .rm_so = 0,
		.rm_eo = (regoff_t)(line.n < REGEX_LINE_MAX ? line.n : REGEX_LINE_MAX) };

	if (!s->is_regex)
		return str_contains(line, s->pattern);
	return regexec(&s->regex, line.p, 1, &m, REG_STARTEND) == 0;
}

static void add_hit(struct search *s, struct str path, size_t no, struct str line)
{
	struct str shown = utf8_cut(line, HIT_WIDTH);

	tool_add_name(s->call, path);
	buf_printf(
	    s->call->out, ":%zu: %.*s%s\n", no, STR_ARG(shown), shown.n < line.n ? " …" : "");
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

static bool wanted(const struct search *s, struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct str base = slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;

	if (!s->glob.n)
		return true;
	return glob_match(s->glob, str_chr(s->glob, '/') >= 0 ? path : base);
}

static bool on_file(void *ctx, struct str path, size_t size)
{
	struct search *s = ctx;
	struct str text;

	if (size > SEARCH_FILE_MAX || !wanted(s, path))
		return true;
	if (s->bytes + size > SEARCH_BYTES_MAX) {
		s->bounded = true;
		return false;
	}
	struct arena *a = arena_create("search", SEARCH_FILE_MAX + KIB(64));

	if (root_read(s->call->root, a, path, SEARCH_FILE_MAX, &text) == 0 &&
	    !(text.n && memchr(text.p, 0, text.n < KIB(8) ? text.n : KIB(8)))) {
		s->files++;
		s->bytes += text.n;
		search_text(s, path, text);
	}
	arena_destroy(a);
	return !s->more;
}

static int compile(struct search *s)
{
	char why[200];
	int rc =
	    regcomp(&s->regex, arena_cstr(s->call->arena, s->pattern), REG_EXTENDED | REG_NOSUB);

	if (!rc)
		return 0;
	regerror(rc, &s->regex, why, sizeof(why));
	return tool_fail(s->call, "the regular expression is wrong: %s", why);
}

int tool_search(struct tool_call *call)
{
	long long max = json_get_int(call->args, "max", SEARCH_DEFAULT);
	struct search s = { .call = call,
		.pattern = json_get_str(call->args, "pattern"),
		.glob = json_get_str(call->args, "glob"),
		.is_regex = json_get_bool(call->args, "regex", false),
		.max = max > 0 && max <= SEARCH_MAX ? (size_t)max : SEARCH_DEFAULT };
	struct str path = json_get_str(call->args, "path"), text;
	size_t missed = 0;
	int rc = 0;

	if (!s.pattern.n || s.pattern.n > KIB(1))
		return tool_fail(call, "pattern is missing or too long");
	if (s.is_regex && compile(&s) < 0)
		return -EINVAL;
	if (path.n && root_read(call->root, call->arena, path, SEARCH_FILE_MAX, &text) == 0)
		search_text(&s, path, text);
	else
		rc = root_walk(call->root, path, on_file, &s, &missed);
	if (s.is_regex)
		regfree(&s.regex);
	if (rc < 0)
		return tool_fail_path(call, path, root_why(rc));
	if (!s.n)
		buf_adds(call->out, "No match.\n");
	if (s.more)
		buf_printf(call->out, "(first %zu matches; there are more)\n", s.n);
	if (s.bounded)
		buf_adds(call->out, "(the search was cut at 512 MiB of text)\n");
	call->summary = arena_printf(call->arena, "%zu hits", s.n);
	return 0;
}
