#include "cli/html.h"

#include "base/limits.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

static int read_frozen(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	return snapshot_read(ctx, a, path, SOURCE_FILE_MAX, ret);
}

int html_report(struct store *s, struct arena *a, const char *data, int64_t key,
    struct str snapshot, struct str *ret, struct err *err)
{
	struct snapshot *snap = NULL;
	struct err gone = { 0 };
	int rc = -ENOENT;

	if (snapshot.n)
		rc = snapshot_open(
		    fs_join(a, data, "snapshots"), arena_cstr(a, snapshot), &snap, &gone);
	rc = engine_report_html(s, a, key, rc ? NULL : read_frozen, snap, ret, err);
	snapshot_free(snap);
	return rc;
}

bool html_named(const char *file)
{
	struct str name = str_from(file);

	return str_ends(name, STR(".html")) || str_ends(name, STR(".htm"));
}
