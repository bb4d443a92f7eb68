/*
 * What a snapshot holds beside its files: list, facts, git directory, change. They are written by
 * the copier and by us, never changed, and one digest over all of them stands in the file REST.
 */
#include "workspace/priv.h"

#include "base/sha256.h"
#include "sys/fs.h"

#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#define REST "rest"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int digest_link(const char *path, char hex[SHA256_HEX])
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return -errno;
	sha256_of((struct str){ target, (size_t)n }, hex);
	return 0;
}

/* "MODE SHA PATH", a line for each, in the order of the walk. */
static int add_entry(struct sha256 *sha, const FTSENT *e, const char *dir)
{
	char hex[SHA256_HEX] = "-", mode[16];
	int rc = 0;

	if (e->fts_info == FTS_F)
		rc = fs_digest(e->fts_path, hex);
	else if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE)
		rc = digest_link(e->fts_path, hex);
	else if (e->fts_info != FTS_D)
		rc = e->fts_info == FTS_DP ? 1 : -EIO;
	if (rc)
		return rc < 0 ? rc : 0;
	snprintf(mode, sizeof(mode), "%o ", (unsigned)e->fts_statp->st_mode);
	sha256_add(sha, str_from(mode));
	sha256_add(sha, str_from(hex));
	sha256_add(sha, STR(" "));
	sha256_add(sha, str_from(e->fts_path + strlen(dir)));
	sha256_add(sha, STR("\n"));
	return 0;
}

static int digest_rest(const char *dir, char hex[SHA256_HEX])
{
	char *const roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct sha256 sha;
	FTSENT *e;
	int rc = walk ? 0 : -errno;

	sha256_begin(&sha);
	while (!rc && walk && (e = fts_read(walk))) {
		bool top = e->fts_level == 1;

		if (top && strcmp(e->fts_name, "tree") == 0)
			fts_set(walk, e, FTS_SKIP);
		else if (e->fts_level > 0 && !(top && strcmp(e->fts_name, REST) == 0))
			rc = add_entry(&sha, e, dir);
	}
	sha256_end(&sha, hex);
	if (walk)
		fts_close(walk);
	return rc;
}

int snapshot_seal_rest(const char *dir)
{
	struct arena *a = arena_create("rest", ARENA_JOB);
	struct err err = { 0 };
	char hex[SHA256_HEX];
	int rc = digest_rest(dir, hex);

	if (!rc)
		rc = fs_write(
		    fs_join(a, dir, REST), str_from(arena_printf(a, "%s\n", hex)), 0644, &err);
	arena_destroy(a);
	return rc;
}

int snapshot_check_rest(const char *dir)
{
	struct arena *a = arena_create("rest", ARENA_JOB);
	char hex[SHA256_HEX];
	struct str text;
	int rc = fs_read(a, fs_join(a, dir, REST), KIB(1), &text);

	if (!rc)
		rc = digest_rest(dir, hex);
	if (!rc && !(text.n == strlen(hex) + 1 && str_starts(text, str_from(hex)) &&
		       text.p[text.n - 1] == '\n'))
		rc = -EPROTO;
	arena_destroy(a);
	return rc;
}
