/* What a page says. */
#include "hub/priv.h"

#define ID_BYTES 64
#define STEP_BYTES 1024
#define EPOCH_BYTES 64

static void malformed(struct hub_session *s, const char *why)
{
	struct err err;

	err_set(&err, -EINVAL, "this frame is not understood");
	err_why(&err, "%s", why);
	err_more(&err, "api");
	session_error(s, "bad_request", &err, NULL);
}

/* Member NAME is a number that is not negative, or not there. */
static bool is_count(const json_t *frame, const char *name, long long most)
{
	const json_t *value = json_object_get(frame, name);

	return !value || (json_is_integer(value) && json_integer_value(value) >= 0 &&
			     json_integer_value(value) <= most);
}

static bool is_name(const json_t *frame, const char *name, size_t most)
{
	struct str s = json_get_str(frame, name);

	return s.n && s.n <= most && !memchr(s.p, '\0', s.n);
}

static void on_list(struct hub_session *s, const json_t *frame)
{
	(void)frame;
	list_begin(s);
}

static void on_unlist(struct hub_session *s, const json_t *frame)
{
	(void)frame;
	list_end(s);
}

static void on_sub(struct hub_session *s, const json_t *frame)
{
	struct str epoch = json_get_str(frame, "epoch");

	if (!is_count(frame, "after", INT64_MAX) || epoch.n > EPOCH_BYTES)
		malformed(
		    s, "\"after\" is the number of an event, \"epoch\" comes with a document");
	else
		sub_open(s, json_get_str(frame, "run"), json_get_int(frame, "after", 0), epoch);
}

static void on_unsub(struct hub_session *s, const json_t *frame)
{
	struct sub *sub = sub_of(s, json_get_str(frame, "run"));

	if (sub)
		sub_close(sub);
}

static void on_watch(struct hub_session *s, const json_t *frame)
{
	if (!is_count(frame, "attempt", INT32_MAX) || !is_count(frame, "known", INT32_MAX) ||
	    !is_count(frame, "off", INT64_MAX) || !is_count(frame, "block", INT64_MAX))
		malformed(s, "\"attempt\", \"off\" and \"block\" are numbers");
	else
		watch_open(s, frame);
}

static void on_unwatch(struct hub_session *s, const json_t *frame)
{
	struct watch *w = watch_of(s, json_get_str(frame, "run"), json_get_str(frame, "step"));

	if (w)
		watch_close(w);
}

static void on_ping(struct hub_session *s, const json_t *frame)
{
	char stamp[32];
	struct buf b;

	if (!is_count(frame, "id", INT64_MAX)) {
		malformed(s, "\"id\" is a number");
		return;
	}
	buf_init(&b, KIB(1));
	buf_addc(&b, '{');
	buf_member(&b, "t", STR("pong"));
	buf_member_int(&b, "id", json_get_int(frame, "id", 0));
	buf_member(&b, "time", str_from(clock_iso(s->hub->config.wall(), stamp, sizeof(stamp))));
	buf_addc(&b, '}');
	session_send_buf(s, &b);
}

static const struct {
	const char *type;
	void (*fn)(struct hub_session *s, const json_t *frame);
	bool run, step; /* has to be named */
} kinds[] = {
	{ "list", on_list, false, false },
	{ "unlist", on_unlist, false, false },
	{ "sub", on_sub, true, false },
	{ "unsub", on_unsub, true, false },
	{ "watch", on_watch, true, true },
	{ "unwatch", on_unwatch, true, true },
	{ "ping", on_ping, false, false },
};

static void read_frame(struct hub_session *s, const json_t *frame)
{
	struct str type = json_get_str(frame, "t");
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && !str_is(type, kinds[i].type))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		malformed(s, "\"t\" names none that is known here");
	else if (kinds[i].run && !is_name(frame, "run", ID_BYTES))
		malformed(s, "\"run\" is the id of a run");
	else if (kinds[i].step && !is_name(frame, "step", STEP_BYTES))
		malformed(s, "\"step\" is the name of a step");
	else
		kinds[i].fn(s, frame);
}

void session_read(struct hub_session *s, struct str text)
{
	struct err err = { 0 };
	json_t *frame = json_parse(text, &err);

	if (!json_is_object(frame))
		malformed(s, frame ? "it is no object" : err.why[0] ? err.why : err.what);
	else
		read_frame(s, frame);
	json_decref(frame);
}
