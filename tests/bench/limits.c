/* What the disk and the kernel can do without us: the fixed points beside every measurement. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHAIN 10

/* --- SQLite ------------------------------------------------------------------------------ */

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		bench_die(sqlite3_errmsg(db), 0);
}

static sqlite3 *open_db(const char *dir)
{
	sqlite3 *db;
	char path[4096];

	snprintf(path, sizeof(path), "%s/limit.db", dir);
	for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", NULL }; *end;
	     end++) {
		char old[4200];

		snprintf(old, sizeof(old), "%s%s", path, *end);
		unlink(old);
	}
	if (sqlite3_open(path, &db) != SQLITE_OK)
		bench_die(path, 0);
	sql(db, "PRAGMA journal_mode = WAL");
	sql(db, "PRAGMA synchronous = FULL");
	sqlite3_wal_autocheckpoint(db, 4000);
	sql(db,
	    "CREATE TABLE steps (key INTEGER PRIMARY KEY, run INTEGER NOT NULL, position INTEGER "
	    "NOT NULL, status TEXT NOT NULL, output TEXT) STRICT");
	sql(db,
	    "CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,"
	    " PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID");
	return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK)
		bench_die(sqlite3_errmsg(db), 0);
	return st;
}

static void step(sqlite3_stmt *st)
{
	if (sqlite3_step(st) != SQLITE_DONE)
		bench_die("a bare statement", 0);
	sqlite3_reset(st);
}

struct chain {
	sqlite3 *db;
	sqlite3_stmt *insert, *end, *start, *log, *begin, *commit;
	char output[201], event[131];
	bool logged;
	sqlite3_int64 seq;
};

static void chain_open(struct chain *c, const char *dir, bool logged)
{
	sqlite3 *db = open_db(dir);

	*c = (struct chain){ .db = db, .logged = logged };
	c->insert = prepare(
	    db, "INSERT INTO steps (key, run, position, status) VALUES (?1, ?2, ?3, 'pending')");
	c->end = prepare(db, "UPDATE steps SET status = 'completed', output = ?2 WHERE key = ?1");
	c->start = prepare(db, "UPDATE steps SET status = 'running' WHERE key = ?1");
	c->log = prepare(db, "INSERT INTO events (run, seq, data) VALUES (?1, ?2, ?3)");
	c->begin = prepare(db, "BEGIN IMMEDIATE");
	c->commit = prepare(db, "COMMIT");
	memset(c->output, 'x', sizeof(c->output) - 1);
	memset(c->event, 'y', sizeof(c->event) - 1);
}

static void chain_close(struct chain *c)
{
	sqlite3_stmt *const all[] = { c->insert, c->end, c->start, c->log, c->begin, c->commit };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(c->db);
}

/* Rows of RUNS new runs, all pending. */
static void chain_fill(struct chain *c, sqlite3_int64 first, unsigned runs)
{
	for (unsigned r = 0; r < runs; r++)
		for (int p = 0; p < CHAIN; p++) {
			sqlite3_bind_int64(c->insert, 1, first + r * CHAIN + p);
			sqlite3_bind_int64(c->insert, 2, r);
			sqlite3_bind_int(c->insert, 3, p);
			step(c->insert);
		}
}

static void chain_log(struct chain *c, sqlite3_int64 run)
{
	sqlite3_bind_int64(c->log, 1, run);
	sqlite3_bind_int64(c->log, 2, ++c->seq);
	sqlite3_bind_text(c->log, 3, c->event, -1, SQLITE_STATIC);
	step(c->log);
}

/* The step at KEY of RUN ends, the next one starts. */
static void chain_step(struct chain *c, sqlite3_int64 key, sqlite3_int64 run)
{
	sqlite3_bind_int64(c->end, 1, key);
	sqlite3_bind_text(c->end, 2, c->output, -1, SQLITE_STATIC);
	step(c->end);
	sqlite3_bind_int64(c->start, 1, key + 1);
	step(c->start);
	if (c->logged) {
		chain_log(c, run);
		chain_log(c, run);
	}
}

double limit_chain(
    const char *dir, unsigned runs, unsigned commits, bool logged, struct series *ret_commit)
{
	struct chain c;
	sqlite3_int64 first = 1;
	uint64_t took = 0;

	chain_open(&c, dir, logged);
	for (unsigned n = 0; n < commits; n++) {
		uint64_t t0 = bench_now();

		step(c.begin);
		if (n % CHAIN == 0) {
			first += n ? runs * CHAIN : 0;
			chain_fill(&c, first, runs);
		}
		for (unsigned r = 0; r < runs; r++)
			chain_step(&c, first + r * CHAIN + n % CHAIN, first + r);
		step(c.commit);
		uint64_t one = bench_now() - t0;

		took += one;
		if (ret_commit)
			series_add(ret_commit, (double)one / 1e6);
	}
	chain_close(&c);
	return (double)commits * runs / ((double)took / 1e9);
}

/* --- processes --------------------------------------------------------------------------- */

void limit_spawn(unsigned times, unsigned long namespaces, struct series *ret)
{
	for (unsigned i = 0; i < times; i++) {
		uint64_t t0 = bench_now();
		int status;
		pid_t pid = namespaces ? (pid_t)syscall(
					     SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, 0)
				       : fork();

		if (pid == 0) {
			execl("/usr/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
			bench_die("fork and exec of true", 0);
		series_add(ret, (double)(bench_now() - t0) / 1e6);
	}
}

/* --- failing calls ----------------------------------------------------------------------- */

#define FAILURES 160 /* as many as take about as long as the canary */

static void fail_when_asked(int sock)
{
	double us;
	char word;

	while (read(sock, &word, 1) == 1) {
		uint64_t t0 = bench_now();

		for (unsigned i = 0; i < FAILURES; i++)
			if (open("/usr/not there", O_WRONLY | O_CLOEXEC) >= 0 || errno != ENOENT)
				_exit(1);
		us = (double)(bench_now() - t0) / 1e3;
		if (write(sock, &us, sizeof(us)) != sizeof(us))
			break;
	}
	_exit(0);
}

int limit_failures_start(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		bench_die("socketpair", -errno);
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		fail_when_asked(ends[1]);
	}
	if (pid < 0)
		bench_die("fork", -errno);
	close(ends[1]);
	return ends[0];
}

void limit_failures(int sock, struct series *ret)
{
	double us;

	if (write(sock, "x", 1) != 1 || read(sock, &us, sizeof(us)) != sizeof(us))
		bench_die("the process whose calls fail", -EPIPE);
	series_add(ret, us);
}
