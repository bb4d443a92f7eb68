/*
 * Whether HTML of ours is what it has to be, whatever went into it: only our tags and attributes,
 * each tag closed in order, links only to where a reader may be led, nothing that cannot be seen,
 * headings that leave out no level, names that are there once and links that lead to them.
 */
#ifndef TESTS_HTML_CHECK_H
#define TESTS_HTML_CHECK_H

#include "base/map.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define HTML_OPEN_MAX 128

struct html_check {
	struct arena *a;
	struct str rest;
	struct str open[HTML_OPEN_MAX];
	size_t depth;
	unsigned level; /* of the last heading */
	bool fragment;	/* links to its places lead out of it */
	struct map ids, wanted;
	char wrong[160];
};

static bool hc_wrong(struct html_check *c, const char *what, struct str where)
{
	snprintf(c->wrong, sizeof(c->wrong), "%s: %.*s", what, STR_ARG(str_take(where, 60)));
	return false;
}

static bool hc_word(struct str s, const char *words)
{
	size_t n;

	for (const char *p = words; *p; p += n + (p[n] != 0)) {
		n = strcspn(p, " ");
		if (s.n == n && memcmp(s.p, p, n) == 0)
			return true;
	}
	return false;
}

static const char hc_void[] = "meta br hr rect";
static const char hc_tags[] =
    "a article b blockquote body br code dd del details div dl dt em footer h1 h2 h3 h4 h5 h6 head "
    "header hr html i li main mark meta nav ol p pre rect s section span strong style summary svg "
    "table tbody td th thead time title tr ul";
static const char hc_attributes[] =
    "aria-hidden aria-label aria-labelledby charset class content data-at datetime "
    "focusable height href "
    "http-equiv id lang name open preserveAspectRatio rel role start tabindex viewBox width x y";

static bool hc_link(struct html_check *c, struct str to)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:" };

	if (to.n > 1 && to.p[0] == '#') {
		map_put(&c->wanted, str_skip(to, 1), c);
		return true;
	}
	for (size_t i = 0; i < 3; i++)
		if (str_eq_nocase(str_take(to, strlen(schemes[i])), str_from(schemes[i])))
			return true;
	return hc_wrong(c, "a link to elsewhere", to);
}

static bool hc_attribute(struct html_check *c, struct str name, struct str value)
{
	if (!hc_word(name, hc_attributes))
		return hc_wrong(c, "an attribute that is not ours", name);
	if (str_is(name, "href"))
		return hc_link(c, value);
	if (str_is(name, "id") && map_put(&c->ids, value, c))
		return hc_wrong(c, "an id that is there twice", value);
	return true;
}

/* Behind a tag's name, up to its end. */
static bool hc_attributes_of(struct html_check *c, bool *ret_void)
{
	while (c->rest.n && c->rest.p[0] == ' ') {
		struct str s = str_skip(c->rest, 1), value = { "", 0 };
		size_t n = 0;

		while (n < s.n && !strchr(" =>/\"", s.p[n]))
			n++;
		struct str name = str_take(s, n);

		s = str_skip(s, n);
		if (str_starts(s, STR("=\""))) {
			ptrdiff_t end = str_chr(str_skip(s, 2), '"');

			if (end < 0)
				return hc_wrong(c, "an attribute without an end", name);
			value = str_take(str_skip(s, 2), (size_t)end);
			s = str_skip(s, (size_t)end + 3);
		}
		c->rest = s;
		if (!hc_attribute(c, name, value))
			return false;
	}
	*ret_void = str_starts(c->rest, STR("/>"));
	if (!*ret_void && !str_starts(c->rest, STR(">")))
		return hc_wrong(c, "a tag without an end", c->rest);
	c->rest = str_skip(c->rest, *ret_void ? 2 : 1);
	return true;
}

static bool hc_heading(struct html_check *c, struct str name)
{
	unsigned level = (unsigned)(name.p[1] - '0');

	if (name.n != 2 || name.p[0] != 'h' || level < 1 || level > 6)
		return true;
	if (level > c->level + 1)
		return hc_wrong(c, "a heading that leaves out a level", name);
	if (str_starts(c->rest, STR("</")))
		return hc_wrong(c, "a heading without words", name);
	c->level = level;
	return true;
}

static bool hc_tag(struct html_check *c)
{
	bool closes = str_starts(c->rest, STR("</")), is_void = false;
	struct str s = str_skip(c->rest, closes ? 2 : 1);
	size_t n = 0;

	while (n < s.n && !strchr(" />", s.p[n]))
		n++;
	struct str name = str_take(s, n);

	if (!hc_word(name, hc_tags))
		return hc_wrong(c, "a tag that is not ours", c->rest);
	c->rest = str_skip(s, n);
	if (!hc_attributes_of(c, &is_void))
		return false;
	if (closes) {
		if (!c->depth || !str_eq(c->open[c->depth - 1], name))
			return hc_wrong(c, "closed out of order", name);
		c->depth--;
		return true;
	}
	if (is_void || hc_word(name, hc_void))
		return true;
	if (c->depth == HTML_OPEN_MAX)
		return hc_wrong(c, "too deep", name);
	c->open[c->depth++] = name;
	if (str_is(name, "style"))
		c->rest = str_skip(c->rest, (size_t)str_find(c->rest, STR("</style>")));
	return hc_heading(c, name);
}

static bool hc_text(struct html_check *c)
{
	uint32_t cp;
	size_t n = utf8_next(c->rest, &cp);

	if (cp == '>' || cp == UTF8_BAD || (cp < 0x20 && cp != '\n' && cp != '\t') ||
	    (cp >= 0x7f && cp < 0xa0) || utf8_is_invisible(cp))
		return hc_wrong(c, "what cannot stand in a text", c->rest);
	c->rest = str_skip(c->rest, n);
	return true;
}

static bool hc_links(struct html_check *c)
{
	map_each (&c->wanted, e)
		if (!map_get(&c->ids, e->key))
			return hc_wrong(c, "a link to a place that is not there", e->key);
	return true;
}

/* What is wrong with HTML, or NULL. In A. BELOW is the level of the heading that it stands under.
 */
static inline const char *html_wrong(
    struct arena *a, struct str html, bool fragment, unsigned below)
{
	struct html_check *c = arena_new(a, struct html_check);

	c->a = a;
	c->rest = html;
	c->level = below;
	map_init(&c->ids, a);
	map_init(&c->wanted, a);
	if (str_starts(html, STR("<!DOCTYPE html>")))
		c->rest = str_skip(html, 15);
	while (c->rest.n)
		if (!(c->rest.p[0] == '<' ? hc_tag(c) : hc_text(c)))
			return c->wrong;
	if (c->depth)
		hc_wrong(c, "never closed", c->open[c->depth - 1]);
	else if (!fragment)
		hc_links(c);
	return c->wrong[0] ? c->wrong : NULL;
}

#endif
