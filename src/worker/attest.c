/*
 * What an attempt leaves for others to check: a record before it executes and one after its end,
 * both in the run's log. In between nobody takes our word for anything that could be looked at.
 *
 *   spawn ─► looks at snapshot, repository, program ─┐
 *         └► READY with the fence's proof ───────────┴─► record, COMMIT ─► go
 *   namespace empty ─► looks again ─► record, with the result ─► COMMIT
 *
 * An agent cannot write what it reads. If the snapshot is another one than before, then either it
 * could, or somebody else did: the attempt fails, and so does every other one on that snapshot. The
 * user's own repository may change at any time, and no way leads to it from behind the fence: that
 * is told and changes nothing.
 */
#include "worker/priv.h"

#include "attest/attest.h"
#include "base/json.h"
#include "base/sha256.h"

#include <sys/wait.h>

#define WORDS_MAX KIB(16) /* of arguments that a record holds whole */
#define WORD_MAX 400	  /* else so much of each */

/* --- words of others ---------------------------------------------------------------------- */

/* Arguments as they are when they are few; always with the digest of all bytes. */
static void add_argv(json_t *record, const char *const *argv)
{
	json_t *words = json_array();
	size_t total = 0;
	bool cut = false;
	struct sha256 sha;
	char hex[SHA256_HEX];

	sha256_begin(&sha);
	for (size_t i = 0; argv[i]; i++)
		total += strlen(argv[i]);
	for (size_t i = 0; argv[i]; i++) {
		struct str word = str_from(argv[i]);
		struct str shown = total > WORDS_MAX ? str_take(word, WORD_MAX) : word;
		json_t *text = json_text(shown);

		sha256_add(&sha, (struct str){ word.p, word.n + 1 });
		cut |= shown.n != word.n || !str_is(word, json_string_value(text));
		json_array_append_new(words, text);
	}
	sha256_end(&sha, hex);
	json_object_set_new(record, "argv", words);
	json_object_set_new(record, "argv_sha256", json_string(hex));
	if (cut) /* or not UTF-8: the digest is of what was started, not of what is shown */
		json_object_set_new(record, "argv_cut", json_true());
}

/* Names, never values. */
static void add_environment(json_t *record, const char *const *env)
{
	json_t *names = json_array();

	for (size_t i = 0; env[i]; i++) {
		struct str rest = str_from(env[i]);

		json_array_append_new(names, json_text(str_split(&rest, '=')));
	}
	json_object_set_new(record, "environment", names);
}

static json_t *new_record(const struct attempt *at, const char *part)
{
	return json_pack("{s:s, s:o, s:i, s:i, s:n, s:n}", "part", part, "step",
	    json_text(at->claim->step), "epoch", (int)at->claim->epoch, "round", (int)at->round,
	    "snapshot", "repository");
}

static void add_program(json_t *record, const struct attempt *at)
{
	const struct program *p = at->program;
	char hex[SHA256_HEX];

	if (!p)
		return;
	sha256_of(at->claim->prompt, hex);
	json_object_set_new(record, "agent",
	    json_pack("{s:s, s:s, s:o, s:o, s:s}", "name", p->ops->name, "version", p->version,
		"path", json_cstr(p->path), "model", json_text(at->model), "prompt_sha256", hex));
	if (p->ops->described) /* nobody measured a mode of its own */
		json_object_set_new(json_get_object(record, "agent"), "fence_alone", json_true());
}

/* --- looking ------------------------------------------------------------------------------ */

static json_t *look_json(const struct fingerprint *fp)
{
	if (fp->error)
		return json_pack("{s:s}", "error", err_name(fp->error));
	json_t *o = json_pack("{s:I, s:I, s:s}", "count", (json_int_t)fp->count, "bytes",
	    (json_int_t)fp->bytes, "sha256", fp->sha256);

	if (fp->unread)
		json_object_set_new(o, "unread", json_integer((json_int_t)fp->unread));
	if (fp->cut)
		json_object_set_new(o, "cut", json_true());
	return o;
}

