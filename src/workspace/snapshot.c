/* Finished snapshots. */
#include "workspace/priv.h"

#include "base/sha256.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FACTS_MAX MIB(16)
#define CHANGE_FILE_BYTES (2 * CHANGE_RAW_MAX) /* with its head and names */

static char *path_in(const char *dir, const char *name)
{
	return xprintf("%s/%s", dir, name);
}

static int add_file(struct sha256 *s, const char *dir, const char *name)
{
	char *path = path_in(dir, name), chunk[KIB(64)];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = fd < 0 ? -errno : 0;
	ssize_t n = 0;

	free(path);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		sha256_add(s, (struct str){ chunk, (size_t)n });
	if (fd >= 0)
		close(fd);
	return n < 0 ? -EIO : rc;
}

int snapshot_id(const char *dir, struct str commit, char id[65])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, STR("tutti snapshot 1\n"));
	sha256_add(&s, commit);
	sha256_add(&s, STR("\n"));
	int rc = add_file(&s, dir, "files");
	int more = rc ? rc : add_file(&s, dir, "change"); /* where there is one */

	sha256_end(&s, id);
	return rc || more == -ENOENT ? rc : more;
}

static void load_objects(struct snapshot *snap, const json_t *doc)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_get_array(doc, "objects"), i, one)
		if (i < OBJECT_DIRS_MAX)
			snap->objects[i] = xstrdup(json_string_value(one));
}

/* The list is what the id says, and what it lists has a place. */
static bool is_sound(const char *dir, const char *id, const json_t *doc)
{
	const json_t *repo = json_get_object(doc, "repo");
	char made[65], *tree = path_in(dir, "tree");
	struct stat st;
	bool ok = repo && json_get_object(doc, "signals") &&
		  snapshot_id(dir, json_get_str(repo, "commit"), made) == 0 &&
		  strcmp(made, id) == 0 && lstat(tree, &st) == 0 && S_ISDIR(st.st_mode);

	free(tree);
	return ok;
}

int snapshot_load(const char *dir, const char *id, struct snapshot **ret)
{
	struct arena *a = arena_create("snapshot", FACTS_MAX + MIB(1));
	struct str text;
	int rc = fs_read(a, fs_join(a, dir, "manifest.json"), FACTS_MAX, &text);
	json_t *doc = rc ? NULL : json_parse(text, NULL);
	struct snapshot *snap;

	arena_destroy(a);
	if (rc)
		return rc;
	if (!is_sound(dir, id, doc)) {
		json_decref(doc);
		return -EPROTO;
	}
	snap = xalloc(sizeof(*snap));
	memcpy(snap->id, id, sizeof(snap->id));
	snap->dir = xstrdup(dir);
	snap->tree = path_in(dir, "tree");
	load_objects(snap, doc);
	if (snap->objects[0])
		snap->git = path_in(dir, "git");
	snap->facts = json_incref(json_get_object(doc, "repo"));
	snap->signals = json_incref(json_get_object(doc, "signals"));
	snap->inventory = json_incref(json_get_array(doc, "inventory"));
	json_decref(doc);
	*ret = snap;
	return 0;
}

void snapshot_free(struct snapshot *snap)
{
	if (!snap)
		return;
	for (size_t i = 0; i < OBJECT_DIRS_MAX; i++)
		free(snap->objects[i]);
	free(snap->dir);
	free(snap->tree);
	free(snap->git);
	json_decref(snap->facts);
	json_decref(snap->signals);
	json_decref(snap->inventory);
	json_decref(snap->proof);
	free(snap);
}

void snapshot_binds(const struct snapshot *snap, bool in_place, struct arena *a,
    const struct fence_bind **ret, size_t *ret_n)
{
	struct fence_bind *v = arena_array(a, OBJECT_DIRS_MAX + 1, sizeof(*v));
	size_t n = 0;

	if (snap->git)
		v[n++] = (struct fence_bind){ snap->git, in_place ? snap->git : INSIDE_GIT, true };
	for (size_t i = 0; i < OBJECT_DIRS_MAX && snap->objects[i]; i++) {
		struct stat st;

		/* the repository may have gone since; history is then short of it, the tree is not
		 */
		if (stat(snap->objects[i], &st) == 0)
			v[n++] = (struct fence_bind){ snap->objects[i],
				in_place ? snap->objects[i] : arena_printf(a, INSIDE_OBJECTS, i),
				true };
	}
	*ret = v;
	*ret_n = n;
}

int snapshot_change(const struct snapshot *snap, struct arena *a, struct str *ret)
{
	int rc = fs_read(a, fs_join(a, snap->dir, "change"), CHANGE_FILE_BYTES, ret);

	if (rc != -ENOENT)
		return rc;
	*ret = (struct str){ "", 0 };
	return 0;
}

/* --- reading ------------------------------------------------------------------------------ */

static int open_beneath(const char *tree, struct str path)
{
	char name[PATH_BYTES_MAX];
	int root, fd;

	while (str_starts(path, STR("./")))
		path = str_skip(path, 2);
	if (!path.n || path.n >= sizeof(name) || memchr(path.p, 0, path.n))
		return -ENOENT;
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	root = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = fs_open_below(
	    root, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	close(root);
	return fd;
}

int snapshot_read(
    const struct snapshot *snap, struct arena *a, struct str path, size_t max, struct str *ret)
{
	int fd = open_beneath(snap->tree, path);

	if (fd < 0)
		return fd == -EISDIR || err_is_machines(fd) ? fd : -ENOENT;
	int rc = fs_read_fd(a, fd, max, ret);

	close(fd);
	return rc == -EINVAL ? -ENOENT : rc;
}
