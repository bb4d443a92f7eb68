/* What was read of the snapshot, and what was not. */
#include "report/priv.h"

#include "base/json.h"

#include <stdlib.h>

#define DIRS_SHOWN 12  /* in the document */
#define FILES_SHOWN 20 /* … by name */
#define DIRS_MAX 50    /* in JSON */

static unsigned long long in_scope(const struct ledger *l)
{
	return l->count[LEDGER_UNREAD] + l->count[LEDGER_PARTLY] + l->count[LEDGER_READ];
}

static const char *plural(unsigned long long n)
{
	return n == 1 ? "" : "s";
}

/* Files that are no part of the change, and were shown to somebody all the same. */
static bool any_besides(const struct ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->files[i].state != LEDGER_SKIPPED && !l->files[i].changed)
			return true;
	return false;
}

/* What the question is about, where that is less than everything. */
static const char *scope_words(const struct ledger *l)
{
	if (l->of_change)
		return any_besides(l) ? " of the change or shown besides" : " of the change";
	return l->of_focus ? " in focus" : " in scope";
}

/* --- gaps ---------------------------------------------------------------------------------- */

static const char *was(unsigned long long n)
{
	return n == 1 ? "was" : "were";
}

static void gap_of_files(struct arena *a, const struct ledger *l, struct strs *ret)
{
	unsigned long long unread = l->count[LEDGER_UNREAD], partly = l->count[LEDGER_PARTLY];

	const char *none = unread ? arena_printf(a, "%llu %s not read", unread, was(unread)) : "";
	const char *some = !partly ? ""
			   : unread
			       ? arena_printf(a, " and %llu only in part", partly)
			       : arena_printf(a, "%llu %s read only in part", partly, was(partly));

	if (unread || partly)
		strs_add(a, ret,
		    str_from(arena_printf(a,
			"of %llu file%s%s, %s%s (%llu of %llu lines were): see Coverage",
			in_scope(l), plural(in_scope(l)), scope_words(l), none, some, l->lines_read,
			l->lines)));
}

void fact_coverage(struct arena *a, const struct report_run *run, struct strs *ret)
{
	const struct ledger *l = run->coverage;

	if (!l)
		return;
	gap_of_files(a, l, ret);
	if (l->n_blind)
		strs_add(a, ret,
		    str_from(
			arena_printf(a, "what %zu agent%s read is not known: %.*s%s", l->n_blind,
			    plural(l->n_blind), STR_ARG(l->blind[0]), l->n_blind > 1 ? " …" : "")));
	if (l->unlisted || l->left_out)
		strs_add(a, ret,
		    str_from(arena_printf(a,
			"coverage is not whole: %llu file%s and %llu read%s are beyond what is "
			"kept",
			l->unlisted, plural(l->unlisted), l->left_out, plural(l->left_out))));
}

/* --- the document -------------------------------------------------------------------------- */

static void add_counts(struct buf *b, const struct ledger *l)
{
	buf_printf(b, "%llu file%s%s: %llu read whole, %llu in part, %llu not at all", in_scope(l),
	    plural(in_scope(l)), scope_words(l), l->count[LEDGER_READ], l->count[LEDGER_PARTLY],
	    l->count[LEDGER_UNREAD]);
	buf_printf(b, "; %llu of %llu lines. ", l->lines_read, l->lines);
	if (l->count[LEDGER_SKIPPED])
		buf_printf(b, "%llu more skipped. ", l->count[LEDGER_SKIPPED]);
	buf_adds(b, "Counted is what tool calls, commands and prompts have shown, not what agents "
		    "say.\n\n");
}

/* The files that are skipped, by the reason. */
static void add_reasons(struct buf *b, struct arena *a, const struct ledger *l)
{
	struct map reasons;

	map_init(&reasons, a);
	for (size_t i = 0; i < l->n; i++) {
		const struct ledger_file *f = &l->files[i];
		unsigned long long *n;

		if (f->state != LEDGER_SKIPPED)
			continue;
		n = map_get(&reasons, str_from(f->reason));
		if (!n) {
			n = arena_new(a, unsigned long long);
			map_put(&reasons, str_from(f->reason), n);
		}
		++*n;
	}
	map_each (&reasons, e) {
		const unsigned long long *n = e->value;

		buf_printf(b, "%s%llu ", e == reasons.entries ? "Skipped: " : "; ", *n);
		md_cell(b, e->key, 200);
	}
	buf_adds(b, reasons.n ? ".\n\n" : "");
}

static void add_dirs(struct buf *b, struct arena *a, const struct ledger *l)
{
	struct ledger_dir *v;
	size_t n = ledger_dirs(a, l, &v);

	if (!n)
		return;
	buf_adds(b, "| Directory | Files | Not read | In part | Lines read |\n"
		    "|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < n && i < DIRS_SHOWN; i++) {
		buf_adds(b, "| ");
		md_code(b, str_take(v[i].path, 200));
		buf_printf(b, " | %llu | %llu | %llu | %llu of %llu |\n", v[i].files, v[i].unread,
		    v[i].partly, v[i].lines_read, v[i].lines);
	}
	if (n > DIRS_SHOWN)
		buf_printf(b, "\nand %zu more directories.\n", n - DIRS_SHOWN);
	buf_addc(b, '\n');
}

