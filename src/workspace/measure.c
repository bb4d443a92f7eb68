/*
 * What can be said of files without a model: languages and lines, and whether certain things occur
 * in what the question is about. A file is in focus when its path or its text holds a word of it;
 * when none is, all are.
 */
#include "workspace/freezer.h"

#include "evidence/coverage.h"

#include <ctype.h>
#include <strings.h>

#define WORDS_MAX 12
#define LANGUAGES_MAX 64
#define LOOK_MAX KIB(256) /* of one file */

static const struct {
	const char *ext, *name;
} languages[] = {
	{ "c", "C" },
	{ "h", "C" },
	{ "cc", "C++" },
	{ "cpp", "C++" },
	{ "cxx", "C++" },
	{ "hpp", "C++" },
	{ "hh", "C++" },
	{ "rs", "Rust" },
	{ "go", "Go" },
	{ "py", "Python" },
	{ "js", "JavaScript" },
	{ "mjs", "JavaScript" },
	{ "cjs", "JavaScript" },
	{ "jsx", "JavaScript" },
	{ "ts", "TypeScript" },
	{ "tsx", "TypeScript" },
	{ "java", "Java" },
	{ "kt", "Kotlin" },
	{ "scala", "Scala" },
	{ "rb", "Ruby" },
	{ "php", "PHP" },
	{ "pl", "Perl" },
	{ "pm", "Perl" },
	{ "sh", "Shell" },
	{ "bash", "Shell" },
	{ "lua", "Lua" },
	{ "swift", "Swift" },
	{ "cs", "C#" },
	{ "hs", "Haskell" },
	{ "ml", "OCaml" },
	{ "ex", "Elixir" },
	{ "exs", "Elixir" },
	{ "erl", "Erlang" },
	{ "clj", "Clojure" },
	{ "zig", "Zig" },
	{ "vala", "Vala" },
	{ "tcl", "Tcl" },
	{ "r", "R" },
	{ "jl", "Julia" },
	{ "sql", "SQL" },
	{ "html", "HTML" },
	{ "css", "CSS" },
	{ "vue", "Vue" },
	{ "svelte", "Svelte" },
	{ "md", "Markdown" },
	{ "rst", "reStructuredText" },
	{ "yaml", "YAML" },
	{ "yml", "YAML" },
	{ "json", "JSON" },
	{ "toml", "TOML" },
	{ "xml", "XML" },
	{ "S", "Assembly" },
	{ "s", "Assembly" },
	{ "m4", "M4" },
	{ "cmake", "CMake" },
	{ "proto", "Protobuf" },
};

enum topic { CONCURRENCY, SQL, MIGRATIONS, NETWORK, AUTH, UI, TESTS, TOPICS };

/* A topic occurs when one of its words stands in the text, or in the path ("/" in front). */
static const struct {
	const char *name;
	const char *words[24];
} topics[TOPICS] = {
	[CONCURRENCY] = { "concurrency",
	    { "pthread_", "std::thread", "std::mutex", "threading.", "asyncio", "async def",
		"synchronized", "java.util.concurrent", "go func", "sync.Mutex",
		"tokio::", "Mutex<", "Promise.all", "Worker(", "fork()", "epoll", "uv_", "atomic_",
		"g_mutex_", "SDL_CreateThread", "ThreadPool", "await ", NULL } },
	[SQL] = { "sql", { "SELECT ", "INSERT INTO", "UPDATE ", "CREATE TABLE", "sqlite3_",
			     "PQexec", "cursor.execute", "sqlalchemy", "jdbc:", "database/sql",
			     "mysql_", "ActiveRecord", ".sql", NULL } },
	[MIGRATIONS] = { "migrations",
	    { "/migrations/", "/migrate/", "ALTER TABLE", "schema_version", "user_version",
		"alembic", "flyway", "liquibase", NULL } },
	[NETWORK] = { "network", { "socket(", "connect(", "http://", "https://", "requests.",
				     "urllib", "fetch(", "axios", "net/http", "HttpClient",
				     "curl_easy", "recv(", "listen(", "grpc", "websocket", NULL } },
	[AUTH] = { "auth",
	    { "password", "passwd", "oauth", "jwt", "session_id", "login", "authenticate",
		"authorize", "bcrypt", "csrf", "api_key", "setuid", NULL } },
	[UI] = { "ui",
	    { "gtk_", "QWidget", "document.getElementById", "<template>", "React", "render(",
		"ncurses", "onClick", "useState", "SDL_Window", ".css", ".vue", NULL } },
	[TESTS] = { "tests", { "/test/", "/tests/", "/spec/", "_test.", "test_", ".test.", NULL } },
};

struct tally {
	unsigned long long files, lines;
	bool topics[TOPICS];
};

struct measure {
	struct arena *arena;
	struct str words[WORDS_MAX];
	size_t n_words;
	struct tally all, focus;
	struct {
		const char *name;
		unsigned long long files, lines;
	} lang[LANGUAGES_MAX];
	size_t n_lang;
};

/* --- focus
 * ------------------------------------------------------------------------------------------- */

static bool is_stop(struct str w)
{
	static const char *const stops[] = { "about", "after", "against", "before", "between",
		"changes", "code", "does", "every", "file", "files", "find", "from", "have", "into",
		"issue", "that", "their", "there", "these", "they", "this", "what", "when", "where",
		"which", "with", "would", "should", "could", NULL };

	for (size_t i = 0; stops[i]; i++)
		if (str_eq_nocase(w, str_from(stops[i])))
			return true;
	return w.n < 4;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '/' || c == '.' || c == '-';
}

