/*
 * Cuts the power at random points of recorded lives, and holds what is left against what was told:
 * power [CUTS] [--seed N] [--lies | --synchronous WORD]. A seed is a cut; seeds that stand together
 * are cuts of one life.
 */
#include "power.h"
#include "vfs.h"

#include "store/pages.h"
#include "sys/fs.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUTS_A_LIFE 50

enum outcome {
	WHOLE,
	LOST,	 /* what was told is not there */
	NOTICED, /* the database is damaged, and says so */
	WRONG,	 /* it is what it never was, and nobody notices */
	STUCK,	 /* the engine does not go on */
	ALARM,	 /* all is there, and `tutti db verify` says that it is damaged */
	OUTCOMES
};

static const char *const names[OUTCOMES] = { "whole", "lost", "damaged", "wrong", "stuck",
	"called damaged" };

struct options {
	unsigned long long seed;
	size_t cuts;
	bool lies, verbose;
	const char *synchronous;
	char top[128];
};

struct totals {
	size_t cuts, lives, ops, syncs, commits, told, kills, losses, by[OUTCOMES];
};

static struct options opt;
static struct totals total;
static volatile unsigned long long seed_in_hand;

/* --- to somebody at a terminal: how far it is ----------------------------------------------- */

static bool watched(void)
{
	return !opt.verbose && isatty(STDERR_FILENO);
}

static void tell_progress(void)
{
	if (watched())
		fprintf(stderr, "\r%zu of %zu cuts, %zu of them whole ", total.cuts, opt.cuts,
		    total.by[WHOLE]);
}

/* So that what is said next begins a line. */
static void clear_progress(void)
{
	if (watched())
		fputs("\r\033[K", stderr);
}

/* --- one cut -------------------------------------------------------------------------------- */

struct inspection {
	const struct life *life;
	size_t at;
	bool alone; /* look, and do not go on */
	enum outcome outcome;
	struct err err;
};

/* The number of the last commit that was over at AT. */
static size_t last_commit(const struct life *life, size_t at)
{
	size_t k = 0;

	while (k + 1 < life->n_commits && life->commits[k + 1].end <= at)
		k++;
	return k;
}

static enum outcome judge_content(
    const struct life *life, size_t at, uint64_t digest, struct err *err)
{
	size_t last = last_commit(life, at);

	if (digest == life->commits[last].digest)
		return WHOLE;
	if (last + 1 < life->n_commits && life->commits[last + 1].begin < at &&
	    digest == life->commits[last + 1].digest)
		return WHOLE;
	for (size_t k = 0; k < last; k++)
		if (digest == life->commits[k].digest) {
			err_set(err, -EPROTO, "%zu commits of %zu are gone", last - k, last);
			return LOST;
		}
	err_set(err, -EPROTO, "it is as it was after no commit");
	return WRONG;
}

static int inspect(struct store *s, void *ctx)
{
	struct inspection *in = ctx;
	sqlite3 *db = content_db(s);
	uint64_t digest = content_digest(db);
	struct err noticed = { 0 };

	in->outcome = judge_content(in->life, in->at, digest, &in->err);
	if (content_check(db, &noticed) || !digest) {
		in->outcome = NOTICED;
		in->err = noticed;
	} else if (in->outcome == WHOLE && facts_check(&in->life->facts, in->at, s, &in->err)) {
		in->outcome = LOST;
	}
	return in->outcome != WHOLE || in->alone ? -ECANCELED : 0;
}

/* The end of the log may be what nobody was told of; that is no fault of the files. */
static void on_flaw(void *ctx, const char *where, const char *what)
{
	if (!strstr(what, "the power went"))
		err_set(ctx, -EPROTO, "%s: %s", where, what);
}

/* What `tutti db verify` reads of the files, before anybody opens them and afterwards. */
static int check_pages(const char *dir, struct err *err)
{
	struct pages_found found;
	char path[256];

	snprintf(path, sizeof(path), "%s/tutti.db", dir);
	int rc = pages_check(path, on_flaw, err, &found, err);

	return rc ? rc : err->code;
}

