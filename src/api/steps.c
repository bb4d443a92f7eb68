/* One step. */
#include "api/priv.h"

static int read_step(struct call *c, struct store *s)
{
	c->doc = views_step(c->api->views, s, c->a, c->key, c->own, &c->err);
	return c->doc ? 0 : c->err.code;
}

void get_step(struct call *c)
{
	struct views_step *which = arena_new(c->a, struct views_step);
	long long attempt;

	if (!call_int(c, "attempt", 0, INT32_MAX, 0, &attempt))
		return;
	*which = (struct views_step){ c->name, (unsigned)attempt };
	c->own = which;
	call_run(c, read_step, NULL);
}