static void take_words(struct measure *m, struct str focus)
{
	for (size_t i = 0; i < focus.n && m->n_words < WORDS_MAX;) {
		size_t n = 0;

		while (i + n < focus.n && is_word(focus.p[i + n]))
			n++;
		struct str w = str_take(str_skip(focus, i), n);

		while (w.n && !isalnum((unsigned char)w.p[w.n - 1]))
			w.n--;
		if (w.n && !is_stop(w))
			m->words[m->n_words++] = arena_dup(m->arena, w);
		i += n ? n : 1;
	}
}

static bool has_nocase(struct str s, struct str w)
{
	char lower = (char)tolower((unsigned char)w.p[0]),
	     upper = (char)toupper((unsigned char)w.p[0]);

	for (size_t i = 0; i + w.n <= s.n; i++)
		if ((s.p[i] == lower || s.p[i] == upper) && strncasecmp(s.p + i, w.p, w.n) == 0)
			return true;
	return false;
}

static bool in_focus(const struct measure *m, struct str path, struct str text)
{
	for (size_t i = 0; i < m->n_words; i++)
		if (has_nocase(path, m->words[i]) || has_nocase(text, m->words[i]))
			return true;
	return false;
}

struct measure *measure_create(struct arena *a, struct str focus)
{
	struct measure *m = arena_new(a, struct measure);

	m->arena = a;
	take_words(m, focus);
	return m;
}

/* --- one file
 * ------------------------------------------------------------------------------------------- */

static const char *language_of(struct str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct str base = slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
	const char *dot = memrchr(base.p, '.', base.n);
	struct str ext = dot ? str_skip(base, (size_t)(dot - base.p) + 1) : (struct str){ "", 0 };

	for (size_t i = 0; ext.n && i < sizeof(languages) / sizeof(languages[0]); i++)
		if (str_is(ext, languages[i].ext))
			return languages[i].name;
	return str_is(base, "Makefile") ? "Make" : NULL;
}

unsigned long long measure_lines(struct str text)
{
	unsigned long long n = 0;
	const char *p = text.p, *end = text.p + text.n;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n + (text.n && text.p[text.n - 1] != '\n');
}

static void count_language(struct measure *m, const char *name, unsigned long long lines)
{
	size_t i = 0;

	while (i < m->n_lang && strcmp(m->lang[i].name, name) != 0)
		i++;
	if (i == LANGUAGES_MAX)
		return;
	if (i == m->n_lang)
		m->lang[m->n_lang++].name = name;
	m->lang[i].files++;
	m->lang[i].lines += lines;
}

static bool occurs(enum topic t, struct str path, struct str text)
{
	for (size_t i = 0; topics[t].words[i]; i++) {
		struct str w = str_from(topics[t].words[i]);
		bool of_path = t == TESTS || w.p[0] == '/' || w.p[0] == '.';

		if (str_contains(of_path ? path : text, w))
			return true;
	}
	return false;
}

/* A topic is looked for until it is found; so most files cost next to nothing. */
static void look(struct tally *t, struct str path, struct str text, unsigned long long lines)
{
	t->files++;
	t->lines += lines;
	for (enum topic k = 0; k < TOPICS; k++)
		t->topics[k] = t->topics[k] || occurs(k, path, text);
}

unsigned long long measure_file(
    struct measure *m, struct str path, struct str text, unsigned *ret_flags)
{
	const char *language = language_of(path);
	struct str head = str_take(text, LOOK_MAX);
	unsigned long long lines;
	/* "/tests/" has to match at the front, too */
	struct str slashed = str_from(arena_printf(m->arena, "/%.*s", STR_ARG(path)));

	*ret_flags = INVENTORY_BINARY;
	if (head.n && memchr(head.p, 0, head.n < KIB(8) ? head.n : KIB(8)))
		return 0;
	lines = measure_lines(text);
	if (language)
		count_language(m, language, lines);
	look(&m->all, slashed, head, lines);
	*ret_flags = in_focus(m, path, head) ? INVENTORY_FOCUS : 0;
	if (*ret_flags)
		look(&m->focus, slashed, head, lines);
	return lines;
}

/* --- results
 * --------------------------------------------------------------------------------------------- */

json_t *measure_languages(const struct measure *m)
{
	json_t *v = json_object();

	for (size_t i = 0; i < m->n_lang; i++)
		json_object_set_new(v, m->lang[i].name,
		    json_pack("{s:I, s:I}", "files", (json_int_t)m->lang[i].files, "lines",
			(json_int_t)m->lang[i].lines));
	return v;
}

json_t *measure_signals(const struct measure *m, const struct freezer *z)
{
	const struct tally *t = m->focus.files ? &m->focus : &m->all;
	json_t *v = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t)m->all.files,
	    "lines", (json_int_t)m->all.lines, "focus_files", (json_int_t)t->files, "focus_lines",
	    (json_int_t)t->lines, "changed_files", (json_int_t)z->changed_files, "changed_lines",
	    (json_int_t)z->changed_lines);

	for (enum topic k = 0; k < TOPICS; k++)
		json_object_set_new(v, topics[k].name, json_boolean(t->topics[k]));
	return v;
}
