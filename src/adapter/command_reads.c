/* Commands that show lines of files: which lines, where their words leave no doubt. */
#include "adapter/reads.h"

#include "base/arena.h"
#include "base/json.h"

#include <stdlib.h>

#define LAST_LINE 0x7fffffffU

struct command {
	struct str name; /* without /usr/bin/ */
	const struct str *args;
	size_t n;
};

/* Lines FROM to TO of FILE, or of what is piped in. */
struct part {
	struct str file;
	unsigned from, to;
};

static struct command command_of(const struct str *words, size_t n)
{
	struct command c = { .name = n ? words[0] : STR(""), .args = words + 1 };

	c.n = n ? n - 1 : 0;
	if (str_starts(c.name, STR("/usr/bin/")))
		c.name = str_skip(c.name, 9);
	else if (str_starts(c.name, STR("/bin/")))
		c.name = str_skip(c.name, 5);
	return c;
}

static bool is_option(struct str s)
{
	return s.n > 1 && s.p[0] == '-';
}

static bool is_one_of(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_is(s, *list))
			return true;
	return false;
}

static bool is_number(struct str s, unsigned *ret)
{
	return reads_number(&s, ret) && !s.n;
}

/* Of an output that was cut off, its last line may be a beginning. */
static struct str whole_lines(struct str output, bool complete)
{
	const char *end = output.n ? memrchr(output.p, '\n', output.n) : NULL;

	if (complete)
		return output;
	return str_take(output, end ? (size_t)(end - output.p) + 1 : 0);
}

/* --- cat, nl ------------------------------------------------------------------------------- */

/* With options that leave each line a line. The operands follow each other in RET; how many. */
static size_t whole_files(const struct command *c, const struct str **ret)
{
	static const char *const of_cat[] = { "-n", "-A", "-v", "-e", "-t", "-E", "-T", "--",
		NULL };
	static const char *const of_nl[] = { "-ba", "--", NULL };
	bool cat = str_is(c->name, "cat");
	size_t i = 0;

	if (!cat && !str_is(c->name, "nl"))
		return 0;
	while (i < c->n && is_one_of(c->args[i], cat ? of_cat : of_nl))
		i++;
	if (!cat && i + 1 < c->n && str_is(c->args[i], "-b") && str_is(c->args[i + 1], "a"))
		i += 2;
	*ret = c->args + i;
	for (size_t k = i; k < c->n; k++)
		if (!c->args[k].n || c->args[k].p[0] == '-')
			return 0;
	return c->n - i;
}

/* --- head, tail, sed ----------------------------------------------------------------------- */

/* "-n 5", "-n5", "-5", "--lines=5" off the front; 10 when there is none of them. */
static size_t take_count(const struct command *c, struct str *ret)
{
	struct str first = c->n ? c->args[0] : STR("");

	*ret = STR("10");
	if (str_is(first, "-n") && c->n > 1) {
		*ret = c->args[1];
		return 2;
	}
	if (!is_option(first))
		return 0;
	*ret = str_skip(first, str_starts(first, STR("--lines=")) ? 8
			       : str_starts(first, STR("-n"))	  ? 2
								  : 1);
	return 1;
}

static bool part_of_head(const struct command *c, struct part *ret, size_t *used)
{
	struct str count;

	*used = take_count(c, &count);
	ret->from = 1;
	return is_number(count, &ret->to);
}

static bool part_of_tail(const struct command *c, struct part *ret, size_t *used)
{
	struct str count;

	*used = take_count(c, &count);
	ret->to = LAST_LINE;
	return str_starts(count, STR("+")) && is_number(str_skip(count, 1), &ret->from);
}

/* sed -n '5,40p', '5p', '5,$p' */
static bool part_of_sed(const struct command *c, struct part *ret, size_t *used)
{
	struct str s = c->n > 1 ? c->args[1] : STR("");

	*used = 2;
	if (c->n < 2 || !str_is(c->args[0], "-n") || !reads_number(&s, &ret->from))
		return false;
	ret->to = ret->from;
	if (str_starts(s, STR(",$"))) {
		s = str_skip(s, 2);
		ret->to = LAST_LINE;
	} else if (str_starts(s, STR(","))) {
		s = str_skip(s, 1);
		if (!reads_number(&s, &ret->to))
			return false;
	}
	return str_is(s, "p");
}

static bool part_of(const struct command *c, struct part *ret)
{
	size_t used = 0;
	bool ok = str_is(c->name, "head")   ? part_of_head(c, ret, &used)
		  : str_is(c->name, "tail") ? part_of_tail(c, ret, &used)
		  : str_is(c->name, "sed")  ? part_of_sed(c, ret, &used)
					    : false;

	if (!ok || used > c->n || c->n - used > 1)
		return false;
	ret->file = c->n > used ? c->args[used] : STR("");
	return !is_option(ret->file) && !str_is(ret->file, "-");
}

