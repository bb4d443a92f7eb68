/*
 * Scripts: one line, one way to misbehave. `[selector…] action [argument]`, for example
 *
 *	step=security answer invent all
 *	persona=software-architect times=1 status 500
 *	turn=2 cut 3
 *
 * Every line whose selectors fit has its effect; `times=N` lets a line fire N times only.
 */
#include "rehearsal/priv.h"

#include <stdlib.h>

enum action {
	DO_STATUS,
	DO_RATE_LIMIT,
	DO_QUOTA,
	DO_HTML,
	DO_HANG,
	DO_CLOSE,
	DO_STALL,
	DO_CUT,
	DO_MALFORMED,
	DO_FLOOD,
	DO_DELAY,
	DO_INVENT,
	DO_EMPTY,
	DO_HALF_JSON,
	DO_WRONG_FORM,
	DO_QUESTION,
	DO_REFUSE,
	DO_SAY,
	DO_HUGE,
	DO_ECHO,
	DO_GIANT_LINE,
	DO_TRUNCATE,
	DO_UNREAD,
	DO_CALL,
	DO_HOSTILE,
	DO_ENDLESS,
	DO_SAME,
	DO_JUDGE,
};

/* How an action's argument reads. */
enum argument { ARG_NONE, ARG_NUMBER, ARG_TEXT, ARG_KIND, ARG_INVENTION, ARG_CALL, ARG_JUDGING };

static const struct verb {
	const char *name;
	enum action action;
	enum argument argument;
	bool answers; /* only where the turn would be an answer */
	bool first;   /* without a turn selector: only in the first turn */
} verbs[] = {
	{ "status", DO_STATUS, ARG_NUMBER, false, false },
	{ "rate-limit", DO_RATE_LIMIT, ARG_NUMBER, false, false },
	{ "quota", DO_QUOTA, ARG_NONE, false, false },
	{ "html", DO_HTML, ARG_NONE, false, false },
	{ "hang", DO_HANG, ARG_NONE, false, false },
	{ "close", DO_CLOSE, ARG_NONE, false, false },
	{ "stall", DO_STALL, ARG_NUMBER, false, false },
	{ "cut", DO_CUT, ARG_NUMBER, false, false },
	{ "malformed", DO_MALFORMED, ARG_NUMBER, false, false },
	{ "flood", DO_FLOOD, ARG_NUMBER, true, false },
	{ "delay", DO_DELAY, ARG_NUMBER, false, false },
	{ "invent", DO_INVENT, ARG_INVENTION, true, false },
	{ "empty", DO_EMPTY, ARG_NONE, true, false },
	{ "half-json", DO_HALF_JSON, ARG_NONE, true, false },
	{ "wrong-form", DO_WRONG_FORM, ARG_NONE, true, false },
	{ "question", DO_QUESTION, ARG_NONE, true, false },
	{ "refuse", DO_REFUSE, ARG_NONE, true, false },
	{ "say", DO_SAY, ARG_TEXT, true, false },
	{ "huge", DO_HUGE, ARG_NUMBER, true, false },
	{ "echo", DO_ECHO, ARG_NONE, true, false },
	{ "giant-line", DO_GIANT_LINE, ARG_NUMBER, true, false },
	{ "truncate", DO_TRUNCATE, ARG_NONE, true, false },
	{ "unread", DO_UNREAD, ARG_TEXT, true, false },
	{ "call", DO_CALL, ARG_CALL, false, true },
	{ "hostile", DO_HOSTILE, ARG_KIND, false, true },
	{ "endless", DO_ENDLESS, ARG_NONE, false, false },
	{ "same", DO_SAME, ARG_NONE, false, false },
	{ "judge", DO_JUDGE, ARG_JUDGING, true, false },
};

struct rule {
	const struct verb *verb;
	struct str step, persona, model, text;
	long long turn, times, number; /* -1: not said */
	unsigned fired;
};

struct script {
	struct arena *arena;
	struct rule rules[REHEARSAL_RULES_MAX];
	size_t n;
};

/* --- reading ------------------------------------------------------------------------------------
 */

