/* The change that a run reviews: kept as a blob, read when somebody asks. */
#include "engine/live.h"

#include "report/report.h"

#define CHANGE_ARENA MIB(256) /* for a diff of CHANGE_RAW_MAX, whatever is in it */

static json_t *summary(const struct change *c, struct arena *a, const char *blob)
{
	return json_pack("{s:o, s:s, s:i, s:i, s:i, s:i}", "title", json_text(change_title(a, c)),
	    "blob", blob, "files", (int)c->n_files, "hunks", (int)c->n_hunks, "parts",
	    (int)c->n_chunks, "left_out", (int)c->n_left_out);
}

int change_keep(struct live *lv, json_t *facts, struct str text)
{
	struct arena *a = arena_create("change", CHANGE_ARENA);
	const struct change *c = change_parse(a, text);
	char hash[65];
	int rc = 0;

	json_object_del(facts, "change");
	if (c->head.kind != CHANGE_NONE) {
		rc = lv->store->ops->blob_put(lv->store, text, hash);
		if (!rc)
			json_object_set_new(facts, "change", summary(c, a, hash));
	}
	arena_destroy(a);
	return rc;
}

const struct change *live_change(struct live *lv)
{
	const json_t *facts = json_get_object(lv->repo, "change");
	struct str text = { "", 0 };

	if (lv->change)
		return lv->change;
	struct arena *a = arena_create("change", CHANGE_ARENA);

	if (facts &&
	    lv->store->ops->blob_get(lv->store, a, json_get_str(facts, "blob"), &text) < 0) {
		arena_destroy(a);
		return NULL;
	}
	lv->change_arena = a;
	lv->change = change_parse(a, text);
	return lv->change;
}

void live_forget_change(struct live *lv)
{
	arena_destroy(lv->change_arena);
	lv->change_arena = NULL;
	lv->change = NULL;
}

/* The item of the innermost `each` around FROM that is a chunk. */
const struct change_chunk *live_chunk(struct live *lv, uint32_t from)
{
	const struct change *c = live_change(lv);

	for (uint32_t at = from; c && at != CORE_NONE; at = core_node(lv->core, at)->parent) {
		const struct core_node *n = core_node(lv->core, at);
		const struct change_chunk *chunk =
		    n->item ? change_chunk(c, json_get_str(n->item, "id")) : NULL;

		if (chunk)
			return chunk;
	}
	return NULL;
}

struct str live_label(struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);
	struct str id =
	    n->item && lv->flow->by_chunk ? json_get_str(n->item, "id") : (struct str){ "", 0 };
	long long parts = json_get_int(json_get_object(lv->repo, "change"), "parts", 0);

	if (!n->def)
		return STR("Snapshot");
	if (n->parent != CORE_NONE && core_node(lv->core, n->parent)->kind == KIND_LOOP)
		return str_from(arena_printf(
		    lv->job->arena, "%.*s (round %u)", STR_ARG(n->def->label), n->ordinal));
	if (parts < 2 || !str_starts(id, STR("c")))
		return n->def->label;
	return str_from(arena_printf(lv->job->arena, "%.*s, part %.*s of %lld",
	    STR_ARG(n->def->label), STR_ARG(str_skip(id, 1)), parts));
}

json_t *live_change_json(struct live *lv)
{
	const struct change *c = live_change(lv);

	return c ? change_json(c) : NULL;
}

json_t *live_chunk_json(struct live *lv, uint32_t from)
{
	const struct change_chunk *chunk = live_chunk(lv, from);

	if (!chunk)
		return NULL;
	json_t *doc = change_chunk_json(lv->change, chunk);

	json_object_set_new(
	    doc, "text", json_text(change_chunk_text(lv->job->arena, lv->change, chunk)));
	return doc;
}

bool live_shows_chunk(struct live *lv, uint32_t from, unsigned *ret_from, unsigned *ret_to)
{
	const struct core_node *n = core_node(lv->core, from);
	const struct change_chunk *chunk = NULL;

	if (n->def && agent_names_chunk(lv->job->arena, n->def))
		chunk = live_chunk(lv, from);
	if (!chunk)
		return false;
	*ret_from = lv->change->hunks[chunk->first].id;
	*ret_to = *ret_from + (unsigned)chunk->n - 1;
	return true;
}

/* --- the report --------------------------------------------------------------------------- */

#define FILES_NAMED 50

const struct change *live_reviewed(struct live *lv)
{
	const struct change *c = lv->flow->by_chunk ? live_change(lv) : NULL;

	return c && c->head.kind != CHANGE_NONE ? c : NULL;
}

