/*
 * What no run needs any more. Blobs are named by their digests in many places (rows, facts,
 * events), some of which only later versions know; so whatever looks like a digest, anywhere in a
 * row, keeps the blob of that name.
 */
#include "base/map.h"
#include "store/sqlite_priv.h"

#define DIGEST 64 /* hex digits */

struct marking {
	struct arena *a;
	struct map blobs; /* hash -> its struct blob */
	size_t used;
};

struct blob {
	bool used;
	int64_t bytes;
};

static int load_blobs(struct store *s, struct marking *m)
{
	struct query q = sql_query(s, "SELECT hash, length(bytes) FROM blobs");
	int rc;

	while ((rc = sql_step(&q)) == 1) {
		struct blob *b = arena_new(m->a, struct blob);
		struct str hash = sql_get_str(&q, m->a);

		b->used = false;
		b->bytes = sql_get_int(&q);
		map_put(&m->blobs, hash, b);
	}
	return sql_done(&q, rc);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static void mark_in(struct marking *m, struct str text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.n; i++) {
		run = is_hex(text.p[i]) ? run + 1 : 0;
		if (run < DIGEST)
			continue;
		struct blob *b =
		    map_get(&m->blobs, (struct str){ text.p + i + 1 - DIGEST, DIGEST });

		if (b)
			b->used = true;
	}
}

static const char *const texts[] = {
	"SELECT data FROM events",
	"SELECT coalesce(facts, '') || ' ' || coalesce(evidence, '') || ' ' || coalesce(output, '')"
	" FROM steps",
	"SELECT frozen || ' ' || coalesce(report, '') || ' ' || input || ' ' || options || ' ' ||"
	" outcome || ' ' || seal || ' ' || summary FROM runs",
	"SELECT coalesce(prompt, '') FROM tasks",
	"SELECT data FROM findings",
	"SELECT value FROM meta",
	NULL,
};

static int mark(struct store *s, struct marking *m)
{
	int rc = load_blobs(s, m);

	for (const char *const *sql = texts; *sql && !rc; sql++) {
		struct query q = sql_query(s, *sql);

		while ((rc = sql_step(&q)) == 1) {
			struct arena *a = arena_create("row", ARENA_JOB);

			mark_in(m, sql_get_str(&q, a));
			arena_destroy(a);
		}
		rc = sql_done(&q, rc);
	}
	return rc;
}

static int delete_blob(struct store *s, struct str hash)
{
	struct query q = sql_query(s, "DELETE FROM blobs WHERE hash = ?1");

	sql_str(&q, hash);
	return sql_run(&q);
}

static int sweep_blobs(struct store *s, struct marking *m, struct store_room *ret)
{
	int rc = 0;

	map_each (&m->blobs, e) {
		const struct blob *b = e->value;

		if (b->used || rc)
			continue;
		ret->blobs++;
		ret->blob_bytes += (unsigned long long)b->bytes;
		rc = delete_blob(s, e->key);
	}
	return rc;
}

static int sweep_snapshots(struct store *s, struct store_room *ret)
{
	struct query count =
	    sql_query(s, "SELECT count(*) FROM snapshots WHERE id NOT IN"
			 " (SELECT snapshot FROM runs WHERE snapshot IS NOT NULL)");
	int64_t n = 0;
	int rc = sql_one_key(&count, &n);

	ret->snapshots = (unsigned long long)n;
	if (rc)
		return rc;
	struct query q = sql_query(s, "DELETE FROM snapshots WHERE id NOT IN"
				      " (SELECT snapshot FROM runs WHERE snapshot IS NOT NULL)");

	return sql_run(&q);
}

int sqlite_sweep(struct store *s, struct store_room *ret)
{
	struct marking m = { .a = arena_create("blobs", SWEEP_ARENA) };
	int rc;

	map_init(&m.blobs, m.a);
	rc = mark(s, &m);
	if (!rc)
		rc = sweep_blobs(s, &m, ret);
	if (!rc)
		rc = sweep_snapshots(s, ret);
	arena_destroy(m.a);
	return rc;
}

/* Writes the file anew when a good part of it is empty. */
int sqlite_shrink(struct store *store)
{
	struct sqlite_store *s = (struct sqlite_store *)(void *)store;
	int64_t all = 0, empty = 0;
	struct query pages = sql_query(store, "PRAGMA page_count");
	struct query free_pages = sql_query(store, "PRAGMA freelist_count");
	int rc = sql_one_key(&pages, &all);

	if (!rc)
		rc = sql_one_key(&free_pages, &empty);
	if (rc || empty < all / 4)
		return rc;
	rc = sqlite_errno(sqlite3_exec(s->db, "VACUUM", NULL, NULL, NULL));
	return rc ? rc
		  : sqlite_errno(
			sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
}
