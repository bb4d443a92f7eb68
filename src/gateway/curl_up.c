/* An upstream over HTTP: libcurl's multi interface on our loop. */
#include "gateway/priv.h"

#include "base/json.h"

#include <stdlib.h>
#include <strings.h>

#define ERROR_MAX KIB(64)

struct transfer {
	struct request *r; /* NULL: cancelled */
	struct gateway *g;
	CURL *easy;
	struct curl_slist *headers;
	struct buf raw; /* an error's body, or a whole JSON answer */
	msec_t retry_after;
	long status;
	bool typed, paused, is_stream, too_big;
};

struct socket_watch {
	uv_poll_t poll;
	curl_socket_t fd;
};

/* --- bytes
 * ------------------------------------------------------------------------------------------ */

static void look_at_head(struct transfer *t)
{
	const struct curl_api *api = t->g->curl;
	char *type = NULL;

	t->typed = true;
	api->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	api->easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (t->status != 200)
		t->raw.max = ERROR_MAX;
	t->is_stream = t->status == 200 && type && strncasecmp(type, "text/event-stream", 17) == 0;
	if (t->is_stream)
		request_head(t->r, false);
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct str bytes = { p, size * n };

	if (!t->r)
		return 0;
	if (!t->typed)
		look_at_head(t);
	if (!t->is_stream) {
		buf_add(&t->raw, bytes);
		t->too_big = buf_status(&t->raw) != 0;
		return t->too_big ? 0 : bytes.n;
	}
	if (t->r->out.n > OUT_HIGH) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	return request_body(t->r, bytes) ? bytes.n : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct str line = { p, size * n };
	unsigned long long seconds;

	if (line.n > 12 && strncasecmp(p, "retry-after:", 12) == 0 &&
	    str_to_u64(str_trim(str_skip(line, 12)), UINT32_MAX, &seconds))
		t->retry_after = (msec_t)seconds * 1000;
	return line.n;
}

/* --- the end
 * ------------------------------------------------------------------------------------------ */

static void transfer_free(struct transfer *t)
{
	t->g->curl->multi_remove_handle(t->g->multi, t->easy);
	t->g->curl->easy_cleanup(t->easy);
	t->g->curl->slist_free_all(t->headers);
	buf_fini(&t->raw);
	free(t);
}

static void whole_answer(struct transfer *t, struct request *r)
{
	json_t *doc = json_parse_loosely(buf_str(&t->raw));
	char words[400];

	if (t->status == 200 && dialect_is_answer(r->port->up->dialect, doc)) {
		request_head(r, true);
		bool fits = request_body(r, buf_str(&t->raw));

		request_end(r, !fits);
	} else if (t->status == 200) {
		request_failed(r, 200, 0,
		    r->port->up->dialect == DIALECT_CHAT ? STR("its answer is no chat completion")
							 : STR("its answer is none"));
	} else {
		request_failed(r, (int)t->status, t->retry_after,
		    dialect_error_words(doc, buf_str(&t->raw), words, sizeof(words)));
	}
	json_decref(doc);
}

static void finish(struct transfer *t, CURLcode rc)
{
	struct request *r = t->r;
	const char *why = t->g->curl->easy_strerror(rc);

	if (!r)
		return;
	r->transfer = NULL;
	if (!t->typed && rc == CURLE_OK)
		look_at_head(t);
	if (t->is_stream)
		request_end(r, rc != CURLE_OK);
	else if (t->too_big && t->status == 200)
		request_overflowed(r);
	else if (rc != CURLE_OK && !t->too_big)
		request_failed(r, 0, 0, str_from(why));
	else
		whole_answer(t, r);
}

