#include "cli/client.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/exit.h"
#include "net/curl.h"
#include "store/store.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_MS 5000L
#define CALL_MS 60000L /* a launch may look for a model server first */

struct client {
	struct arena *arena;
	const char *socket, *who; /* for what is said about it */
};

/* --- whether there is one ------------------------------------------------------------------ */

/* 0: somebody listens at PATH. */
static int try_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(to.sun_path))
		rc = -ENAMETOOLONG;
	else
		memcpy(to.sun_path, path, strlen(path) + 1);
	if (!rc && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int client_open(struct arena *a, const char *data, struct client **ret, struct err *err)
{
	const char *path = fs_join(a, data, DAEMON_SOCKET);
	long pid = store_owner(data);
	struct stat st;
	int rc;

	*ret = NULL;
	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
		err_set(err, -EPERM, "%s is not the socket of a daemon of ours", path);
		return err_fix(err, "look at it, and remove it: rm %s", path);
	}
	const char *who = pid ? arena_printf(a, "the daemon (process %ld)", pid)
			      : "the daemon"; /* not yet there */

	rc = try_connect(path);
	if (rc == -ECONNREFUSED || rc == -ENOENT)
		return 0; /* left behind by one that died; who owns the data now has none */
	if (rc) {
		err_set(err, rc, "%s does not answer", who);
		err_why(err, "%s: %s", path, err_name(rc));
		return err_fix(err, "wait, or end it, and start it anew: tutti serve");
	}
	*ret = arena_new(a, struct client);
	**ret = (struct client){ a, path, who };
	return 0;
}

/* --- a request ----------------------------------------------------------------------------- */

struct call {
	const struct curl_api *curl;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf answer;
};

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	buf_add(b, (struct str){ p, size * n });
	return buf_status(b) ? 0 : size * n; /* 0 of many: stop */
}

static CURLcode set_up(struct call *k, const struct client *c, const char *method, const char *path)
{
	const struct curl_api *curl = k->curl;
	const char *url = arena_printf(c->arena, "http://localhost%s", path);
	CURLcode rc = CURLE_OK;

#define SET(option, value) \
	if (!rc)           \
	rc = curl->easy_setopt(k->easy, option, value)
	SET(CURLOPT_URL, url);
	SET(CURLOPT_UNIX_SOCKET_PATH, c->socket);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_CUSTOMREQUEST, method);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, CALL_MS);
	SET(CURLOPT_HTTPHEADER, k->headers);
	SET(CURLOPT_WRITEFUNCTION, on_bytes);
	SET(CURLOPT_WRITEDATA, &k->answer);
	if (k->body)
		SET(CURLOPT_POSTFIELDS, k->body);
#undef SET
	return rc;
}

/* --- what was answered --------------------------------------------------------------------- */

static int code_of(long status)
{
	return status == 404					 ? EXIT_NOT_FOUND
	       : status == 503 || status == 424 || status == 401 ? EXIT_NOT_READY
	       : status >= 500					 ? EXIT_RUN_FAILED
								 : EXIT_USAGE;
}

/* The error that the daemon described; its exit code, where it names one. */
static int take_error(const struct client *c, const json_t *doc, long status, struct err *err)
{
	const json_t *e = json_get_object(doc, "error"), *fix;
	size_t i;
	struct buf b;

	if (!e) {
		err_set(err, -EPROTO, "%s answered %ld", c->who, status);
		err_fix(err, "is it another version? restart it: tutti serve");
		return EXIT_NOT_READY;
	}
	buf_init(&b, sizeof(err->fix));
	json_array_foreach (json_get_array(e, "fix"), i, fix) {
		if (i)
			buf_addc(&b, '\n');
		buf_adds(&b, json_string_value(fix));
	}
	err_set(err, -EREMOTEIO, "%s", json_get_cstr(e, "what", "it failed"));
	if (json_get_str(e, "why").n)
		err_why(err, "%s", json_get_cstr(e, "why", ""));
	if (buf_str(&b).n)
		err_fix(err, "%.*s", STR_ARG(buf_str(&b)));
	if (json_get_str(e, "docs").n)
		err_more(err, json_get_cstr(e, "docs", ""));
	buf_fini(&b);
	return (int)json_get_int(e, "exit", code_of(status));
}

static int take_answer(
    const struct client *c, struct call *k, long status, json_t **ret, struct err *err)
{
	struct str text = buf_str(&k->answer);
	json_t *doc = text.n ? json_parse(text, NULL) : NULL;
	int code = 0;

	if (text.n && !doc) {
		err_set(err, -EPROTO, "%s answered no JSON", c->who);
		code = EXIT_NOT_READY;
	} else if (status < 200 || status > 299) {
		code = take_error(c, doc, status, err);
	}
	if (code || !ret)
		json_decref(doc);
	else
		*ret = doc;
	return code;
}

static int perform(struct call *k, const struct client *c, const char *method, const char *path,
    json_t **ret, struct err *err)
{
	const struct curl_api *curl = k->curl;
	long status = 0;
	CURLcode rc = set_up(k, c, method, path);

	if (!rc)
		rc = curl->easy_perform(k->easy);
	if (!rc)
		rc = curl->easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!rc)
		return take_answer(c, k, status, ret, err);
	err_set(err, -EIO, "%s could not be asked", c->who);
	err_why(err, "%s", curl->easy_strerror(rc));
	err_fix(err, "if it is gone, try again: the command then works without it");
	return EXIT_NOT_READY;
}

int client_call(struct client *c, const char *method, const char *path, const json_t *body,
    json_t **ret, struct err *err)
{
	struct call k = { .curl = curl_api(err) };

	if (ret)
		*ret = NULL;
	if (!k.curl)
		return EXIT_NOT_READY;
	k.easy = k.curl->easy_init();
	k.body = body ? json_dump(body) : NULL;
	k.headers = k.curl->slist_append(k.headers, "Accept: application/json");
	if (body)
		k.headers = k.curl->slist_append(k.headers, "Content-Type: application/json");
	buf_init(&k.answer, MIB(64));

	int code = perform(&k, c, method, path, ret, err);

	k.curl->slist_free_all(k.headers);
	k.curl->easy_cleanup(k.easy);
	buf_fini(&k.answer);
	free(k.body);
	return code;
}
