#include "cli/spilled.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"
#include "worker/spill.h"

#define READ_AT_ONCE 1000

struct reading {
	struct arena *a;
	const char *data;
	json_t *all;
	int64_t seen;
	size_t read; /* events of the last read */
};

/* --- what is told, and what is there ------------------------------------------------------- */

/* `cat -v` spells out what a terminal would obey, in any locale. */
static const char *look_at(struct arena *a, const char *path)
{
	struct buf b;

	buf_init(&b, 4 * PATH_BYTES_MAX + KIB(1));
	buf_adds(&b, "cat -v ");
	buf_add_shell(&b, str_from(path));
	buf_adds(&b, " | less");
	const char *command = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return command;
}

static void add_place(struct reading *r, json_t *one, const char *file)
{
	const char *path = file ? fs_join(r->a, r->data, file) : NULL;
	bool there = path && fs_exists(path);

	json_object_set_new(one, "path", there ? json_cstr(path) : json_null());
	json_object_set_new(one, "look", there ? json_cstr(look_at(r->a, path)) : json_null());
}

static int on_event(void *ctx, const struct event_row *row)
{
	struct reading *r = ctx;

	r->seen = row->seq;
	r->read++;
	if (!str_is(row->type, "spill"))
		return 0;
	json_t *data = json_parse(row->data, NULL);
	const char *ended = json_get_cstr(data, "ended", NULL);
	json_t *one = json_pack("{s:I, s:I, s:o, s:O?, s:I, s:I, s:o, s:o}", "position",
	    (json_int_t)row->step, "attempt", (json_int_t)json_get_int(data, "epoch", 0), "stream",
	    json_text(json_get_str(data, "stream")), "file", json_object_get(data, "file"), "kept",
	    (json_int_t)json_get_int(data, "kept", 0), "lost",
	    (json_int_t)json_get_int(data, "lost", 0), "why", json_text(json_get_str(data, "why")),
	    "ended", ended ? json_cstr(ended) : json_null());

	add_place(r, one, json_get_cstr(data, "file", NULL));
	json_array_append_new(r->all, one);
	json_decref(data);
	return 0;
}

static bool is_told(const json_t *all, const char *file)
{
	json_t *one;
	size_t k;

	json_array_foreach (all, k, one)
		if (str_is(json_get_str(one, "file"), file))
			return true;
	return false;
}

static void add_untold(struct reading *r, const struct spill_found *f)
{
	json_t *one = json_pack("{s:I, s:i, s:s, s:s, s:I, s:n, s:n, s:n}", "position",
	    (json_int_t)f->position, "attempt", (int)f->epoch, "stream",
	    spill_stream_name(f->stream), "file", f->file, "kept", (json_int_t)f->bytes, "lost",
	    "why", "ended");

	add_place(r, one, f->file);
	json_array_append_new(r->all, one);
}

json_t *spilled_read(
    struct store *s, struct arena *a, const char *data, const char *run, int64_t key)
{
	struct reading r = { .a = a, .data = data, .all = json_array(), .read = READ_AT_ONCE };
	struct spill_found *found;
	size_t n;
	int rc = 0;

	while (!rc && r.read == READ_AT_ONCE) {
		r.read = 0;
		rc = s->ops->event_read(s, key, r.seen, READ_AT_ONCE, on_event, &r);
	}
	if (spill_list(a, data, run, &found, &n) == 0)
		for (size_t k = 0; k < n; k++)
			if (!is_told(r.all, found[k].file))
				add_untold(&r, &found[k]);
	return r.all;
}

json_t *spilled_of(const json_t *all, int64_t position)
{
	json_t *some = json_array(), *one;
	size_t k;

	json_array_foreach (all, k, one) {
		if (json_get_int(one, "position", -1) != position)
			continue;
		json_t *copy = json_copy(one);

		json_object_del(copy, "position");
		json_array_append_new(some, copy);
	}
	return some;
}

/* --- in lines ----------------------------------------------------------------------------- */

static const char *size_words(struct arena *a, long long n)
{
	if (n < (long long)KIB(1))
		return arena_printf(a, "%lld bytes", n);
	if (n < (long long)MIB(1))
		return arena_printf(a, "%.1f KiB", (double)n / 1024);
	return arena_printf(a, "%.1f MiB", (double)n / (1024.0 * 1024));
}

/* "output: a line above 6 MiB; 20.0 MiB are kept, 44.1 MiB not (its share of 20 MiB is full)" */
static const char *summary(struct arena *a, const json_t *one)
{
	const char *why = json_get_cstr(one, "why", NULL),
		   *stream = json_get_cstr(one, "stream", "");
	const char *ended = json_get_cstr(one, "ended", NULL);
	const char *kept = size_words(a, json_get_int(one, "kept", 0));
	long long lost = json_get_int(one, "lost", 0);

	if (!why)
		return arena_printf(
		    a, "%s: %s are kept; nothing is in the log about it (yet)", stream, kept);
	return arena_printf(a, "%s: %s; %s are kept%s%s%s%s%s%s", stream, why, kept,
	    lost ? ", " : "", lost ? size_words(a, lost) : "", lost ? " not" : "",
	    ended ? " (" : "", ended ? ended : "", ended ? ")" : "");
}

void spilled_add(struct buf *b, const struct term *t, struct arena *a, const json_t *some)
{
	json_t *one;
	size_t k;

	json_array_foreach (some, k, one) {
		const char *look = json_get_cstr(one, "look", NULL);

		term_addf(b, t, STYLE_WARN, "    cut off in attempt %lld, ",
		    json_get_int(one, "attempt", 0));
		term_add(b, t, STYLE_WARN, str_from(summary(a, one)));
		buf_addc(b, '\n');
		if (look)
			term_addf(b, t, STYLE_DIM, "    %s", look);
		else if (json_get_cstr(one, "file", NULL))
			term_add(b, t, STYLE_DIM, STR("    it went to make room for later ones"));
		else
			continue;
		buf_addc(b, '\n');
	}
}