static void reap(struct gateway *g)
{
	CURLMsg *msg;
	int left;

	while ((msg = g->curl->multi_info_read(g->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode rc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		g->curl->easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&t);
		finish(t, rc);
		transfer_free(t);
	}
	server_turn(g);
}

/* --- the loop
 * ------------------------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct socket_watch *w = (struct socket_watch *)poll;
	struct gateway *g = poll->data;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
		    (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
		    (status < 0 ? CURL_CSELECT_ERR : 0);
	int running;

	g->curl->multi_socket_action(g->multi, w->fd, flags, &running);
	reap(g);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *slot)
{
	struct gateway *g = ctx;
	struct socket_watch *w = slot;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			handle_close((uv_handle_t *)w);
		g->curl->multi_assign(g->multi, fd, NULL);
		return 0;
	}
	if (!w) {
		w = xalloc(sizeof(*w));
		w->fd = fd;
		if (uv_poll_init_socket(g->loop, &w->poll, fd)) {
			free(w);
			return -1;
		}
		w->poll.data = g;
		g->curl->multi_assign(g->multi, fd, w);
	}
	int events =
	    (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

	return uv_poll_start(&w->poll, events, on_poll);
}

static void on_timeout(uv_timer_t *timer)
{
	struct gateway *g = timer->data;
	int running;

	g->curl->multi_socket_action(g->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(g);
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
	struct gateway *g = ctx;

	(void)multi;
	if (ms < 0)
		uv_timer_stop(g->curl_timer);
	else
		uv_timer_start(g->curl_timer, on_timeout, (uint64_t)(ms ? ms : 1), 0);
	return 0;
}

int curl_up_start(struct gateway *g, struct err *err)
{
	g->curl = curl_api(err);
	if (!g->curl)
		return err->code;
	g->multi = g->curl->multi_init();
	if (!g->multi)
		return err_set(err, -ENOMEM, "libcurl cannot be used");
	g->curl_timer = xalloc(sizeof(*g->curl_timer));
	uv_timer_init(g->loop, g->curl_timer);
	g->curl_timer->data = g;
	g->curl->multi_setopt(g->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	g->curl->multi_setopt(g->multi, CURLMOPT_SOCKETDATA, g);
	g->curl->multi_setopt(g->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	g->curl->multi_setopt(g->multi, CURLMOPT_TIMERDATA, g);
	return 0;
}

void curl_up_stop(struct gateway *g)
{
	if (!g->multi)
		return;
	g->curl->multi_cleanup(g->multi);
	g->multi = NULL;
	handle_close((uv_handle_t *)g->curl_timer);
}

/* --- starting
 * --------------------------------------------------------------------------------------------- */

static char *url_of(const struct request *r)
{
	const struct upstream *up = r->port->up;
	struct buf b;

	buf_init(&b, KIB(64));
	buf_adds(&b, up->url);
	dialect_add_path(&b, up->dialect, str_from(r->port->model), r->stream);
	return buf_steal(&b);
}

static void add_key(struct transfer *t, const struct upstream *up)
{
	if (!up->key)
		return;
	char *auth = xprintf(
	    "%s: %s%s", dialect_key_header(up->dialect), dialect_key_prefix(up->dialect), up->key);

	t->headers = t->g->curl->slist_append(t->headers, auth);
	explicit_bzero(auth, strlen(auth));
	free(auth);
}

static void add_headers(struct transfer *t, const struct request *r)
{
	const struct curl_api *api = t->g->curl;

	t->headers = api->slist_append(NULL, "Content-Type: application/json");
	t->headers = api->slist_append(t->headers, "Expect:");
	if (r->port->up->dialect == DIALECT_MESSAGES && !r->extra[0])
		t->headers = api->slist_append(t->headers, MESSAGES_VERSION);
	for (size_t i = 0; i < 2; i++)
		if (r->extra[i])
			t->headers = api->slist_append(t->headers, r->extra[i]);
	add_key(t, r->port->up);
}

static void set_options(struct transfer *t, struct request *r)
{
	const struct curl_api *api = t->g->curl;
	char *url = url_of(r);

	add_headers(t, r);
	api->easy_setopt(t->easy, CURLOPT_URL, url);
	api->easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	api->easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	api->easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	if (is_loopback(r->port->up->url))
		api->easy_setopt(t->easy, CURLOPT_PROXY, "");
	api->easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	api->easy_setopt(t->easy, CURLOPT_POST, 1L);
	api->easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->body.p);
	api->easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
	api->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	api->easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	api->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	api->easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	api->easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	api->easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	api->easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	api->easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	free(url);
}

static void start(struct request *r)
{
	struct gateway *g = r->port->g;
	struct transfer *t = xalloc(sizeof(*t));

	t->r = r;
	t->g = g;
	t->easy = g->curl->easy_init();
	buf_init(&t->raw, MODEL_RESPONSE_MAX);
	if (!t->easy)
		out_of_memory("libcurl", 0);
	set_options(t, r);
	r->transfer = t;
	g->curl->multi_add_handle(g->multi, t->easy);
}

static void drained(struct request *r)
{
	struct transfer *t = r->transfer;

	if (!t || !t->paused)
		return;
	t->paused = false;
	CURLcode rc = t->g->curl->easy_pause(t->easy, CURLPAUSE_CONT);

	if (rc == CURLE_OK)
		return;
	finish(t, rc); /* what it had kept was too much: it tells us, and nobody else */
	transfer_free(t);
}

static void cancel(struct request *r)
{
	struct transfer *t = r->transfer;

	r->transfer = NULL;
	if (t)
		transfer_free(t);
}

const struct backend backend_curl = { start, drained, cancel };
