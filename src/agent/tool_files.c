/* list_dir, read_file, find_files. */
#include "agent/priv.h"

#include "base/utf8.h"

#include <dirent.h>
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

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_dir(int fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int tool_list_dir(struct tool_call *call)
{
	struct str path = json_get_str(call->args, "path");
	int fd = root_at(call->root, path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char **v = arena_array(call->arena, LIST_MAX, sizeof(*v));
	size_t n = 0, more = 0;
	struct dirent *e;

	if (!d)
		return tool_fail(call, "%.*s: %s", STR_ARG(path), err_name(fd));
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (n == LIST_MAX)
			more++;
		else
			v[n++] = arena_printf(
			    call->arena, "%s%s", e->d_name, is_dir(dirfd(d), e) ? "/" : "");
	}
	closedir(d);
	qsort(v, n, sizeof(*v), name_cmp);
	for (size_t i = 0; i < n; i++)
		buf_printf(call->out, "%s\n", v[i]);
	if (more)
		buf_printf(call->out, "(%zu more entries are not shown)\n", more);
	if (!n)
		buf_adds(call->out, "(empty)\n");
	call->summary = arena_printf(call->arena, "%zu entries", n + more);
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

static void add_lines(struct tool_call *call, struct str text, size_t from, size_t to, size_t total)
{
	size_t no = 0, last = from - 1;

	buf_printf(call->out, "lines %zu-%zu of %zu\n", from, to, total);
	while (text.p && no < to) {
		struct str line = str_line(&text);

		if (++no < from)
			continue;
		if (call->out->n > TOOL_RESULT_MAX - KIB(4))
			break;
		buf_printf(call->out, "%6zu\t%.*s%s\n", no, STR_ARG(utf8_cut(line, LINE_SHOWN)),
		    line.n > LINE_SHOWN ? " …" : "");
		last = no;
	}
	if (last < total)
		buf_printf(call->out, "(stopped at line %zu; %zu more lines follow)\n", last,
		    total - last);
	call->summary = arena_printf(call->arena, "lines %zu-%zu of %zu", from, last, total);
	json_array_append_new(call->reads,
	    json_pack("{s:o, s:i, s:i}", "path", json_text(json_get_str(call->args, "path")),
		"from", (int)from, "to", (int)last));
}

int tool_read_file(struct tool_call *call)
{
	struct str path = json_get_str(call->args, "path"), text;
	long long from = json_get_int(call->args, "from", 1);
	long long to = json_get_int(call->args, "to", 0);
	int rc = root_read(call->root, call->arena, path, SOURCE_FILE_MAX, &text);

	if (rc == -E2BIG)
		return tool_fail(call, "%.*s is larger than 16 MiB", STR_ARG(path));
	if (rc == -EISDIR)
		return tool_fail(call, "%.*s is a directory; use list_dir", STR_ARG(path));
	if (rc)
		return tool_fail(call, "%.*s: %s", STR_ARG(path), err_name(rc));
	if (is_binary(text))
		return tool_fail(call, "%.*s is a binary file (%zu bytes)", STR_ARG(path), text.n);
	size_t total = count_lines(text);

	if (!total) {
		buf_adds(call->out, "lines 0-0 of 0\n(the file is empty)\n");
		call->summary = "empty";
		return 0;
	}
	if (from < 1)
		from = 1;
	if ((size_t)from > total)
		return tool_fail(call, "%.*s has only %zu lines", STR_ARG(path), total);
	if (to < from || (size_t)to > total)
		to = (long long)total;
	if (to - from >= TOOL_READ_LINES)
		to = from + TOOL_READ_LINES - 1;
	add_lines(call, text, (size_t)from, (size_t)to, total);
	return 0;
}

/* --- find_files ----------------------------------------------------------------------------------
 */

struct find {
	struct tool_call *call;
	struct str pattern;
	size_t n, max;
	bool more;
};

static struct str base_of(struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);

	return slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
}

static bool on_file(void *ctx, struct str path, size_t size)
{
	struct find *f = ctx;
	/* a pattern without a slash is about names, as people expect */
	bool whole = str_chr(f->pattern, '/') >= 0;

	(void)size;
	if (!glob_match(f->pattern, whole ? path : base_of(path)))
		return true;
	if (f->n == f->max || f->call->out->n > TOOL_RESULT_MAX - KIB(8)) {
		f->more = true;
		return false;
	}
	f->n++;
	buf_printf(f->call->out, "%.*s\n", STR_ARG(path));
	return true;
}

int tool_find_files(struct tool_call *call)
{
	long long max = json_get_int(call->args, "max", FIND_DEFAULT);
	struct find f = { .call = call,
		.pattern = json_get_str(call->args, "pattern"),
		.max = max > 0 && max <= FIND_MAX ? (size_t)max : FIND_DEFAULT };

	if (!f.pattern.n || f.pattern.n > GLOB_MAX)
		return tool_fail(call, "pattern must have 1 to %d bytes", GLOB_MAX);
	root_walk(call->root, call->arena, STR(""), on_file, &f);
	if (!f.n)
		buf_adds(call->out, "No file matches.\n");
	if (f.more)
		buf_printf(call->out, "(first %zu; there are more)\n", f.n);
	call->summary = arena_printf(call->arena, "%zu files%s", f.n, f.more ? " and more" : "");
	return 0;
}
