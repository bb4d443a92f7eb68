/* The data directory: whether it is as it was written, copies of it, what nobody needs any more. */
#include "cli/db.h"

#include <stddef.h>

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err,
	    "tutti db verify\ntutti db backup FILE\ntutti db restore FILE\ntutti db gc --dry-run");
	err_more(&err, "data");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int with_file(struct arena *a, const struct globals *g, const char **words, size_t n,
    int (*fn)(struct arena *a, const struct globals *g, const char *file))
{
	if (n != 2)
		return wrong(g, "which file?");
	return fn(a, g, words[1]);
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct db_options *o = values;

	if (n && strcmp(words[0], "backup") == 0)
		return with_file(a, g, words, n, db_backup);
	if (n && strcmp(words[0], "restore") == 0)
		return with_file(a, g, words, n, db_restore);
	if (n == 1 && strcmp(words[0], "verify") == 0)
		return db_verify(a, g);
	if (n == 1 && strcmp(words[0], "gc") == 0)
		return db_gc(a, g, o);
	return wrong(g, "db does one of: verify, backup, restore, gc");
}

#define O(member) offsetof(struct db_options, member)

static const struct opt opts[] = {
	{ "keep", 0, OPT_SPAN, "AGE", "Room",
	    "gc: runs that ended longer ago go, too, as in 90d (all stay)", O(keep) },
	{ "dry-run", 0, OPT_FLAG, NULL, "Room", "gc: say what would go, and leave it", O(dry_run) },
	{ 0 },
};

static const char *const examples[] = { "tutti db verify", "tutti db backup ~/tutti-$(date +%F).db",
	"tutti db gc --keep 90d --dry-run", NULL };

const struct cmd cmd_db = { "db", "db verify|backup FILE|restore FILE|gc",
	"whether what is stored is as it was written; copies; room", opts, examples, run,
	sizeof(struct db_options), true };
