/*
 * Searching the store: what is found and in which words, what hostile words do (nothing), what an
 * upgrade brings along, and what is left of a run that was taken out.
 */
#include "check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct store_ops *ops = &store_sqlite;
static char dir[64], url[96];
static struct store *s;
static struct arena *a;

static int setup(void **state)
{
	struct err err;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tutti-search-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "%s/tutti.db", dir);
	a = arena_create("test", MIB(64));
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	ops->close(s);
	arena_destroy(a);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd); /* NOLINT(cert-env33-c): our own name */
}

static int64_t put_run(const char *id, int64_t parent)
{
	char hash[65];
	int64_t key;

	assert_int_equal(ops->blob_put(s, STR("{}"), hash), 0);
	const struct run_row row = { .id = str_from(id),
		.flow = STR("research"),
		.title = STR("About locks"),
		.status = STR("completed"),
		.reason = STR(""),
		.end_as = STR(""),
		.size = STR("small"),
		.input = STR("{\"question\":\"why?\"}"),
		.options = STR("{\"model\":\"m\"}"),
		.repo = STR("/r"),
		.frozen = str_from(hash),
		.outcome = STR(""),
		.parent = parent,
		.parent_step = parent ? STR("x") : (struct str){ 0 },
		.tokens_in = 10,
		.created_at = 5 };

	assert_int_equal(ops->run_insert(s, &row, &key), 0);
	return key;
}

static void put_text(int64_t run, const char *kind, const char *name, const char *body)
{
	const struct text_row row = { .run = run,
		.kind = str_from(kind),
		.name = str_from(name),
		.step = str_from(name),
		.title = STR("Structure"),
		.body = str_from(body) };

	assert_int_equal(ops->text_put(s, &row), 0);
}

/* "id kind step: snippet", one line a hit. */
static const char *find_in(int64_t run, struct str words)
{
	const struct text_filter f = { .words = words, .run = run };
	struct text_hit *hits;
	struct buf b;
	size_t n;

	buf_init(&b, MIB(1));
	assert_int_equal(ops->text_find(s, a, &f, &hits, &n), 0);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%.*s %.*s %.*s: %.*s\n", STR_ARG(hits[i].id), STR_ARG(hits[i].kind),
		    STR_ARG(hits[i].step), STR_ARG(hits[i].snippet));
	char *text = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return text;
}

static const char *find(const char *words)
{
	return find_in(0, str_from(words));
}

static void texts_are_found_by_their_words(void **state)
{
	int64_t one = put_run("r-1", 0), two = put_run("r-2", 0);

	(void)state;
	put_text(one, "output", "structure", "The scheduler holds its lock for too long.");
	put_text(two, "question", "", "Wie hängt der Mechanismus zusammen?");
	assert_string_equal(find("scheduler lock"),
	    "r-1 output structure: The \x02scheduler\x03 holds its \x02lock\x03 for too long.\n");
	assert_string_equal(find("scheduler unlock"), "");
	assert_string_equal(find("SCHED"), /* the last word may go on */
	    "r-1 output structure: The \x02scheduler\x03 holds its lock for too long.\n");
	assert_string_equal(find("sched lock"), "");
	assert_string_equal(
	    find("hangt"), "r-2 question : Wie \x02hängt\x03 der Mechanismus zusammen?\n");
	assert_string_equal(find_in(two, STR("lock")), "");
}

static void a_text_is_replaced_and_forgotten(void **state)
{
	int64_t run = put_run("r-1", 0);

	(void)state;
	put_text(run, "output", "x", "first words");
	put_text(run, "output", "x", "second words");
	put_text(run, "output", "y", "third words");
	assert_string_equal(find("first"), "");
	assert_string_equal(find("second"), "r-1 output x: \x02second\x03 words\n");
	assert_int_equal(ops->text_forget(s, run, STR("output"), STR("x")), 0);
	assert_string_equal(find("second"), "");
	assert_string_equal(find("third"), "r-1 output y: \x02third\x03 words\n");
	assert_int_equal(ops->text_forget(s, run, STR("output"), (struct str){ NULL, 0 }), 0);
	assert_string_equal(find("words"), "");
}

