/* Accepting a repository's own flows, once somebody has seen what they are. */
#include "cli/cmd_trust.h"

#include "api/accept.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "cli/paths.h"
#include "cli/trusttext.h"
#include "flow/errors.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct trusting {
	struct arena *a;
	const struct globals *g;
	bool yes, hidden; /* hidden: one could not be shown */
	struct definitions d;
	const struct own_flow *chosen[OWN_FILES_MAX];
	bool accepted[OWN_FILES_MAX];
	size_t n;
};

/* --- which -------------------------------------------------------------------------------- */

static bool is_file_of(const struct own_flow *f, const char *name)
{
	char *real =
	    strchr(name, '/') || str_ends(str_from(name), STR(".yaml")) ? fs_real(name) : NULL;
	bool same = real && strcmp(real, f->file) == 0;

	free(real);
	return same;
}

static int no_such(const struct definitions *d, const char *name, struct err *err)
{
	if (name)
		err_set(err, -ENOENT, "the repository has no flow '%s' of its own", name);
	else
		err_set(err, -ENOENT, "the repository has no flows of its own");
	if (d->own.refused)
		err_why(err, "%s: nothing of it was read", d->own.refused);
	else
		err_why(err, "they are looked for in %s/.tutti/flows",
		    d->repo ? d->repo : "a repository, and there is none: DIR");
	err_fix(err, name ? "tutti flows list" : "name another repository: --repo DIR");
	return -ENOENT;
}

static int choose_one(struct trusting *t, const char *name, struct err *err)
{
	for (size_t i = 0; i < t->d.n_flows; i++) {
		const struct own_flow *f = &t->d.flows[i];

		if (!str_is(f->name, name) && !is_file_of(f, name))
			continue;
		for (size_t k = 0; k < t->n; k++)
			if (t->chosen[k] == f)
				return 0;
		t->chosen[t->n++] = f;
		return 0;
	}
	return no_such(&t->d, name, err);
}

static int choose(struct trusting *t, const char *const *names, size_t n, struct err *err)
{
	int rc = 0;

	if (!t->d.n_flows)
		return no_such(&t->d, n ? names[0] : NULL, err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = choose_one(t, names[i], err);
	for (size_t i = 0; !n && i < t->d.n_flows; i++)
		t->chosen[t->n++] = &t->d.flows[i];
	return rc;
}

/* --- asking ------------------------------------------------------------------------------- */

static bool can_ask(const struct globals *g)
{
	return !g->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Only y or yes is one. The rest of the line is read, too, and belongs to no later question. */
static bool ask(const struct own_flow *f)
{
	char line[16] = "";
	size_t n = 0;
	char c;

	dprintf(STDERR_FILENO, "Trust '%.*s' in this repository? [y/N] ", STR_ARG(f->name));
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		if (n < sizeof(line) - 1)
			line[n++] = c;
	return str_eq_nocase(str_trim(str_from(line)), STR("y")) ||
	       str_eq_nocase(str_trim(str_from(line)), STR("yes"));
}

/* -E2BIG: it is more than can be shown, and then nobody can have read it. */
static int show(const struct trusting *t, const struct own_flow *f)
{
	json_t *doc = trusttext_json(unconst(&t->d), f, false);
	struct term term;
	struct buf b;

	term_init(&term, STDOUT_FILENO, t->g->color);
	buf_init(&b, MIB(256));
	trusttext_add(&b, &term, doc);
	buf_addc(&b, '\n');
	int rc = buf_status(&b);

	if (!rc)
		rc = term_write(STDOUT_FILENO, buf_str(&b));
	buf_fini(&b);
	json_decref(doc);
	return rc;
}

/* --- remembering -------------------------------------------------------------------------- */

static int put_all(void *ctx, struct acceptances *all, struct err *err)
{
	struct trusting *t = ctx;
	int rc = 0;

	for (size_t i = 0; i < t->n && !rc; i++)
		if (t->accepted[i] && !t->chosen[i]->trusted)
			rc = acceptances_put(t->a, all, &t->chosen[i]->now, err);
	if (rc == -E2BIG)
		err_fix(err, "take some back: tutti flows untrust --all --repo DIR");
	return rc;
}

static bool is_news(const struct trusting *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->accepted[i] && !t->chosen[i]->trusted)
			return true;
	return false;
}

/* --- saying ------------------------------------------------------------------------------- */

static int refuse(const struct trusting *t, const struct own_flow *f, struct err *err)
{
	if (f->errors) {
		err_set(err, -EINVAL, "flow '%.*s' has errors", STR_ARG(f->name));
		err_why(err, "%s:%u:%u: %s", f->file, f->errors->v[0].at.line,
		    f->errors->v[0].at.column, f->errors->v[0].message);
		flow_error_fix(err, f->file);
		return EXIT_INVALID;
	}
	err_set(err, -EACCES, "flow '%.*s' is not trusted", STR_ARG(f->name));
	if (t->hidden) {
		err_why(err, "it could not be shown");
	} else if (can_ask(t->g)) {
		err_why(err, "you did not say yes");
	} else {
		err_why(err, "this is no terminal, so nobody could be asked");
		err_fix(err, "read what is above, then: tutti flows trust %.*s --yes",
		    STR_ARG(f->name));
		err_more(err, "trust");
	}
	return EXIT_NOT_READY;
}

/* The first of them that is not trusted decides. */
static int outcome(const struct trusting *t, struct err *err)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->accepted[i])
			return refuse(t, t->chosen[i], err);
	return EXIT_DONE;
}