static const struct verb *verb_of(struct str word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_is(word, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static bool number_of(struct str s, long long *ret)
{
	unsigned long long v;

	if (!str_to_u64(s, 1ull << 40, &v))
		return false;
	*ret = (long long)v;
	return true;
}

static unsigned invention_of(struct str word)
{
	static const struct {
		const char *name;
		unsigned bits;
	} rows[] = { { "", INVENT_ALL }, { "all", INVENT_ALL }, { "file", INVENT_FILE },
		{ "line", INVENT_LINE }, { "moved", INVENT_MOVED }, { "quote", INVENT_QUOTE } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_is(word, rows[i].name))
			return rows[i].bits;
	return 0;
}

/* "step=NAME" and its kin; false when WORD is no selector, *BAD when it is a wrong one. */
static bool read_selector(struct rule *r, struct str word, bool *bad)
{
	ptrdiff_t eq = str_chr(word, '=');

	if (str_is(word, "answer"))
		return true; /* said for the reader; the action knows */
	if (eq < 0)
		return false;
	struct str key = str_take(word, (size_t)eq), value = str_skip(word, (size_t)eq + 1);

	if (str_is(key, "step"))
		r->step = value;
	else if (str_is(key, "persona"))
		r->persona = value;
	else if (str_is(key, "model"))
		r->model = value;
	else if (str_is(key, "turn"))
		*bad |= !number_of(value, &r->turn);
	else if (str_is(key, "times"))
		*bad |= !number_of(value, &r->times);
	else
		*bad = true;
	return true;
}

static bool hostile_known(struct str kind)
{
	struct arena *a = arena_create("kind", MIB(1));
	struct mischief m = { 0 };
	bool known = hostile_calls(a, kind, FAMILY_PLAIN, STR("/repo"), &m);

	arena_destroy(a);
	return known;
}

/* NULL, or what is wrong with the number. */
static const char *judge_number(const struct rule *r)
{
	if (r->verb->action == DO_STATUS && (r->number < 200 || r->number > 599))
		return "it takes an HTTP status from 200 to 599";
	if (r->verb->action == DO_DELAY && r->number > REHEARSAL_DELAY_MAX)
		return "it takes at most an hour, in milliseconds";
	return NULL;
}

/* NULL, or what is wrong with the argument. */
static const char *read_argument(struct rule *r, struct str arg)
{
	r->text = arg;
	switch (r->verb->argument) {
	case ARG_NONE:
		return arg.n ? "it takes no argument" : NULL;
	case ARG_NUMBER:
		if (!arg.n && r->verb->action == DO_RATE_LIMIT)
			return NULL;
		return number_of(arg, &r->number) ? judge_number(r) : "it takes a number";
	case ARG_TEXT:
		return arg.n ? NULL : "it takes a text";
	case ARG_INVENTION:
		r->number = invention_of(arg);
		return r->number ? NULL : "it takes all, file, line, moved or quote";
	case ARG_KIND:
		return hostile_known(arg) ? NULL : hostile_kinds();
	case ARG_JUDGING:
		return judging_parse(arg, &(struct judging_rule){ 0 })
			   ? NULL
			   : "it takes confirm, partly, refute, refute-bare, refute-invented, "
			     "twice, "
			     "skip, others or own, perhaps json before and an item behind";
	case ARG_CALL:
		return str_chr(arg, ' ') > 0 ? NULL : "it takes a tool and its arguments as JSON";
	}
	return NULL;
}

static int bad_line(struct err *err, unsigned no, struct str line, const char *why)
{
	err_set(err, -EINVAL, "script line %u: %s", no, why);
	err_why(err, "it reads: %.*s", STR_ARG(str_take(line, 200)));
	return err_more(err, "rehearsal");
}

static int read_line(struct script *s, struct str line, unsigned no, struct err *err)
{
	struct rule r = { .turn = -1, .times = -1, .number = -1 };
	struct str rest = line, word;
	bool bad = false;

	do
		word = str_split(&rest, ' ');
	while (rest.p && (word.n == 0 || read_selector(&r, word, &bad)) && !bad);
	if (bad)
		return bad_line(err, no, line, "unknown selector");
	r.verb = verb_of(word);
	if (!r.verb)
		return bad_line(err, no, line, "unknown action");
	const char *why = read_argument(&r, str_trim(rest.p ? rest : (struct str){ "", 0 }));

	if (why)
		return bad_line(err, no, line, why);
	if (s->n == REHEARSAL_RULES_MAX)
		return bad_line(err, no, line, "too many lines");
	s->rules[s->n++] = r;
	return 0;
}

int script_parse(struct str text, struct script **ret, struct err *err)
{
	struct script *s;
	int rc = 0;

	if (text.n > REHEARSAL_SCRIPT_MAX)
		return err_set(err, -E2BIG, "the rehearsal script is larger than %zu bytes",
		    REHEARSAL_SCRIPT_MAX);
	s = xalloc(sizeof(*s));
	s->arena = arena_create("rehearsal script", MIB(1));
	struct str rest = arena_dup(s->arena, text);

	for (unsigned no = 1; rest.p && !rc; no++) {
		struct str line = str_trim(str_line(&rest));

		if (line.n && line.p[0] != '#')
			rc = read_line(s, line, no, err);
	}
	if (rc) {
		script_destroy(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void script_destroy(struct script *s)
{
	if (!s)
		return;
	arena_destroy(s->arena);
	free(s);
}

/* --- applying ------------------------------------------------------------------------------------
 */

static bool fits(const struct rule *r, const struct talk *t, const struct part *p, bool answers)
{
	long long turn = r->turn < 0 && r->verb->first ? 0 : r->turn;

	return (!r->step.n || str_eq(r->step, p->step)) &&
	       (!r->persona.n || str_eq(r->persona, p->persona)) &&
	       (!r->model.n || str_eq(r->model, t->model)) &&
	       (turn < 0 || turn == (long long)t->turns) && (!r->verb->answers || answers) &&
	       (r->times < 0 || r->fired < r->times);
}

static void add_call(struct arena *a, struct mischief *m, struct str text)
{
	struct str rest = text, name = str_split(&rest, ' ');

	m->calls = arena_grow(a, m->calls, m->n_calls, &m->cap_calls, sizeof(*m->calls));
	m->calls[m->n_calls++] = (struct extra_call){ name, str_trim(rest) };
}

static void add_judging(struct arena *a, struct mischief *m, struct str text)
{
	m->judging = arena_grow(a, m->judging, m->n_judging, &m->cap_judging, sizeof(*m->judging));
	(void)judging_parse(text, &m->judging[m->n_judging++]); /* it was read once */
}

static void set_status(struct mischief *m, int status, struct str retry_after, const char *body)
{
	m->status = status;
	m->retry_after = retry_after;
	m->body = str_from(body);
}

#define QUOTA_BODY                                                                               \
	"{\"error\":{\"message\":\"You exceeded your current quota, please check your plan and " \
	"billing details.\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}"
#define RATE_BODY                                                                    \
	"{\"error\":{\"message\":\"Rate limit reached, try again later.\",\"type\":" \
	"\"requests\",\"code\":\"rate_limit_exceeded\"}}"
#define SERVER_BODY                                                                \
	"{\"error\":{\"message\":\"The server had an error while processing your " \
	"request.\",\"type\":\"server_error\",\"code\":null}}"

/* What ends the exchange before there is a body. */
static bool apply_transport(struct arena *a, const struct rule *r, struct mischief *m)
{
	switch ((int)r->verb->action) {
	case DO_STATUS:
		set_status(m, (int)r->number, (struct str){ "", 0 }, SERVER_BODY);
		return true;
	case DO_RATE_LIMIT:
		set_status(m, 429, arena_dup(a, r->text), RATE_BODY);
		return true;
	case DO_QUOTA:
		set_status(m, 429, (struct str){ "", 0 }, QUOTA_BODY);
		return true;
	case DO_HTML:
		set_status(m, 502, (struct str){ "", 0 }, "<html><body>Bad Gateway</body></html>");
		return true;
	case DO_HANG:
		return m->hang = true;
	case DO_CLOSE:
		return m->close = true;
	default:
		return false;
	}
}

static void apply_stream(
    struct arena *a, const struct rule *r, const struct talk *t, struct mischief *m)
{
	switch ((int)r->verb->action) {
	case DO_STALL:
		m->stall = (long)r->number;
		break;
	case DO_CUT:
		m->cut = (long)r->number;
		break;
	case DO_MALFORMED:
		m->malformed = (long)r->number;
		break;
	case DO_FLOOD:
		m->flood = r->number;
		break;
	case DO_DELAY:
		m->delay_ms = (unsigned)r->number;
		break;
	case DO_INVENT:
		m->inventions |= (unsigned)r->number;
		break;
	case DO_UNREAD:
		m->unread = r->text;
		break;
	case DO_CALL:
		add_call(a, m, r->text);
		break;
	case DO_HOSTILE:
		hostile_calls(a, r->text, t->family, t->root.n ? t->root : STR("/repo"), m);
		break;
	case DO_ENDLESS:
		m->endless = true;
		break;
	case DO_SAME:
		m->same = true;
		break;
	case DO_JUDGE:
		add_judging(a, m, r->text);
		break;
	default:
		break;
	}
}

static const struct {
	enum action action;
	enum answer_spoiling spoil;
} spoilings[] = {
	{ DO_EMPTY, SPOIL_EMPTY },
	{ DO_HALF_JSON, SPOIL_HALF_JSON },
	{ DO_WRONG_FORM, SPOIL_SCHEMA },
	{ DO_QUESTION, SPOIL_QUESTION },
	{ DO_REFUSE, SPOIL_REFUSE },
	{ DO_SAY, SPOIL_SAY },
	{ DO_HUGE, SPOIL_HUGE },
	{ DO_ECHO, SPOIL_ECHO },
	{ DO_GIANT_LINE, SPOIL_GIANT_LINE },
	{ DO_TRUNCATE, SPOIL_TRUNCATE },
};

static void apply_spoiling(const struct rule *r, struct mischief *m)
{
	for (size_t i = 0; i < sizeof(spoilings) / sizeof(spoilings[0]); i++) {
		if (spoilings[i].action != r->verb->action)
			continue;
		m->spoil = spoilings[i].spoil;
		m->text = r->text;
		m->bytes = r->number;
	}
}

void script_apply(struct script *s, struct arena *a, const struct talk *t, const struct part *p,
    bool answers, struct mischief *ret)
{
	struct mischief m = { .stall = -1, .cut = -1, .malformed = -1 };

	for (size_t i = 0; i < s->n; i++) {
		struct rule *r = &s->rules[i];

		if (!fits(r, t, p, answers))
			continue;
		r->fired++;
		if (apply_transport(a, r, &m))
			continue;
		apply_stream(a, r, t, &m);
		apply_spoiling(r, &m);
	}
	*ret = m;
}