static json_t *record_in_hand(const struct attempt *at)
{
	return at->end ? at->end : at->start;
}

static void looked(struct attempt *at)
{
	if (!--at->looks && at->phase != PHASE_REPORTING)
		at->looked(at);
	attempt_released(at);
}

static void on_snapshot(void *ctx, const struct fingerprint *fp, bool whole)
{
	struct attempt *at = ctx;
	json_t *o = look_json(fp);

	json_object_set_new(o, "id", json_string(at->snapshot->id));
	json_object_set_new(o, "whole", json_boolean(whole));
	json_object_set_new(record_in_hand(at), "snapshot", o);
	if (!whole)
		at->tampered = fp->error || fp->unread ? "the snapshot cannot be looked at"
			       : at->end
				   ? "the snapshot that it read was changed while it ran"
				   : "the snapshot is not what was made: something changed it";
	looked(at);
}

static void on_repository(void *ctx, const struct fingerprint *fp, bool whole)
{
	struct attempt *at = ctx;
	json_t *o = look_json(fp);

	(void)whole;
	json_object_set_new(o, "root", json_text(at->claim->repo));
	json_object_set_new(o, "dev", json_integer((json_int_t)fp->dev));
	json_object_set_new(o, "ino", json_integer((json_int_t)fp->ino));
	if (at->snapshot)
		json_object_set_new(
		    o, "head", json_text(json_get_str(at->snapshot->facts, "commit")));
	json_object_set_new(record_in_hand(at), "repository", o);
	looked(at);
}

/* What an interpreter is started with; a program that is executed itself is in the fence's proof.
 */
static void on_script(void *ctx, const struct fingerprint *fp, bool whole)
{
	struct attempt *at = ctx;

	(void)whole;
	json_object_set_new(json_get_object(at->start, "agent"), "sha256",
	    fp->error ? json_null() : json_string(fp->sha256));
	looked(at);
}

/* Before something runs, what was seen last will do. */
static void ask(struct attempt *at, const char *path, enum look_kind kind, look_fn fn)
{
	bool fresh = at->end || attest_part(at->start) == ATTEST_SNAPSHOT;

	at->looks++;
	at->handles++;
	lookout_ask(at->worker->lookout, path, kind, fresh, fn, at);
}

/* The counter is held while asking: an answer may be there at once. */
static void look(struct attempt *at, void (*then)(struct attempt *at))
{
	at->looked = then;
	at->looks++;
	at->handles++;
	if (at->snapshot && !at->claim->web_only)
		ask(at, at->snapshot->dir, LOOK_SNAPSHOT, on_snapshot);
	if (at->claim->repo.n)
		ask(at, arena_cstr(at->arena, at->claim->repo), LOOK_REPOSITORY, on_repository);
	if (!at->end && at->program && at->program->interpreter)
		ask(at, at->program->path, LOOK_PROGRAM, on_script);
	looked(at);
}

/* --- beginning and end -------------------------------------------------------------------- */

void attest_begin(
    struct attempt *at, const struct fence_spec *spec, void (*then)(struct attempt *at))
{
	json_decref(at->start);
	json_decref(at->end);
	at->end = NULL;
	at->start = new_record(at, "start");
	add_program(at->start, at);
	add_argv(at->start, spec->argv);
	add_environment(at->start, spec->env);
	look(at, then);
}

json_t *attest_started(struct attempt *at)
{
	json_object_set(at->start, "fence", at->proof);
	return json_deep_copy(at->start); /* counters of values are of one thread */
}

/* The user's files were not the same at both looks. */
static bool repository_changed(const struct attempt *at)
{
	const json_t *before = json_get_object(at->start, "repository");
	const json_t *after = json_get_object(at->end, "repository");

	return at->claim->repo.n &&
	       json_get_int(before, "unread", 0) == json_get_int(after, "unread", 0) &&
	       !str_eq(json_get_str(before, "sha256"), json_get_str(after, "sha256"));
}

