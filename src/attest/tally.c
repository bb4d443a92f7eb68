/* Records of one run side by side. */
#include "attest/attest.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

/* An attempt whose end has not come. */
struct opened {
	struct list list;
	int64_t step;
	long long epoch, round;
	bool fine; /* the record itself */
	char snapshot[SHA256_HEX];
};

void tally_begin(struct tally *t)
{
	*t = (struct tally){ .mode = 0 };
	list_init(&t->opened);
}

void tally_fini(struct tally *t)
{
	list_each_safe (&t->opened, it, next)
		free(list_item(it, struct opened, list));
	list_init(&t->opened);
}

static void doubt(struct tally *t, const json_t *record, const char *why)
{
	struct str step = json_get_str(record, "step");

	if (!t->why[0])
		snprintf(t->why, sizeof(t->why), "%.*s: %s", STR_ARG(str_take(step, 80)), why);
}

static void copy_digest(char to[SHA256_HEX], const json_t *look)
{
	snprintf(to, SHA256_HEX, "%.*s", STR_ARG(str_take(json_get_str(look, "sha256"), 64)));
}

/* The user's own repository: every look at it is compared with the first. */
static void add_look(struct tally *t, const json_t *look)
{
	char hex[SHA256_HEX];

	if (!look)
		return;
	long long unread = json_get_int(look, "unread", 0);

	copy_digest(hex, look);
	t->cut |= json_get_bool(look, "cut", false) || unread > 0;
	if (!t->looked) {
		memcpy(t->repository, hex, sizeof(hex));
		t->unread = unread;
	}
	t->looked = true;
	if (unread == t->unread) /* else they are not of the same files */
		t->changed |= !hex[0] || strcmp(t->repository, hex) != 0;
}

static void add_fence(struct tally *t, const json_t *fence)
{
	char mode = json_get_cstr(fence, "mode", "?")[0];
	long long tried = json_get_int(json_get_object(fence, "canary"), "tried", 0);

	t->mode = mode > t->mode ? mode : t->mode;
	if (!t->tried || tried < t->tried)
		t->tried = (unsigned)tried;
}

static struct opened *find(struct tally *t, int64_t step, const json_t *record)
{
	list_each (&t->opened, it) {
		struct opened *o = list_item(it, struct opened, list);

		if (o->step == step && o->epoch == json_get_int(record, "epoch", 0) &&
		    o->round == json_get_int(record, "round", 0))
			return o;
	}
	return NULL;
}

/* The daemon died and its children with it; the step is tried again, on the same files. */
static void close_lost(struct tally *t, const struct opened *now)
{
	list_each_safe (&t->opened, it, next) {
		struct opened *o = list_item(it, struct opened, list);

		if (o->step != now->step || o->epoch >= now->epoch || !o->fine || !now->fine ||
		    strcmp(o->snapshot, now->snapshot) != 0)
			continue;
		t->open--;
		t->lost++;
		list_remove(&o->list);
		free(o);
	}
}

static void add_start(struct tally *t, int64_t step, const json_t *record)
{
	struct opened *o = xalloc(sizeof(*o));
	struct err err = { 0 };

	o->step = step;
	o->epoch = json_get_int(record, "epoch", 0);
	o->round = json_get_int(record, "round", 0);
	o->fine = attest_check(record, &err) == 0;
	copy_digest(o->snapshot, json_get_object(record, "snapshot"));
	close_lost(t, o);
	list_push(&t->opened, &o->list);
	t->attempts++;
	t->open++;
	add_fence(t, json_get_object(record, "fence"));
	t->alone |= json_get_bool(json_get_object(record, "agent"), "fence_alone", false);
	if (!o->fine)
		doubt(t, record, err.what);
}

static bool is_proven(struct tally *t, const struct opened *o, const json_t *record)
{
	char snapshot[SHA256_HEX];
	struct err err = { 0 };

	copy_digest(snapshot, json_get_object(record, "snapshot"));
	if (strcmp(snapshot, o->snapshot) != 0) /* said first: it is what a person must know */
		doubt(t, record, "the snapshot was changed while it ran");
	else if (attest_check(record, &err))
		doubt(t, record, err.what);
	else
		return o->fine;
	return false;
}

static void add_end(struct tally *t, int64_t step, const json_t *record)
{
	struct opened *o = find(t, step, record);

	if (!o) {
		t->unproven++;
		doubt(t, record, "an end without a beginning");
		return;
	}
	if (is_proven(t, o, record))
		t->proven++;
	else
		t->unproven++;
	t->open--;
	list_remove(&o->list);
	free(o);
}

void tally_add(struct tally *t, int64_t step, const json_t *record)
{
	struct err err = { 0 };

	switch (attest_part(record)) {
	case ATTEST_START:
		add_start(t, step, record);
		break;
	case ATTEST_END:
		add_end(t, step, record);
		break;
	case ATTEST_SNAPSHOT:
		t->snapshots++;
		add_look(t, json_get_object(record, "before"));
		if (attest_check(record, &err)) {
			t->unproven++;
			doubt(t, record, err.what);
		}
		break;
	case ATTEST_NEITHER:
		t->unproven++;
		doubt(t, record, "a record that this program does not know");
		return;
	}
	add_look(t, json_get_object(record, "repository"));
}

/* --- one line ----------------------------------------------------------------------------- */

static const char *repository_words(const struct tally *t)
{
	if (!t->looked)
		return "no repository";
	if (!t->changed)
		return t->cut ? "repository fingerprint equal as far as it was read"
			      : "repository fingerprint equal";
	if (t->mode == 'C')
		return "the repository was changed meanwhile";
	return "the repository was changed meanwhile, by others"; /* no way led to it */
}

char *tally_line(struct arena *a, const struct tally *t)
{
	unsigned less = t->unproven + t->open;

	if (!t->attempts && !less)
		return arena_printf(a, "no agent ran, so nothing was proven");
	if (t->unproven)
		return arena_printf(a, "read-only: not proven (%u of %u; %s)", less,
		    t->attempts > less ? t->attempts : less, t->why);
	if (t->open)
		return arena_printf(a,
		    "read-only: proven for %u of %u (mode %c, %u/%u canaries, %s); of %u no end is "
		    "recorded",
		    t->proven, t->attempts, t->mode, t->tried, t->tried, repository_words(t),
		    t->open);
	return arena_printf(a, "read-only: proven%s (mode %c, %u/%u canaries, %s%s)%s",
	    t->mode == 'C' ? ", weaker egress" : "", t->mode, t->tried, t->tried,
	    repository_words(t), t->lost ? ", lost attempts left no trace" : "",
	    t->alone ? ", by the fence alone: the agent has no mode of its own" : "");
}
