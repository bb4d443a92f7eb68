/* What a citation costs, and how long an answer full of them holds up the loop. */
#include "bench.h"

#include "../unit/pen.h"
#include "../unit/truth.h"

#include <time.h>

#define CITATIONS 1000
#define BEAT_MS 1

/* --- each citation ------------------------------------------------------------------------ */

static void take_citations(
    struct series *parse, struct series *check, struct series *settle, size_t *ret_findings)
{
	struct arena *a = arena_create("truth", ARENA_JOB);
	struct truths t;

	truth_begin(&t, a, 11, CITATIONS);
	uint64_t t0 = bench_now();
	struct evidence *ev = evidence_parse(a, STR("s"), buf_str(&t.text));
	uint64_t t1 = bench_now();

	evidence_check(a, ev, truth_source, &t);
	uint64_t t2 = bench_now();

	evidence_number(a, &ev, 1);
	evidence_settle(a, &ev, 1, NULL, 0);
	uint64_t t3 = bench_now();

	if (ev->n_cites != t.n)
		bench_die("the number of citations", 0);
	series_add(parse, (double)(t1 - t0) / 1e3 / (double)t.n);
	series_add(check, (double)(t2 - t1) / 1e3 / (double)t.n);
	series_add(settle, (double)(t3 - t2) / 1e3 / (double)ev->n_findings);
	*ret_findings = ev->n_findings;
	truth_end(&t);
	arena_destroy(a);
}

static void each_citation(void)
{
	struct series parse = { 0 }, check = { 0 }, settle = { 0 };
	size_t findings;

	for (int i = 0; i < 10 * ROUNDS; i++)
		take_citations(&parse, &check, &settle, &findings);
	double all = series_median(&parse) + series_median(&check);

	bench_title("1,000 citations of files in eight languages, a third of them wrong");
	bench_row("reading one out of the text", series_median(&parse), "us", " ");
	bench_row("checking it, with symbol and anchor", series_median(&check), "us", " ");
	bench_goal("a citation", all, true, 50, "us");
	bench_row("settling a finding", series_median(&settle), "us", "of %zu", findings);
	series_free(&parse);
	series_free(&check);
	series_free(&settle);
}

/* --- the loop ----------------------------------------------------------------------------- */

/* Beats as often as it can; what lies between two beats held the loop up. */
static struct {
	uv_timer_t timer;
	uint64_t last, last_busy;
	double most, most_busy; /* ms: by the wall, and of the loop's own processor time */
} heart;

static uint64_t busy_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void on_beat(uv_timer_t *timer)
{
	uint64_t now = bench_now(), busy = busy_now();
	double gap = (double)(now - heart.last) / 1e6;
	double worked = (double)(busy - heart.last_busy) / 1e6;

	(void)timer;
	heart.most = gap > heart.most ? gap : heart.most;
	heart.most_busy = worked > heart.most_busy ? worked : heart.most_busy;
	heart.last = now;
	heart.last_busy = busy;
}

/* One run of one step whose agent is of KIND. */
static void take_run(const char *kind, struct series *wall, struct series *busy)
{
	pen_open(1);
	uv_timer_init(&pen.loop, &heart.timer);
	heart.last = bench_now();
	heart.last_busy = busy_now();
	heart.most = heart.most_busy = 0;
	uv_timer_start(&heart.timer, on_beat, BEAT_MS, BEAT_MS);
	pen_launch(arena_printf(pen.arena,
	    "  - {id: s, role: angle, persona: p, task: t, model: %s, retries: 0}\n", kind));
	pen_wait(1);
	uv_timer_stop(&heart.timer);
	uv_close((uv_handle_t *)&heart.timer, NULL);
	const char *told = pen_told();

	if (!strstr(told, "completed"))
		bench_die(told, 0);
	pen_close();
	series_add(wall, heart.most);
	series_add(busy, heart.most_busy);
}

static void the_loop(void)
{
	struct series wall[2] = { 0 }, busy[2] = { 0 };

	pen_begin();
	for (int i = 0; i < ROUNDS; i++) {
		take_run("normal", &wall[0], &busy[0]);
		take_run("five-megabytes", &wall[1], &busy[1]);
	}
	pen_end();
	bench_title("A run of one step: the longest time in which the loop did nothing else");
	bench_row("its answer has two words", series_median(&wall[0]), "ms", "%.1f of them at work",
	    series_median(&busy[0]));
	bench_goal("its answer has 5 MB", series_median(&wall[1]), true, 50, "ms");
	bench_row("of that, at work", series_median(&busy[1]), "ms", " ");
	for (int i = 0; i < 2; i++) {
		series_free(&wall[i]);
		series_free(&busy[i]);
	}
}

int bench_citations(struct arena *a)
{
	(void)a;
	each_citation();
	the_loop();
	return 0;
}