/* What a process left in memory that is shared means nothing after it. */
static void leave_rubbish(const char *dir, uint64_t seed)
{
	struct rng r = { seed };
	char path[256], bytes[32768];
	struct err err;

	if (!rng_chance(&r, 30))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)rng_next(&r);
	snprintf(path, sizeof(path), "%s/tutti.db-shm", dir);
	if (fs_write(path, (struct str){ bytes, sizeof(bytes) }, 0600, &err) < 0)
		abort();
}

static void make_files(const struct life *life, struct disk *d, uint64_t seed, const char *dir)
{
	struct image *left = disk_cut(d, seed);

	fs_remove_tree(dir);
	if (fs_mkdirs(dir, 0700) < 0)
		abort();
	image_store(left, &life->trace, dir);
	leave_rubbish(dir, seed);
	image_free(left);
}

static void check_cut(const struct life *life, struct disk *d, size_t at, uint64_t seed)
{
	struct inspection in = { .life = life, .at = at, .alone = opt.lies || opt.synchronous };
	struct err pages = { 0 }, err = { 0 };
	char dir[200];

	seed_in_hand = seed;
	snprintf(dir, sizeof(dir), "%s/cut", opt.top);
	make_files(life, d, seed, dir);
	bool alarm = check_pages(dir, &pages) == -EPROTO;

	in.outcome = NOTICED; /* unless it can be opened */
	int rc = life_go_on(dir, seed, inspect, &in, &err);

	if (!rc)
		rc = check_pages(dir, &err);
	if (rc && rc != -ECANCELED && in.outcome == WHOLE)
		in.outcome = STUCK;
	if (alarm && (in.outcome == WHOLE || in.outcome == WRONG)) {
		in.outcome = in.outcome == WHOLE ? ALARM : NOTICED;
		in.err = pages;
	}
	if (in.outcome != WHOLE && (opt.verbose || !in.alone)) {
		clear_progress();
		printf("seed %llu: %s, cut at %zu of %zu: %s\n", (unsigned long long)seed,
		    names[in.outcome], at, life->trace.n, in.err.code ? in.err.what : err.what);
	}
	total.by[in.outcome]++;
	total.cuts++;
}

/* --- a life and its cuts -------------------------------------------------------------------- */

struct cut_at {
	uint64_t seed;
	size_t at;
};

