#include "rehearsal/priv.h"

#include "base/map.h"

#include <ctype.h>
#include <stdlib.h>

#define LONG_FROM 50   /* lines of a function worth a word */
#define LARGE_FROM 500 /* lines of a file */
#define IMPORTS_FROM 8
#define DEEP_TABS 5
#define DEEP_BLANKS 20
#define LINKS_MAX 50

void facts_add(struct facts *f, const struct fact *fact)
{
	if (f->n >= REHEARSAL_FACTS_MAX || !(f->wanted & 1u << fact->kind))
		return;
	f->v = arena_grow(f->a, f->v, f->n, &f->cap, sizeof(*f->v));
	f->v[f->n++] = *fact;
}

/* --- functions ---------------------------------------------------------------------------------
 */

static void measure_blocks(struct facts *f, const struct view *v)
{
	struct block *blocks;
	size_t n = blocks_find(f->a, v, &blocks);

	for (size_t i = 0; i < n; i++) {
		unsigned first = v->lines[blocks[i].first].no, last = v->lines[blocks[i].last].no;
		unsigned lines = last - first + 1;

		if (lines >= LONG_FROM)
			facts_add(f, &(struct fact){ .kind = FACT_LONG,
					 .path = v->path,
					 .name = blocks[i].name,
					 .line = first,
					 .end = last,
					 .n = lines,
					 .weight = lines });
	}
	if (n)
		facts_add(f, &(struct fact){ .kind = FACT_DEFINES,
				 .path = v->path,
				 .name = blocks[0].name,
				 .line = v->lines[blocks[0].first].no,
				 .n = (unsigned)n,
				 .weight = (unsigned)n });
}

/* The rightmost line that begins with a control word. */
static void measure_depth(struct facts *f, const struct view *v)
{
	static const char *const words[] = { "if ", "if(", "for ", "for(", "while ", "while(",
		"switch", "match ", "case ", "try", "with ", "elif ", "else if" };
	struct fact deepest = { .kind = FACT_DEEP, .path = v->path };

	if (!language_is_code(language_of(v->path)))
		return;
	for (size_t i = 0; i < v->n; i++) {
		struct str s = v->lines[i].text, trimmed = str_trim(s);
		unsigned tabs = 0, blanks = 0;

		while (tabs < s.n && s.p[tabs] == '\t')
			tabs++;
		while (blanks < s.n && s.p[blanks] == ' ')
			blanks++;
		bool far = tabs >= DEEP_TABS || (!tabs && blanks >= DEEP_BLANKS);

		for (size_t w = 0; far && w < sizeof(words) / sizeof(*words); w++) {
			unsigned weight = tabs ? tabs * 4 : blanks;

			if (!str_starts(trimmed, str_from(words[w])) || weight <= deepest.weight)
				continue;
			deepest.name = tabs ? STR("tabs") : STR("columns");
			deepest.line = v->lines[i].no;
			deepest.n = tabs ? tabs : blanks;
			deepest.weight = weight;
		}
	}
	if (deepest.line)
		facts_add(f, &deepest);
}

/* --- files --------------------------------------------------------------------------------------
 */

static void measure_size(struct facts *f, const struct view *v)
{
	if (v->total >= LARGE_FROM && v->n && v->lines[0].no == 1)
		facts_add(f, &(struct fact){ .kind = FACT_LARGE,
				 .path = v->path,
				 .line = 1,
				 .n = v->total,
				 .weight = v->total });
}

static void measure_opening(struct facts *f, const struct view *v)
{
	if (v->n && v->lines[0].no == 1)
		facts_add(f, &(struct fact){ .kind = FACT_OPENS,
				 .path = v->path,
				 .line = 1,
				 .weight = text_has_nocase(v->path, "readme") ? 2 : 1 });
}

