#include "cli/export.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/ci.h"
#include "sys/fs.h"

#include <stdlib.h>

struct judged {
	struct report_doc doc;
	struct gate gate;
	struct export_facts facts;
	bool asked; /* for a gate */
};

/* --- judging ------------------------------------------------------------------------------- */

/* A run that came to nothing passes no gate; without one, its exit code says what it came to. */
static int judge(const struct export_job *job, struct judged *j, struct err *err)
{
	int code = gate_report_of(job->store, job->a, job->key, &j->doc, err);

	if (!code)
		code = gate_open(
		    job->a, job->globals, job->fail_on, job->baseline, job->strict, &j->gate, err);
	if (code)
		return code;
	j->asked = job->fail_on || job->baseline || job->strict;
	j->facts = (struct export_facts){ .doc = &j->doc,
		.baseline = gate_compare(job->a, &j->gate, &j->doc),
		.fail_on = j->gate.fail_on };
	j->facts.exit_code =
	    j->doc.completed ? gate_code(&j->gate, &j->doc, j->facts.baseline) : EXIT_RUN_FAILED;
	j->facts.exit_name = exit_name(j->facts.exit_code);
	return 0;
}

int export_gate(const struct export_job *job, int *ret, struct err *err)
{
	struct judged j = { 0 };
	int code;

	*ret = EXIT_DONE;
	if (!job->fail_on && !job->baseline && !job->strict)
		return 0;
	code = judge(job, &j, err);
	if (!code)
		*ret = j.facts.exit_code;
	return code;
}

/* --- forms --------------------------------------------------------------------------------- */

static struct str sarif(struct arena *a, const struct export_facts *x)
{
	json_t *doc = export_sarif(a, x);
	struct buf b;
	char *text = json_dump(doc);

	buf_init(&b, 2 * REPORT_MAX + MIB(256));
	buf_add_json_text(&b, str_from(text));
	buf_addc(&b, '\n');
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	free(text);
	json_decref(doc);
	return out;
}

static const struct {
	const char *name;
	struct str (*fn)(struct arena *a, const struct export_facts *x);
} forms[] = {
	{ "sarif", sarif },
	{ "junit", export_junit },
	{ "github", github_summary },
};

bool export_is_page(const char *file)
{
	struct str name = str_from(file);

	return str_ends(name, STR(".html")) || str_ends(name, STR(".htm"));
}

bool export_is_form(const char *as)
{
	for (size_t i = 0; as && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(as, forms[i].name) == 0)
			return true;
	return false;
}

struct str export_text(struct arena *a, const char *as, const struct export_facts *x)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(as, forms[i].name) == 0)
			return forms[i].fn(a, x);
	return (struct str){ "", 0 };
}

int export_write(const struct globals *g, const char *output, struct str text, int code)
{
	struct err err = { 0 };

	if (!output || strcmp(output, "-") == 0)
		return cli_print(text, code);
	if (fs_write(output, text, 0644, &err) < 0)
		return cli_fail(g, &err, EXIT_RUN_FAILED);
	return code;
}

int export_run(const struct export_job *job)
{
	struct judged j = { 0 };
	struct err err = { 0 };
	int code = judge(job, &j, &err);

	if (code)
		return cli_fail(job->globals, &err, code);
	code = j.asked ? j.facts.exit_code : EXIT_DONE;
	/* for GitHub it goes where a summary belongs, and is printed where there is no such place
	 */
	if (strcmp(job->as, "github") == 0 && ci_tell(job->a, &j.facts) && !job->output)
		return code;
	return export_write(
	    job->globals, job->output, export_text(job->a, job->as, &j.facts), code);
}
