/*
 * The schema, by numbered migrations that are never edited once released. Both databases read the
 * same text: @key@, @int@, @blob@ and @strict@ stand for what differs.
 *
 * A check against a list of words is written with OR: for IN with more than two, SQLite builds a
 * table of them in every statement, which made a step half as fast. Events have a row id, not
 * their primary key as the place: what many runs write at once then stands together on few pages.
 */
#include "store/schema.h"

static const char *const v1[] = {
	"CREATE TABLE meta ("
	" name TEXT NOT NULL CONSTRAINT meta_pk PRIMARY KEY,"
	" value TEXT NOT NULL) @strict@",

	"CREATE TABLE blobs ("
	" hash TEXT NOT NULL CONSTRAINT blobs_pk PRIMARY KEY"
	"  CONSTRAINT blobs_hash CHECK (length(hash) = 64),"
	" bytes @blob@ NOT NULL) @strict@",

	"CREATE TABLE snapshots ("
	" id TEXT NOT NULL CONSTRAINT snapshots_pk PRIMARY KEY,"
	" repo TEXT NOT NULL,"
	" facts TEXT NOT NULL,"
	" signals TEXT NOT NULL,"
	" created_at @int@ NOT NULL) @strict@",

	"CREATE TABLE runs ("
	" key @key@,"
	" id TEXT NOT NULL CONSTRAINT runs_id UNIQUE,"
	" flow TEXT NOT NULL,"
	" title TEXT NOT NULL,"
	" status TEXT NOT NULL CONSTRAINT runs_status"
	"  CHECK (status = 'running' OR status = 'completed' OR status = 'failed'"
	"   OR status = 'cancelled'),"
	" reason TEXT NOT NULL,"
	" end_as TEXT NOT NULL CONSTRAINT runs_end_as"
	"  CHECK (end_as = '' OR end_as = 'failed' OR end_as = 'cancelled'),"
	" size TEXT NOT NULL CONSTRAINT runs_size"
	"  CHECK (size = 'small' OR size = 'medium' OR size = 'large' OR size = 'auto'),"
	" input TEXT NOT NULL CONSTRAINT runs_question CHECK (@has_question@),"
	" options TEXT NOT NULL,"
	" repo TEXT NOT NULL,"
	" project TEXT,"
	" snapshot TEXT CONSTRAINT runs_snapshot REFERENCES snapshots (id),"
	" frozen TEXT NOT NULL CONSTRAINT runs_frozen REFERENCES blobs (hash),"
	" idempotency TEXT CONSTRAINT runs_idempotency UNIQUE,"
	" parent @int@ CONSTRAINT runs_parent REFERENCES runs (key) ON DELETE CASCADE,"
	" parent_step TEXT,"
	" report TEXT CONSTRAINT runs_report REFERENCES blobs (hash),"
	" outcome TEXT NOT NULL,"
	" tokens_in @int@ NOT NULL,"
	" tokens_out @int@ NOT NULL,"
	" resumed @int@ NOT NULL,"
	" created_at @int@ NOT NULL,"
	" started_at @int@ NOT NULL,"
	" ended_at @int@ NOT NULL) @strict@",

	"CREATE INDEX runs_running ON runs (key) WHERE status = 'running'",
	"CREATE INDEX runs_of_repo ON runs (repo, key)",
	"CREATE INDEX runs_of_parent ON runs (parent, parent_step) WHERE parent IS NOT NULL",

	"CREATE TABLE tasks ("
	" key @key@,"
	" subject TEXT NOT NULL,"
	" epoch @int@ NOT NULL,"
	" status TEXT NOT NULL CONSTRAINT tasks_status"
	"  CHECK (status = 'ready' OR status = 'claimed' OR status = 'ended'),"
	" kind TEXT NOT NULL,"
	" agent TEXT NOT NULL,"
	" model TEXT NOT NULL,"
	" node TEXT,"
	" token TEXT,"
	" prompt TEXT CONSTRAINT tasks_prompt REFERENCES blobs (hash),"
	" proof TEXT,"
	" ending TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" usage TEXT,"
	" created_at @int@ NOT NULL,"
	" claimed_at @int@ NOT NULL,"
	" lease_until @int@ NOT NULL,"
	" ended_at @int@ NOT NULL) @strict@",

	"CREATE INDEX tasks_ready ON tasks (key) WHERE status = 'ready'",
	"CREATE INDEX tasks_claimed ON tasks (node) WHERE status = 'claimed'",
	"CREATE INDEX tasks_of_subject ON tasks (subject)",

	"CREATE TABLE steps ("
	" key @key@,"
	" run @int@ NOT NULL CONSTRAINT steps_run REFERENCES runs (key) ON DELETE CASCADE,"
	" position @int@ NOT NULL,"
	" parent @int@ NOT NULL,"
	" ordinal @int@ NOT NULL,"
	" name TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" label TEXT NOT NULL,"
	" status TEXT NOT NULL CONSTRAINT steps_status"
	"  CHECK (status = 'pending' OR status = 'running' OR status = 'completed'"
	"   OR status = 'failed' OR status = 'skipped' OR status = 'cancelled'),"
	" reason TEXT NOT NULL,"
	" ending TEXT NOT NULL,"
	" attempt @int@ NOT NULL,"
	" epoch @int@ NOT NULL,"
	" partial @int@ NOT NULL,"
	" upstream @int@ NOT NULL,"
	" ready_at @int@ NOT NULL,"
	" started_at @int@ NOT NULL,"
	" ended_at @int@ NOT NULL,"
	" item TEXT,"
	" task @int@ CONSTRAINT steps_task REFERENCES tasks (key) ON DELETE SET NULL,"
	" output TEXT,"
	" evidence TEXT,"
	" facts TEXT,"
	" CONSTRAINT steps_place UNIQUE (run, position)) @strict@",

	"CREATE INDEX steps_of_task ON steps (task) WHERE task IS NOT NULL",

	"CREATE TABLE events ("
	" run @int@ NOT NULL CONSTRAINT events_run REFERENCES runs (key) ON DELETE CASCADE,"
	" seq @int@ NOT NULL,"
	" at @int@ NOT NULL,"
	" step @int@ NOT NULL,"
	" type TEXT NOT NULL,"
	" data TEXT NOT NULL,"
	" CONSTRAINT events_pk PRIMARY KEY (run, seq)) @strict@",

	"CREATE TABLE findings ("
	" run @int@ NOT NULL CONSTRAINT findings_run REFERENCES runs (key) ON DELETE CASCADE,"
	" uid TEXT NOT NULL,"
	" step @int@ NOT NULL,"
	" title TEXT NOT NULL,"
	" severity TEXT NOT NULL,"
	" path TEXT NOT NULL,"
	" line @int@ NOT NULL,"
	" state TEXT NOT NULL,"
	" verdict TEXT NOT NULL,"
	" data TEXT NOT NULL,"
	" CONSTRAINT findings_pk PRIMARY KEY (run, uid)) @clustered@",
	NULL,
};