/* Below which severity nothing rises, by the size of the review. */
static enum severity escalates(enum flow_size size)
{
	return size == SIZE_SMALL    ? SEVERITY_HIGH
	       : size == SIZE_MEDIUM ? SEVERITY_MEDIUM
				     : SEVERITY_NONE;
}

void change_weigh(
    struct live *lv, struct arena *a, struct evidence **sets, size_t n, struct report_run *run)
{
	if (!live_reviewed(lv))
		return;
	const struct change_weights *w =
	    evidence_weigh_change(a, sets, n, lv->change, escalates(core_size(lv->core)));

	run->contradictions = (struct strs){ w->lines, w->n_lines };
}

struct gaps {
	struct arena *a;
	struct strs list;
	size_t cap;
};

static void add_gap(struct gaps *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_gap(struct gaps *g, const char *fmt, ...)
{
	va_list ap;

	if (g->list.n == g->cap)
		return;
	va_start(ap, fmt);
	g->list.v[g->list.n++] = str_from(arena_vprintf(g->a, fmt, ap));
	va_end(ap);
}

static void add_left_out(struct gaps *g, const struct change *c)
{
	unsigned named = 0;

	for (size_t i = 0; i < c->n_files && named < FILES_NAMED; i++)
		if (c->files[i].left_out.n) {
			add_gap(g, "not reviewed: %.*s (%.*s)", STR_ARG(c->files[i].title),
			    STR_ARG(c->files[i].left_out));
			named++;
		}
	if (c->n_left_out > named)
		add_gap(
		    g, "and %u more files of the change were not reviewed", c->n_left_out - named);
	if (c->head.cut)
		add_gap(g,
		    "the change is larger than 8 MiB: of its %u files, those behind the first %zu "
		    "were not reviewed",
		    c->head.files, c->n_files);
	if (c->more_files)
		add_gap(g, "%u files behind the first %zu of the change were not reviewed",
		    c->more_files, c->n_files);
	for (size_t i = 0; i < c->n_files; i++)
		if (c->files[i].torn)
			add_gap(g, "the diff of %.*s breaks off", STR_ARG(c->files[i].title));
}

/* Which of its hunks the step I has not read; all of them where it came to no answer. */
static bool missed(struct live *lv, uint32_t i, unsigned from, unsigned to, bool *ret)
{
	const struct core_node *n = core_node(lv->core, i);
	json_t *facts = n->status == STEP_COMPLETED ? live_facts(lv, i) : NULL;
	struct str unread = json_get_str(facts, "unread");
	const char *line = arena_printf(lv->job->arena, "READ: %.*s", STR_ARG(unread));
	unsigned count = receipt_read(str_from(line), from, to, ret);

	json_decref(facts);
	if (n->status != STEP_FAILED && n->status != STEP_CANCELLED)
		return count > 0;
	memset(ret, true, (to - from + 1) * sizeof(*ret));
	return true;
}

static void add_unread(struct live *lv, struct gaps *g, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);
	unsigned from, to;

	if (n->retired || n->kind != KIND_AGENT || !live_shows_chunk(lv, i, &from, &to))
		return;
	bool *missing = arena_array(g->a, to - from + 1, sizeof(*missing));

	if (missed(lv, i, from, to, missing))
		add_gap(g, "%.*s has not read %.*s", STR_ARG(live_label(lv, i)),
		    STR_ARG(change_places(g->a, lv->change, from, to, missing)));
}

/* Files of which a text that a person would read was shown to nobody, or not all of it. */
static unsigned unreviewed(const struct change *c)
{
	unsigned n = c->n_left_out - c->n_excused + c->more_files;

	for (size_t i = 0; i < c->n_files; i++)
		n += c->files[i].torn && !c->files[i].left_out.n;
	return n + (c->head.cut && c->head.files > c->n_files + c->more_files
			   ? c->head.files - (unsigned)c->n_files - c->more_files
			   : 0);
}

void change_report(struct live *lv, struct report_run *run)
{
	size_t nodes = core_count(lv->core);

	if (!live_reviewed(lv))
		return;
	const struct change *c = lv->change;
	struct gaps g = { .a = lv->job->arena, .cap = nodes + FILES_NAMED + c->n_files + 4 };

	g.list.v = arena_array(g.a, g.cap, sizeof(struct str));
	run->change = str_from(arena_printf(g.a, "%.*s; %zu hunks in %zu part%s",
	    STR_ARG(change_title(g.a, c)), c->n_hunks, c->n_chunks, c->n_chunks == 1 ? "" : "s"));
	add_left_out(&g, c);
	run->unreviewed = unreviewed(c);
	size_t before = g.list.n;

	for (uint32_t i = 0; i < nodes; i++)
		add_unread(lv, &g, i);
	run->unread = (unsigned)(g.list.n - before);
	run->change_gaps = g.list;
}
