#include "rehearsal/priv.h"

/* --- languages, by the ending of the name --------------------------------------------------------
 */

static const struct {
	enum language language;
	const char *endings; /* each between blanks */
} endings[] = {
	{ LANG_C, " c h cc cpp cxx hpp hh hxx m mm cu ino " },
	{ LANG_PYTHON, " py pyi pyx " },
	{ LANG_SCRIPT, " js jsx mjs cjs ts tsx mts cts vue svelte " },
	{ LANG_GO, " go " },
	{ LANG_RUST, " rs " },
	{ LANG_JVM, " java kt kts cs scala swift groovy dart " },
	{ LANG_SHELL, " sh bash zsh ksh fish bats " },
	{ LANG_RUBY, " rb rake ex exs " },
	{ LANG_PHP, " php pl pm " },
	{ LANG_LUA, " lua " },
	{ LANG_SQL, " sql " },
	{ LANG_TEXT, " md markdown rst txt adoc org tex " },
	{ LANG_DATA, " json yaml yml toml ini cfg conf xml html htm css scss less properties proto "
		     "graphql tf gradle cmake build mk env csv tsv " },
};

enum language language_of(struct str path)
{
	struct str ext = path_ext(path);
	char key[16] = " ";

	if (ext.n == 0 || ext.n > sizeof(key) - 3)
		return LANG_OTHER;
	memcpy(key + 1, ext.p, ext.n);
	key[ext.n + 1] = ' ';
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		if (text_has_nocase(str_from(endings[i].endings), key))
			return endings[i].language;
	}
	return LANG_OTHER;
}

bool language_is_code(enum language l)
{
	return l != LANG_OTHER && l != LANG_TEXT && l != LANG_DATA;
}

static bool starts_any(struct str s, const char *const *starts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_starts(s, str_from(starts[i])))
			return true;
	}
	return false;
}

bool line_is_comment(enum language l, struct str trimmed)
{
	static const char *const slashes[] = { "//", "/*", "* ", "*/" };
	static const char *const hashes[] = { "#", "\"\"\"", "'''" };
	static const char *const dashes[] = { "--", "/*", "* " };

	if (str_is(trimmed, "*"))
		return true;
	switch (l) {
	case LANG_C:
	case LANG_SCRIPT:
	case LANG_GO:
	case LANG_RUST:
	case LANG_JVM:
	case LANG_PHP:
		return starts_any(trimmed, slashes, 4) ||
		       (l == LANG_PHP && str_starts(trimmed, STR("#")));
	case LANG_PYTHON:
	case LANG_SHELL:
	case LANG_RUBY:
	case LANG_DATA:
	case LANG_OTHER:
		return starts_any(trimmed, hashes, 3) || str_starts(trimmed, STR("//"));
	case LANG_LUA:
	case LANG_SQL:
		return starts_any(trimmed, dashes, 3);
	case LANG_TEXT:
	case LANGUAGES:
		break;
	}
	return str_starts(trimmed, STR("<!--"));
}

/* --- what is worth reading -----------------------------------------------------------------------
 */

bool path_is_noise(struct str path)
{
	static const char noisy[] =
	    "node_modules/|vendor/|third_party/|/dist/|.min.|-lock.|.lock|"
	    "go.sum|__pycache__|.git/|.svg|.map|fixtures/|/corpus/|snapshots/";
	static const char binary[] =
	    " png jpg jpeg gif ico webp pdf zip gz xz bz2 zst tar jar war class o "
	    "a so dylib dll exe bin wasm ttf otf woff woff2 eot mp3 mp4 mov avi "
	    "ogg wav db sqlite sqlite3 pyc parquet pkl pt onnx gguf iso deb rpm ";
	struct str ext = path_ext(path);
	char key[16] = " ";

	if (text_has_any(path, noisy))
		return true;
	if (ext.n == 0 || ext.n > sizeof(key) - 3)
		return false;
	memcpy(key + 1, ext.p, ext.n);
	key[ext.n + 1] = ' ';
	return text_has_nocase(str_from(binary), key);
}

bool path_is_test(struct str path)
{
	return text_has_any(path, "test|spec");
}