/* What a run's log comes to. Proofs are in the log from here on; tasks.proof is of earlier runs. */
static const char *const v2[] = {
	"ALTER TABLE runs ADD COLUMN seal_seq @int@ NOT NULL DEFAULT 0",
	"ALTER TABLE runs ADD COLUMN seal TEXT NOT NULL DEFAULT ''",
	NULL,
};

/*
 * What can be searched, as texts of its own: an output is not looked for where it is stored, since
 * not every one is, and reports are among the blobs. @search@ and what follows it make the index.
 */
static const char *const v3[] = {
	"CREATE TABLE texts ("
	" key @key@,"
	" run @int@ NOT NULL CONSTRAINT texts_run REFERENCES runs (key) ON DELETE CASCADE,"
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" step TEXT NOT NULL,"
	" title TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" CONSTRAINT texts_place UNIQUE (run, kind, name)) @strict@",

	"ALTER TABLE runs ADD COLUMN summary TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE runs ADD COLUMN seen @int@ NOT NULL DEFAULT 0",

	"@search@",
	"@search_added@",
	"@search_removed@",

	"INSERT INTO texts (run, kind, name, step, title, body)"
	" SELECT key, 'question', '', '', title, @question@ FROM runs",
	"INSERT INTO texts (run, kind, name, step, title, body)"
	" SELECT run, 'output', name, name, label, substr(output, 1, 262144) FROM steps"
	" WHERE output IS NOT NULL AND (kind = 'agent' OR kind = 'command')",
	"INSERT INTO texts (run, kind, name, step, title, body)"
	" SELECT f.run, 'finding', f.uid, coalesce(s.name, ''), f.title, @finding_body@"
	" FROM findings f LEFT JOIN steps s ON s.run = f.run AND s.position = f.step",
	"INSERT INTO texts (run, kind, name, step, title, body)"
	" SELECT r.key, 'report', '', '', r.title, substr(@report_text@, 1, 262144)"
	" FROM runs r JOIN blobs b ON b.hash = r.report",
	NULL,
};

/*
 * The key of a text begins with its run's, so that what an index finds comes run by run: TEXT_KEYS
 * of sqlite_priv.h.
 */
static const char *const v4[] = {
	"CREATE TABLE texts_by_run ("
	" key @key@,"
	" run @int@ NOT NULL CONSTRAINT texts_of_run REFERENCES runs (key) ON DELETE CASCADE,"
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" step TEXT NOT NULL,"
	" title TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" CONSTRAINT texts_by_run_place UNIQUE (run, kind, name)) @strict@",

	/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
	"INSERT INTO texts_by_run (key, run, kind, name, step, title, body)"
	" SELECT (run << 20) + row_number() OVER (PARTITION BY run ORDER BY key),"
	" run, kind, name, step, title, body FROM texts",

	"@search_drop@",
	"DROP TABLE texts",
	"ALTER TABLE texts_by_run RENAME TO texts",
	"@search@",
	"@search_fill@",
	"@search_added@",
	"@search_removed@",
	NULL,
};

static const char *const *const versions[] = { v1, v2, v3, v4 };

_Static_assert(sizeof(versions) / sizeof(versions[0]) == STORE_SCHEMA, "one list a version");

const char *const *schema_version(unsigned version)
{
	return version >= 1 && version <= STORE_SCHEMA ? versions[version - 1] : NULL;
}

static const char *dialect_word(const struct schema_dialect *d, struct str name)
{
	for (size_t i = 0; d->words[i].name; i++)
		if (str_is(name, d->words[i].name))
			return d->words[i].text;
	return NULL;
}

char *schema_statement(struct arena *a, const struct schema_dialect *d, const char *text)
{
	struct str rest = str_from(text);
	char *out = arena_cstr(a, (struct str){ "", 0 });

	while (rest.p) {
		struct str plain = str_split(&rest, '@');
		struct str word = rest.p ? str_split(&rest, '@') : (struct str){ NULL, 0 };
		const char *value = word.p ? dialect_word(d, word) : "";

		out = arena_printf(a, "%s%.*s%s", out, STR_ARG(plain), value ? value : "");
	}
	return out;
}
