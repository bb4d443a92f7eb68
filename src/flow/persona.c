/* Personas and contracts: Markdown with a little structure. */
#include "flow/persona.h"

#include "base/limits.h"
#include "base/sha256.h"
#include "flow/errors.h"
#include "flow/yaml.h"

#include <stdlib.h>

#define TEMPERATURE_MAX 2 /* of every dialect that has one */

static bool split_front(struct str text, struct str *front, struct str *body)
{
	struct str rest = text;

	if (!str_is(str_rtrim(str_line(&rest)), "---"))
		return false;
	front->p = rest.p;
	while (rest.p) {
		const char *begin = rest.p;

		if (str_is(str_rtrim(str_line(&rest)), "---")) {
			front->n = (size_t)(begin - front->p);
			*body = rest.p ? rest : (struct str){ "", 0 };
			return true;
		}
	}
	return false;
}

static void read_name(struct persona *p, const struct yaml_pair *pair, struct flow_errors *errors)
{
	if (yaml_read_text(pair->value, errors, &p->name) && !flow_is_slug(p->name))
		flow_error_add(errors, pair->value->at,
		    "a persona's name has 1 to 64 of the characters a-z, 0-9 and -");
}

static void read_temperature(
    struct persona *p, const struct yaml_pair *pair, struct flow_errors *errors)
{
	struct str text;
	char *end = NULL;

	if (!yaml_read_text(pair->value, errors, &text))
		return;
	p->temperature = text.n ? strtod(text.p, &end) : -1;
	if (!(p->temperature >= 0 && p->temperature <= TEMPERATURE_MAX) || *end)
		flow_error_add(errors, pair->value->at, "temperature is a number from 0 to %d",
		    TEMPERATURE_MAX);
}

static void read_front(struct persona *p, const struct yaml_node *front, struct flow_errors *errors)
{
	static const char *const known[] = { "persona", "title", "temperature", NULL };

	for (size_t i = 0; i < front->n; i++) {
		const struct yaml_pair *pair = &front->pairs[i];
		const char *near;

		if (str_is(pair->key, "persona")) {
			read_name(p, pair, errors);
		} else if (str_is(pair->key, "title")) {
			yaml_read_text(pair->value, errors, &p->title);
		} else if (str_is(pair->key, "temperature")) {
			read_temperature(p, pair, errors);
		} else {
			near = nearest_word(pair->key, known);
			flow_error_add(errors, pair->at, "unknown key '%.*s' in a persona%s%s%s",
			    STR_ARG(str_take(pair->key, 40)), near ? "; did you mean '" : "",
			    near ? near : "", near ? "'?" : "");
		}
	}
}

int persona_parse(struct arena *a, const char *file, struct str text, struct persona *ret,
    struct flow_errors *errors)
{
	struct str front, body;
	const struct place top = { file, 1, 1 };

	*errors = (struct flow_errors){ .arena = a };
	*ret = (struct persona){ .temperature = -1, .file = file };
	if (text.n > PERSONA_FILE_MAX) {
		flow_error_add(errors, top, "a persona is at most %zu bytes", PERSONA_FILE_MAX);
		return -E2BIG;
	}
	if (!split_front(text, &front, &body)) {
		flow_error_add(
		    errors, top, "a persona begins with front matter between two lines `---`");
		return -EINVAL;
	}
	/* an empty line in front keeps the line numbers those of the file */
	char *padded = arena_printf(a, "\n%.*s", STR_ARG(front));
	struct yaml_node *node = yaml_parse(a, file, str_from(padded), errors);

	if (node && node->type == YAML_MAP)
		read_front(ret, node, errors);
	if (!ret->name.n && !errors->n)
		flow_error_add(errors, top, "a persona needs `persona:` with its name");
	if (!str_trim(body).n)
		flow_error_add(errors, top, "a persona needs a text below its front matter");
	if (!ret->title.n)
		ret->title = ret->name;
	ret->body = str_trim(body);
	sha256_of(text, ret->hash);
	return errors->n ? -EINVAL : 0;
}

struct str contract_section(struct str text, const char *heading)
{
	struct str rest = text, found = { "", 0 };
	bool inside = false;

	while (rest.p) {
		const char *begin = rest.p;
		struct str line = str_rtrim(str_line(&rest));

		if (str_starts(line, STR("## "))) {
			if (inside)
				return str_trim((struct str){ found.p, (size_t)(begin - found.p) });
			inside = str_eq_nocase(str_trim(str_skip(line, 3)), str_from(heading));
			found.p = rest.p ? rest.p : text.p + text.n;
		}
	}
	return inside ? str_trim((struct str){ found.p, (size_t)(text.p + text.n - found.p) })
		      : (struct str){ "", 0 };
}