static int by_place(const void *a, const void *b)
{
	const struct cut_at *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void cut_life(const struct life *life, struct cut_at *places, size_t n)
{
	struct disk *d = disk_create(&life->trace);

	for (size_t i = 0; i < n; i++) {
		struct rng r = { ~places[i].seed };
		size_t at = places[i].at = rng_below(&r, life->trace.n + 1);

		if (!opt.lies)
			continue;
		struct disk *liar = disk_create(&life->trace);

		disk_advance(liar, at - rng_below(&r, (at < 400 ? at : 400) + 1));
		disk_lie(liar);
		disk_advance(liar, at);
		check_cut(life, liar, at, places[i].seed);
		disk_free(liar);
	}
	qsort(places, n, sizeof(*places), by_place);
	for (size_t i = 0; i < n && !opt.lies; i++) {
		disk_advance(d, places[i].at);
		check_cut(life, d, places[i].at, places[i].seed);
	}
	disk_free(d);
}

static void count_life(const struct life *life)
{
	total.lives++;
	total.ops += life->trace.n;
	for (size_t i = 0; i < life->trace.n; i++)
		total.syncs += life->trace.ops[i].kind == OP_SYNC;
	total.commits += life->n_commits;
	total.told += life->facts.n;
	total.kills += life->kills;
	total.losses += life->losses;
	if (opt.verbose)
		printf(
		    "life %llu: %zu operations, %zu commits, %zu facts, %u runs, trace %016llx\n",
		    (unsigned long long)life->seed, life->trace.n, life->n_commits, life->facts.n,
		    life->runs, (unsigned long long)trace_hash(&life->trace));
}

static struct life *record(unsigned long long seed)
{
	char dir[200];

	snprintf(dir, sizeof(dir), "%s/lives", opt.top);
	const struct life_spec spec = {
		.seed = seed / CUTS_A_LIFE + 1, .top = dir, .synchronous = opt.synchronous
	};

	seed_in_hand = seed;
	return life_record(&spec);
}

/* Or a seed would be no cut. */
static bool is_the_same_twice(unsigned long long seed)
{
	struct life *one = record(seed), *two = record(seed);
	bool same = trace_hash(&one->trace) == trace_hash(&two->trace);

	life_free(one);
	life_free(two);
	return same;
}

/* The seeds from SEED on that are cuts of one life, at most N. Returns how many. */
static size_t do_life(unsigned long long seed, size_t n)
{
	struct cut_at places[CUTS_A_LIFE];

	if (n > CUTS_A_LIFE - seed % CUTS_A_LIFE)
		n = CUTS_A_LIFE - seed % CUTS_A_LIFE;
	struct life *life = record(seed);

	count_life(life);
	if (life->rc) {
		clear_progress();
		printf("seed %llu: the life itself broke off: %s %s\n", seed, life->err.what,
		    life->err.why);
		total.by[STUCK]++;
	}
	for (size_t i = 0; i < n; i++)
		places[i].seed = seed + i;
	cut_life(life, places, n);
	life_free(life);
	return n;
}

/* --- options and results -------------------------------------------------------------------- */

static void on_crash(int number)
{
	fprintf(stderr, "power: signal %d at seed %llu\n", number, seed_in_hand);
	signal(number, SIG_DFL);
	raise(number);
}

static void usage(void)
{
	fprintf(stderr, "power [CUTS] [--seed N] [--lies | --synchronous WORD] [--verbose]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = { { "seed", required_argument, NULL, 's' },
		{ "lies", no_argument, NULL, 'l' }, { "synchronous", required_argument, NULL, 'y' },
		{ "verbose", no_argument, NULL, 'v' }, { 0 } };
	int c;

	opt.cuts = 20000;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			opt.seed = strtoull(optarg, NULL, 10);
		else if (c == 'l')
			opt.lies = true;
		else if (c == 'y')
			opt.synchronous = optarg;
		else if (c == 'v')
			opt.verbose = true;
		else
			usage();
	}
	if (optind < argc)
		opt.cuts = strtoull(argv[optind], NULL, 10);
}

static void tell(void)
{
	printf("%zu cuts of %zu lives: %zu operations on the disk, %zu of them waited for, %zu "
	       "commits, %zu things told; %zu processes killed, the power gone %zu times before\n",
	    total.cuts, total.lives, total.ops, total.syncs, total.commits, total.told, total.kills,
	    total.losses);
	printf("%zu whole, %zu lost what was told, %zu damaged and noticed, %zu wrong and not "
	       "noticed, %zu stuck, %zu called damaged and whole\n",
	    total.by[WHOLE], total.by[LOST], total.by[NOTICED], total.by[WRONG], total.by[STUCK],
	    total.by[ALARM]);
	if (opt.lies)
		printf("this disk said that it had done what it had not: no program can hold what "
		       "it told then\n");
	if (opt.synchronous)
		printf(
		    "with synchronous = %s, which is not what the product has\n", opt.synchronous);
}

/* Where something has to be lost, whoever sees nothing is blind. */
static bool is_as_it_should_be(void)
{
	size_t bad = total.cuts - total.by[WHOLE];

	if (!total.syncs)
		printf("nothing was recorded\n");
	return total.syncs && (opt.lies || opt.synchronous ? bad > 0 : bad == 0);
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	snprintf(opt.top, sizeof(opt.top), "%s/tutti-power-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(opt.top))
		abort();
	vfs_install();
	bool same = is_the_same_twice(opt.seed);

	while (total.cuts < opt.cuts) {
		do_life(opt.seed + total.cuts, opt.cuts - total.cuts);
		tell_progress();
	}
	clear_progress();
	fs_remove_tree(opt.top);
	tell();
	if (!same)
		printf("the same seed gave another life\n");
	return same && is_as_it_should_be() ? 0 : 1;
}
