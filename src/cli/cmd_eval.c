/* Evaluating: planted defects, and how many of them a flow finds. */
#include "cli/eval.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <unistd.h>

#define O(member) offsetof(struct eval_opts, member)

static const struct opt opts[] = {
	{ "flow", 0, OPT_TEXT, "NAME", "What", "this flow for all cases, not their own", O(flow) },
	{ "size", 0, OPT_CHOICE, "small|medium|large|auto", "What", "how many agents (auto)",
	    O(size) },
	{ "only", 0, OPT_TEXT, "CASE,CASE", "What", "only these cases", O(only) },
	{ "repeat", 0, OPT_NUMBER, "N", "What", "each case so often, to see the spread (1)",
	    O(repeat) },
	{ "model", 0, OPT_TEXT, "NAME", "How", "the model; `rehearsal` needs none", O(model) },
	{ "agent", 0, OPT_TEXT, "NAME", "How", "which agent works (native)", O(agent) },
	{ "rehearsal-script", 0, OPT_TEXT, "FILE", "How", "misbehaviour for the rehearsal model",
	    O(script) },
	{ "format", 0, OPT_CHOICE, "auto|plain|quiet", "Output",
	    "of the progress; plain: every step (auto)", O(format) },
	{ "output", 'o', OPT_TEXT, "FILE", "Output",
	    "the JSON document, kept up to date after each run", O(output) },
	{ "compare", 0, OPT_TEXT, "OLD.json", "Output", "what differs from that evaluation",
	    O(compare) },
	{ "min-recall", 0, OPT_TEXT, "X", "CI", "exit 3 when a round finds less, 0 to 1",
	    O(min_recall) },
	{ "max-false", 0, OPT_TEXT, "N", "CI", "exit 3 when a round has more false findings",
	    O(max_false) },
	{ 0 },
};

/* --- options ----------------------------------------------------------------------------- */

static int read_numbers(struct evaluation *ev, struct err *err)
{
	const struct eval_opts *o = ev->o;
	unsigned long long n = 0;
	char *end = NULL;

	ev->rounds = o->repeat ? (unsigned)o->repeat : 1;
	if (o->repeat > EVAL_ROUNDS_MAX)
		return err_set(err, -EINVAL, "--repeat is at most %d", EVAL_ROUNDS_MAX);
	ev->max_false = -1;
	if (o->max_false) {
		if (!str_to_u64(str_from(o->max_false), 1000000, &n))
			return err_set(
			    err, -EINVAL, "--max-false wants a number, not '%.40s'", o->max_false);
		ev->max_false = (long long)n;
	}
	ev->min_recall = -1;
	if (!o->min_recall)
		return 0;
	ev->min_recall = strtod(o->min_recall, &end);
	if (end == o->min_recall || *end || !(ev->min_recall >= 0 && ev->min_recall <= 1))
		return err_set(
		    err, -EINVAL, "--min-recall wants 0 to 1, not '%.40s'", o->min_recall);
	return 0;
}

static int read_old(struct evaluation *ev, struct err *err)
{
	const char *file = ev->o->compare;
	struct str text;
	int rc = file ? fs_read(ev->a, file, EVAL_FILE_MAX, &text) : 0;

	if (!file)
		return 0;
	if (rc) {
		err_set(err, rc, "cannot read %.200s: %s", file, err_name(rc));
		return EXIT_NOT_FOUND;
	}
	ev->old = json_parse(text, NULL);
	if (str_is(json_get_str(ev->old, "schema"), "tutti.eval/1"))
		return 0;
	err_set(err, -EINVAL, "%.200s is no evaluation", file);
	err_fix(err, "tutti eval DIR -o FILE writes one");
	return EXIT_USAGE;
}

/* --- progress ---------------------------------------------------------------------------- */

#define TICK_MS 1000

static bool is_format(const struct evaluation *ev, const char *format)
{
	return ev->o->format && strcmp(ev->o->format, format) == 0;
}

/* A line that is written over: only where that can be seen. */
static bool is_live(const struct evaluation *ev)
{
	return ev->err_term.tty && !is_format(ev, "plain") && !is_format(ev, "quiet");
}

static void tell(struct evaluation *ev, struct buf *b)
{
	if (!is_format(ev, "quiet"))
		term_write(ev->err_term.fd, buf_str(b));
	buf_fini(b);
}

