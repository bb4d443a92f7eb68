#include "engine/size.h"

#include "base/json.h"

/* A change is judged by its own size; a tree without one by how much there is to read. */
const struct size_rule size_rules[] = {
	{ "a change of 2,000 lines or more", "changed_lines", 2000, SIZE_LARGE },
	{ "a change of 200 lines or more", "changed_lines", 200, SIZE_MEDIUM },
	{ "a smaller change", "changed_lines", 1, SIZE_SMALL },
	{ "100,000 lines or more in focus", "focus_lines", 100000, SIZE_LARGE },
	{ "10,000 lines or more in focus", "focus_lines", 10000, SIZE_MEDIUM },
	{ NULL, NULL, 0, SIZE_SMALL },
};

const struct size_rule *size_rule(const json_t *signals)
{
	const struct size_rule *r = size_rules;

	while (r->what && json_get_int(signals, r->signal, 0) < r->at_least)
		r++;
	return r;
}
