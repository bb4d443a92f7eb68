#include "cli/gate.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/house.h"
#include "cli/paths.h"
#include "sys/fs.h"

/* --- reports by name ----------------------------------------------------------------------- */

static bool is_file(const char *name)
{
	struct str s = str_from(name);

	return str_chr(s, '/') >= 0 || str_ends(s, STR(".json")) || str_ends(s, STR(".sarif"));
}

static int read_file(struct arena *a, const char *path, struct report_doc *ret, struct err *err)
{
	struct str text;
	int rc = fs_read(a, path, REPORT_FILE_MAX, &text);

	if (rc) {
		err_set(err, rc, "cannot read %.200s", path);
		err_why(err, "%s", err_name(rc));
		err_fix(err, "tutti runs export RUN --as json --output FILE");
		return rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_READY;
	}
	struct err why = { 0 };

	if (doc_read(a, text, ret, &why) == 0)
		return 0;
	err_set(err, -EINVAL, "%.200s cannot be compared with", path);
	err_why(err, "%s", why.what);
	err_fix(err, "tutti runs export RUN --as json --output FILE");
	return EXIT_INVALID;
}

int gate_report_of(
    struct store *s, struct arena *a, int64_t key, struct report_doc *ret, struct err *err)
{
	struct str text;
	int rc = engine_report_text(s, a, key, true, &text, err);

	if (!rc)
		rc = doc_read(a, text, ret, err);
	return rc ? EXIT_RUN_FAILED : 0;
}

int gate_report(struct arena *a, const struct globals *g, const char *name, struct report_doc *ret,
    struct err *err)
{
	struct err ignored;
	struct store *s;
	char *repo = NULL;
	int64_t key;

	if (is_file(name))
		return read_file(a, name, ret, err);
	int code = house_read(a, g, &s, err);

	if (code)
		return code;
	if (strncmp(name, "last", 4) == 0 && paths_repo(a, g->repo, &repo, &ignored) < 0)
		repo = NULL;
	int rc = engine_resolve(s, str_from(name), str_from(repo), &key, err);

	code = rc ? cli_code(rc) : gate_report_of(s, a, key, ret, err);
	s->ops->close(s);
	return code;
}

/* --- the gate ------------------------------------------------------------------------------ */

int gate_open(struct arena *a, const struct globals *g, const char *fail_on, const char *baseline,
    bool strict, struct gate *ret, struct err *err)
{
	struct report_doc *doc;

	*ret = (struct gate){ .strict = strict };
	if (fail_on)
		ret->fail_on = (enum severity)severity_parse(str_from(fail_on));
	if (!baseline)
		return 0;
	doc = arena_new(a, struct report_doc);
	ret->baseline = doc;
	return gate_report(a, g, baseline, doc, err);
}

const struct comparison *gate_compare(
    struct arena *a, const struct gate *gate, const struct report_doc *doc)
{
	struct comparison *c;

	if (!gate->baseline)
		return NULL;
	c = arena_new(a, struct comparison);
	evidence_compare(a, gate->baseline->findings, gate->baseline->n_findings, doc->findings,
	    doc->n_findings, c);
	return c;
}

static bool trips(const struct gate *gate, const struct report_doc *doc, const struct comparison *c)
{
	if (gate->fail_on == SEVERITY_NONE)
		return false;
	for (size_t i = 0; !c && i < doc->n_findings; i++)
		if (finding_stands(doc->findings[i]) && doc->findings[i]->severity >= gate->fail_on)
			return true;
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].change == CHANGE_NEW && c->v[i].now->severity >= gate->fail_on)
			return true;
	return false;
}

int gate_code(
    const struct gate *gate, const struct report_doc *doc, const struct comparison *baseline)
{
	if (trips(gate, doc, baseline))
		return EXIT_GATE;
	return gate->strict && doc->missing.n ? EXIT_PARTIAL : EXIT_DONE;
}

json_t *gate_json(const struct gate *gate, const struct comparison *c)
{
	return json_pack("{s:o, s:i, s:i, s:i, s:i}", "run", json_text(gate->baseline->id), "new",
	    (int)c->of[CHANGE_NEW], "gone", (int)c->of[CHANGE_GONE], "changed",
	    (int)c->of[CHANGE_CHANGED], "same", (int)c->of[CHANGE_SAME]);
}