static void tell_begin(struct evaluation *ev, size_t i, unsigned round)
{
	struct str name = str_take(ev->items[i].c.name, 40);
	struct buf b;

	ev->now = ev->rounds > 1
		      ? arena_printf(
			    ev->a, "%3zu/%zu round %u %.*s", i + 1, ev->n, round + 1, STR_ARG(name))
		      : arena_printf(ev->a, "%3zu/%zu %.*s", i + 1, ev->n, STR_ARG(name));
	buf_init(&b, KIB(4));
	buf_adds(&b, ev->now);
	buf_adds(&b, is_format(ev, "plain") ? "\n" : " ... ");
	tell(ev, &b);
}

/* How far the run in hand is. */
static void on_tick(uv_timer_t *timer)
{
	struct evaluation *ev = timer->data;
	const struct roster *r = &ev->follow.show.roster;
	unsigned settled, all;
	char span[24];
	struct buf b;

	if (!ev->now || !r->started || !is_live(ev))
		return;
	roster_count(r, &settled, &all);
	buf_init(&b, KIB(4));
	buf_printf(&b, "\r%s ... %u/%u steps, %lld tokens, %s\033[K", ev->now, settled, all,
	    roster_tokens(r), clock_span(clock_wall() - r->started, span, sizeof(span)));
	tell(ev, &b);
}

static void tell_end(struct evaluation *ev, const struct eval_item *item, bool done)
{
	const struct eval_score *s = item->n ? item->score[item->n - 1] : NULL;
	char span[24];
	struct buf b;

	buf_init(&b, KIB(4));
	if (is_live(ev))
		buf_printf(&b, "\r%s ... \033[K", ev->now);
	ev->now = NULL;
	if (!done || !s)
		term_add(&b, &ev->err_term, STYLE_WARN, STR("stopped"));
	else if (s->reason.n)
		term_add(&b, &ev->err_term, STYLE_BAD, STR("failed"));
	else
		term_addf(&b, &ev->err_term, STYLE_PLAIN, "found %u of %zu, %u false, %s",
		    s->n_found, item->c.n_defects, eval_false(s),
		    clock_span(s->took, span, sizeof(span)));
	buf_addc(&b, '\n');
	tell(ev, &b);
}

/* --- running ----------------------------------------------------------------------------- */

/* What there is so far, so that nothing is lost whatever happens next. */
static int keep(struct evaluation *ev, int code, struct err *err)
{
	json_t *doc;
	char *text;
	struct buf b;
	int rc;

	if (!ev->o->output)
		return 0;
	doc = eval_document(ev, code);
	text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	buf_init(&b, EVAL_FILE_MAX);
	buf_adds(&b, text ? text : "");
	buf_addc(&b, '\n');
	rc = buf_status(&b);
	if (rc)
		err_set(err, rc, "the evaluation is too large for a file");
	else
		rc = fs_write(ev->o->output, buf_str(&b), 0644, err);
	buf_fini(&b);
	free(text);
	json_decref(doc);
	return rc;
}

static bool run_one(struct evaluation *ev, size_t i, unsigned round)
{
	bool done;

	uv_run(&ev->follow.house.loop, UV_RUN_NOWAIT); /* a signal may have come meanwhile */
	if (ev->follow.terminated)
		return false;
	tell_begin(ev, i, round);
	done = eval_run(ev, &ev->items[i]);
	if (done && ev->begun <= round)
		ev->begun = round + 1;
	follow_forget(&ev->follow);
	tell_end(ev, &ev->items[i], done);
	return done;
}

/* Round by round: what breaks off has whole rounds. */
static int run_all(struct evaluation *ev, struct err *err)
{
	int rc = keep(ev, EXIT_DONE, err); /* whether it can be written is known before anything */

	for (unsigned r = 0; r < ev->rounds && !rc; r++)
		for (size_t i = 0; i < ev->n && !rc; i++) {
			if (!run_one(ev, i, r))
				return 0;
			rc = keep(ev, EXIT_DONE, err);
		}
	ev->complete = !rc;
	return rc;
}

/* --- the end ----------------------------------------------------------------------------- */

