/*
 * What an agent program says of its calls: the first byte chooses how that is read, the next text
 * up to a NUL is the command or the input, the rest its output. No more lines are believed than
 * there are in the output, and what is believed joins a record that reads back as it was written.
 */
#include "must.h"

#include "adapter/reads.h"
#include "base/json.h"
#include "base/limits.h"
#include "evidence/coverage.h"

#include <stdint.h>

static const struct read_tool tools[] = {
	{ .tool = "1", .shape = READ_NUMBERED, .path = "p", .mark = "\t", .old_mark = ": " },
	{ .tool = "2", .shape = READ_PLAIN, .path = "p", .from = "o", .from_zero = true },
	{ .tool = "3", .shape = READ_SILENT, .path = "p", .whole_max = 2000 },
	{ .tool = "4", .shape = READ_HITS, .path = "p" },
	{ .tool = "5", .shape = READ_GROUPED, .path = "p" },
	{ .tool = NULL },
};

static void check_reads(const json_t *reads, unsigned long long lines, bool counted)
{
	unsigned long long believed = 0;
	const json_t *one;
	size_t i;

	must(!reads || json_array_size(reads) > 0);
	must(json_array_size(reads) <= READS_MAX);
	json_array_foreach (reads, i, one) {
		long long from = json_get_int(one, "from", 0), to = json_get_int(one, "to", from);

		must(json_get_str(one, "path").n && from >= 1 && to >= from);
		if (json_object_get(one, "to"))
			believed += (unsigned long long)(to - from + 1);
	}
	must(!counted || believed <= lines);
}

static void check_record(const json_t *reads)
{
	struct arena *a = arena_create("fuzz", MIB(64));
	struct coverage *c = coverage_create(a), *again = coverage_create(a);

	coverage_add_reads(c, STR("s"), "/repo", reads);
	json_t *doc = coverage_to_json(c);

	coverage_join(again, doc, STR(""));
	json_t *same = coverage_to_json(again);

	must(json_equal(doc, same));
	map_each (&c->files, e)
		must(e->key.n && e->key.p[0] != '/' && !str_starts(e->key, STR("../")));
	json_decref(doc);
	json_decref(same);
	arena_destroy(a);
}

static void check_words(struct str command)
{
	struct shell_word words[SHELL_WORDS_MAX];
	char *buf = xalloc(command.n + 1);
	size_t n = shell_words(command, buf, words), bytes = 0;

	must(n <= SHELL_WORDS_MAX);
	for (size_t i = 0; i < n; i++)
		bytes += words[i].text.n;
	must(bytes <= command.n);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, first;
	unsigned kind = size ? data[0] % 8 : 0;
	json_t *reads, *input = NULL;

	rest = str_skip(rest, 1);
	first = str_split(&rest, '\0');
	if (!rest.p)
		rest = STR("");
	if (kind >= 1 && kind <= 5) {
		const char name[] = { (char)('0' + kind), '\0' };

		input = json_parse_loosely(first);
		reads = reads_of_call(tools, str_from(name), input, rest);
	} else if (kind == 6) {
		reads = reads_of_diff(rest);
	} else {
		check_words(first);
		reads = reads_of_shell(first, rest, kind == 7);
	}
	/* a word about what was shown is not counted, it is believed as far as the file goes */
	check_reads(reads, reads_count(rest), kind != 2 && kind != 3);
	check_record(reads);
	json_decref(reads);
	json_decref(input);
	return 0;
}
