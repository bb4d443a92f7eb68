/* Proofs as text: the chain, what a record must say, what records come to, files that are kept. */
#include "check.h"

#include "attest/attest.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_create("test", ARENA_JOB);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

#define HEX(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define DIGEST HEX("a1")
#define OTHER HEX("b2")

static json_t *parse(const char *text)
{
	json_t *doc = json_parse(str_from(text), NULL);

	assert_non_null(doc);
	return doc;
}

/* --- records that say everything --------------------------------------------------------- */

static json_t *fence(const char *mode)
{
	return parse(arena_printf(arena,
	    "{\"mode\":\"%s\",\"landlock\":{\"sha256\":\"" DIGEST "\"},"
	    "\"seccomp\":{\"sha256\":\"" DIGEST "\"},\"program\":{\"sha256\":\"" DIGEST "\"},"
	    "\"canary\":{\"tried\":10,\"mask\":0},\"mounts\":{\"sha256\":\"" DIGEST "\"},"
	    "\"namespaces\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7},"
	    "\"limits\":{\"core\":0},\"status\":{\"uid\":\"5\\t5\\t5\\t5\","
	    "\"inheritable\":\"0000000000000000\",\"permitted\":\"0000000000000000\","
	    "\"effective\":\"0000000000000000\",\"bounding\":\"0000000000000000\","
	    "\"ambient\":\"0000000000000000\",\"no_new_privs\":\"1\",\"seccomp\":\"2\"},"
	    "\"descriptors\":[0,1,2]}",
	    mode));
}

static void add_looks(json_t *record)
{
	json_object_set_new(record, "prev", json_string(DIGEST));
	json_object_set_new(
	    record, "snapshot", parse("{\"sha256\":\"" DIGEST "\",\"whole\":true}"));
	json_object_set_new(record, "repository", parse("{\"sha256\":\"" DIGEST "\"}"));
}

static json_t *start(const char *mode, const char *step, int epoch)
{
	char hex[SHA256_HEX];

	sha256_of((struct str){ "/bin/x", 7 }, hex);
	json_t *record = json_pack("{s:s, s:s, s:i, s:i, s:[s], s:s, s:[s], s:o}", "part", "start",
	    "step", step, "epoch", epoch, "round", 0, "argv", "/bin/x", "argv_sha256", hex,
	    "environment", "PATH", "fence", fence(mode));

	add_looks(record);
	return record;
}

static json_t *end(const char *step, int epoch)
{
	json_t *record = json_pack("{s:s, s:s, s:i, s:i, s:b, s:s}", "part", "end", "step", step,
	    "epoch", epoch, "round", 0, "namespace_empty", 1, "ending", "answered");

	add_looks(record);
	return record;
}

/* --- what a record must say ---------------------------------------------------------------- */

static const char *complaint(const json_t *record)
{
	struct err err = { 0 };

	return attest_check(record, &err) ? arena_printf(arena, "%s", err.what) : "none";
}

static void set_in(json_t *record, const char *path, json_t *value)
{
	struct str rest = str_from(path);
	json_t *at = record;

	for (;;) {
		const char *key = arena_cstr(arena, str_split(&rest, '/'));

		if (!rest.p) {
			assert_non_null(json_object_get(at, key)); /* or the row is out of date */
			json_object_set_new(at, key, value);
			return;
		}
		at = json_object_get(at, key);
		assert_non_null(at);
	}
}