static const struct {
	const char *name, *tool;
} manifests[] = {
	{ "package.json", "npm" },
	{ "tsconfig.json", "TypeScript" },
	{ "Makefile", "make" },
	{ "meson.build", "Meson" },
	{ "CMakeLists.txt", "CMake" },
	{ "Cargo.toml", "Cargo" },
	{ "go.mod", "Go" },
	{ "pyproject.toml", "Python's packaging tools" },
	{ "requirements.txt", "pip" },
	{ "setup.py", "setuptools" },
	{ "tox.ini", "tox" },
	{ "Gemfile", "Bundler" },
	{ "pom.xml", "Maven" },
	{ "build.gradle", "Gradle" },
	{ "build.gradle.kts", "Gradle" },
	{ "composer.json", "Composer" },
	{ "mix.exs", "Mix" },
	{ "Dockerfile", "Docker" },
	{ "docker-compose.yml", "Docker Compose" },
	{ "compose.yaml", "Docker Compose" },
	{ ".gitlab-ci.yml", "GitLab CI" },
	{ "Jenkinsfile", "Jenkins" },
	{ ".clang-format", "clang-format" },
	{ ".clang-tidy", "clang-tidy" },
	{ ".editorconfig", "editors" },
	{ "flake.nix", "Nix" },
	{ "Vagrantfile", "Vagrant" },
};

static void measure_tooling(struct facts *f, const struct view *v)
{
	struct fact fact = { .kind = FACT_TOOLING, .path = v->path, .line = 1, .weight = 2 };
	struct str base = path_base(v->path);

	if (!v->n || v->lines[0].no != 1)
		return;
	for (size_t i = 0; i < sizeof(manifests) / sizeof(*manifests); i++) {
		if (str_is(base, manifests[i].name))
			fact.name = str_from(manifests[i].tool);
	}
	if (str_starts(v->path, STR(".github/workflows/")))
		fact.name = STR("GitHub Actions");
	if (fact.name.n)
		facts_add(f, &fact);
}

/* --- documents -----------------------------------------------------------------------------------
 */

/* The file a relative link of LINE leads to, or an empty text. */
static struct str link_of(struct str line)
{
	ptrdiff_t open = str_find(line, STR("]("));
	struct str rest = str_skip(line, open < 0 ? line.n : (size_t)open + 2);
	ptrdiff_t close = str_chr(rest, ')');
	struct str target = str_take(rest, close < 0 ? 0 : (size_t)close);
	ptrdiff_t hash = str_chr(target, '#');

	if (hash >= 0)
		target = str_take(target, (size_t)hash);
	if (str_find(target, STR("://")) >= 0 || str_starts(target, STR("mailto:")))
		target.n = 0;
	return target;
}

/* LINK as a path of the repository, seen from the directory of PATH. */
static struct str link_target(struct arena *a, struct str path, struct str link)
{
	struct str dir = str_take(path, path.n - path_base(path).n);

	while (str_starts(link, STR("./")))
		link = str_skip(link, 2);
	while (str_starts(link, STR("../")) && dir.n) {
		link = str_skip(link, 3);
		dir.n--;
		while (dir.n && dir.p[dir.n - 1] != '/')
			dir.n--;
	}
	if (str_starts(link, STR("/")))
		return str_skip(link, 1);
	return str_from(arena_printf(a, "%.*s%.*s", STR_ARG(dir), STR_ARG(link)));
}

static bool is_listed(const struct book *b, struct str path)
{
	for (size_t i = 0; i < b->n_files; i++) {
		if (str_eq(b->files[i], path) ||
		    (str_starts(b->files[i], path) &&
			(path.n == 0 || path.p[path.n - 1] == '/' || b->files[i].p[path.n] == '/')))
			return true;
	}
	for (size_t i = 0; i < b->n_dirs; i++) {
		if (str_eq(b->dirs[i], path))
			return true;
	}
	return false;
}

