/* What was read, held against what there is. */
#include "evidence/coverage.h"

#include "base/json.h"
#include "base/limits.h"
#include "change/change.h"

#include <stdlib.h>

static const char *const state_names[LEDGER_STATES] = { "not_read", "partly", "read", "skipped" };

const char *ledger_state_name(enum ledger_state s)
{
	return state_names[s];
}

/* --- one file ------------------------------------------------------------------------------ */

/* What all steps together have seen of F. */
static void take_reads(
    struct arena *a, const struct coverage *c, struct ledger *l, struct ledger_file *f)
{
	struct coverage_file *seen = map_get(&c->files, f->path);

	if (!seen || !f->lines)
		return;
	f->by = arena_array(a, seen->steps.n, sizeof(*f->by));
	map_each (&seen->steps, e) {
		const struct spans *s = e->value;

		if (!spans_lines(s, f->lines))
			continue;
		f->by[f->n_by++] = arena_dup(a, e->key);
		for (size_t i = 0; i < s->n; i++)
			l->left_out += !spans_add(a, &f->read, s->v[i].from, s->v[i].to);
	}
	spans_clamp(&f->read, f->lines);
	f->lines_read = spans_lines(&f->read, f->lines);
}

/* Of a file of the change that is reviewed: why nobody has to read it, or NULL. */
static const char *why_of_change(struct arena *a, const struct change_file *cf)
{
	if (!cf)
		return NULL;
	if (cf->excused)
		return arena_printf(a, "left out of the change: %.*s", STR_ARG(cf->left_out));
	return !cf->left_out.n && !cf->torn && !cf->added && !cf->deleted
		   ? "no line of it was changed"
		   : NULL;
}

/* Why nobody had to read it, or NULL. */
static const char *why_skipped(struct arena *a, const struct ledger *l, const struct ledger_file *f,
    unsigned flags, const struct change_file *cf)
{
	if (flags & INVENTORY_LINK)
		return "a link";
	if (flags & INVENTORY_BINARY)
		return "binary";
	if (!f->lines)
		return "empty";
	if (f->lines_read)
		return NULL;
	if (why_of_change(a, cf))
		return why_of_change(a, cf);
	if (l->of_change && !f->changed)
		return "not part of the change";
	return l->of_focus && !(flags & INVENTORY_FOCUS) ? "outside the focus" : NULL;
}

static void settle(struct arena *a, struct ledger *l, struct ledger_file *f, unsigned flags,
    const struct change_file *cf)
{
	f->reason = why_skipped(a, l, f, flags, cf);
	f->state = f->reason		       ? LEDGER_SKIPPED
		   : f->lines_read == f->lines ? LEDGER_READ
		   : f->lines_read	       ? LEDGER_PARTLY
					       : LEDGER_UNREAD;
	l->count[f->state]++;
	if (f->state == LEDGER_SKIPPED)
		return;
	l->lines += f->lines;
	l->lines_read += f->lines_read;
}

/* --- all of them --------------------------------------------------------------------------- */

static unsigned flags_of(const json_t *entry)
{
	return (unsigned)json_integer_value(json_array_get(entry, 2));
}

static bool any_in_focus(const json_t *files)
{
	const json_t *one;
	size_t i;

	json_array_foreach (files, i, one)
		if (flags_of(one) & INVENTORY_FOCUS)
			return true;
	return false;
}

/* The snapshot's changed files, by path: each is an object with a path, or the path. */
static void take_changed(struct arena *a, struct map *m, const json_t *repo)
{
	const json_t *one;
	size_t i;

	map_init(m, a);
	json_array_foreach (json_get_array(repo, "changed"), i, one) {
		struct str path = json_is_string(one) ? str_from(json_string_value(one))
						      : json_get_str(one, "path");

		if (path.n)
			map_put(m, path, m);
	}
}

/* The files of the change that is reviewed, by path. Returns how many. */
static size_t take_reviewed(struct arena *a, struct map *m, const struct change *c)
{
	map_init(m, a);
	for (size_t i = 0; c && i < c->n_files; i++)
		if (c->files[i].path.n)
			map_put(m, c->files[i].path, &c->files[i]);
	return c ? c->n_files : 0;
}

/* What the change has and the snapshot has not: files that are gone, commits of submodules. */
static void add_gone(struct arena *a, struct ledger *l, const struct change *c, struct map *listed)
{
	for (size_t i = 0; c && i < c->n_files; i++) {
		const struct change_file *cf = &c->files[i];

		if (!cf->excused || !cf->path.n || map_get(listed, cf->path))
			continue;
		struct ledger_file *f = &l->files[l->n++];

		f->path = arena_dup(a, cf->path);
		f->reason = why_of_change(a, cf);
		f->changed = true;
		f->state = LEDGER_SKIPPED;
		l->count[LEDGER_SKIPPED]++;
	}
}