static const struct {
	const char *path, *value, *complaint;
} bad[] = {
	{ "fence/mode", "\"D\"", "no fence of a known mode stood" },
	{ "fence/canary/mask", "4", "a canary got through" },
	{ "fence/canary/mask", "\"0\"", "a canary got through" },
	{ "fence/canary/tried", "9", "not every canary was sent" },
	{ "fence/status/inheritable", "\"0000000000000001\"", "it had capabilities (inheritable)" },
	{ "fence/status/permitted", "\"0000000000000001\"", "it had capabilities (permitted)" },
	{ "fence/status/effective", "\"1\"", "it had capabilities (effective)" },
	{ "fence/status/bounding", "\"000001ffffffffff\"", "it had capabilities (bounding)" },
	{ "fence/status/ambient", "null", "it had capabilities (ambient)" },
	{ "fence/status/no_new_privs", "\"0\"", "it could have gained privileges" },
	{ "fence/status/seccomp", "\"0\"", "no system call filter was in force" },
	{ "fence/status/uid", "\"0\\t0\\t0\\t0\"", "it ran as root, or as nobody knows whom" },
	{ "fence/seccomp/sha256", "\"\"", "it does not say which filter or which program" },
	{ "fence/program/sha256", "\"A1\"", "it does not say which filter or which program" },
	{ "fence/landlock", "null", "it does not say which Landlock rules" },
	{ "fence/namespaces", "{}", "it does not say which namespaces and mounts" },
	{ "fence/mounts", "{}", "it does not say which namespaces and mounts" },
	{ "fence/limits", "{}", "it does not say which limits" },
	{ "fence/descriptors", "[0,1,2,3]", "its descriptors are not 0, 1 and 2 alone" },
	{ "fence/descriptors", "[0,1,7]", "its descriptors are not 0, 1 and 2 alone" },
	{ "argv", "[]", "it does not say what was started" },
	{ "argv", "[\"/bin/y\"]", "its arguments are not those of their digest" },
	{ "environment", "null", "it does not say what was started" },
	{ "snapshot/whole", "false", "the snapshot was not what had been made" },
	{ "snapshot/sha256", "7", "the snapshot has no fingerprint" },
	{ "repository/sha256", "\"x\"", "the repository has no fingerprint" },
	{ "prev", "\"\"", "it does not name the log before it" },
	{ "part", "\"begin\"", "it is no record that this program knows" },
};

static void a_record_lacks_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *record = start("A", "s", 1);

		assert_string_equal(complaint(record), "none");
		set_in(record, bad[i].path, parse(bad[i].value));
		assert_string_equal(complaint(record), bad[i].complaint);
		json_decref(record);
	}
}

