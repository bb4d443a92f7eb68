/* A run, from the request to the place where it can be followed. */
#include "cli/house.h"

#include <stdio.h>

struct launched {
	bool done;
	int rc;
	struct err err;
	char id[ID_RUN_SIZE];
	int64_t key;
};

static void on_launched(void *ctx, int rc, const struct err *err, const char *id, int64_t key)
{
	struct launched *l = ctx;

	l->done = true;
	l->rc = rc;
	l->key = key;
	if (rc && err)
		l->err = *err;
	if (!rc)
		snprintf(l->id, sizeof(l->id), "%s", id);
}

int house_launch(struct house *h, const struct launch *launch, struct err *err)
{
	struct launched l = { 0 };

	engine_launch(h->engine, launch, on_launched, &l);
	while (!l.done)
		uv_run(&h->loop, UV_RUN_ONCE);
	if (l.rc) {
		*err = l.err;
		return l.rc;
	}
	snprintf(h->run_id, sizeof(h->run_id), "%s", l.id);
	house_follow(h, l.key);
	return 0;
}
