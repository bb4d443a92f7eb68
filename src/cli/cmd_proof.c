/* Proofs that somebody kept, checked without the run, its database or the machine it ran on. */
#include "cli/cli.h"

#include "attest/attest.h"
#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <unistd.h>

#define PROOF_FILE_MAX MIB(256)

static int wrong(const struct globals *g)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "what is to be verified?");
	err_fix(&err, "tutti runs show RUN --proof --json > FILE\ntutti proof verify FILE");
	err_more(&err, "proofs");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int say(struct arena *a, const struct globals *g, const struct attest_found *found)
{
	const char *line = tally_line(a, &found->tally);

	if (g->json)
		return cli_print_json(
		    json_pack("{s:b, s:o, s:I, s:s, s:s, s:i, s:b}", "valid", 1, "run",
			json_text(found->run), "events", (json_int_t)found->events, "seal",
			found->seal.sha256, "line", line, "attempts", (int)found->tally.attempts,
			"repository_changed", found->tally.changed),
		    EXIT_DONE);
	return cli_print(
	    str_from(arena_printf(a, "%.*s  %s\n  every byte is as written: %lld events, %s\n",
		STR_ARG(found->run), line, (long long)found->events, found->seal.sha256)),
	    EXIT_DONE);
}

static int verify(struct arena *a, const struct globals *g, const char *path)
{
	struct attest_found found;
	struct err err = { 0 };
	struct str text;
	int rc = fs_read(a, path, PROOF_FILE_MAX, &text);

	if (rc) {
		err_set(&err, rc, "cannot read %.200s", path);
		err_why(&err, "%s", err_name(rc));
		err_fix(&err, "tutti runs show RUN --proof --json > FILE");
		err_more(&err, "proofs");
		return cli_fail(g, &err, EXIT_NOT_FOUND);
	}
	rc = attest_file_verify(a, text, &found, &err);
	err_more(&err, "proofs");
	int code = rc ? cli_fail(g, &err, EXIT_INVALID) : say(a, g, &found);

	tally_fini(&found.tally);
	return code;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	(void)values;
	if (n != 2 || strcmp(words[0], "verify") != 0)
		return wrong(g);
	return verify(a, g, words[1]);
}

static const char *const examples[] = { "tutti runs show last --proof --json > run.proof",
	"tutti proof verify run.proof", NULL };

const struct cmd cmd_proof = { "proof", "proof verify FILE",
	"whether an exported proof is whole, and proves that a run only read", NULL, examples, run,
	0, true };