static void each_mode_stands_on_its_own_walls(void **state)
{
	static const struct {
		const char *mode, *without, *complaint;
	} rows[] = {
		{ "A", "fence/landlock", "it does not say which Landlock rules" },
		{ "B", "fence/landlock", "none" },
		{ "C", "fence/landlock", "it does not say which Landlock rules" },
		{ "A", "fence/namespaces", "it does not say which namespaces and mounts" },
		{ "B", "fence/mounts", "it does not say which namespaces and mounts" },
		{ "C", "fence/namespaces", "none" },
		{ "C", "fence/seccomp", "it does not say which filter or which program" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *record = start(rows[i].mode, "s", 1);

		set_in(record, rows[i].without, json_null());
		assert_string_equal(complaint(record), rows[i].complaint);
		json_decref(record);
	}
}

static void an_end_was_seen(void **state)
{
	json_t *record = end("s", 1);

	(void)state;
	assert_string_equal(complaint(record), "none");
	set_in(record, "namespace_empty", json_false());
	assert_string_equal(complaint(record), "nobody saw the last of its processes end");
	set_in(record, "namespace_empty", json_true());
	json_object_set_new(record, "cgroup", parse("{\"populated\":0}"));
	assert_string_equal(complaint(record), "none");
	set_in(record, "cgroup/populated", json_integer(1));
	assert_string_equal(complaint(record), "its cgroup was not empty at its end");
	json_object_del(record, "cgroup");
	json_object_del(record, "ending");
	assert_string_equal(complaint(record), "it does not say how it ended");
	json_decref(record);
}

/* --- what records come to ------------------------------------------------------------------ */

static void give(struct tally *t, json_t *record)
{
	tally_add(t, 0, record);
	json_decref(record);
}

static const char *line_of(struct tally *t)
{
	const char *line = tally_line(arena, t);

	tally_fini(t);
	return line;
}

static void one_line_says_what_is_proven(void **state)
{
	struct tally t;
	json_t *other = start("C", "u", 1);

	(void)state;
	tally_begin(&t);
	assert_string_equal(line_of(&t), "no agent ran, so nothing was proven");
	tally_begin(&t);
	give(&t, start("A", "s", 1));
	give(&t, end("s", 1));
	assert_string_equal(line_of(&t),
	    "read-only: proven (mode A, 10/10 canaries, repository fingerprint equal)");
	tally_begin(&t);
	give(&t, start("A", "s", 1));
	tally_add(&t, 1, other);
	json_decref(other);
	give(&t, end("s", 1));
	assert_string_equal(line_of(&t),
	    "read-only: proven for 1 of 2 (mode C, 10/10 canaries, repository fingerprint equal); "
	    "of 1 no end is recorded");
	tally_begin(&t);
	give(&t, start("C", "s", 1));
	give(&t, end("s", 1));
	assert_string_equal(line_of(&t), "read-only: proven, weaker egress (mode C, 10/10 "
					 "canaries, repository fingerprint equal)");
}

/* TREE, REPO: of the end; the start has DIGEST in both. */
static const char *line_after(const char *mode, const char *tree, const char *repo)
{
	struct tally t;
	json_t *record = end("s", 1);

	set_in(record, "snapshot/sha256", json_string(tree));
	set_in(record, "repository", parse(repo));
	tally_begin(&t);
	give(&t, start(mode, "s", 1));
	give(&t, record);
	return line_of(&t);
}

static void changes_are_told_apart(void **state)
{
	(void)state;
	assert_string_equal(line_after("A", OTHER, "{\"sha256\":\"" DIGEST "\"}"),
	    "read-only: not proven (1 of 1; s: the snapshot was changed while it ran)");
	assert_string_equal(line_after("A", DIGEST, "{\"sha256\":\"" OTHER "\"}"),
	    "read-only: proven (mode A, 10/10 canaries, the repository was changed meanwhile, by "
	    "others)");
	assert_string_equal(line_after("C", DIGEST, "{\"sha256\":\"" OTHER "\"}"),
	    "read-only: proven, weaker egress (mode C, 10/10 canaries, the repository was changed "
	    "meanwhile)");
	assert_string_equal(line_after("A", DIGEST, "{\"error\":\"No such file\"}"),
	    "read-only: proven (mode A, 10/10 canaries, the repository was changed meanwhile, by "
	    "others)");
	/* a directory that could not be read at the second look is no change */
	assert_string_equal(line_after("A", DIGEST, "{\"sha256\":\"" OTHER "\",\"unread\":1}"),
	    "read-only: proven (mode A, 10/10 canaries, repository fingerprint equal as far as it "
	    "was read)");
	assert_string_equal(line_after("B", DIGEST, "{\"sha256\":\"" DIGEST "\",\"cut\":true}"),
	    "read-only: proven (mode B, 10/10 canaries, repository fingerprint equal as far as it "
	    "was read)");
}

static void what_is_lost_is_looked_after(void **state)
{
	struct tally t;

	(void)state;
	tally_begin(&t);
	give(&t, start("A", "s", 1)); /* the daemon dies */
	give(&t, start("A", "s", 2));
	give(&t, end("s", 2));
	assert_int_equal(t.lost, 1);
	assert_string_equal(line_of(&t), "read-only: proven (mode A, 10/10 canaries, repository "
					 "fingerprint equal, lost attempts left no trace)");
	json_t *other = start("A", "s", 2);

	set_in(other, "snapshot/sha256", json_string(OTHER));
	tally_begin(&t);
	give(&t, start("A", "s", 1));
	give(&t, other);
	assert_int_equal(t.lost, 0);
	assert_int_equal(t.open, 2);
	line_of(&t);
}

static void the_fence_alone_is_said(void **state)
{
	json_t *record = start("A", "s", 1);
	struct tally t;

	(void)state;
	json_object_set_new(record, "agent", parse("{\"fence_alone\":true}"));
	tally_begin(&t);
	give(&t, record);
	give(&t, end("s", 1));
	assert_string_equal(line_of(&t),
	    "read-only: proven (mode A, 10/10 canaries, repository fingerprint equal), by the "
	    "fence alone: the agent has no mode of its own");
}

static void an_end_needs_a_beginning(void **state)
{
	struct tally t;

	(void)state;
	tally_begin(&t);
	give(&t, end("s", 1));
	assert_string_equal(
	    line_of(&t), "read-only: not proven (1 of 1; s: an end without a beginning)");
}

/* --- the chain ----------------------------------------------------------------------------- */

/* printf '%s' LINE | sha256sum, and of these with a newline each. */
static void the_chain_can_be_checked_with_sha256sum(void **state)
{
	const struct attest_event one = { 1, 5, -1, STR("started"), STR("{}") };
	const struct attest_event two = { 2, 6, 0, STR("proof"), STR("{\"a\":1}") };
	struct chain c;
	char hex[SHA256_HEX], all[SHA256_HEX];
	struct buf lines;

	(void)state;
	chain_begin(&c);
	chain_add(&c, &one);
	attest_line_digest(&two, hex);
	chain_add_digest(&c, 2, hex);
	chain_digest(&c, hex);
	buf_init(&lines, KIB(1));
	sha256_of(STR("{\"seq\":1,\"at\":5,\"step\":-1,\"type\":\"started\",\"data\":{}}"), all);
	buf_printf(&lines, "%s\n", all);
	sha256_of(
	    STR("{\"seq\":2,\"at\":6,\"step\":0,\"type\":\"proof\",\"data\":{\"a\":1}}"), all);
	buf_printf(&lines, "%s\n", all);
	sha256_of(buf_str(&lines), all);
	assert_string_equal(hex, all);
	buf_fini(&lines);
}

/* --- files --------------------------------------------------------------------------------- */

struct writing {
	struct buf b;
	struct chain chain;
};

static void put(struct writing *w, int64_t step, const char *type, json_t *data)
{
	char before[SHA256_HEX];

	chain_digest(&w->chain, before);
	json_object_set_new(data, "prev", json_string(before));
	char *text = json_dump_ascii(data);
	const struct attest_event ev = { w->chain.seq + 1, 1000, step, str_from(type),
		str_from(text) };

	chain_add(&w->chain, &ev);
	attest_file_event(&w->b, &ev);
	free(text);
	json_decref(data);
}

/* A whole run: something that is not shown, a snapshot, two attempts, an end. */
static struct str a_file(json_t *last_record)
{
	struct writing w;
	struct attest_seal seal;
	json_t *snapshot = json_pack("{s:s, s:s}", "part", "snapshot", "step", "snapshot");

	buf_init(&w.b, MIB(1));
	chain_begin(&w.chain);
	attest_file_begin(&w.b, STR("r-x"));
	put(&w, -1, "started", parse("{\"question\":\"secret\"}"));
	add_looks(snapshot);
	put(&w, 0, ATTEST_RECORD, snapshot);
	put(&w, 1, ATTEST_RECORD, start("A", "one", 1));
	put(&w, 1, ATTEST_RECORD, last_record);
	put(&w, -1, ATTEST_RUN, parse("{\"status\":\"completed\"}"));
	seal.seq = w.chain.seq;
	chain_digest(&w.chain, seal.sha256);
	attest_file_end(&w.b, &seal);
	struct str out = arena_dup(arena, buf_str(&w.b));

	buf_fini(&w.b);
	return out;
}

static int verify(struct str file, struct err *err)
{
	struct attest_found found;
	struct arena *a = arena_create("verify", ARENA_JOB);
	int rc = attest_file_verify(a, file, &found, err);

	tally_fini(&found.tally);
	arena_destroy(a);
	return rc;
}

static void a_file_holds_what_proves_and_nothing_else(void **state)
{
	struct str file = a_file(end("one", 1));
	struct err err = { 0 };

	(void)state;
	assert_int_equal(verify(file, &err), 0);
	assert_false(str_contains(file, STR("secret")));
	assert_true(str_contains(file, STR("\"part\":\"start\"")));
}

static void any_byte_that_is_another_is_found(void **state)
{
	struct str file = a_file(end("one", 1));
	char *copy = arena_cstr(arena, file);
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < file.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			copy[i] = (char)(file.p[i] ^ 1 << bit);
			if (verify((struct str){ copy, file.n }, &err) != -EPROTO)
				fail_msg("byte %zu, bit %d: passed", i, bit);
			copy[i] = file.p[i];
		}
	assert_int_equal(verify((struct str){ copy, file.n }, &err), 0);
}