static int largest_first(const void *x, const void *y)
{
	const struct ledger_file *a = *(const struct ledger_file *const *)x,
				 *b = *(const struct ledger_file *const *)y;

	if (a->lines != b->lines)
		return a->lines < b->lines ? 1 : -1;
	return str_cmp(a->path, b->path);
}

static void add_unread(struct buf *b, struct arena *a, const struct ledger *l)
{
	const struct ledger_file **v = arena_array(a, l->n, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->files[i].state == LEDGER_UNREAD)
			v[n++] = &l->files[i];
	if (!n)
		return;
	qsort(v, n, sizeof(*v), largest_first);
	buf_adds(b, "Not read: ");
	for (size_t i = 0; i < n && i < FILES_SHOWN; i++) {
		buf_adds(b, i ? ", " : "");
		md_code(b, str_take(v[i]->path, 200));
		buf_printf(b, " (%llu)", v[i]->lines);
	}
	if (n > FILES_SHOWN)
		buf_printf(b, ", and %zu more", n - FILES_SHOWN);
	buf_adds(b, ".\n\n");
}

void md_coverage(struct buf *b, struct arena *a, const struct report_run *run)
{
	const struct ledger *l = run->coverage;

	if (!l)
		return;
	buf_adds(b, "## Coverage\n\n");
	add_counts(b, l);
	add_reasons(b, a, l);
	add_dirs(b, a, l);
	add_unread(b, a, l);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *file_json(const struct ledger_file *f)
{
	json_t *read = json_array(), *by = json_array();

	for (size_t i = 0; i < f->read.n; i++)
		json_array_append_new(read, json_pack("[I, I]", (json_int_t)f->read.v[i].from,
						(json_int_t)f->read.v[i].to));
	for (size_t i = 0; i < f->n_by; i++)
		json_array_append_new(by, json_text(f->by[i]));
	return json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:b, s:o}", "path", json_text(f->path),
	    "state", ledger_state_name(f->state), "lines", (json_int_t)f->lines, "lines_read",
	    (json_int_t)f->lines_read, "read", read, "by", by, "changed", f->changed, "reason",
	    json_cstr(f->reason ? f->reason : ""));
}

/* What is missing first: it is what a ceiling should not hide. */
static json_t *files_json(const struct ledger *l)
{
	static const enum ledger_state order[] = { LEDGER_UNREAD, LEDGER_PARTLY, LEDGER_READ,
		LEDGER_SKIPPED };
	json_t *v = json_array();

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < l->n && json_array_size(v) < COVERAGE_SHOWN_MAX; i++)
			if (l->files[i].state == order[k])
				json_array_append_new(v, file_json(&l->files[i]));
	return v;
}

static json_t *dirs_json(struct arena *a, const struct ledger *l)
{
	struct ledger_dir *d;
	size_t n = ledger_dirs(a, l, &d);
	json_t *v = json_array();

	for (size_t i = 0; i < n && i < DIRS_MAX; i++)
		json_array_append_new(
		    v, json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "path", json_text(d[i].path),
			   "files", (json_int_t)d[i].files, "not_read", (json_int_t)d[i].unread,
			   "partly", (json_int_t)d[i].partly, "lines", (json_int_t)d[i].lines,
			   "lines_read", (json_int_t)d[i].lines_read));
	return v;
}

static json_t *totals_json(const struct ledger *l)
{
	json_t *v = json_pack("{s:I, s:I, s:I}", "files", (json_int_t)in_scope(l), "lines",
	    (json_int_t)l->lines, "lines_read", (json_int_t)l->lines_read);

	for (enum ledger_state s = 0; s < LEDGER_STATES; s++)
		json_object_set_new(v, ledger_state_name(s), json_integer((json_int_t)l->count[s]));
	json_object_set_new(v, "unlisted", json_integer((json_int_t)l->unlisted));
	json_object_set_new(v, "reads_left_out", json_integer((json_int_t)l->left_out));
	return v;
}

json_t *coverage_json(struct arena *a, const struct report_run *run)
{
	const struct ledger *l = run->coverage;
	json_t *blind, *files;

	if (!l)
		return json_null();
	blind = json_array();
	for (size_t i = 0; i < l->n_blind; i++)
		json_array_append_new(blind, json_text(l->blind[i]));
	files = files_json(l);
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o}", "scope",
	    l->of_change  ? "change"
	    : l->of_focus ? "focus"
			  : "all",
	    "totals", totals_json(l), "left_out", (json_int_t)(l->n - json_array_size(files)),
	    "files", files, "directories", dirs_json(a, l), "not_known", blind);
}
