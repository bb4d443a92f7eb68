/*
 * What is put off: ids of findings in the entries below a heading "Deferred …". An entry is a
 * bullet with the lines that belong to it, a row of a table or a paragraph. Ids behind its trigger
 * ("reopen when S4 is fixed") are conditions and not put off.
 */
#include "evidence/priv.h"

#include "base/map.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>

#define REASON_MAX 400

static bool is_deferred_title(struct str line)
{
	struct str title = item_undress(line);

	return title.n >= 8 && str_eq_nocase(str_take(title, 8), STR("deferred"));
}

/* "- …", "1. …", "| … |", "### …": something that a list begins a new entry with. */
static bool begins_entry(struct str line)
{
	struct str s = str_trim(line);

	return s.n > 1 && (strchr("|#", s.p[0]) || (strchr("-*+", s.p[0]) && s.p[1] == ' ') ||
			      (isdigit((unsigned char)s.p[0]) && strchr(".)", s.p[1])));
}

static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return n;
}

/* What an entry says before it names what reopens it: ids behind are conditions. */
static struct str before_trigger(struct str entry)
{
	static const char *const words[] = { "reopen", "trigger", "revisit" };

	for (size_t i = 0; i < entry.n; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			struct str w = str_from(words[k]);

			if (str_eq_nocase(str_take(str_skip(entry, i), w.n), w))
				return str_take(entry, i);
		}
	return entry;
}

static struct str one_line(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool blank = isspace((unsigned char)s.p[i]);

		if (blank && (!n || p[n - 1] == ' '))
			continue;
		p[n++] = blank ? ' ' : s.p[i];
	}
	return str_rtrim((struct str){ p, n });
}

static struct str reason_of(struct arena *a, struct str entry)
{
	bool open = before_trigger(entry).n == entry.n;
	struct str s = item_undress(one_line(a, str_take(entry, (size_t)2 * REASON_MAX)));
	bool cut = s.n > REASON_MAX;

	s = utf8_cut(s, REASON_MAX);
	return str_from(arena_printf(a, "%.*s%s%s", STR_ARG(s), cut ? " …" : "",
	    open ? " (nothing is named that would reopen it)" : ""));
}

struct names {
	struct map uids; /* uid, and step/id */
};

static struct finding *named(const struct names *names, const struct deferring *by, struct str id)
{
	struct finding *f = map_get(&names->uids, id);
	char own[256];
	int n = snprintf(own, sizeof(own), "%.*s/%.*s", STR_ARG(by->step), STR_ARG(id));

	/* in its own text a step calls its items by their bare ids */
	if (n > 0 && (size_t)n < sizeof(own)) {
		struct finding *mine = map_get(&names->uids, (struct str){ own, (size_t)n });

		f = mine && (!f || !by->all) ? mine : f;
	}
	return f && (by->all || str_eq(f->step, by->step)) ? f : NULL;
}

static void take_entry(
    struct arena *a, const struct names *names, const struct deferring *by, struct str entry)
{
	struct str head = before_trigger(entry);

	for (size_t i = 0; i < head.n;) {
		struct str rest = str_skip(head, i);
		bool inside = i && (is_word_char(head.p[i - 1]) || strchr("/-", head.p[i - 1]));
		size_t n = inside ? 0 : item_id_length(rest);
		struct finding *f = n ? named(names, by, str_take(rest, n)) : NULL;

		if (f && f->disposition == DISPOSITION_NONE) {
			f->disposition = DISPOSITION_DEFERRED;
			f->disposition_reason = reason_of(a, entry);
		}
		i += n ? n : 1;
	}
}

/* Each entry below a heading "Deferred …", up to the next heading as high. */
static void take_text(struct arena *a, const struct names *names, const struct deferring *by)
{
	struct str rest = by->text, entry = { NULL, 0 };
	unsigned of = 0;
	size_t indent = 0;

	while (rest.p && rest.n) {
		struct str line = str_line(&rest);
		unsigned level = heading_level(line);
		bool ends = of && level && level <= of;
		bool begins = of && !ends && str_trim(line).n && begins_entry(line) &&
			      (!entry.p || indent_of(line) <= indent);

		if (entry.p && (ends || begins)) {
			take_entry(a, names, by, entry);
			entry.p = NULL;
		}
		if (ends)
			of = 0;
		if (level && !of && is_deferred_title(line)) {
			of = level;
		} else if (of && !entry.p && str_trim(line).n) {
			entry = line;
			indent = indent_of(line);
		} else if (entry.p) {
			entry.n = (size_t)(line.p + line.n - entry.p);
		}
	}
	if (entry.p)
		take_entry(a, names, by, entry);
}

void findings_defer(struct arena *a, struct finding *const *findings, size_t n,
    const struct deferring *texts, size_t n_texts)
{
	struct names names;

	map_init(&names.uids, a);
	for (size_t i = 0; i < n; i++)
		map_put(&names.uids, findings[i]->uid, findings[i]);
	for (size_t i = 0; i < n; i++) {
		struct finding *f = findings[i];
		struct str name =
		    str_from(arena_printf(a, "%.*s/%.*s", STR_ARG(f->step), STR_ARG(f->id)));

		if (!map_get(&names.uids, name))
			map_put(&names.uids, name, f);
	}
	for (size_t i = 0; i < n_texts; i++)
		take_text(a, &names, &texts[i]);
}
