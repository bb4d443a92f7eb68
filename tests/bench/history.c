/* Ten thousand runs: what listing and searching them costs, by the store. */
#include "bench.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/limits.h"
#include "store/store.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS 10000
#define OUTPUTS 6	 /* of each run */
#define WORDS 400	 /* of each output */
#define VOCABULARY 20000 /* words; the lower, the commoner */
#define TIMES 9
#define PAGE 50

static const struct store_ops *ops = &store_sqlite;

static unsigned draw(unsigned long long *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(*seed >> 33);
}

/* The commoner, the shorter: "lo", "ck", …, "lock", … */
static void add_word(struct buf *b, unsigned k)
{
	static const char parts[] = "lockenwaitstorunreadcallfilemakesethashd";

	do {
		buf_add(b, (struct str){ parts + 2 * (k % 20), 2 });
		k /= 20;
	} while (k);
	buf_addc(b, ' ');
}

/* Half of what people write are a few words: the product of three draws leans to the common ones.
 */
static void write_words(struct buf *b, unsigned n, unsigned long long *seed)
{
	for (unsigned i = 0; i < n; i++) {
		double x = 1;

		for (int k = 0; k < 3; k++)
			x *= (double)(draw(seed) % 100000) / 100000;
		add_word(b, (unsigned)(x * VOCABULARY));
	}
}

static void put(struct store *s, int64_t run, const char *kind, const char *name, struct str body)
{
	const struct text_row row = { .run = run,
		.kind = str_from(kind),
		.name = str_from(name),
		.step = str_from(name),
		.title = STR("A step"),
		.body = body };

	if (ops->text_put(s, &row))
		bench_die("text", 0);
}

static void put_run(struct store *s, unsigned i, const char *frozen, unsigned long long *seed)
{
	char id[ID_RUN_SIZE], name[16];
	struct buf b;
	int64_t key;

	snprintf(id, sizeof(id), "r-%010u", i);
	const struct run_row row = { .id = str_from(id),
		.flow = i % 3 ? STR("research") : STR("code-review"),
		.title = STR("About locks"),
		.status = i % 17 ? STR("completed") : STR("failed"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("medium"),
		.input = STR("{\"question\":\"where are locks taken, and in which order?\"}"),
		.options = STR("{\"model\":\"m\"}"),
		.repo = i % 5 ? STR("/home/me/project") : STR("/home/me/other"),
		.frozen = str_from(frozen),
		.outcome = STR(""),
		.created_at = (msec_t)i * 60000 };

	if (ops->run_insert(s, &row, &key))
		bench_die("run", 0);
	buf_init(&b, MIB(1));
	for (unsigned k = 0; k < OUTPUTS; k++) {
		buf_clear(&b);
		write_words(&b, WORDS, seed);
		snprintf(name, sizeof(name), "step-%u", k);
		put(s, key, "output", name, buf_str(&b));
	}
	put(s, key, "question", "", STR("where are locks taken, and in which order?"));
	buf_fini(&b);
}

static struct store *fill(const char *url)
{
	unsigned long long seed = 1;
	struct err err = { 0 };
	struct store *s;
	char frozen[65];

	if (ops->open(url, false, &s, &err) || ops->migrate(s, &err) ||
	    ops->blob_put(s, STR("{}"), frozen))
		bench_die(err.what, err.code);
	for (unsigned i = 0; i < RUNS; i++) {
		if (i % 500 == 0 && ops->begin(s))
			bench_die("begin", 0);
		put_run(s, i, frozen, &seed);
		if (i % 500 == 499 && ops->commit(s))
			bench_die("commit", 0);
	}
	return s;
}

static void list(struct store *s, const char *name, const struct run_filter *f)
{
	struct series took = { 0 };
	size_t n = 0;

	for (int i = 0; i < TIMES; i++) {
		struct arena *a = arena_create("list", ARENA_JOB);
		struct run_row *rows;
		uint64_t t0 = bench_now();

		if (ops->run_list(s, a, f, &rows, &n))
			bench_die("list", 0);
		series_add(&took, (double)(bench_now() - t0) / 1e6);
		arena_destroy(a);
	}
	char text[80];

	snprintf(text, sizeof(text), "%s (%zu)", name, n);
	bench_goal(text, series_median(&took), true, 100, "ms");
	series_free(&took);
}

static void find(struct store *s, const char *name, struct str words)
{
	const struct text_filter f = { .words = words, .limit = PAGE };
	struct series took = { 0 };
	size_t n = 0;

	for (int i = 0; i < TIMES; i++) {
		struct arena *a = arena_create("find", ARENA_JOB);
		struct text_hit *hits;
		uint64_t t0 = bench_now();

		if (ops->text_find(s, a, &f, &hits, &n))
			bench_die("find", 0);
		series_add(&took, (double)(bench_now() - t0) / 1e6);
		arena_destroy(a);
	}
	char text[80];

	snprintf(text, sizeof(text), "%s (%zu)", name, n);
	bench_goal(text, series_median(&took), true, 100, "ms");
	series_free(&took);
}

int bench_history(struct arena *a)
{
	char *dir = bench_dir(a);
	struct store *s = fill(fs_join(a, dir, "tutti.db"));
	static const struct {
		const char *name;
		const char *words;
	} words[] = { { "a word that is in all", "locks" }, { "a common word", "lo" },
		{ "two common words", "ck lo" }, { "a rare word", "locaunen" },
		{ "the beginning of many words", "loc" }, { "a word that is nowhere", "xyzzy" } };

	bench_title("10,000 runs: a page of 50 of them, by the store");
	list(s, "the newest", &(struct run_filter){ .limit = PAGE, .top_only = true });
	list(s, "those of one flow that failed",
	    &(struct run_filter){
		.limit = PAGE, .flow = STR("code-review"), .status = STR("failed") });
	list(s, "those of a repository that has none",
	    &(struct run_filter){ .limit = PAGE, .repo = STR("/nowhere") });
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		list(s, words[i].name,
		    &(struct run_filter){ .limit = PAGE, .words = str_from(words[i].words) });
	bench_title("10,000 runs: searching all texts, by the store");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		find(s, words[i].name, str_from(words[i].words));
	ops->close(s);
	fs_remove_tree(dir);
	return 0;
}
