/* One record, and whether it says what it has to. */
#include "attest/attest.h"

#include "base/json.h"

#include <string.h>

#define CANARIES_LEAST 10
#define NO_CAPABILITIES "0000000000000000"

enum attest_part attest_part(const json_t *record)
{
	static const char *const names[] = { "", "start", "end", "snapshot" };
	struct str part = json_get_str(record, "part");

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_is(part, names[i]))
			return (enum attest_part)i;
	return ATTEST_NEITHER;
}

static int lacks(struct err *err, const char *what)
{
	return err_set(err, -EPERM, "%s", what);
}

static bool is_digest(struct str s)
{
	size_t n = 0;

	while (n < s.n && strchr("0123456789abcdef", s.p[n]) && s.p[n])
		n++;
	return n == s.n && n == SHA256_HEX - 1;
}

static bool has_digest(const json_t *parent, const char *key)
{
	return is_digest(json_get_str(json_get_object(parent, key), "sha256"));
}

/* --- the fence ---------------------------------------------------------------------------- */

/* What each mode stands on; confinement by less than this is none. */
static const struct mode {
	const char *name;
	bool namespaces, landlock;
} modes[] = {
	{ "A", true, true },
	{ "B", true, false },
	{ "C", false, true },
};

static const struct mode *mode_of(const json_t *fence)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (str_is(json_get_str(fence, "mode"), modes[i].name))
			return &modes[i];
	return NULL;
}

static int check_status(const json_t *status, struct err *err)
{
	static const char *const sets[] = { "inheritable", "permitted", "effective", "bounding",
		"ambient" };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!str_is(json_get_str(status, sets[i]), NO_CAPABILITIES))
			return err_set(err, -EPERM, "it had capabilities (%s)", sets[i]);
	if (!str_is(json_get_str(status, "no_new_privs"), "1"))
		return lacks(err, "it could have gained privileges");
	if (!str_is(json_get_str(status, "seccomp"), "2"))
		return lacks(err, "no system call filter was in force");
	if (!json_get_str(status, "uid").n || str_starts(json_get_str(status, "uid"), STR("0\t")))
		return lacks(err, "it ran as root, or as nobody knows whom");
	return 0;
}

/* Nothing but 0, 1 and 2 crosses the exec. */
static int check_descriptors(const json_t *fence, struct err *err)
{
	const json_t *all = json_get_array(fence, "descriptors"), *one;
	bool seen[3] = { false };
	size_t i;

	json_array_foreach (all, i, one)
		if (json_is_integer(one) && json_integer_value(one) >= 0 &&
		    json_integer_value(one) < 3)
			seen[json_integer_value(one)] = true;
	if (json_array_size(all) != 3 || !seen[0] || !seen[1] || !seen[2])
		return lacks(err, "its descriptors are not 0, 1 and 2 alone");
	return 0;
}

static int check_canary(const json_t *canary, struct err *err)
{
	if (json_get_int(canary, "mask", -1) != 0)
		return lacks(err, "a canary got through");
	if (json_get_int(canary, "tried", 0) < CANARIES_LEAST)
		return lacks(err, "not every canary was sent");
	return 0;
}

static int check_walls(const json_t *fence, const struct mode *mode, struct err *err)
{
	if (!has_digest(fence, "seccomp") || !has_digest(fence, "program"))
		return lacks(err, "it does not say which filter or which program");
	if (mode->landlock && !has_digest(fence, "landlock"))
		return lacks(err, "it does not say which Landlock rules");
	if (mode->namespaces && (json_object_size(json_get_object(fence, "namespaces")) < 7 ||
				    !has_digest(fence, "mounts")))
		return lacks(err, "it does not say which namespaces and mounts");
	if (!json_object_size(json_get_object(fence, "limits")))
		return lacks(err, "it does not say which limits");
	return 0;
}

static int check_fence(const json_t *fence, struct err *err)
{
	const struct mode *mode = mode_of(fence);

	if (!mode)
		return lacks(err, "no fence of a known mode stood");
	int rc = check_canary(json_get_object(fence, "canary"), err);

	if (!rc)
		rc = check_status(json_get_object(fence, "status"), err);
	if (!rc)
		rc = check_walls(fence, mode, err);
	return rc ? rc : check_descriptors(fence, err);
}

/* --- the rest ----------------------------------------------------------------------------- */

/* Absent (null) where no files were shown; else of files that are as they were made. */
static int check_looks(const json_t *record, struct err *err)
{
	static const char *const keys[] = { "snapshot", "repository" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *look = json_object_get(record, keys[i]);

		if (!look)
			return err_set(err, -EPERM, "it does not say how the %s was", keys[i]);
		if (json_is_object(look) && !is_digest(json_get_str(look, "sha256")) &&
		    !json_get_str(look, "error").n)
			return err_set(err, -EPERM, "the %s has no fingerprint", keys[i]);
	}
	const json_t *snapshot = json_get_object(record, "snapshot");

	if (snapshot && !json_get_bool(snapshot, "whole", false))
		return lacks(err, "the snapshot was not what had been made");
	return 0;
}

/* SHA-256 over the words, each with a NUL behind it. */
static void digest_words(const json_t *words, char hex[SHA256_HEX])
{
	const json_t *one;
	struct sha256 sha;
	size_t i;

	sha256_begin(&sha);
	json_array_foreach (words, i, one) {
		sha256_add(&sha, (struct str){ json_string_value(one), json_string_length(one) });
		sha256_add(&sha, (struct str){ "", 1 });
	}
	sha256_end(&sha, hex);
}

static int check_start(const json_t *record, struct err *err)
{
	const json_t *argv = json_get_array(record, "argv");
	char hex[SHA256_HEX];

	if (!json_array_size(argv) || !json_get_array(record, "environment"))
		return lacks(err, "it does not say what was started");
	digest_words(argv, hex);
	if (!json_get_bool(record, "argv_cut", false) &&
	    !str_is(json_get_str(record, "argv_sha256"), hex))
		return lacks(err, "its arguments are not those of their digest");
	int rc = check_fence(json_get_object(record, "fence"), err);

	return rc ? rc : check_looks(record, err);
}

static int check_end(const json_t *record, struct err *err)
{
	if (!json_get_bool(record, "namespace_empty", false))
		return lacks(err, "nobody saw the last of its processes end");
	if (json_get_int(json_get_object(record, "cgroup"), "populated", 0) != 0)
		return lacks(err, "its cgroup was not empty at its end");
	if (!json_get_str(record, "ending").n)
		return lacks(err, "it does not say how it ended");
	return check_looks(record, err);
}

int attest_check(const json_t *record, struct err *err)
{
	if (!is_digest(json_get_str(record, "prev")))
		return lacks(err, "it does not name the log before it");
	switch (attest_part(record)) {
	case ATTEST_START:
		return check_start(record, err);
	case ATTEST_END:
		return check_end(record, err);
	case ATTEST_SNAPSHOT:
		return check_looks(record, err);
	case ATTEST_NEITHER:
		break;
	}
	return lacks(err, "it is no record that this program knows");
}
