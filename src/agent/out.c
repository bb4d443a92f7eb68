#include "agent/priv.h"

#include <stdlib.h>
#include <unistd.h>

static void write_all(struct str s)
{
	while (s.n) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1); /* nobody listens any more */
		s = str_skip(s, (size_t)n);
	}
}

void out_event(const char *type, json_t *doc)
{
	json_t *event = json_pack("{s:s}", "type", type);
	struct buf b;

	if (doc)
		json_object_update_missing(event, doc);
	json_decref(doc);
	buf_init(&b, AGENT_LINE_MAX);
	buf_add_value(&b, event);
	buf_addc(&b, '\n');
	write_all(buf_str(&b));
	buf_fini(&b);
	json_decref(event);
}

void out_text(const char *type, struct str text)
{
	if (text.n)
		out_event(type, json_pack("{s:o}", "text", json_text(text)));
}