static int tell_json(struct trusting *t, int code)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(all, trusttext_json(&t->d, t->chosen[i], t->accepted[i]));
	return cli_print_json(json_pack("{s:o, s:{s:i, s:s}}", "flows", all, "exit", "code", code,
				  "name", exit_name(code)),
	    code);
}

static int tell(struct trusting *t)
{
	struct err err = { 0 };
	int code = outcome(t, &err);

	if (t->g->json)
		return tell_json(t, code);
	for (size_t i = 0; i < t->n; i++)
		if (t->accepted[i])
			(void)cli_print(str_from(arena_printf(t->a, "'%.*s' is trusted%s\n",
					    STR_ARG(t->chosen[i]->name),
					    t->chosen[i]->trusted ? " already" : "")),
			    EXIT_DONE);
	return code ? cli_fail(t->g, &err, code) : code;
}

/* --- the commands ------------------------------------------------------------------------- */

static int trust(struct trusting *t)
{
	struct err err = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		const struct own_flow *f = t->chosen[i];

		t->accepted[i] = f->trusted;
		if (f->trusted)
			continue;
		bool shown = t->g->json || show(t, f) == 0;

		t->hidden |= !shown;
		if (shown && !f->errors)
			t->accepted[i] = t->yes || (can_ask(t->g) && ask(f));
	}
	if (is_news(t) && accept_change(t->a, paths_config(t->a), put_all, t, &err) < 0)
		return cli_fail(t->g, &err, EXIT_NOT_READY);
	return tell(t);
}

int trust_flows(
    struct arena *a, const struct globals *g, bool yes, const char *const *names, size_t n)
{
	struct trusting *t = arena_new(a, struct trusting);
	struct globals careful = *g;
	struct err err = { 0 };
	int code;

	*t = (struct trusting){ .a = a, .g = g, .yes = yes };
	careful.trust_repo = false; /* what is asked here is answered by nothing else */
	if (cli_definitions(&t->d, a, &careful, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	definitions_read(&t->d);
	code = choose(t, names, n, &err) < 0 ? cli_fail(g, &err, EXIT_NOT_FOUND) : trust(t);
	definitions_close(&t->d);
	return code;
}

/* --- taking it back ----------------------------------------------------------------------- */

struct dropping {
	struct str repo;
	bool all;
	const char *const *names;
	size_t n, dropped;
};

static int drop(void *ctx, struct acceptances *all, struct err *err)
{
	struct dropping *d = ctx;

	if (d->all)
		d->dropped = acceptances_drop(all, d->repo, STR(""));
	for (size_t i = 0; i < d->n; i++) {
		size_t n =
		    d->names[i][0] ? acceptances_drop(all, d->repo, str_from(d->names[i])) : 0;

		d->dropped += n;
		if (!n && !d->all) {
			err_set(err, -ENOENT, "flow '%s' is not trusted in this repository",
			    d->names[i]);
			err_fix(err, "tutti flows list");
			return -ENOENT;
		}
	}
	return 0;
}

int untrust_flows(
    struct arena *a, const struct globals *g, bool all, const char *const *names, size_t n)
{
	struct dropping d = { .all = all, .names = names, .n = n };
	struct err err = { 0 };
	char *repo = NULL;
	int rc = paths_repo(a, g->repo, &repo, &err);

	if (rc && g->repo && g->repo[0] == '/') { /* also when it is gone, as it was called */
		repo = arena_cstr(a, str_from(g->repo));
		rc = 0;
	}
	d.repo = str_from(repo);
	if (!rc)
		rc = accept_change(a, paths_config(a), drop, &d, &err);
	if (rc)
		return cli_fail(g, &err, rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_READY);
	if (g->json)
		return cli_print_json(json_pack("{s:o, s:I}", "repository", json_text(d.repo),
					  "untrusted", (json_int_t)d.dropped),
		    EXIT_DONE);
	return cli_print(
	    str_from(arena_printf(a, "%zu flow%s of this repository no longer trusted\n", d.dropped,
		d.dropped == 1 ? "" : "s")),
	    EXIT_DONE);
}