static void marks_in_a_text_are_no_hits(void **state)
{
	int64_t run = put_run("r-1", 0);

	(void)state;
	put_text(run, "output", "x", "\x02not\x03 a hit");
	assert_string_equal(find("hit"), "r-1 output x:  not  a \x02hit\x03\n");
}

static void a_long_text_is_cut(void **state)
{
	int64_t run = put_run("r-1", 0);
	char *text = arena_alloc(a, SEARCH_TEXT_MAX + 64);

	(void)state;
	memset(text, ' ', SEARCH_TEXT_MAX + 32);
	memcpy(text, "begin", 5);
	memcpy(text + SEARCH_TEXT_MAX + 8, "beyond", 6);
	put_text(run, "output", "x", text);
	assert_true(find("begin")[0] != '\0');
	assert_string_equal(find("beyond"), "");
}

/* None of them is an error, an operator, or a word of another column. */
static void hostile_words_are_words(void **state)
{
	static const char *const hostile[] = { "\"", "\"\"", "\"\"\"", "a\"b", "'",
		"''; DROP TABLE texts", "AND", "OR OR", "NOT lock", "lock OR", "NEAR(lock, 2)",
		"title : lock", "title:lock", "{title body}:lock", "-title:lock", "^lock", "lock*",
		"*", "**", "(", ")", "((((", "lock + lock", "+", "-", "--", "\\", "%", "_", "?1",
		":x", "@x", "$x", "\x01\x02", "lock\n\nlock", "\xc3\x28", "\xff\xfe",
		"\xf0\x9f\x98\x80", "rank", "search", "" };
	int64_t run = put_run("r-1", 0);

	(void)state;
	put_text(run, "output", "x", "The lock, the key and NOT near it; title and body.");
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		(void)find(hostile[i]);
	assert_string_equal(find("title:lock"), "");
	assert_true(find("NOT lock")[0] != '\0'); /* both words stand there */
	assert_string_equal(find("lock OR nothing"), "");
	assert_string_equal(find("texts"), "");
	(void)find_in(0, (struct str){ "lo\0ck", 5 });
	char *many = arena_alloc(a, 4000);

	memset(many, 'a', 3999);
	(void)find(many);
	for (size_t i = 1; i < 3999; i += 2)
		many[i] = ' ';
	(void)find(many);
	for (size_t i = 0; i < 3999; i++)
		many[i] = '"';
	(void)find(many);
}

/* Random bytes, in a fixed order. */
static void no_words_are_an_error(void **state)
{
	uint32_t x = 12345;
	char text[48];

	(void)state;
	put_text(put_run("r-1", 0), "output", "x", "lock");
	for (int round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			x = x * 1664525 + 1013904223;
			text[i] = "\"*()^:+-{}, aAND\0\xff"[(x >> 16) % 18];
		}
		(void)find_in(0, (struct str){ text, (x >> 8) % sizeof(text) });
	}
}

static const char *list(struct run_filter f)
{
	struct run_row *rows;
	char *text = arena_cstr(a, STR(""));
	size_t n;

	assert_int_equal(ops->run_list(s, a, &f, &rows, &n), 0);
	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%.*s ", text, STR_ARG(rows[i].id));
	return text;
}

static void runs_are_listed_by_what_they_say(void **state)
{
	int64_t one = put_run("r-1", 0);

	(void)state;
	put_run("r-2", 0);
	put_text(one, "output", "x", "lock");
	put_text(one, "question", "", "lock");
	assert_string_equal(list((struct run_filter){ .words = STR("lock") }), "r-1 ");
	assert_string_equal(list((struct run_filter){ .words = STR("none") }), "");
	assert_string_equal(list((struct run_filter){ .words = STR(" ") }), "");
	assert_string_equal(list((struct run_filter){ .model = STR("m") }), "r-2 r-1 ");
	assert_string_equal(list((struct run_filter){ .model = STR("n") }), "");
	assert_string_equal(list((struct run_filter){ .size = STR("large") }), "");
	assert_string_equal(list((struct run_filter){ .since = 6 }), "");
	assert_string_equal(list((struct run_filter){ .since = 5, .limit = 1 }), "r-2 ");
}

