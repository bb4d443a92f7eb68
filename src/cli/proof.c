#include "cli/proof.h"

#include "attest/attest.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

#define WORDS_SHOWN 2000 /* bytes of arguments, and of names */

struct paper {
	struct buf *b;
	const struct term *t;
	struct arena *a;
};

static void add(const struct paper *p, const char *name, const char *text)
{
	buf_adds(p->b, "  ");
	term_addf(p->b, p->t, STYLE_DIM, "%-13s", name);
	term_add(p->b, p->t, STYLE_PLAIN, str_from(text));
	buf_addc(p->b, '\n');
}

/* Digests are looked up elsewhere; here they are to be told apart. */
static const char *brief(const struct paper *p, const json_t *parent, const char *key)
{
	struct str sha = json_get_str(json_get_object(parent, key), "sha256");

	return sha.n ? arena_printf(p->a, "%.12s", arena_cstr(p->a, sha)) : "none";
}

static const char *words(const struct paper *p, const json_t *all)
{
	struct buf b;
	const json_t *one;
	size_t i;

	buf_init(&b, MIB(4));
	json_array_foreach (all, i, one) {
		buf_adds(&b, i ? " " : "");
		buf_add_shell(&b, (struct str){ json_string_value(one), json_string_length(one) });
	}
	const char *out = arena_printf(p->a, "%.*s%s", STR_ARG(str_take(buf_str(&b), WORDS_SHOWN)),
	    b.n > WORDS_SHOWN ? " …" : "");

	buf_fini(&b);
	return out;
}

/* "a 1, b 2": the members of an object that are numbers. */
static const char *numbers(const struct paper *p, json_t *object)
{
	const char *key, *out = "";
	json_t *value;

	json_object_foreach (object, key, value)
		if (json_is_integer(value))
			out = arena_printf(p->a, "%s%s%s %lld", out, *out ? ", " : "", key,
			    (long long)json_integer_value(value));
	return out;
}

/* --- parts of a record -------------------------------------------------------------------- */

static void add_agent(const struct paper *p, const json_t *record)
{
	const json_t *agent = json_get_object(record, "agent");
	const json_t *program = json_get_object(json_get_object(record, "fence"), "program");

	if (agent)
		add(p, "agent",
		    arena_printf(p->a, "%s %s, model %s, %s", json_get_cstr(agent, "name", ""),
			json_get_cstr(agent, "version", ""), json_get_cstr(agent, "model", ""),
			json_get_cstr(agent, "path", "")));
	add(p, "program",
	    arena_printf(p->a, "%s, %lld bytes, sha256 %s", json_get_cstr(program, "path", "?"),
		json_get_int(program, "bytes", 0), json_get_cstr(program, "sha256", "none")));
	add(p, "arguments", words(p, json_get_array(record, "argv")));
	add(p, "environment",
	    arena_printf(
		p->a, "%s  (names only)", words(p, json_get_array(record, "environment"))));
}

/* What an agent would obey of the repository, and cannot see. */
static void add_shadows(const struct paper *p, const json_t *fence)
{
	const json_t *one;
	const char *names = "";
	size_t i;

	json_array_foreach (json_get_array(fence, "shadows"), i, one)
		if (json_get_bool(one, "existed", false))
			names = arena_printf(p->a, "%s%s%s", names, *names ? " " : "",
			    json_get_cstr(one, "name", ""));
	if (*names)
		add(p, "covered", names);
}

static void add_cgroup(const struct paper *p, const json_t *cgroup)
{
	const char *limits = numbers(p, json_get_object(cgroup, "limits"));

	if (cgroup)
		add(p, "cgroup",
		    arena_printf(p->a, "%s, %s", json_get_cstr(cgroup, "kind", "?"),
			*limits ? limits : "without controllers"));
}

static void add_fence(const struct paper *p, const json_t *fence)
{
	const json_t *landlock = json_get_object(fence, "landlock");
	const json_t *canary = json_get_object(fence, "canary");
	const json_t *seccomp = json_get_object(fence, "seccomp");

	add(p, "fence",
	    arena_printf(p->a,
		"mode %s, kernel %s, Landlock ABI %lld, errata 0x%llx, rules %s, %lld filter "
		"instructions %s",
		json_get_cstr(fence, "mode", "?"), json_get_cstr(fence, "kernel", "?"),
		json_get_int(landlock, "abi", 0),
		(unsigned long long)json_get_int(landlock, "errata", 0),
		brief(p, fence, "landlock"), json_get_int(seccomp, "instructions", 0),
		brief(p, fence, "seccomp")));
	add(p, "canaries",
	    arena_printf(p->a, "%lld sent, mask 0x%llx, %lld µs", json_get_int(canary, "tried", 0),
		(unsigned long long)json_get_int(canary, "mask", -1),
		json_get_int(canary, "us", 0)));
	add(p, "mounts",
	    arena_printf(p->a, "%lld, %s",
		json_get_int(json_get_object(fence, "mounts"), "count", 0),
		brief(p, fence, "mounts")));
	add(p, "namespaces", numbers(p, json_get_object(fence, "namespaces")));
	add(p, "limits", numbers(p, json_get_object(fence, "limits")));
	add(p, "egress", json_get_cstr(fence, "egress", "none"));
	add_cgroup(p, json_get_object(fence, "cgroup"));
	add_shadows(p, fence);
}

