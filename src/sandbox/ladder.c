/*
 * The ladder: which mode this machine holds, A, B, C or D. The launcher finds out by making a child
 * in each of them from the top, as it makes every other, and letting the canary and the proof
 * speak; versions decide nothing. Then the mode stands: it is not lowered when a launch fails.
 */
#include "sandbox/priv.h"

#include "base/json.h"

static const char *const mode_names[FENCE_MODES] = {
	[FENCE_NONE] = "D",
	[FENCE_C] = "C",
	[FENCE_B] = "B",
	[FENCE_A] = "A",
};

const char *fence_mode_name(enum fence_mode mode)
{
	return (unsigned)mode < FENCE_MODES ? mode_names[mode] : "?";
}

enum fence_mode fence_mode_below(enum fence_mode mode)
{
	return mode > FENCE_NONE ? (enum fence_mode)(mode - 1) : FENCE_NONE;
}

struct fence_spec fence_trial_spec(const char *scratch)
{
	static const char *const argv[] = { "/bin/sh", "-c", ":", NULL }, *const env[] = { NULL };
	static struct fence_place place;

	place = (struct fence_place){ .in_place = scratch != NULL, .scratch = scratch };
	return (struct fence_spec){ .purpose = FENCE_AGENT,
		.place = scratch ? &place : NULL,
		.argv = argv,
		.env = env,
		.port = 1,
		.in = -1,
		.out = -1,
		.err = -1 };
}

/* --- in words ---------------------------------------------------------------------------- */

/* Which wall each stage of the making stands for. */
static const struct wall {
	const char *name;
	enum fence_stage last;
} walls[] = {
	{ "user, mount, PID, network, IPC, UTS and cgroup namespaces", STAGE_CLONE },
	{ "an unprivileged user", STAGE_IDENTITY },
	{ "a root directory with only what is listed", STAGE_SCRATCH },
	{ "a network with one listener", STAGE_NETWORK },
	{ "no capabilities", STAGE_DROP },
	{ "Landlock", STAGE_LANDLOCK },
	{ "seccomp", STAGE_SECCOMP },
	{ "canary: eleven forbidden things fail", STAGE_CANARY },
	{ "proof: the kernel confirms the walls", STAGE_PROOF },
};

static json_t *describe_walls(const struct fence_host *host)
{
	const struct fence_fault *f = &host->why[FENCE_A];
	enum fence_stage failed = host->mode == FENCE_A ? FENCE_STAGES : f->stage;
	enum fence_stage before = STAGE_NONE;
	json_t *list = json_array();
	struct err err = { 0 };

	fence_explain(f, &err);
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		const char *detail = failed > walls[i].last ? ""
				     : failed > before	    ? err.why
							    : "not reached";

		json_array_append_new(
		    list, json_pack("{s:s, s:b, s:o}", "name", walls[i].name, "ok",
			      failed > walls[i].last, "detail", json_cstr(detail)));
		before = walls[i].last;
	}
	return list;
}

static void add_fix(json_t *list, const char *text)
{
	struct str rest = str_from(text);

	while (rest.p) {
		struct str line = str_line(&rest);
		bool known = line.n == 0;

		for (size_t i = 0; i < json_array_size(list) && !known; i++)
			known = str_is(line, json_string_value(json_array_get(list, i)));
		if (!known)
			json_array_append_new(list, json_text(line));
	}
}

/* Every mode that was tried; what the better ones lack can be mended. */
static void describe_modes(const struct fence_host *host, json_t *modes, json_t *fix)
{
	for (enum fence_mode m = FENCE_A; m > FENCE_NONE; m = fence_mode_below(m)) {
		bool ok = m == host->mode;
		struct err err = { 0 };

		if (!ok)
			fence_explain(&host->why[m], &err);
		json_array_append_new(
		    modes, json_pack("{s:s, s:b, s:o}", "mode", fence_mode_name(m), "ok", ok, "why",
			       json_cstr(err.why)));
		if (ok)
			return;
		add_fix(fix, err.fix);
	}
}

json_t *fence_ladder_describe(const struct fence_host *host)
{
	json_t *modes = json_array(), *fix = json_array();

	describe_modes(host, modes, fix);
	return json_pack("{s:s, s:s, s:i, s:b, s:o, s:o, s:o}", "mode", fence_mode_name(host->mode),
	    "kernel", host->release, "landlock_abi", host->landlock_abi, "root", host->root,
	    "modes", modes, "probes", describe_walls(host), "fix", fix);
}
