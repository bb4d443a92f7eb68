/* The cases of a directory. */
#include "cli/eval.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <dirent.h>
#include <stdlib.h>

#define CASE_FILE "case.yaml"

static void add_errors(struct buf *b, const struct flow_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		buf_printf(b, "%s%s:%u:%u: %s", b->n ? "\n" : "", errors->v[i].at.file,
		    errors->v[i].at.line, errors->v[i].at.column, errors->v[i].message);
}

/* The case in DIR, as the next item; what is wrong with it goes to B. */
static void load_case(struct evaluation *ev, const char *dir, struct buf *b)
{
	const char *file = fs_join(ev->a, dir, CASE_FILE);
	struct flow_errors errors = { .arena = ev->a };
	struct eval_item *item = &ev->items[ev->n];
	struct str text;
	int rc = fs_read(ev->a, file, FLOW_FILE_MAX, &text);

	item->dir = dir;
	if (rc) {
		buf_printf(b, "%s%s: %s", b->n ? "\n" : "", file, err_name(rc));
		return;
	}
	if (!eval_case_parse(ev->a, file, text, &errors, &item->c)) {
		add_errors(b, &errors);
		return;
	}
	for (size_t i = 0; i < ev->n; i++)
		if (str_eq(ev->items[i].c.name, item->c.name))
			buf_printf(b, "%s%s: %s has that name, too", b->n ? "\n" : "", file,
			    ev->items[i].dir);
	ev->n++;
}

/* Is NAME among the words of --only, which are separated by commas? */
static bool is_wanted(const struct evaluation *ev, struct str name)
{
	struct str rest = str_from(ev->o->only);

	if (!ev->o->only)
		return true;
	while (rest.p)
		if (str_eq(str_trim(str_split(&rest, ',')), name))
			return true;
	return false;
}

static void keep_wanted(struct evaluation *ev)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->n; i++)
		if (is_wanted(ev, ev->items[i].c.name))
			ev->items[n++] = ev->items[i];
	ev->n = n;
}

static void load_all(struct evaluation *ev, const char *dir, struct buf *b)
{
	struct dirent **names = NULL;
	int n = fs_scan(dir, &names);

	for (int i = 0; i < n; i++) {
		char *below = fs_join(ev->a, dir, names[i]->d_name);

		if (names[i]->d_name[0] != '.' && fs_exists(fs_join(ev->a, below, CASE_FILE))) {
			if (ev->n < EVAL_CASES_MAX)
				load_case(ev, below, b);
			else
				buf_printf(
				    b, "%smore than %d cases", b->n ? "\n" : "", EVAL_CASES_MAX);
		}
		free(names[i]);
	}
	free(names);
}

static int no_cases(struct evaluation *ev, struct err *err)
{
	if (ev->o->only)
		err_set(err, -ENOENT, "%.100s has no case %.100s", ev->dir, ev->o->only);
	else
		err_set(err, -ENOENT, "%.200s has no cases", ev->dir);
	err_why(err, "a case is a directory with a %s in it", CASE_FILE);
	err_fix(err, "see docs/eval.md");
	return EXIT_NOT_FOUND;
}

int eval_load(struct evaluation *ev, struct err *err)
{
	char *dir = fs_real(ev->dir), *own;
	struct buf b;

	if (!dir)
		return no_cases(ev, err);
	own = arena_cstr(ev->a, str_from(dir));
	free(dir);
	ev->items = arena_array(ev->a, EVAL_CASES_MAX, sizeof(*ev->items));
	buf_init(&b, KIB(64));
	if (fs_exists(fs_join(ev->a, own, CASE_FILE)))
		load_case(ev, own, &b);
	else
		load_all(ev, own, &b);
	bool good = b.n == 0;

	if (!good) {
		err_set(err, -EINVAL, "cases of %.200s have errors", ev->dir);
		err_why(err, "%.*s", STR_ARG(buf_str(&b)));
		err_fix(err, "the keys of a case are in docs/eval.md");
	}
	buf_fini(&b);
	if (!good)
		return EXIT_INVALID;
	keep_wanted(ev);
	for (size_t i = 0; i < ev->n; i++)
		ev->items[i].score = arena_array(ev->a, ev->rounds, sizeof(struct eval_score *));
	return ev->n ? 0 : no_cases(ev, err);
}
