/* The way of one request: read, plan, misbehave if told to, write. */
#include "rehearsal/priv.h"

#include <stdlib.h>

struct rehearsal {
	struct script *script;
};

int rehearsal_create(struct str script_text, struct rehearsal **ret, struct err *err)
{
	struct script *script;
	int rc = script_parse(script_text, &script, err);

	if (rc)
		return rc;
	struct rehearsal *r = xalloc(sizeof(*r));

	r->script = script;
	*ret = r;
	return 0;
}

void rehearsal_destroy(struct rehearsal *r)
{
	if (!r)
		return;
	script_destroy(r->script);
	free(r);
}

static void refuse(struct arena *a, const char *why, struct rehearsal_answer *ret)
{
	*ret = (struct rehearsal_answer){ .action = REHEARSE_STATUS,
		.status = 400,
		.body = stream_error(a, why, "invalid_request_error", NULL) };
}

/* Endings that need no turn. */
static bool ended_early(const struct mischief *m, struct rehearsal_answer *ret)
{
	struct rehearsal_answer out = { .action = REHEARSE_STATUS };

	if (m->close)
		out.action = REHEARSE_CLOSE;
	else if (m->hang)
		out.action = REHEARSE_HANG;
	else if (!m->status)
		return false;
	out.status = m->status;
	out.retry_after = m->retry_after;
	out.body = m->body;
	*ret = out;
	return true;
}

static int answer_scene(struct rehearsal *r, struct scene *s, const json_t *request, bool stream,
    struct rehearsal_answer *ret, struct err *err)
{
	const json_t *options = json_get_object(request, "stream_options");
	struct wish wishes[PLAN_CALLS];
	struct str say;
	struct mischief m;
	struct turn turn;

	script_apply(r->script, s->a, &s->talk, &s->part, plan_next(s, wishes, &say) == 0, &m);
	if (ended_early(&m, ret))
		return 0;
	int rc = turn_make(s, &m, &turn, err);

	return rc ? rc
		  : stream_write(s, &turn, &m, stream,
			json_get_bool(options, "include_usage", false), ret, err);
}

int rehearsal_answer(struct rehearsal *r, struct arena *a, const json_t *request, bool stream,
    struct rehearsal_answer *ret, struct err *err)
{
	struct scene s = { .a = a };
	const char *why;

	if (talk_read(a, request, &s.talk, &why) < 0) {
		refuse(a, why, ret);
		return 0;
	}
	part_read(a, &s.talk, &s.part);
	book_read(a, &s.talk, &s.book);
	int rc = answer_scene(r, &s, request, stream, ret, err);

	part_fini(&s.part);
	return rc;
}
