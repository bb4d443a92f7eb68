#include "cli/remote.h"

#include "cli/paths.h"
#include "cli/tail.h"

#define GONE_MS 10000 /* a daemon that is restarted is back by then */

int remote_open(struct arena *a, const struct globals *g, struct client **ret, struct err *err)
{
	char *data;

	*ret = NULL;
	if (paths_data(a, g->data, &data, err) < 0)
		return EXIT_NOT_READY;
	return client_open(a, data, ret, err) < 0 ? EXIT_NOT_READY : 0;
}

bool remote_lost(void *ctx)
{
	struct remote_watch *f = ctx;
	msec_t now = clock_boot();

	if (store_owner(f->data)) {
		f->gone_since = 0;
		return false;
	}
	if (!f->gone_since)
		f->gone_since = now;
	return now - f->gone_since > GONE_MS;
}

static int say_left(struct show *show, const char *id)
{
	show_say(show, "Detached. The run continues: tutti runs watch %s", id);
	return EXIT_INTERRUPTED;
}

int remote_say_lost(struct show *show, const char *id)
{
	show_say(show,
	    "Nobody carries the run out any more. It is kept: tutti serve goes on with it, or "
	    "tutti runs "
	    "resume %s",
	    id);
	return EXIT_NOT_READY;
}

static int look_on(
    struct store *s, struct arena *a, const char *id, struct show *show, struct finish_spec *how)
{
	struct remote_watch f = { .data = how->data };
	struct tail t = { .s = s, .run = how->run, .show = show, .ctx = &f, .lost = remote_lost };
	int end = tail_run(&t, true);

	show_clear(show);
	if (end == TAIL_LEFT)
		return say_left(show, id);
	if (end == TAIL_LOST)
		return remote_say_lost(show, id);
	return finish_stored(s, a, how);
}

int remote_follow(struct arena *a, const struct globals *g, const char *id, const char *format,
    struct finish_spec *how)
{
	struct err err = { 0 };
	struct store *s;
	struct show *show = arena_new(a, struct show);
	char *data;
	int code =
	    paths_data(a, g->data, &data, &err) < 0 ? EXIT_NOT_READY : house_read(a, g, &s, &err);

	if (code)
		return cli_fail(g, &err, code);
	how->globals = g;
	how->data = data;
	how->show = show;
	if (engine_resolve(s, str_from(id), STR(""), &how->run, &err) < 0) {
		code = cli_fail(g, &err, EXIT_NOT_FOUND);
	} else {
		show_init(show, format, g->color, "Ctrl-C: leave it running");
		if (estimate_read(s, a, how->run, &show->estimate) < 0)
			show->estimate = (struct estimate){ 0 };
		code = look_on(s, a, id, show, how);
		show_fini(show);
	}
	s->ops->close(s);
	return code;
}
