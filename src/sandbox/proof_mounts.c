/*
 * The part of the proof that is about what a child sees: every mount belongs and is as its place
 * demands, and what of the repository is to be hidden is hidden.
 */
#include "sandbox/priv.h"

#include "base/json.h"

#include <stdio.h>
#include <sys/stat.h>

struct mount {
	struct str root, at, options, type;
};

/* "36 35 98:0 /root /at options [optional…] - type source super". */
static bool parse_mount(struct str line, struct mount *ret)
{
	struct str field[6];

	for (size_t i = 0; i < 6; i++) {
		if (!line.p)
			return false;
		field[i] = str_split(&line, ' ');
	}
	while (line.p && !str_is(str_split(&line, ' '), "-"))
		continue;
	if (!line.p)
		return false;
	*ret = (struct mount){ field[3], field[4], field[5], str_split(&line, ' ') };
	return true;
}

static bool has_option(struct str options, const char *name)
{
	while (options.p)
		if (str_is(str_split(&options, ','), name))
			return true;
	return false;
}

/* mountinfo writes blank, tab, newline and backslash as \ooo. */
static struct str unescape(struct str s, char *buf)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 3 < s.n) {
			buf[n++] = (char)((s.p[i + 1] - '0') * 64 + (s.p[i + 2] - '0') * 8 +
					  (s.p[i + 3] - '0'));
			i += 3;
		} else {
			buf[n++] = s.p[i];
		}
	}
	return (struct str){ buf, n };
}

static bool is_at_or_below(struct str path, const char *top)
{
	size_t n = strlen(top);

	return str_starts(path, str_from(top)) && (path.n == n || path.p[n] == '/');
}

/* What the place of a mount demands of it. */
struct demand {
	bool known, writable, device, executable;
};

static struct demand demand_at(struct str at, const struct fence_spec *spec)
{
	if (str_is(at, "/") || str_is(at, "/proc") || is_at_or_below(at, "/repo"))
		return (struct demand){ .known = true };
	/* the second is Landlock's alone to guard */
	if (str_is(at, "/scratch") || str_is(at, FENCE_BAIT_INSIDE))
		return (struct demand){ .known = true, .writable = true, .executable = true };
	if (spec->writable && is_at_or_below(at, "/out"))
		return (struct demand){ .known = true, .writable = true };
	for (size_t i = 0; i < fence_n_masks; i++)
		if (str_is(at, fence_masks[i]))
			return (struct demand){ .known = true };
	for (size_t i = 0; i < fence_n_trees; i++)
		if (is_at_or_below(at, fence_trees[i].path))
			return (struct demand){ .known = true,
				.device = fence_trees[i].device,
				.executable = !fence_trees[i].device };
	for (size_t i = 0; i < spec->n_binds; i++)
		if (is_at_or_below(at, spec->binds[i].inside))
			return (struct demand){ .known = true, .executable = !spec->binds[i].data };
	return (struct demand){ .known = false };
}

static bool is_as_demanded(const struct mount *m, const struct fence_spec *spec)
{
	char path[PATH_BYTES_MAX];

	if (m->at.n >= sizeof(path))
		return false;
	struct demand d = demand_at(unescape(m->at, path), spec);

	return d.known && has_option(m->options, "nosuid") &&
	       (d.writable || has_option(m->options, "ro")) &&
	       (d.executable || has_option(m->options, "noexec")) &&
	       (d.device || has_option(m->options, "nodev"));
}

/* Nothing is mounted that does not belong, and what is, is as it must be. */
static int walk_mounts(
    struct str text, const struct fence_spec *spec, json_t *object, struct fence_fault *f)
{
	char detail[FENCE_DETAIL], hex[SHA256_HEX];
	unsigned count = 0, roots = 0;
	struct sha256 sha;

	sha256_begin(&sha);
	for (struct str line; text.p; count++) {
		struct mount m;

		line = str_line(&text);
		if (line.n == 0)
			break;
		if (!parse_mount(line, &m))
			return fence_doubt(f, "mountinfo");
		roots += str_is(m.at, "/");
		if (roots > 1 || !is_as_demanded(&m, spec)) {
			snprintf(
			    detail, sizeof(detail), "mount %.*s", STR_ARG(str_take(m.at, 150)));
			return fence_doubt(f, detail);
		}
		const struct str digested[] = { m.at, m.root, m.type, m.options };

		for (size_t i = 0; i < sizeof(digested) / sizeof(digested[0]); i++) {
			sha256_add(&sha, digested[i]);
			sha256_add(&sha, STR("\n"));
		}
	}
	sha256_end(&sha, hex);
	json_object_set_new(object, "count", json_integer(count));
	json_object_set_new(object, "sha256", json_string(hex));
	return roots == 1 ? 0 : fence_doubt(f, "mount /");
}

/* --- shadows ----------------------------------------------------------------------------- */

/* Whether something is mounted at /repo/NAME or above it, but not only at /repo. */
static bool is_covered(struct str mounts, const char *name)
{
	char want[PATH_BYTES_MAX], path[PATH_BYTES_MAX];

	snprintf(want, sizeof(want), "/repo/%s", name);
	for (struct str line; mounts.p;) {
		struct mount m;

		line = str_line(&mounts);
		if (!parse_mount(line, &m) || m.at.n >= sizeof(path))
			continue;
		struct str at = unescape(m.at, path);

		if (at.n > strlen("/repo/") && at.n < sizeof(path)) {
			path[at.n] = '\0';
			if (is_at_or_below(str_from(want), path))
				return true;
		}
	}
	return false;
}

int fence_proof_shadows(
    const struct fence_seen *seen, struct str mounts, json_t *out, struct fence_fault *f)
{
	const struct fence_spec *spec = &seen->plan->spec;
	bool in_place = seen->plan->mode == FENCE_C;
	json_t *list = json_array();

	json_object_set_new(out, "shadows", list);
	for (size_t i = 0; spec->repo && spec->shadows && spec->shadows[i]; i++) {
		char path[PATH_BYTES_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", spec->repo, spec->shadows[i]);
		bool existed = lstat(path, &st) == 0;
		bool covered = !in_place && is_covered(mounts, spec->shadows[i]);

		if (!in_place &&
		    (existed != covered || covered != (seen->ready->shadowed >> i & 1)))
			return fence_doubt(f, "shadows");
		json_array_append_new(list, json_pack("{s:s, s:b, s:b}", "name", spec->shadows[i],
						"existed", existed, "covered", covered));
	}
	return 0;
}

int fence_proof_mounts(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	json_t *object = json_object();
	struct buf text;

	json_object_set_new(out, "mounts", object);
	buf_init(&text, FENCE_PROC_MAX);
	int rc = fence_proc_read(seen->init, "mountinfo", &text);

	rc = rc ? fence_fail(f, STAGE_PROOF, rc, "/proc/PID/mountinfo")
		: walk_mounts(buf_str(&text), &seen->plan->spec, object, f);
	if (!rc)
		rc = fence_proof_shadows(seen, buf_str(&text), out, f);
	buf_fini(&text);
	return rc;
}
