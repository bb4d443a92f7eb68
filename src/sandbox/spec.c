#include "sandbox/priv.h"

#include <fcntl.h>
#include <sys/stat.h>

/* --- checking ---------------------------------------------------------------------------- */

/* Absolute, without empty, "." or ".." parts, and not "/" itself. */
static bool is_plain_path(struct str path)
{
	if (path.n < 2 || path.n >= PATH_BYTES_MAX || path.p[0] != '/')
		return false;
	struct str rest = str_skip(path, 1);

	while (rest.p) {
		struct str part = str_split(&rest, '/');

		if (part.n == 0 || part.n > 255 || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

/* Below our own directories nothing may be laid over what we put there. */
static bool is_reserved(struct str inside)
{
	static const char *const ours[] = { "/proc", "/dev", "/scratch", "/tmp", "/out", "/etc",
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/repo" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_is(inside, ours[i]))
			return true;
	return str_starts(inside, STR("/proc/")) || str_starts(inside, STR("/dev/")) ||
	       str_starts(inside, STR("/scratch/")) || str_starts(inside, STR("/out/")) ||
	       str_starts(inside, STR("/tmp/"));
}

static int refuse_spec(struct err *err, int code, const char *why, const char *value)
{
	err_set(err, code, "cannot start a program behind the fence");
	return err_why(err, "%s: %s", why, value);
}

static int check_binds(const struct fence_spec *spec, struct err *err)
{
	if (spec->n_binds > FENCE_BINDS_MAX)
		return refuse_spec(err, -E2BIG, "too many paths to show", "FENCE_BINDS_MAX");
	for (size_t i = 0; i < spec->n_binds; i++) {
		const struct fence_bind *b = &spec->binds[i];

		if (!b->host || b->host[0] != '/')
			return refuse_spec(
			    err, -EINVAL, "not an absolute path", b->host ? b->host : "");
		if (spec->place && spec->place->in_place) {
			if (strcmp(b->inside, b->host) != 0)
				return refuse_spec(err, -EINVAL, "not shown where it is", b->host);
			continue;
		}
		if (!is_plain_path(str_from(b->inside)) || is_reserved(str_from(b->inside)))
			return refuse_spec(
			    err, -EINVAL, "nothing can be shown at", b->inside ? b->inside : "");
	}
	return 0;
}

static int check_files(const struct fence_spec *spec, struct err *err)
{
	if (spec->n_files > FENCE_FILES_MAX)
		return refuse_spec(err, -E2BIG, "too many files", "FENCE_FILES_MAX");
	for (size_t i = 0; i < spec->n_files; i++) {
		const char *path = spec->files[i].path;
		char absolute[PATH_BYTES_MAX];

		if (!path ||
		    (size_t)snprintf(absolute, sizeof(absolute), "/%s", path) >= sizeof(absolute) ||
		    !is_plain_path(str_from(absolute)))
			return refuse_spec(
			    err, -EINVAL, "not a path below /scratch", path ? path : "");
	}
	return 0;
}

static int check_shadows(const struct fence_spec *spec, struct err *err)
{
	for (size_t i = 0; spec->shadows && spec->shadows[i]; i++) {
		char absolute[PATH_BYTES_MAX];

		if (i == FENCE_SHADOWS_MAX)
			return refuse_spec(err, -E2BIG, "too many shadows", "FENCE_SHADOWS_MAX");
		if ((size_t)snprintf(absolute, sizeof(absolute), "/%s", spec->shadows[i]) >=
			PATH_BYTES_MAX - sizeof("repo/") ||
		    !is_plain_path(str_from(absolute)))
			return refuse_spec(
			    err, -EINVAL, "not a path below /repo", spec->shadows[i]);
	}
	return 0;
}

static int check_words(const struct fence_spec *spec, struct err *err)
{
	size_t n_args = 0, n_env = 0;

	if (!spec->argv || !spec->argv[0] || !is_plain_path(str_from(spec->argv[0])))
		return refuse_spec(err, -EINVAL, "the program is not an absolute path",
		    spec->argv && spec->argv[0] ? spec->argv[0] : "");
	while (spec->argv[n_args])
		n_args++;
	for (; spec->env && spec->env[n_env]; n_env++)
		if (!strchr(spec->env[n_env], '=') || spec->env[n_env][0] == '=')
			return refuse_spec(err, -EINVAL, "not NAME=value", spec->env[n_env]);
	if (n_args > FENCE_WORDS_MAX || n_env > FENCE_WORDS_MAX)
		return refuse_spec(err, -E2BIG, "too many arguments", "FENCE_WORDS_MAX");
	return 0;
}

/* A directory or device on 0, 1 or 2 would be a door. */
static int check_stdio(const struct fence_spec *spec, struct err *err)
{
	const int fds[] = { spec->in, spec->out, spec->err };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		struct stat st;
		char name[16];

		if (fds[i] < 0)
			continue;
		snprintf(name, sizeof(name), "%zu", i);
		if (fstat(fds[i], &st) < 0)
			return refuse_spec(err, -errno, "bad descriptor for", name);
		if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode) &&
		    !S_ISCHR(st.st_mode))
			return refuse_spec(
			    err, -EINVAL, "neither pipe, socket, file nor terminal for", name);
		int flags = fcntl(fds[i], F_GETFL);

		if (flags < 0 || (flags & O_PATH))
			return refuse_spec(err, -EBADF, "bad descriptor for", name);
	}
	return 0;
}

static int check_shape(const struct fence_spec *spec, struct err *err)
{
	bool agent = spec->purpose == FENCE_AGENT;

	if (agent ? spec->port < 1 || spec->port > 65535 : spec->port != 0)
		return refuse_spec(err, -EINVAL, "an agent, and nobody else, has a port",
		    agent ? "none given" : "one given");
	if (spec->writable && spec->purpose != FENCE_SNAPSHOT)
		return refuse_spec(
		    err, -EINVAL, "only a snapshot has a writable directory", spec->writable);
	if (spec->writable && spec->writable[0] != '/')
		return refuse_spec(err, -EINVAL, "not an absolute path", spec->writable);
	if (spec->repo && spec->repo[0] != '/')
		return refuse_spec(err, -EINVAL, "not an absolute path", spec->repo);
	if (spec->cwd && spec->cwd[0] != '/')
		return refuse_spec(err, -EINVAL, "not an absolute path", spec->cwd);
	if (spec->place && spec->place->in_place && !is_plain_path(str_from(spec->place->scratch)))
		return refuse_spec(err, -EINVAL, "not a plain path", spec->place->scratch);
	if (spec->scratch_bytes > FENCE_SCRATCH_MAX)
		return refuse_spec(err, -E2BIG, "too much scratch space", "FENCE_SCRATCH_MAX");
	return 0;
}

int fence_spec_check(const struct fence_spec *spec, struct err *err)
{
	int rc = check_shape(spec, err);

	if (!rc)
		rc = check_words(spec, err);
	if (!rc)
		rc = check_binds(spec, err);
	if (!rc)
		rc = check_files(spec, err);
	if (!rc)
		rc = check_shadows(spec, err);
	if (!rc)
		rc = check_stdio(spec, err);
	return rc;
}

/* --- packing ----------------------------------------------------------------------------- */

#define NO_TEXT UINT32_MAX

struct head {
	uint32_t purpose, port, n_binds, n_files, n_args, n_env, n_shadows;
	uint64_t scratch_bytes;
	int64_t wall;
};

static void pack_text(struct buf *out, struct str s)
{
	uint32_t n = s.p ? (uint32_t)s.n : NO_TEXT;

	buf_add(out, (struct str){ (const char *)&n, sizeof(n) });
	if (s.p) {
		buf_add(out, s);
		buf_addc(out, '\0');
	}
}

static uint32_t count_words(const char *const *words)
{
	uint32_t n = 0;

	while (words && words[n])
		n++;
	return n;
}

static void pack_words(struct buf *out, const char *const *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		pack_text(out, str_from(words[i]));
}

void fence_spec_pack(const struct fence_spec *spec, struct buf *out)
{
	struct head h = {
		.purpose = (uint32_t)spec->purpose,
		.port = spec->port,
		.n_binds = (uint32_t)spec->n_binds,
		.n_files = (uint32_t)spec->n_files,
		.n_args = count_words(spec->argv),
		.n_env = count_words(spec->env),
		.n_shadows = count_words(spec->shadows),
		.scratch_bytes = spec->scratch_bytes,
		.wall = spec->wall,
	};

	buf_add(out, (struct str){ (const char *)&h, sizeof(h) });
	pack_text(out, str_from(spec->repo));
	pack_text(out, str_from(spec->writable));
	pack_text(out, str_from(spec->cwd));
	pack_text(
	    out, str_from(spec->place && spec->place->in_place ? spec->place->scratch : NULL));
	for (size_t i = 0; i < spec->n_binds; i++) {
		pack_text(out, str_from(spec->binds[i].host));
		pack_text(out, str_from(spec->binds[i].inside));
		buf_addc(out, spec->binds[i].data);
	}
	for (size_t i = 0; i < spec->n_files; i++) {
		struct str text = spec->files[i].text;

		pack_text(out, str_from(spec->files[i].path));
		pack_text(out, text.p ? text : STR(""));
	}
	pack_words(out, spec->argv, h.n_args);
	pack_words(out, spec->env, h.n_env);
	pack_words(out, spec->shadows, h.n_shadows);
}

struct reader {
	struct str rest;
	bool bad;
};

static void take(struct reader *r, void *to, size_t n)
{
	if (r->rest.n < n) {
		r->bad = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, r->rest.p, n);
	r->rest = str_skip(r->rest, n);
}

static struct str take_text(struct reader *r)
{
	uint32_t n;

	take(r, &n, sizeof(n));
	if (r->bad || n == NO_TEXT)
		return (struct str){ NULL, 0 };
	if (n >= r->rest.n || r->rest.p[n] != '\0') {
		r->bad = true;
		return (struct str){ NULL, 0 };
	}
	struct str s = str_take(r->rest, n);

	r->rest = str_skip(r->rest, (size_t)n + 1);
	return s;
}

static const char *const *take_words(struct reader *r, struct arena *a, uint32_t n)
{
	const char **words = arena_array(a, (size_t)n + 1, sizeof(*words));

	for (uint32_t i = 0; i < n; i++) {
		words[i] = take_text(r).p;
		if (!words[i])
			r->bad = true;
	}
	return words;
}

static void take_lists(
    struct reader *r, struct arena *a, const struct head *h, struct fence_spec *spec)
{
	struct fence_bind *binds = arena_array(a, (size_t)h->n_binds + 1, sizeof(*binds));
	struct fence_file *files = arena_array(a, (size_t)h->n_files + 1, sizeof(*files));

	for (uint32_t i = 0; i < h->n_binds; i++) {
		char data;

		binds[i].host = take_text(r).p;
		binds[i].inside = take_text(r).p;
		take(r, &data, 1);
		binds[i].data = data;
		r->bad |= !binds[i].host || !binds[i].inside;
	}
	for (uint32_t i = 0; i < h->n_files; i++) {
		files[i].path = take_text(r).p;
		files[i].text = take_text(r);
		r->bad |= !files[i].path;
	}
	spec->binds = binds;
	spec->n_binds = h->n_binds;
	spec->files = files;
	spec->n_files = h->n_files;
}

static struct fence_place *take_place(struct reader *r, struct arena *a)
{
	const char *scratch = take_text(r).p;
	struct fence_place *place = scratch ? arena_new(a, struct fence_place) : NULL;

	if (place)
		*place =
		    (struct fence_place){ .in_place = true, .scratch = scratch, .listener = -1 };
	return place;
}

int fence_spec_unpack(struct arena *a, struct str bytes, struct fence_spec *ret)
{
	struct reader r = { bytes, false };
	struct head h;

	take(&r, &h, sizeof(h));
	if (r.bad || h.n_binds > FENCE_BINDS_MAX || h.n_files > FENCE_FILES_MAX ||
	    h.n_args > FENCE_WORDS_MAX || h.n_env > FENCE_WORDS_MAX ||
	    h.n_shadows > FENCE_SHADOWS_MAX)
		return -EPROTO;
	struct fence_spec spec = {
		.purpose = (enum fence_purpose)h.purpose,
		.port = h.port,
		.scratch_bytes = h.scratch_bytes,
		.wall = h.wall,
		.in = -1,
		.out = -1,
		.err = -1,
	};

	spec.repo = take_text(&r).p;
	spec.writable = take_text(&r).p;
	spec.cwd = take_text(&r).p;
	spec.place = take_place(&r, a);
	take_lists(&r, a, &h, &spec);
	spec.argv = take_words(&r, a, h.n_args);
	spec.env = take_words(&r, a, h.n_env);
	spec.shadows = take_words(&r, a, h.n_shadows);
	if (r.bad || r.rest.n)
		return -EPROTO;
	*ret = spec;
	return 0;
}