static void add_process(const struct paper *p, const json_t *fence)
{
	const json_t *status = json_get_object(fence, "status"), *one;
	const char *fds = "";
	size_t i;

	json_array_foreach (json_get_array(fence, "descriptors"), i, one)
		fds = arena_printf(
		    p->a, "%s%s%lld", fds, i ? ", " : "", (long long)json_integer_value(one));
	add(p, "process",
	    arena_printf(p->a, "uid %s, gid %s, capabilities %s, no_new_privs %s, seccomp %s",
		json_get_cstr(status, "uid", "?"), json_get_cstr(status, "gid", "?"),
		json_get_cstr(status, "effective", "?"), json_get_cstr(status, "no_new_privs", "?"),
		json_get_cstr(status, "seccomp", "?")));
	add(p, "descriptors", fds);
}

static void add_look(const struct paper *p, const json_t *record, const char *key)
{
	const json_t *look = json_get_object(record, key);
	const char *what = json_get_cstr(look, "id", json_get_cstr(look, "root", ""));

	if (!look)
		return;
	if (json_get_str(look, "error").n)
		add(p, key, arena_printf(p->a, "%s: %s", what, json_get_cstr(look, "error", "")));
	else
		add(p, key,
		    arena_printf(p->a, "%s: %lld entries, %lld bytes, %s%s%s", what,
			json_get_int(look, "count", 0), json_get_int(look, "bytes", 0),
			brief(p, record, key), json_get_str(look, "head").n ? ", HEAD " : "",
			json_get_cstr(look, "head", "")));
}

static void add_end(const struct paper *p, const json_t *record)
{
	const json_t *gateway = json_get_object(record, "gateway");

	if (gateway)
		add(p, "gateway",
		    arena_printf(p->a, "%s: %lld requests, %lld bytes out, %lld in, %lld refused",
			json_get_cstr(gateway, "upstream", "?"),
			json_get_int(gateway, "requests", 0), json_get_int(gateway, "bytes_out", 0),
			json_get_int(gateway, "bytes_in", 0), json_get_int(gateway, "refused", 0)));
	if (json_get_str(record, "repository_changed").n)
		add(p, "repository",
		    arena_printf(
			p->a, "was changed %s", json_get_cstr(record, "repository_changed", "")));
	add(p, "end",
	    arena_printf(p->a, "%s, %s %lld, %s", json_get_cstr(record, "ending", "?"),
		json_object_get(record, "signal") ? "signal" : "exit status",
		json_get_int(record, "signal", json_get_int(record, "exit", -1)),
		json_get_bool(record, "namespace_empty", false) ? "namespace empty"
								: "namespace not seen empty"));
	if (json_get_object(record, "cgroup"))
		add(p, "cgroup",
		    json_get_int(json_get_object(record, "cgroup"), "populated", 1) ? "not empty"
										    : "empty");
}

/* --- records ------------------------------------------------------------------------------ */

static void add_record(const struct paper *p, const json_t *event)
{
	const json_t *record = json_get_object(event, "data");
	enum attest_part part = attest_part(record);
	char iso[32];

	if (part == ATTEST_NEITHER)
		return;
	buf_addc(p->b, '\n');
	term_addf(p->b, p->t, STYLE_BOLD, "%s", json_get_cstr(record, "step", "?"));
	term_addf(p->b, p->t, STYLE_DIM, "  %s, try %lld%s, %.19sZ",
	    json_get_cstr(record, "part", ""), json_get_int(record, "epoch", 0),
	    json_get_int(record, "round", 0) ? ", asked again" : "",
	    clock_iso(json_get_int(event, "at", 0), iso, sizeof(iso)));
	buf_addc(p->b, '\n');
	if (part == ATTEST_START)
		add_agent(p, record);
	if (json_get_object(record, "fence")) {
		add_fence(p, json_get_object(record, "fence"));
		add_process(p, json_get_object(record, "fence"));
	}
	add_look(p, record, "snapshot");
	add_look(p, record, "before");
	add_look(p, record, "repository");
	if (part == ATTEST_END)
		add_end(p, record);
}

void proof_add(struct buf *b, const struct term *t, struct arena *a, struct str file)
{
	const struct paper p = { b, t, a };

	while (file.p && file.n) {
		json_t *event = json_parse(str_line(&file), NULL);

		if (str_is(json_get_str(event, "type"), ATTEST_RECORD))
			add_record(&p, event);
		json_decref(event);
	}
}
