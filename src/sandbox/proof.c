/*
 * The proof: what the kernel says about a child that stands still before its exec, read by the
 * launcher from outside. What the child says of itself is the canary's result and its program's
 * digest. Anything that is not as it must be refuses the start.
 */
#include "sandbox/priv.h"

#include "base/json.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int fence_proc_read(pid_t pid, const char *name, struct buf *ret)
{
	char path[64], bytes[4096];
	ssize_t n;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(ret, (struct str){ bytes, (size_t)n });
	int rc = n < 0 ? -errno : buf_status(ret);

	close(fd);
	return rc;
}

int fence_doubt(struct fence_fault *f, const char *what)
{
	return fence_fail(f, STAGE_PROOF, -EPERM, what);
}

/* --- /proc/PID/status -------------------------------------------------------------------- */

struct expected {
	const char *key, *json, *want; /* want NULL: any */
};

/* "Key:\tvalue" -> value without white space at its ends. */
struct str fence_status_value(struct str status, const char *key)
{
	for (struct str rest = status, line; rest.p;) {
		line = str_line(&rest);
		if (str_starts(line, str_from(key)) && line.n > strlen(key) &&
		    line.p[strlen(key)] == ':')
			return str_trim(str_skip(line, strlen(key) + 1));
	}
	return (struct str){ NULL, 0 };
}

static int check_status(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	const struct fence_host *host = seen->plan->host;
	const char *none = "0000000000000000";
	/* in place, and without root, it stays as it was, and no_new_privs makes it void */
	bool bounded = seen->plan->mode != FENCE_C || host->root;
	char uid[64], gid[64];
	const struct expected rows[] = {
		{ "Uid", "uid", uid },
		{ "Gid", "gid", gid },
		{ "Groups", "groups", host->root ? "" : NULL },
		{ "CapInh", "inheritable", none },
		{ "CapPrm", "permitted", none },
		{ "CapEff", "effective", none },
		{ "CapBnd", "bounding", bounded ? none : NULL },
		{ "CapAmb", "ambient", none },
		{ "NoNewPrivs", "no_new_privs", "1" },
		{ "Seccomp", "seccomp", "2" },
	};
	struct buf status;
	json_t *object = json_object();

	snprintf(uid, sizeof(uid), "%u\t%u\t%u\t%u", host->uid, host->uid, host->uid, host->uid);
	snprintf(gid, sizeof(gid), "%u\t%u\t%u\t%u", host->gid, host->gid, host->gid, host->gid);
	buf_init(&status, FENCE_PROC_MAX);
	int rc = fence_proc_read(seen->main, "status", &status);

	if (rc)
		fence_fail(f, STAGE_PROOF, rc, "/proc/PID/status");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !rc; i++) {
		struct str value = fence_status_value(buf_str(&status), rows[i].key);

		if (!value.p || (rows[i].want && !str_is(value, rows[i].want)))
			rc = fence_doubt(f, rows[i].key);
		json_object_set_new(object, rows[i].json, json_text(value));
	}
	json_object_set_new(out, "status", object);
	buf_fini(&status);
	return rc;
}

/* --- namespaces -------------------------------------------------------------------------- */

int fence_proof_namespaces(const char *pid, ino_t ret[FENCE_NAMESPACES])
{
	for (size_t i = 0; i < FENCE_NAMESPACES; i++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, fence_namespaces[i]);
		if (stat(path, &st) < 0)
			return -errno;
		ret[i] = st.st_ino;
	}
	return 0;
}

static int check_namespaces(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	ino_t inodes[FENCE_NAMESPACES] = { 0 };
	char pid[16];
	json_t *object = json_object();

	json_object_set_new(out, "namespaces", object);
	snprintf(pid, sizeof(pid), "%d", (int)seen->init);
	int rc = fence_proof_namespaces(pid, inodes);

	if (rc)
		return fence_fail(f, STAGE_PROOF, rc, "/proc/PID/ns");
	for (size_t i = 0; i < FENCE_NAMESPACES; i++) {
		if (inodes[i] == seen->plan->host->namespaces[i])
			return fence_doubt(f, fence_namespaces[i]);
		json_object_set_new(
		    object, fence_namespaces[i], json_integer((json_int_t)inodes[i]));
	}
	return 0;
}

/* --- limits ------------------------------------------------------------------------------ */

/* The hard limit of LABEL in /proc/PID/limits: label in 26 columns, soft, hard, unit. */
static bool hard_limit(struct str limits, const char *label, unsigned long long *ret)
{
	for (struct str rest = limits, line; rest.p;) {
		line = str_line(&rest);
		if (!str_starts(line, str_from(label)))
			continue;
		struct str words = str_trim(str_skip(line, strlen(label)));

		str_split(&words, ' ');
		words = str_trim(words);
		return str_to_u64(str_split(&words, ' '), ~0ull, ret);
	}
	return false;
}

/* The launcher's own limit holds as far as it can see what is to be counted. */
static int check_memory(const struct fence_seen *seen, json_t *object, struct fence_fault *f)
{
	if (!fence_has_child(seen->init, seen->main))
		return fence_doubt(f, "/proc/PID/task/TID/children");
	json_object_set_new(object, "memory_bytes", json_integer((json_int_t)FENCE_CEILING));
	return 0;
}