static void measure_document(struct facts *f, const struct view *v, const struct book *b)
{
	struct fact headings = { .kind = FACT_HEADINGS, .path = v->path };
	unsigned links = 0;
	bool fenced = false;

	if (language_of(v->path) != LANG_TEXT)
		return;
	for (size_t i = 0; i < v->n; i++) {
		struct str s = v->lines[i].text, link;

		if (str_starts(s, STR("```")) || str_starts(s, STR("~~~")))
			fenced = !fenced;
		if (fenced)
			continue;
		if (str_starts(s, STR("# ")) || str_starts(s, STR("## ")) ||
		    str_starts(s, STR("### "))) {
			headings.line = headings.line ? headings.line : v->lines[i].no;
			headings.weight = ++headings.n;
		}
		link = link_of(s);
		if (!link.n || b->list_cut || !b->list_deep || ++links > LINKS_MAX ||
		    !path_citable(link_target(f->a, v->path, link)) ||
		    is_listed(b, link_target(f->a, v->path, link)))
			continue;
		facts_add(f, &(struct fact){ .kind = FACT_DEADLINK,
				 .path = v->path,
				 .name = link,
				 .line = v->lines[i].no,
				 .n = (unsigned)b->n_files,
				 .weight = 1 });
	}
	if (headings.n)
		facts_add(f, &headings);
}

/* --- names nobody calls
 * ---------------------------------------------------------------------------- */

static bool is_wanted(const struct part *p, enum fact_kind kind)
{
	for (size_t i = 0; i < LENS_KINDS; i++) {
		if (p->lens->kinds[i] == kind)
			return true;
	}
	return false;
}

struct lonely {
	struct str name;
	size_t lines;
	const struct line *last;
};

/* Counts in how many of all lines each of the names in KNOWN stands. */
static void count_mentions(const struct scene *s, struct map *known)
{
	for (size_t i = 0; i < s->book.n_views; i++) {
		const struct view *v = s->book.views[i];

		for (size_t k = 0; k < v->n; k++) {
			struct str rest = str_take(v->lines[k].text, 1000);

			while (rest.n) {
				size_t n = 0;

				while (n < rest.n && is_word_byte(rest.p[n]))
					n++;
				struct lonely *l = n ? map_get(known, str_take(rest, n)) : NULL;

				if (l && l->last != &v->lines[k]) {
					l->last = &v->lines[k];
					l->lines++;
				}
				rest = str_skip(rest, n ? n : 1);
			}
		}
	}
}

static bool may_be_lonely(struct str name)
{
	return name.n >= 5 && name.n <= 60 && !str_is(name, "main") &&
	       !text_has_any(name, "test|main|init|setup|handler|callback");
}

size_t lonely_names(const struct scene *s, struct str *ret, size_t max)
{
	struct map known;
	size_t n = 0;

	if (!is_wanted(&s->part, FACT_UNCALLED))
		return 0;
	map_init(&known, s->a);
	for (size_t i = 0; i < s->book.n_views; i++) {
		const struct view *v = s->book.views[i];
		struct block *blocks;
		size_t n_blocks = path_is_test(v->path) ? 0 : blocks_find(s->a, v, &blocks);

		for (size_t k = 0; k < n_blocks; k++) {
			struct lonely *l = arena_new(s->a, struct lonely);

			l->name = blocks[k].name;
			if (may_be_lonely(l->name) && !map_get(&known, l->name))
				map_put(&known, l->name, l);
		}
	}
	count_mentions(s, &known);
	map_each (&known, e) {
		const struct lonely *l = e->value;

		if (l->lines == 1 && n < max)
			ret[n++] = l->name;
	}
	return n;
}

/* A search that returned one line, and this line begins the function. */
static void measure_callers(struct facts *f, const struct scene *s)
{
	struct str names[8];
	size_t n = lonely_names(s, names, 8);

	for (size_t i = 0; i < n; i++) {
		const struct search *search = book_search(&s->book, names[i]);
		const struct hit *hit = search ? &s->book.hits[search->first] : NULL;
		const struct view *v =
		    hit && search->n == 1 ? book_view(&s->book, hit->path) : NULL;

		if (!v || search->cut || search->failed || !view_line(v, hit->line))
			continue;
		facts_add(f, &(struct fact){ .kind = FACT_UNCALLED,
				 .path = hit->path,
				 .name = names[i],
				 .line = hit->line,
				 .n = 1,
				 .weight = 1 });
	}
}