static json_t *of_part(const struct part *p, unsigned shown)
{
	json_t *list = NULL;

	if (shown && p->from && p->from <= p->to)
		reads_add(
		    &list, p->file, p->from, p->to - p->from < shown ? p->to : p->from + shown - 1);
	return list;
}

/* --- grep, rg ------------------------------------------------------------------------------ */

struct grep {
	bool numbers, has_pattern;
	struct str path; /* the only one, or empty */
	size_t n_paths;
};

/* Options without a value that leave a line as "path:12:text". */
static bool take_cluster(struct grep *g, struct str arg)
{
	for (size_t i = 1; i < arg.n; i++) {
		if (!arg.p[i] || !strchr("nrRiEFwHxsIPvSu", arg.p[i]))
			return false;
		g->numbers |= arg.p[i] == 'n';
	}
	return true;
}

static bool take_long(struct grep *g, struct str arg)
{
	static const char *const plain[] = { "--ignore-case", "--recursive", "--fixed-strings",
		"--extended-regexp", "--no-heading", "--with-filename", "--color=never", "--hidden",
		"--smart-case", "--word-regexp", "--no-messages", NULL };
	static const char *const starts[] = { "--include=", "--exclude=", "--exclude-dir=",
		"--glob=", "--type=", "--max-count=", NULL };

	if (str_is(arg, "--line-number")) {
		g->numbers = true;
		return true;
	}
	for (size_t i = 0; starts[i]; i++)
		if (str_starts(arg, str_from(starts[i])))
			return true;
	return is_one_of(arg, plain);
}

static bool takes_value(struct str arg)
{
	static const char *const options[] = { "-m", "-e", "-g", "-t", "-A", "-B", "-C", NULL };

	return is_one_of(arg, options);
}

static void take_operand(struct grep *g, struct str arg)
{
	if (!g->has_pattern) {
		g->has_pattern = true;
		return;
	}
	g->path = g->n_paths++ ? STR("") : arg;
}

static bool read_grep(const struct command *c, struct grep *g)
{
	bool over = false;

	for (size_t i = 0; i < c->n; i++) {
		struct str arg = c->args[i];

		if (over || !is_option(arg)) {
			take_operand(g, arg);
		} else if (str_is(arg, "--")) {
			over = true;
		} else if (takes_value(arg)) {
			g->has_pattern |= str_is(arg, "-e");
			i++;
		} else if (!(str_starts(arg, STR("--")) ? take_long(g, arg)
							: take_cluster(g, arg))) {
			return false;
		}
	}
	return g->numbers && g->has_pattern;
}

static json_t *of_grep(const struct command *c, struct str output)
{
	static const struct read_tool hits[] = {
		{ .tool = "grep", .shape = READ_HITS, .path = "path" }, { .tool = NULL }
	};
	struct grep g = { .path = STR("") };

	if (!read_grep(c, &g))
		return NULL;
	json_t *input = json_pack(
	    "{s:o, s:b, s:s}", "path", json_text(g.path), "-n", 1, "output_mode", "content");
	json_t *list = reads_of_call(hits, STR("grep"), input, output);

	json_decref(input);
	return list;
}

/* --- git diff ------------------------------------------------------------------------------ */

/* Against what is in the tree: one commit at most, and nothing that changes the form. */
static bool is_diff_of_tree(const struct command *c)
{
	static const char *const fine[] = { "--no-color", "--no-ext-diff", "--no-textconv", "-M",
		"--find-renames", "-p", "--patch", "--minimal", "--histogram", "--patience", NULL };
	size_t i = 0, revisions = 0;

	while (i < c->n && (str_is(c->args[i], "--no-pager") || str_is(c->args[i], "-P")))
		i++;
	if (i == c->n || !str_is(c->args[i++], "diff"))
		return false;
	for (; i < c->n && !str_is(c->args[i], "--"); i++) {
		struct str arg = c->args[i];
		bool context = str_starts(arg, STR("-U")) || str_starts(arg, STR("--unified="));

		if (is_option(arg) ? !context && !is_one_of(arg, fine)
				   : str_contains(arg, STR("..")) || revisions++)
			return false;
	}
	return true;
}

/* What is left of both sides, and how many new lines from FROM on were seen. */
struct hunk {
	unsigned old_n, new_n, from, seen;
};

/* MARK and "5,7" off the front of *S; a count that is not there is 1. */
static bool take_side(struct str *s, const char *mark, unsigned *line, unsigned *n)
{
	if (!str_starts(*s, str_from(mark)))
		return false;
	*s = str_skip(*s, strlen(mark));
	*n = 1;
	if (!reads_number(s, line))
		return false;
	if (!str_starts(*s, STR(",")))
		return true;
	*s = str_skip(*s, 1);
	return reads_number(s, n);
}

