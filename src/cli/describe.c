#include "cli/describe.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/errors.h"
#include "sys/fs.h"
#include "sys/trust.h"

#include <stdlib.h>

const struct adapter_ops *describe_load(struct arena *a, const char *name, const char *file,
    struct place at, struct flow_errors *errors)
{
	struct err err = { 0 };
	struct str text;
	int rc = trust_file("the description", file, &err);

	if (!rc) {
		rc = fs_read(a, file, DESCRIPTION_MAX, &text);
		if (rc)
			err_set(&err, rc, "cannot read %s: %s", file, err_name(rc));
	}
	if (rc) {
		flow_error_add(errors, at, "%s", err.what);
		return NULL;
	}
	const struct described *d = described_read(a, name, file, text, errors);

	return d ? &d->ops : NULL;
}

/* --- verdicts -------------------------------------------------------------------------------- */

static const char *verdict_file(struct arena *a, const char *data, const char *agent)
{
	return fs_join(a, fs_join(a, data, "agents"), arena_printf(a, "%s.json", agent));
}

static bool is_about(const json_t *verdict, const struct program *p)
{
	return strcmp(json_get_cstr(verdict, "program", ""), p->sha256) == 0 &&
	       strcmp(json_get_cstr(verdict, "description", ""), p->ops->described->digest) == 0 &&
	       strcmp(json_get_cstr(verdict, "tutti", ""), TUTTI_VERSION) == 0;
}

static void admit(struct arena *a, const char *data, struct program *p)
{
	struct str text;
	json_t *verdict = NULL;

	if (!data) {
		p->status = 0;
		err_clear(&p->err);
		return;
	}
	if (fs_read(a, verdict_file(a, data, p->ops->name), KIB(64), &text) == 0)
		verdict = json_parse(text, NULL);
	if (verdict && !is_about(verdict, p)) {
		err_why(
		    &p->err, "the program, its description or tutti is another than was checked");
	} else if (json_get_bool(verdict, "passed", false)) {
		p->status = 0;
		err_clear(&p->err);
	} else if (verdict) {
		p->status =
		    err_set(&p->err, -EACCES, "agent \"%s\" did not pass its check", p->ops->name);
		err_why(&p->err, "%s", json_get_cstr(verdict, "why", ""));
		err_fix(&p->err, "tutti agents check %s", p->ops->name);
	}
	json_decref(verdict);
}

void describe_admit(struct arena *a, const char *data, struct programs *programs)
{
	for (size_t i = 0; i < programs->n; i++) {
		struct program *p = &programs->v[i];

		if (p->ops->described && p->status == -EACCES && p->sha256)
			admit(a, data, p);
	}
}

int describe_judge(
    struct arena *a, const char *data, const struct program *p, const char *why, struct err *err)
{
	json_t *doc = json_pack("{s:s, s:s, s:s, s:b, s:s}", "program", p->sha256, "description",
	    p->ops->described->digest, "tutti", TUTTI_VERSION, "passed", why == NULL, "why",
	    why ? why : "");
	char *text = json_dump(doc);
	int rc = fs_mkdirs(fs_join(a, data, "agents"), 0700);

	if (rc)
		err_set(err, rc, "cannot make %s/agents: %s", data, err_name(rc));
	else
		rc = fs_write(verdict_file(a, data, p->ops->name), str_from(text), 0600, err);
	free(text);
	json_decref(doc);
	return rc;
}
