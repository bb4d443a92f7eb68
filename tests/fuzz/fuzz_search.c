/* What people search for, as text and as an expression: bounded, within the line, and repeatable.
 */
#include "must.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "view/regex.h"
#include "view/search.h"

#include <stdint.h>

static uint64_t look(const struct search_options *o, struct str line)
{
	struct search *s;
	struct err err = { 0 };
	bool cut;
	size_t n;

	if (search_create(o, &s, &err) < 0) {
		must(err.code == -EINVAL && err.why[0]);
		return 0;
	}
	search_line(s, 7, LINE_TEXT, line);
	const struct search_hit *hits = search_hits(s, &n);

	for (size_t i = 0; i < n; i++) {
		must(hits[i].line == 7 && hits[i].len > 0);
		must(hits[i].col + hits[i].len <= line.n);
		must(!i || hits[i].col >= hits[i - 1].col + hits[i - 1].len);
	}
	uint64_t total = search_total(s, &cut);

	must(total >= n && (total == n || cut));
	search_destroy(s);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str rest = utf8_clean(a, (struct str){ (const char *)data, size });
	struct search_options o = { .text = str_split(&rest, '\n') };
	struct str line = utf8_cut(rest.p ? rest : STR(""), 256);

	for (unsigned how = 0; how < 8; how++) {
		o.exact = how & 1;
		o.word = how & 2;
		o.regex = how & 4;
		uint64_t n = look(&o, line);

		must(n == look(&o, line));
	}
	arena_destroy(a);
	return 0;
}