/* "@@ -5,7 +5,9 @@" */
static void read_hunk(struct str line, struct hunk *ret)
{
	struct hunk h = { 0 };
	unsigned old;

	if (take_side(&line, "@@ -", &old, &h.old_n) && take_side(&line, " +", &h.from, &h.new_n) &&
	    str_starts(line, STR(" @@")))
		*ret = h;
}

/* The name behind "+++ "; empty for one that git quotes, and for a file that is gone. */
static struct str new_name(struct str line)
{
	struct str name = str_skip(line, 4);
	ptrdiff_t tab = str_chr(name, '\t'); /* behind a name with a blank in it */

	if (!str_starts(name, STR("b/")))
		return STR("");
	return str_skip(tab < 0 ? name : str_take(name, (size_t)tab), 2);
}

/* One more line of H's text; false: it is none of it. */
static bool take_hunk_line(struct hunk *h, struct str line)
{
	char c = line.n ? line.p[0] : ' '; /* some tools cut blanks off */
	bool old = c == ' ' || c == '-', new = c == ' ' || c == '+';

	if (c == '\\')
		return true;
	if ((!old && !new) || (old && !h->old_n) || (new && !h->new_n))
		return false;
	h->old_n -= old;
	h->new_n -= new;
	h->seen += new;
	return true;
}

json_t *reads_of_diff(struct str diff)
{
	struct str path = STR("");
	struct hunk h = { 0 };
	json_t *list = NULL;

	while (diff.p) {
		struct str line = str_line(&diff);

		if (h.old_n || h.new_n) {
			if (!diff.p || !take_hunk_line(&h, line))
				h.old_n = h.new_n = 0;
			if (!h.old_n && !h.new_n && h.seen)
				reads_add(&list, path, h.from, h.from + h.seen - 1);
		} else if (str_starts(line, STR("diff --git "))) {
			path = STR("");
		} else if (str_starts(line, STR("+++ "))) {
			path = new_name(line);
		} else {
			read_hunk(line, &h);
		}
	}
	return list;
}

/* --- all of them --------------------------------------------------------------------------- */

static json_t *of_files(const struct str *files, size_t n, unsigned shown, bool complete)
{
	json_t *list = NULL;

	if (n == 1)
		return of_part(&(struct part){ files[0], 1, LAST_LINE }, shown);
	for (size_t i = 0; complete && shown && i < n; i++)
		reads_add(&list, files[i], 1, 0);
	return list;
}

static bool is_shell(struct str word)
{
	static const char *const shells[] = { "bash", "sh", "/bin/bash", "/bin/sh", "/usr/bin/bash",
		"/usr/bin/sh", NULL };

	return is_one_of(word, shells);
}

static bool runs_text(struct str option)
{
	return str_is(option, "-lc") || str_is(option, "-c");
}

json_t *reads_of_command(const struct str *words, size_t n, struct str output, bool complete)
{
	const struct command c = command_of(words, n);
	const struct str *files;
	size_t n_files = whole_files(&c, &files);
	struct part part;

	output = whole_lines(output, complete);
	if (n == 3 && is_shell(words[0]) && runs_text(words[1]))
		return reads_of_shell(words[2], output, complete);
	if (n_files)
		return of_files(files, n_files, reads_count(output), complete);
	if (part_of(&c, &part))
		return of_part(&part, reads_count(output));
	if (str_is(c.name, "grep") || str_is(c.name, "rg"))
		return of_grep(&c, output);
	if (str_is(c.name, "git") && is_diff_of_tree(&c))
		return reads_of_diff(output);
	return NULL;
}

/* What a first command shows whole, and a second one shows a part of. */
static json_t *of_pipe(
    const struct str *first, size_t n, const struct str *second, size_t m, unsigned shown)
{
	const struct command a = command_of(first, n), b = command_of(second, m);
	const struct str *files;
	struct part part;

	if (whole_files(&a, &files) != 1 || !part_of(&b, &part) || part.file.n)
		return NULL;
	part.file = files[0];
	return of_part(&part, shown);
}

static json_t *of_words(const struct shell_word *words, size_t n, struct str output, bool complete)
{
	struct str v[SHELL_WORDS_MAX];
	size_t pipes = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		v[i] = words[i].text;
		pipes += words[i].is_pipe;
		at = words[i].is_pipe ? i : at;
	}
	if (!pipes)
		return reads_of_command(v, n, output, complete);
	return pipes == 1 ? of_pipe(v, at, v + at + 1, n - at - 1, reads_count(output)) : NULL;
}

json_t *reads_of_shell(struct str command, struct str output, bool complete)
{
	struct shell_word words[SHELL_WORDS_MAX];
	char *buf = xalloc(command.n + 1);
	size_t n = shell_words(command, buf, words);
	json_t *list = n ? of_words(words, n, whole_lines(output, complete), complete) : NULL;

	free(buf);
	return list;
}