/* In each round: a gate that chance can pass is none. */
static bool trips(const struct evaluation *ev, const struct eval_sum *rounds)
{
	for (unsigned r = 0; r < ev->begun; r++) {
		if (ev->min_recall >= 0 && eval_recall(&rounds[r]) < ev->min_recall)
			return true;
		if (ev->max_false >= 0 && rounds[r].false_findings > ev->max_false)
			return true;
	}
	return false;
}

static int code_of(const struct evaluation *ev)
{
	struct eval_sum sum, *rounds = arena_array(ev->a, ev->rounds, sizeof(*rounds));

	eval_sums(ev, &sum, rounds);
	if (!ev->complete)
		return ev->follow.interrupts ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	if (sum.failed == sum.runs)
		return EXIT_RUN_FAILED;
	if (trips(ev, rounds))
		return EXIT_GATE;
	return sum.failed ? EXIT_PARTIAL : EXIT_DONE;
}

static int print(struct evaluation *ev, int code)
{
	struct term t;
	struct buf b;
	json_t *doc = eval_document(ev, code);

	if (ev->g->json)
		return cli_print_json(doc, code);
	term_init(&t, STDOUT_FILENO, ev->g->color);
	buf_init(&b, MIB(4));
	eval_table(ev, &b, &t);
	if (ev->old)
		eval_table_compare(&b, &t, ev->o->compare, json_get_object(doc, "compare"));
	code = cli_print(buf_str(&b), code);
	buf_fini(&b);
	json_decref(doc);
	return code;
}

static int evaluate(struct evaluation *ev)
{
	const struct eval_opts *o = ev->o;
	const struct follow_spec spec = { .house = { .globals = ev->g,
					      .agent = o->agent,
					      .model = o->model,
					      .script = o->script,
					      .agents = true },
		.hasty = true,
		.format = is_format(ev, "plain") ? "plain" : "quiet" };
	struct err err = { 0 };
	int code = follow_open(&ev->follow, ev->a, &spec, &err), rc;

	if (code)
		return cli_fail(ev->g, &err, code);
	uv_timer_init(&ev->follow.house.loop, &ev->ticker);
	ev->ticker.data = ev;
	uv_timer_start(&ev->ticker, on_tick, TICK_MS, TICK_MS);
	rc = run_all(ev, &err);
	code = rc ? EXIT_RUN_FAILED : code_of(ev);
	uv_close((uv_handle_t *)&ev->ticker, NULL);
	if (!rc)
		rc = keep(ev, code, &err);
	follow_close(&ev->follow);
	if (rc)
		code = term_error(&err, EXIT_RUN_FAILED, false);
	return print(ev, code);
}

static int prepare(struct evaluation *ev, const char **words, size_t n, struct err *err)
{
	if (n != 1) {
		err_set(err, -EINVAL, n ? "one directory, please" : "which cases?");
		err_fix(err, "tutti eval DIR");
		return EXIT_USAGE;
	}
	ev->dir = words[0];
	if (read_numbers(ev, err) < 0)
		return EXIT_USAGE;
	int code = eval_load(ev, err);

	if (!code)
		code = read_old(ev, err);
	if (code)
		return code;
	struct library *lib;

	if (cli_definitions(&ev->definitions, ev->a, ev->g, err) < 0)
		return EXIT_NOT_READY;
	if (ev->o->flow && !definitions_flow(&ev->definitions, str_from(ev->o->flow), &lib, err))
		return cli_flow_code(err);
	return 0;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	struct evaluation *ev = arena_new(a, struct evaluation);
	struct err err = { 0 };
	int code;

	*ev = (struct evaluation){ .a = a, .g = g, .o = values };
	term_init(&ev->err_term, STDERR_FILENO, g->color);
	code = prepare(ev, words, n, &err);
	code = code ? cli_fail(g, &err, code) : evaluate(ev);
	if (ev->tmp)
		fs_remove_tree(ev->tmp);
	definitions_close(&ev->definitions);
	json_decref(ev->old);
	return code;
}

static const char *const examples[] = { "tutti eval eval --model rehearsal",
	"tutti eval my-cases --model qwen3-coder:30b --repeat 5 -o qwen.json",
	"tutti eval my-cases --model other --repeat 5 --compare qwen.json", NULL };

const struct cmd cmd_eval = { "eval", "eval DIR",
	"how many planted defects a flow finds, and what it finds besides", opts, examples, run,
	sizeof(struct eval_opts), false };
