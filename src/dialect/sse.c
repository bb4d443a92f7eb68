#include "dialect/sse.h"

void sse_init(struct sse *s, size_t max, sse_fn fn, void *ctx)
{
	*s = (struct sse){ .fn = fn, .ctx = ctx };
	buf_init(&s->line, max);
	buf_init(&s->data, max);
	buf_init(&s->event, max);
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line);
	buf_fini(&s->data);
	buf_fini(&s->event);
}

static void dispatch(struct sse *s)
{
	if (s->has_data)
		s->fn(s->ctx, buf_str(&s->event), buf_str(&s->data));
	s->has_data = false;
	buf_clear(&s->data);
	buf_clear(&s->event);
}

static void field(struct sse *s, struct str line)
{
	struct str value = line;
	struct str name = str_split(&value, ':');

	if (value.n && value.p[0] == ' ')
		value = str_skip(value, 1);
	if (str_is(name, "data")) {
		if (s->has_data)
			buf_addc(&s->data, '\n');
		buf_add(&s->data, value);
		s->has_data = true;
	} else if (str_is(name, "event")) {
		buf_clear(&s->event);
		buf_add(&s->event, value);
	}
}

static void end_line(struct sse *s)
{
	struct str line = buf_str(&s->line);

	if (line.n == 0)
		dispatch(s);
	else if (line.p[0] != ':')
		field(s, line);
	buf_clear(&s->line);
}

int sse_feed(struct sse *s, struct str bytes)
{
	while (bytes.n) {
		if (s->skip_lf && bytes.p[0] == '\n') {
			s->skip_lf = false;
			bytes = str_skip(bytes, 1);
			continue;
		}
		s->skip_lf = false;
		size_t n = 0;

		while (n < bytes.n && bytes.p[n] != '\n' && bytes.p[n] != '\r')
			n++;
		buf_add(&s->line, str_take(bytes, n));
		if (buf_status(&s->line) || buf_status(&s->data))
			return -E2BIG;
		if (n < bytes.n) {
			s->skip_lf = bytes.p[n] == '\r';
			end_line(s);
			n++;
		}
		bytes = str_skip(bytes, n);
	}
	return buf_status(&s->data);
}