static void bytes_too_many_or_too_few_are_found(void **state)
{
	struct str file = a_file(end("one", 1));
	struct err err = { 0 };

	(void)state;
	for (size_t n = 0; n < file.n; n++)
		assert_int_equal(verify(str_take(file, n), &err), -EPROTO);
	assert_int_equal(
	    verify(str_from(arena_printf(arena, "%.*s\n", STR_ARG(file))), &err), -EPROTO);
	assert_int_equal(
	    verify(str_from(arena_printf(arena, " %.*s", STR_ARG(file))), &err), -EPROTO);
}

/* With a new last line, as somebody would write who knows the format. */
static struct str signed_anew(struct str lines)
{
	char hex[SHA256_HEX];

	sha256_of(lines, hex);
	return str_from(arena_printf(arena, "%.*s{\"file\":\"%s\"}\n", STR_ARG(lines), hex));
}

/* Without line N (from 1), or with TEXT in its place. */
static struct str with_line(struct str file, unsigned n, const char *text)
{
	struct buf b;
	unsigned at = 0;

	buf_init(&b, MIB(1));
	while (file.p && file.n) {
		struct str line = str_split(&file, '\n');

		if (str_starts(line, STR("{\"file\"")))
			break;
		if (++at != n)
			buf_printf(&b, "%.*s\n", STR_ARG(line));
		else if (text)
			buf_printf(&b, "%s\n", text);
	}
	struct str out = signed_anew(arena_dup(arena, buf_str(&b)));