/* What was left out when freezing is not in the list, and not in sight of any agent. */
static void add_left_out(struct arena *a, struct ledger *l, const json_t *repo, struct map *listed)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_get_array(repo, "skipped"), i, one) {
		struct ledger_file *f = &l->files[l->n++];

		f->path = json_dup_str(a, one, "path");
		if (f->path.n)
			map_put(listed, f->path, f);
		f->reason = arena_cstr(a, json_get_str(one, "why"));
		f->state = LEDGER_SKIPPED;
		l->count[LEDGER_SKIPPED]++;
	}
}

static void count_rest(
    struct arena *a, struct ledger *l, const struct coverage *c, const json_t *repo, size_t listed)
{
	long long all = json_get_int(repo, "files", 0);

	l->unlisted = all > (long long)listed ? (unsigned long long)all - listed : 0;
	l->left_out += c->left_out;
	map_each (&c->blind, e)
		l->blind[l->n_blind++] = arena_dup(a, e->key);
}

struct ledger *ledger_build(
    struct arena *a, const struct coverage *c, const struct ledger_scope *scope)
{
	size_t listed = json_array_size(scope->files), i;
	struct ledger *l = arena_new(a, struct ledger);
	struct map changed, reviewed, here;
	const json_t *one;

	if (!json_is_array(scope->files))
		return NULL;
	take_changed(a, &changed, scope->repo);
	l->of_change = scope->change_only && changed.n;
	l->of_focus = scope->focus_only && any_in_focus(scope->files);
	l->files = arena_array(a,
	    listed + json_array_size(json_get_array(scope->repo, "skipped")) +
		take_reviewed(a, &reviewed, scope->change),
	    sizeof(*l->files));
	map_init(&here, a);
	l->blind = arena_array(a, c->blind.n, sizeof(*l->blind));
	json_array_foreach (scope->files, i, one) {
		struct ledger_file *f = &l->files[l->n++];
		json_int_t lines = json_integer_value(json_array_get(one, 1));

		f->path = arena_dup(a, str_from(json_string_value(json_array_get(one, 0))));
		f->lines = lines > 0 ? (unsigned long long)lines : 0;
		f->changed = f->path.n && map_get(&changed, f->path);
		if (!(flags_of(one) & (INVENTORY_LINK | INVENTORY_BINARY)))
			take_reads(a, c, l, f);
		if (f->path.n)
			map_put(&here, f->path, f);
		settle(a, l, f, flags_of(one), f->path.n ? map_get(&reviewed, f->path) : NULL);
	}
	add_left_out(a, l, scope->repo, &here);
	add_gone(a, l, scope->change, &here);
	count_rest(a, l, c, scope->repo, listed);
	return l;
}

/* --- directories --------------------------------------------------------------------------- */

static struct str dir_of(struct str path)
{
	const char *slash = memrchr(path.p ? path.p : "", '/', path.n);

	return slash ? str_take(path, (size_t)(slash - path.p)) : STR(".");
}

static int worst_first(const void *x, const void *y)
{
	const struct ledger_dir *a = x, *b = y;
	unsigned long long ua = a->lines - a->lines_read, ub = b->lines - b->lines_read;

	if (ua != ub)
		return ua < ub ? 1 : -1;
	return str_cmp(a->path, b->path);
}

size_t ledger_dirs(struct arena *a, const struct ledger *l, struct ledger_dir **ret)
{
	struct ledger_dir *v = arena_array(a, l->n, sizeof(*v)), *d;
	size_t n = 0, kept = 0;
	struct map dirs;

	map_init(&dirs, a);
	for (size_t i = 0; i < l->n; i++) {
		const struct ledger_file *f = &l->files[i];

		if (f->state == LEDGER_SKIPPED)
			continue;
		d = map_get(&dirs, dir_of(f->path));
		if (!d) {
			d = &v[n++];
			d->path = dir_of(f->path);
			map_put(&dirs, d->path, d);
		}
		d->files++;
		d->unread += f->state == LEDGER_UNREAD;
		d->partly += f->state == LEDGER_PARTLY;
		d->lines += f->lines;
		d->lines_read += f->lines_read;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].unread || v[i].partly)
			v[kept++] = v[i];
	if (kept)
		qsort(v, kept, sizeof(*v), worst_first);
	*ret = v;
	return kept;
}
