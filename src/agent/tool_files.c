/* list_dir, read_file, find_files. */
#include "agent/priv.h"

#include "base/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX 1000
#define FIND_DEFAULT 100
#define FIND_MAX 1000
#define LINE_SHOWN 2000

/* --- list_dir ------------------------------------------------------------------------------------
 */

static bool is_dir(struct tool_call *call, struct str dir, const struct dirent *e)
{
	const char *path = arena_printf(call->arena, "%.*s/%s", STR_ARG(dir), e->d_name);
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	int fd = root_at(call->root, str_from(path), O_PATH | O_NOFOLLOW);
	bool yes = fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	if (fd >= 0)
		close(fd);
	return yes;
}

int tool_list_dir(struct tool_call *call)
{
	struct str path = json_get_str(call->args, "path");
	struct dirent **v;
	int n = root_list(call->root, path, &v), shown = 0;

	if (n < 0)
		return tool_fail_path(
		    call, path, n == -ENOTDIR ? "it is no directory; use read_file" : root_why(n));
	for (; shown < n && shown < LIST_MAX && call->out->n < TOOL_RESULT_MAX - KIB(4); shown++) {
		tool_add_name(call, str_from(v[shown]->d_name));
		buf_adds(call->out, is_dir(call, path, v[shown]) ? "/\n" : "\n");
	}
	tool_note(call, (size_t)(n - shown), "more entries are not shown");
	if (!n)
		buf_adds(call->out, "(empty)\n");
	call->summary = arena_printf(call->arena, "%d entries", n);
	return 0;
}

/* --- read_file -----------------------------------------------------------------------------------
 */

static bool is_binary(struct str text)
{
	struct str head = str_take(text, KIB(8));

	return head.n && memchr(head.p, 0, head.n);
}

static size_t count_lines(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n + (text.n && text.p[text.n - 1] != '\n');
}

/* The last line that was added; a result has no room for all of them when they are long. */
static size_t add_lines(struct buf *b, struct str text, size_t from, size_t to)
{
	size_t no = 0;

	while (text.p && no < to && b->n < TOOL_RESULT_MAX - KIB(4)) {
		struct str line = str_line(&text), shown = utf8_cut(line, LINE_SHOWN);

		if (++no < from)
			continue;
		buf_printf(b, "%6zu\t", no);
		buf_add(b, shown);
		buf_adds(b, shown.n < line.n ? " …\n" : "\n");
	}
	return no;
}

static void show_lines(
    struct tool_call *call, struct str text, size_t from, size_t to, size_t total)
{
	struct buf lines;

	buf_init(&lines, TOOL_RESULT_MAX);
	to = add_lines(&lines, text, from, to);
	call->summary = arena_printf(call->arena, "lines %zu-%zu of %zu", from, to, total);
	buf_printf(call->out, "%s\n", call->summary);
	buf_add(call->out, buf_str(&lines));
	buf_fini(&lines);
	if (to < total)
		buf_printf(
		    call->out, "(stopped at line %zu; %zu more lines follow)\n", to, total - to);
	json_array_append_new(call->reads,
	    json_pack("{s:o, s:I, s:I}", "path", json_text(json_get_str(call->args, "path")),
		"from", (json_int_t)from, "to", (json_int_t)to));
}

int tool_read_file(struct tool_call *call)
{
	struct str path = json_get_str(call->args, "path"), text;
	long long from = json_get_int(call->args, "from", 1);
	long long to = json_get_int(call->args, "to", 0);
	int rc = root_read(call->root, call->arena, path, SOURCE_FILE_MAX, &text);

	if (rc)
		return tool_fail_path(call, path,
		    rc == -E2BIG    ? "it is larger than 16 MiB"
		    : rc == -EISDIR ? "it is a directory; use list_dir"
				    : root_why(rc));
	if (is_binary(text))
		return tool_fail_path(call, path,
		    arena_printf(call->arena, "it is a binary file (%zu bytes)", text.n));
	size_t total = count_lines(text);

	if (!total) {
		buf_adds(call->out, "lines 0-0 of 0\n(the file is empty)\n");
		call->summary = "empty";
		return 0;
	}
	if (from < 1)
		from = 1;
	if ((size_t)from > total)
		return tool_fail_path(
		    call, path, arena_printf(call->arena, "it has only %zu lines", total));
	if (to < from || (size_t)to > total)
		to = (long long)total;
	if (to - from >= TOOL_READ_LINES)
		to = from + TOOL_READ_LINES - 1;
	show_lines(call, text, (size_t)from, (size_t)to, total);
	return 0;
}

/* --- find_files ----------------------------------------------------------------------------------
 */

struct find {
	struct tool_call *call;
	struct str pattern;
	size_t n, max;
	bool whole, more;
};

static struct str base_of(struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);

	return slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
}

static bool on_file(void *ctx, struct str path, size_t size)
{
	struct find *f = ctx;

	(void)size;
	if (!glob_match(f->pattern, f->whole ? path : base_of(path)))
		return true;
	if (f->n == f->max || f->call->out->n > TOOL_RESULT_MAX - KIB(8)) {
		f->more = true;
		return false;
	}
	f->n++;
	tool_add_name(f->call, path);
	buf_addc(f->call->out, '\n');
	return true;
}

int tool_find_files(struct tool_call *call)
{
	long long max = json_get_int(call->args, "max", FIND_DEFAULT);
	struct str pattern = json_get_str(call->args, "pattern");
	struct find f = { .call = call,
		.pattern = root_path(pattern),
		/* a pattern without a slash is about names, as people expect */
		.whole = str_chr(pattern, '/') >= 0,
		.max = max < 1		? FIND_DEFAULT
		       : max < FIND_MAX ? (size_t)max
					: FIND_MAX };
	size_t missed;

	if (!f.pattern.n || f.pattern.n > GLOB_MAX)
		return tool_fail(call, "pattern must have 1 to %d bytes", GLOB_MAX);
	int rc = root_walk(call->root, STR(""), on_file, &f, &missed);

	if (rc < 0)
		return tool_fail_path(call, STR(""), root_why(rc));
	if (!f.n)
		buf_adds(call->out, "No file matches.\n");
	if (f.more)
		buf_printf(call->out, "(first %zu; there are more)\n", f.n);
	tool_note(call, missed, "places could not be looked into: too deep or not readable");
	call->summary = arena_printf(call->arena, "%zu files%s", f.n, f.more ? " and more" : "");
	return 0;
}