static int check_limits(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	struct fence_limit limits[FENCE_LIMITS];
	json_t *object = json_object();
	struct buf text;

	json_object_set_new(out, "limits", object);
	fence_limits(seen->plan->mode, &seen->plan->spec, seen->plan->host->cores, limits);
	buf_init(&text, FENCE_PROC_MAX);
	int rc = fence_proc_read(seen->main, "limits", &text);

	if (rc)
		fence_fail(f, STAGE_PROOF, rc, "/proc/PID/limits");
	for (size_t i = 0; i < FENCE_LIMITS && !rc; i++) {
		unsigned long long now;

		if (!hard_limit(buf_str(&text), limits[i].label, &now) || now > limits[i].value)
			rc = fence_doubt(f, limits[i].name);
		else
			json_object_set_new(object, limits[i].name, json_integer((json_int_t)now));
	}
	buf_fini(&text);
	return rc ? rc : check_memory(seen, object, f);
}

/* --- descriptors ------------------------------------------------------------------------- */

static unsigned long octal(struct str s)
{
	unsigned long n = 0;

	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '7'; i++)
		n = n * 8 + (unsigned long)(s.p[i] - '0');
	return n;
}

/* "flags:\t02100000". What cannot be read counts as open, but for what was closed meanwhile. */
static bool is_open_after_exec(pid_t pid, const char *fd)
{
	char name[64];
	struct buf text;

	snprintf(name, sizeof(name), "fdinfo/%.20s", fd);
	buf_init(&text, FENCE_PROC_MAX);
	int rc = fence_proc_read(pid, name, &text);
	unsigned long flags = rc ? 0 : octal(fence_status_value(buf_str(&text), "flags"));

	buf_fini(&text);
	return rc != -ENOENT && !(flags & O_CLOEXEC);
}

/* 0, 1 and 2 are all that the program will find open. */
static int check_descriptors(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	json_t *list = json_array();
	char path[64];
	struct dirent *e;

	json_object_set_new(out, "descriptors", list);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)seen->main);
	DIR *d = fs_dir(path);

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && is_open_after_exec(seen->main, e->d_name))
			json_array_append_new(list, json_integer(strtol(e->d_name, NULL, 10)));
	if (d)
		closedir(d);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_integer_value(json_array_get(list, i)) > 2)
			return fence_doubt(f, "descriptors");
	return json_array_size(list) == 3 ? 0 : fence_doubt(f, "descriptors");
}

/* --- together ---------------------------------------------------------------------------- */

static const char *egress_of(const struct fence_plan *p)
{
	if (!p->spec.port)
		return "none";
	return p->mode == FENCE_C ? "weaker: one TCP port, of any host" : "one listener";
}

static const char *supervisor_of(const struct fence_plan *p)
{
	return p->mode == FENCE_C ? "warden" : "PID namespace";
}

static json_t *describe(const struct fence_seen *seen)
{
	const struct fence_plan *p = seen->plan;
	const struct fence_host *host = p->host;
	const struct fence_note *ready = seen->ready;
	char rules[SHA256_HEX];
	json_t *landlock = json_null();

	if (p->mode != FENCE_B) {
		fence_landlock_digest(p, rules);
		landlock = json_pack("{s:i, s:i, s:s}", "abi", host->landlock_abi, "errata",
		    host->landlock_errata, "sha256", rules);
	}
	return json_pack("{s:s, s:s, s:o, s:{s:i, s:s}, s:{s:i, s:i, s:i},"
			 " s:{s:s, s:I, s:s}, s:b, s:o, s:s, s:s, s:O?}",
	    "mode", fence_mode_name(p->mode), "kernel", host->release, "landlock", landlock,
	    "seccomp", "instructions", (int)host->filter.n, "sha256", host->filter.sha256, "canary",
	    "tried", (int)FENCE_CANARIES, "mask", (int)ready->canary, "us", (int)ready->canary_us,
	    "program", "path", p->spec.argv[0], "bytes", (json_int_t)ready->program.size, "sha256",
	    ready->program.sha256, "nested_namespaces_closed", ready->nested_closed, "listener",
	    p->spec.port ? json_integer(p->spec.port) : json_null(), "egress", egress_of(p),
	    "supervisor", supervisor_of(p), "cgroup", seen->cgroup);
}

/* In place there are no namespaces and no mounts; Landlock can only be tried, and was. */
static int check_room(const struct fence_seen *seen, json_t *out, struct fence_fault *f)
{
	if (seen->plan->mode == FENCE_C) {
		json_object_set_new(out, "namespaces", json_null());
		json_object_set_new(out, "mounts", json_null());
		return fence_proof_shadows(seen, (struct str){ NULL, 0 }, out, f);
	}
	int rc = check_namespaces(seen, out, f);

	return rc ? rc : fence_proof_mounts(seen, out, f);
}

int fence_proof(const struct fence_seen *seen, json_t **ret, struct fence_fault *f)
{
	json_t *out = describe(seen);
	int rc = out ? 0 : fence_doubt(f, "words");

	if (!rc && seen->ready->canary)
		rc = fence_doubt(f, "canary");
	if (!rc)
		rc = fence_filter_check(seen->plan->mode, &seen->plan->host->filter, f);
	if (!rc)
		rc = check_status(seen, out, f);
	if (!rc)
		rc = check_room(seen, out, f);
	if (!rc)
		rc = check_limits(seen, out, f);
	if (!rc)
		rc = check_descriptors(seen, out, f);
	if (rc)
		json_decref(out);
	else
		*ret = out;
	return rc;
}

unsigned long long fence_oom_kills(void)
{
	unsigned long long kills = 0;
	struct buf text;

	buf_init(&text, FENCE_PROC_MAX);
	if (fence_proc_read(0, "vmstat", &text) == 0)
		for (struct str rest = buf_str(&text), line; rest.p;) {
			line = str_line(&rest);
			if (str_starts(line, STR("oom_kill ")) &&
			    !str_to_u64(str_skip(line, 9), ~0ull, &kills))
				kills = 0;
		}
	buf_fini(&text);
	return kills;
}
