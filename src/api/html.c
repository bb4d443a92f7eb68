#include "api/html.h"

#include "base/limits.h"
#include "engine/engine.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

static int read_frozen(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	return snapshot_read(ctx, a, path, SOURCE_FILE_MAX, ret);
}

struct str html_make(
    struct arena *a, struct engine_facts *facts, const char *data, struct str snapshot)
{
	struct snapshot *snap = NULL;
	struct err gone = { 0 };
	int rc = -ENOENT;

	if (snapshot.n)
		rc = snapshot_open(
		    fs_join(a, data, "snapshots"), arena_cstr(a, snapshot), &snap, &gone);
	struct str html = engine_facts_html(facts, a, rc ? NULL : read_frozen, snap);

	snapshot_free(snap);
	return html;
}

int html_report(struct store *s, struct arena *a, const char *data, int64_t key,
    struct str snapshot, struct str *ret, struct err *err)
{
	struct engine_facts *facts = NULL;
	int rc = engine_facts_read(s, key, &facts, err);

	if (!rc)
		*ret = html_make(a, facts, data, snapshot);
	engine_facts_free(facts);
	return rc;
}

struct str html_body(struct str html)
{
	ptrdiff_t from = str_find(html, STR("<body>")), to = str_find(html, STR("</body>"));

	if (from < 0 || to < from)
		return html;
	return (struct str){ html.p + from + 6, (size_t)(to - from - 6) };
}