static void on_end(struct attempt *at)
{
	bool in_place = str_is(json_get_str(at->proof, "mode"), "C");

	if (repository_changed(at))
		json_object_set_new(at->end, "repository_changed",
		    json_string(in_place ? "meanwhile" : "by others"));
	at->ended(at);
}

void attest_end(struct attempt *at, void (*then)(struct attempt *at))
{
	at->end = new_record(at, "end");
	json_object_set_new(at->end, "namespace_empty", json_boolean(at->child_gone));
	if (at->group != FENCE_GROUP_NONE)
		json_object_set_new(at->end, "cgroup",
		    json_pack("{s:i}", "populated", at->group == FENCE_GROUP_POPULATED));
	if (WIFSIGNALED(at->status))
		json_object_set_new(at->end, "signal", json_integer(WTERMSIG(at->status)));
	else
		json_object_set_new(at->end, "exit", json_integer(WEXITSTATUS(at->status)));
	at->ended = then;
	look(at, on_end);
}

const char *attest_change(const struct attempt *at)
{
	return json_get_cstr(at->end, "repository_changed", NULL);
}

json_t *attest_ended(struct attempt *at, enum ending ending)
{
	struct port_facts f;

	if (!at->end || !(at->recorded || attest_part(at->end) == ATTEST_SNAPSHOT))
		return NULL;
	json_object_set_new(at->end, "ending", json_string(ending_name(ending)));
	if (at->port) {
		gateway_port_facts(at->port, &f);
		json_object_set_new(at->end, "gateway",
		    json_pack("{s:s, s:i, s:i, s:I, s:I}", "upstream", f.upstream, "requests",
			(int)f.requests, "refused", (int)f.refused, "bytes_out",
			(json_int_t)f.bytes_out, "bytes_in", (json_int_t)f.bytes_in));
	}
	return json_deep_copy(at->end);
}

/* --- in a line ---------------------------------------------------------------------------- */

/* The records get what the engine will add, to be complete. */
static void add_alone(struct tally *t, json_t *record)
{
	json_t *copy = json_deep_copy(record);
	char none[SHA256_HEX];

	sha256_of(STR(""), none);
	json_object_set_new(copy, "prev", json_string(none));
	if (attest_part(record) == ATTEST_END)
		json_object_set_new(copy, "ending", json_string("ended"));
	tally_add(t, 0, copy);
	json_decref(copy);
}

const char *attest_line(struct attempt *at)
{
	struct tally t;
	const char *line;

	tally_begin(&t);
	if (at->start)
		add_alone(&t, at->start);
	if (at->end)
		add_alone(&t, at->end);
	line = tally_line(at->arena, &t);
	tally_fini(&t);
	return line;
}

/* --- snapshots ---------------------------------------------------------------------------- */

/* The copier's fence, what was copied, and from where. */
static void on_frozen(struct attempt *at)
{
	at->ended(at);
}

void attest_freeze_begin(struct attempt *at, void (*then)(struct attempt *at))
{
	at->start = new_record(at, "snapshot");
	at->looked = then;
	ask(at, arena_cstr(at->arena, at->claim->repo), LOOK_REPOSITORY, on_repository);
}

void attest_freeze_end(struct attempt *at, void (*then)(struct attempt *at))
{
	json_t *fence = at->snapshot->proof;

	at->end = new_record(at, "snapshot");
	json_object_set_new(at->end, "fence", fence ? json_deep_copy(fence) : json_null());
	json_object_set(at->end, "before", json_object_get(at->start, "repository"));
	at->ended = then;
	at->looked = on_frozen;
	at->looks++;
	at->handles++;
	ask(at, at->snapshot->dir, fence ? LOOK_MADE : LOOK_SNAPSHOT, on_snapshot);
	ask(at, arena_cstr(at->arena, at->claim->repo), LOOK_REPOSITORY, on_repository);
	looked(at);
}
