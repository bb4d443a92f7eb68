#include "workspace/priv.h"

#include "sys/fs.h"

#include <dirent.h>
#include <stdlib.h>

/* What a process that died left half-made. */
static void sweep(const char *root)
{
	DIR *d = fs_dir(root);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[PATH_BYTES_MAX + 300];

		if (strncmp(e->d_name, ".new-", 5) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
		fs_remove_tree(path);
	}
	if (d)
		closedir(d);
}

int workspace_create(const char *root, const char *self, struct sandbox *sb, void *loop,
    struct workspace **ret, struct err *err)
{
	struct workspace *ws;
	int rc = fs_mkdirs(root, 0711);

	if (rc)
		return err_set(err, rc, "cannot make %.200s: %s", root, err_name(rc));
	sweep(root);
	ws = xalloc(sizeof(*ws));
	ws->root = xstrdup(root);
	ws->self = xstrdup(self);
	ws->sandbox = sb;
	ws->loop = loop;
	list_init(&ws->freezes);
	*ret = ws;
	return 0;
}

void workspace_destroy(struct workspace *ws)
{
	if (!ws)
		return;
	free(ws->root);
	free(ws->self);
	free(ws);
}

static bool is_id(const char *id)
{
	return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

int snapshot_open(const char *root, const char *id, struct snapshot **ret, struct err *err)
{
	int rc = -ENOENT;

	if (is_id(id)) {
		char *dir = xprintf("%s/%s", root, id);

		rc = snapshot_load(dir, id, ret);
		free(dir);
	}
	if (rc) {
		err_set(err, rc, "the snapshot %.12s cannot be read", id);
		err_why(err, "%s",
		    rc == -ENOENT   ? "it is gone"
		    : rc == -EPROTO ? "it is not what was made: something changed it since"
				    : err_name(rc));
		err_fix(err, "start the run anew: tutti runs show RUN prints its command");
	}
	return rc;
}

int workspace_open(struct workspace *ws, const char *id, struct snapshot **ret, struct err *err)
{
	return snapshot_open(ws->root, id, ret, err);
}
