/* Templates and pointers of described agents. */
#include "adapter/described.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "flow/errors.h"

/* --- templates ------------------------------------------------------------------------------- */

static const char *const holes[] = { "port", "token", "model", "repo", "home", "tmp", NULL };

static struct str value_of(struct arena *a, struct str hole, const struct agent_task *task)
{
	if (str_is(hole, "port"))
		return str_from(arena_printf(a, "%u", task->port));
	if (str_is(hole, "token"))
		return str_from(task->token);
	if (str_is(hole, "model"))
		return str_from(task->model);
	if (str_is(hole, "repo"))
		return str_from(task->repo);
	return str_from(str_is(hole, "home") ? task->home : task->tmp);
}

/* Cuts the text before the next hole off *REST, and the hole; false when there is none. */
static bool next_hole(struct str *rest, struct str *before, struct str *hole)
{
	ptrdiff_t open = str_find(*rest, STR("{{"));
	struct str inside = open < 0 ? (struct str){ NULL, 0 } : str_skip(*rest, (size_t)open + 2);
	ptrdiff_t close = str_find(inside, STR("}}"));

	*before = open < 0 ? *rest : str_take(*rest, (size_t)open);
	if (open < 0)
		return false;
	*hole = str_trim(str_take(inside, close < 0 ? inside.n : (size_t)close));
	*rest = close < 0 ? (struct str){ NULL, 0 } : str_skip(inside, (size_t)close + 2);
	return true;
}

struct str described_fill(struct arena *a, struct str template, const struct agent_task *task)
{
	struct str before, hole;
	struct buf b;

	buf_init(&b, MIB(1));
	while (next_hole(&template, &before, &hole)) {
		buf_add(&b, before);
		buf_add(&b, value_of(a, hole, task));
	}
	buf_add(&b, before);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

static struct place place_in(struct place at, struct str text, const char *p)
{
	for (const char *c = text.p; c < p; c++)
		at.line += *c == '\n';
	return at;
}

void described_check_template(
    struct str text, struct place at, bool secret, struct flow_errors *errors)
{
	struct str rest = text, before, hole;

	while (next_hole(&rest, &before, &hole)) {
		if (!rest.p || !hole.p) {
			const char *end = hole.p ? hole.p : text.p + text.n;

			flow_error_add(errors, place_in(at, text, end), "{{ without }}");
			return;
		}
		const char *near = nearest_word(hole, holes);
		struct place here = place_in(at, text, hole.p);

		if (!near || !str_is(hole, near))
			flow_error_add(errors, here,
			    "there is no {{%.*s}}; a description knows port, token, model, repo, "
			    "home and tmp",
			    (int)(hole.n < 60 ? hole.n : 60), hole.p);
		else if (!secret && str_is(hole, "token"))
			flow_error_add(errors, here,
			    "everybody on the machine can read arguments; {{token}} belongs into "
			    "environment or files");
	}
}

/* --- pointers -------------------------------------------------------------------------------- */

bool described_is_pointer(struct str text)
{
	if (text.n > KIB(1) || (text.n && text.p[0] != '/'))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '~' &&
		    (i + 1 == text.n || (text.p[i + 1] != '0' && text.p[i + 1] != '1')))
			return false;
	return true;
}

static const json_t *member(const json_t *doc, struct str token)
{
	char key[KIB(1) + 1];
	size_t n = 0;
	unsigned long long index;

	if (json_is_array(doc))
		return str_to_u64(token, AGENT_LINE_MAX, &index) ? json_array_get(doc, index)
								 : NULL;
	for (size_t i = 0; i < token.n; i++, n++) {
		key[n] = token.p[i];
		if (token.p[i] == '~')
			key[n] = token.p[++i] == '1' ? '/' : '~';
	}
	key[n] = '\0';
	return json_object_get(doc, key);
}

const json_t *described_at(const json_t *doc, struct str pointer)
{
	if (!pointer.p)
		return NULL;
	for (struct str rest = str_skip(pointer, 1); doc && pointer.n && rest.p;)
		doc = member(doc, str_split(&rest, '/'));
	return doc;
}