	buf_fini(&b);
	return out;
}

static void who_signs_it_anew_is_found_by_the_chain(void **state)
{
	struct str file = a_file(end("one", 1));
	static const struct {
		unsigned line;
		const char *text, *why;
	} rows[] = {
		{ 1, NULL, "line 1: it is of another format" },
		{ 2, NULL, "line 2: an event is missing before it" },
		{ 2, "{\"seq\":1,\"sha256\":\"" DIGEST "\"}",
		    "line 3: the log before it is another one than it names" },
		{ 2, "{ \"seq\":1,\"sha256\":\"" DIGEST "\"}",
		    "line 2: a digest that was not written like this" },
		{ 4, NULL, "line 4: an event is missing before it" },
		{ 6, "{\"seq\":5,\"sha256\":\"" DIGEST "\"}",
		    "line 7: the seal is not that of this log" },
		{ 3, "{\"seq\":2,\"at\":1,\"step\":0,\"type\":\"text\",\"data\":{}}",
		    "line 3: an event that does not belong here" },
		{ 7, "{\"seal\":5,\"sha256\":\"" DIGEST "\"}",
		    "line 7: the seal is not that of this log" },
		{ 7, "{}", "line 7: an event is missing before it" },
		{ 7, "no json", "line 7: an event is missing before it" },
	};
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    verify(with_line(file, rows[i].line, rows[i].text), &err), -EPROTO);
		assert_string_equal(err.why, rows[i].why);
	}
}

/* A chain that is whole, over records that do not prove it. */
static void a_whole_file_can_still_prove_nothing(void **state)
{
	struct err err = { 0 };
	json_t *record = end("one", 1);

	(void)state;
	set_in(record, "snapshot/sha256", json_string(OTHER));
	assert_int_equal(verify(a_file(record), &err), -EPERM);
	assert_string_equal(
	    err.why, "read-only: not proven (1 of 1; one: the snapshot was changed while it ran)");
	assert_true(err.what[0] && err.fix[0]);
	record = start("A", "one", 2); /* an attempt that never ends */
	assert_int_equal(verify(a_file(record), &err), -EPERM);
	assert_int_equal(verify(with_line(a_file(end("one", 1)), 7, NULL), &err), -EPERM);
	assert_string_equal(err.why, "the run had not ended when this was written");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_record_lacks_nothing),
		T(each_mode_stands_on_its_own_walls),
		T(an_end_was_seen),
		T(one_line_says_what_is_proven),
		T(changes_are_told_apart),
		T(what_is_lost_is_looked_after),
		T(the_fence_alone_is_said),
		T(an_end_needs_a_beginning),
		T(the_chain_can_be_checked_with_sha256sum),
		T(a_file_holds_what_proves_and_nothing_else),
		T(any_byte_that_is_another_is_found),
		T(bytes_too_many_or_too_few_are_found),
		T(who_signs_it_anew_is_found_by_the_chain),
		T(a_whole_file_can_still_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