/* --- taking out --------------------------------------------------------------------------- */

static int64_t count(const char *sql)
{
	char cmd[300], text[32] = "";

	snprintf(cmd, sizeof(cmd),
	    "python3 -c \"import sqlite3; c = sqlite3.connect('%s');"
	    " print(c.execute('%s').fetchone()[0])\"",
	    url, sql);
	FILE *p = popen(cmd, "r"); /* NOLINT(cert-env33-c): our own words */

	assert_non_null(p);
	assert_non_null(fgets(text, sizeof(text), p));
	assert_int_equal(pclose(p), 0);
	return strtoll(text, NULL, 10);
}

static void put_task(const char *subject)
{
	const struct task_row row = {
		.subject = str_from(subject), .epoch = 1, .kind = STR("agent")
	};
	int64_t key;

	assert_int_equal(ops->task_insert(s, &row, &key), 0);
}

static void nothing_of_a_run_is_left(void **state)
{
	int64_t one = put_run("r-1", 0), child = put_run("r-2", one), other = put_run("r-10", 0);
	const struct event_row ev = { one, 1, 1, -1, STR("run"), STR("{}") };
	const struct finding_row f = { .run = one, .uid = STR("F-1"), .data = STR("{}") };
	int64_t key;

	(void)state;
	put_task("r-1/x");
	put_task("r-2/x");
	put_task("r-10/x");
	put_text(one, "output", "x", "lock");
	put_text(child, "output", "x", "lock");
	put_text(other, "output", "x", "lock");
	assert_int_equal(ops->event_append(s, &ev), 0);
	assert_int_equal(ops->findings_replace(s, one, &f, 1), 0);
	assert_int_equal(ops->run_delete(s, one), 0);
	assert_int_equal(ops->run_find(s, STR("r-10"), &key), 0);
	assert_int_equal(ops->run_delete(s, one), -ESTALE);
	assert_string_equal(find("lock"), "r-10 output x: \x02lock\x03\n");
	assert_int_equal(count("select count(*) from runs"), 1);
	assert_int_equal(count("select count(*) from tasks"), 1);
	assert_int_equal(count("select count(*) from events"), 0);
	assert_int_equal(count("select count(*) from findings"), 0);
	assert_int_equal(count("select count(*) from texts"), 1);
}

/* --- upgrading ---------------------------------------------------------------------------- */

/* As the second version left it, with a run that has everything. */
static void put_old_run(void)
{
	struct run_row row;
	int64_t key = put_run("r-1", 0), step;
	char hash[65];
	const struct step_row said = { .run = key,
		.name = STR("structure"),
		.kind = STR("agent"),
		.label = STR("Structure"),
		.status = STR("completed"),
		.has_texts = true,
		.output = STR("an old answer") };
	struct step_row code = said;
	const struct finding_row f = { .run = key,
		.uid = STR("F-1"),
		.title = STR("old trouble"),
		.data = STR("{\"body\":\"it is old\"}") };

	code.position = 1;
	code.name = STR("code");
	code.kind = STR("code");
	assert_int_equal(ops->step_insert(s, &said, &step), 0);
	assert_int_equal(ops->step_insert(s, &code, &step), 0);
	assert_int_equal(ops->findings_replace(s, key, &f, 1), 0);
	assert_int_equal(ops->blob_put(s, STR("# An old report"), hash), 0);
	assert_int_equal(ops->run_load(s, a, key, &row), 0);
	row.report = str_from(hash);
	assert_int_equal(ops->run_update(s, &row), 0);
}