/* --- tests
 * ------------------------------------------------------------------------------------------ */

static struct str stem_of(struct str path)
{
	struct str base = path_base(path), ext = path_ext(path);

	return ext.n ? str_take(base, base.n - ext.n - 1) : base;
}

static void measure_tests(struct facts *f, const struct view *v, const struct book *b)
{
	struct str stem = stem_of(v->path);
	bool code = language_is_code(language_of(v->path));

	if (!code || path_is_test(v->path) || b->list_cut || !b->list_deep || stem.n < 3 ||
	    str_ends(v->path, STR(".h")) || !v->n)
		return;
	for (size_t i = 0; i < b->n_files; i++) {
		if (path_is_test(b->files[i]) && text_find_nocase(b->files[i], stem) >= 0)
			return;
	}
	facts_add(f, &(struct fact){ .kind = FACT_UNTESTED,
			 .path = v->path,
			 .name = stem,
			 .line = v->lines[0].no,
			 .n = (unsigned)b->n_files,
			 .weight = (unsigned)v->n });
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

/* Kinds of which a file has one fact, with the number of lines in it. */
static bool is_counted(enum fact_kind kind)
{
	return kind == FACT_SYNC || kind == FACT_ERRORS || kind == FACT_INPUT ||
	       kind == FACT_DATA || kind == FACT_CONFIG || kind == FACT_TEST ||
	       kind == FACT_SCREEN || kind == FACT_IMPORTS || kind == FACT_CALLOUT;
}

static int by_kind(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = str_cmp(x->path, y->path);
	if (order)
		return order;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->line > y->line) - (x->line < y->line);
}

static int by_weight(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	order = str_cmp(x->path, y->path);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Joins what is counted by file and drops counts too small to tell. */
static void join_counted(struct facts *f)
{
	size_t kept = 0;

	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_kind);
	for (size_t i = 0; i < f->n; i++) {
		struct fact *last = kept ? &f->v[kept - 1] : NULL;

		if (last && is_counted(last->kind) && last->kind == f->v[i].kind &&
		    str_eq(last->path, f->v[i].path)) {
			last->n++;
			last->line = last->kind == FACT_ERRORS || last->kind == FACT_IMPORTS ||
					     last->kind == FACT_TEST
					 ? (f->v[i].line < last->line ? f->v[i].line : last->line)
					 : last->line;
		} else {
			f->v[kept++] = f->v[i];
		}
	}
	f->n = kept;
}

static void weigh(struct facts *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct fact fact = f->v[i];

		if (fact.kind == FACT_IMPORTS && fact.n < IMPORTS_FROM)
			continue;
		if (fact.kind == FACT_TEST && !path_is_test(fact.path))
			continue;
		if (is_counted(fact.kind))
			fact.weight = fact.weight * 100 + (fact.n > 99 ? 99 : fact.n);
		if (fact.kind != FACT_TEST && path_is_test(fact.path))
			fact.weight /= 4;
		f->v[kept++] = fact;
	}
	f->n = kept;
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_weight);
}

struct facts measure(const struct scene *s)
{
	struct facts f = { .a = s->a };

	for (size_t i = 0; i < LENS_KINDS; i++)
		f.wanted |= 1u << s->part.lens->kinds[i];
	f.wanted &= ~(1u << FACT_NONE);
	for (size_t i = 0; i < s->book.n_views; i++) {
		const struct view *v = s->book.views[i];

		signs_find(&f, v);
		measure_blocks(&f, v);
		measure_depth(&f, v);
		measure_size(&f, v);
		measure_opening(&f, v);
		measure_tooling(&f, v);
		measure_document(&f, v, &s->book);
		measure_tests(&f, v, &s->book);
	}
	twins_find(&f, s);
	measure_callers(&f, s);
	join_counted(&f);
	weigh(&f);
	return f;
}
