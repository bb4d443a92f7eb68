/*
 * What a snapshot holds beside its files: list, facts, git directory, change. They are written by
 * the copier and by us, never changed, and one digest over all of them stands in the file REST.
 */
#include "workspace/priv.h"

#include "base/sha256.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REST "rest"

static int digest_link(const char *path, char hex[SHA256_HEX])
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return -errno;
	sha256_of((struct str){ target, (size_t)n }, hex);
	return 0;
}

static int add_below(struct sha256 *sha, const char *dir, size_t skip);

/* "MODE SHA PATH", a line for each, in the order of the walk. PATH: without its first SKIP bytes.
 */
static int add_entry(struct sha256 *sha, const char *path, size_t skip)
{
	char hex[SHA256_HEX] = "-", mode[16];
	struct stat st;
	int rc = lstat(path, &st) < 0 ? -errno : 0;

	if (!rc && S_ISREG(st.st_mode))
		rc = fs_digest(path, hex);
	else if (!rc && S_ISLNK(st.st_mode))
		rc = digest_link(path, hex);
	else if (!rc && !S_ISDIR(st.st_mode))
		rc = -EIO;
	if (rc)
		return rc;
	snprintf(mode, sizeof(mode), "%o ", (unsigned)st.st_mode);
	sha256_add(sha, str_from(mode));
	sha256_add(sha, str_from(hex));
	sha256_add(sha, STR(" "));
	sha256_add(sha, str_from(path + skip));
	sha256_add(sha, STR("\n"));
	return S_ISDIR(st.st_mode) ? add_below(sha, path, skip) : 0;
}

static bool is_rest(const char *name, bool top)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return !top || (strcmp(name, "tree") != 0 && strcmp(name, REST) != 0);
}

/* Not with fts(3): without memory it crashes, or forgets to sort. */
static int add_below(struct sha256 *sha, const char *dir, size_t skip)
{
	struct dirent **names = NULL;
	int n = fs_scan(dir, &names);
	int rc = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		if (!rc && is_rest(names[i]->d_name, strlen(dir) == skip)) {
			char *path = xprintf("%s/%s", dir, names[i]->d_name);

			rc = add_entry(sha, path, skip);
			free(path);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

static int digest_rest(const char *dir, char hex[SHA256_HEX])
{
	struct sha256 sha;

	sha256_begin(&sha);
	int rc = add_below(&sha, dir, strlen(dir));

	sha256_end(&sha, hex);
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