static void an_older_store_can_be_searched(void **state)
{
	struct err err;
	char cmd[600];

	(void)state;
	put_old_run();
	ops->close(s);
	snprintf(cmd, sizeof(cmd),
	    "python3 -c \"import sqlite3; c = sqlite3.connect('%s');"
	    " c.execute('DROP TABLE texts'); c.execute('DROP TABLE search');"
	    " c.execute('ALTER TABLE runs DROP COLUMN summary');"
	    " c.execute('ALTER TABLE runs DROP COLUMN seen');"
	    " c.execute('PRAGMA user_version = 2'); c.commit()\"",
	    url);
	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	assert_string_equal(find("why"), "r-1 question : \x02why\x03?\n");
	assert_string_equal(find("answer"), "r-1 output structure: an old \x02"
					    "answer\x03\n");
	assert_string_equal(find("report"), "r-1 report : # An old \x02report\x03\n");
	assert_string_equal(find("trouble"), "r-1 finding structure: old \x02trouble\x03\n");
	assert_int_equal(count("select count(*) from texts"), 4);
}

/* As the third version left it: numbers of texts grew as they were written, in whatever run. */
static void an_older_index_is_made_anew(void **state)
{
	struct err err;
	char cmd[900];

	(void)state;
	put_old_run();
	ops->close(s);
	snprintf(cmd, sizeof(cmd),
	    "python3 -c \"import sqlite3; c = sqlite3.connect('%s');"
	    " c.execute('DROP TABLE search'); c.execute('DROP TRIGGER texts_added');"
	    " c.execute('DROP TRIGGER texts_removed');"
	    " c.execute('DELETE FROM texts');"
	    " c.execute(\\\"INSERT INTO texts (key, run, kind, name, step, title, body)"
	    " SELECT 1, key, 'question', '', '', 't', 'why?' FROM runs\\\");"
	    " c.execute('CREATE VIRTUAL TABLE search USING fts5 (title, body)');"
	    " c.execute('PRAGMA user_version = 3'); c.commit()\"",
	    url);
	assert_int_equal(system(cmd), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(ops->open(url, false, &s, &err), 0);
	assert_int_equal(ops->migrate(s, &err), 0);
	assert_string_equal(find("why"), "r-1 question : \002why\003?\n");
	assert_int_equal(count("select count(*) from texts where key >> 20 = run"), 1);
	put_text(1, "output", "structure", "also new");
	assert_string_equal(find("also"), "r-1 output structure: \002also\003 new\n");
	assert_int_equal(count("select count(*) from texts where key >> 20 = run"), 2);
}

/* One or two letters begin too many words. */
static void a_beginning_has_three_letters(void **state)
{
	int64_t run = put_run("r-1", 0);

	(void)state;
	put_text(run, "output", "a", "locks are taken");
	assert_string_equal(find("lo"), "");
	assert_string_equal(find("loc"), "r-1 output a: \002locks\003 are taken\n");
	assert_string_equal(find("taken ar"), "");
	assert_string_equal(find("taken (are)"), "r-1 output a: locks \002are\003 \002taken\003\n");
	put_text(run, "output", "b", "\xe9\x94\x81\xe5\xae\x9a");
	assert_string_equal(
	    find("\xe9\x94\x81"), "r-1 output b: \002\xe9\x94\x81\xe5\xae\x9a\003\n");
}

static void states_are_counted(void **state)
{
	struct count_row *rows;
	char *text = arena_cstr(a, STR(""));
	size_t n;

	(void)state;
	put_run("r-1", put_run("r-2", 0));
	put_task("r-1/x");
	assert_int_equal(ops->counts(s, a, &rows, &n), 0);
	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%.*s %.*s %lld\n", text, STR_ARG(rows[i].what),
		    STR_ARG(rows[i].state), (long long)rows[i].n);
	assert_string_equal(text, "runs completed 2\ntasks ready 1\ntokens in 10\ntokens out 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(texts_are_found_by_their_words),
		T(a_text_is_replaced_and_forgotten),
		T(marks_in_a_text_are_no_hits),
		T(a_long_text_is_cut),
		T(hostile_words_are_words),
		T(no_words_are_an_error),
		T(runs_are_listed_by_what_they_say),
		T(nothing_of_a_run_is_left),
		T(an_older_store_can_be_searched),
		T(an_older_index_is_made_anew),
		T(a_beginning_has_three_letters),
		T(states_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
