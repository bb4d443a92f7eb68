/* Which lines a change is about. */
#include "change/change.h"

static bool is_whole(const struct change_file *f)
{
	return f->left_out.n || f->how == CHANGE_DELETED || f->torn;
}

static bool hunk_touches(const struct change_hunk *h, unsigned line, unsigned end)
{
	unsigned last = h->new_line + (h->new_n ? h->new_n - 1 : 1);

	return !h->body.n || (line <= last && end >= h->new_line);
}

/* Hunks have unchanged lines around them: what stands there is beside the change, and counts. */
static bool file_touches(
    const struct change *c, const struct change_file *f, unsigned line, unsigned end)
{
	if (is_whole(f) || !line)
		return true;
	for (size_t k = 0; k < f->n; k++)
		if (hunk_touches(&c->hunks[f->first + k], line, end))
			return true;
	return false;
}

bool change_touches(const struct change *c, struct str path, unsigned line, unsigned end)
{
	for (size_t i = 0; i < c->n_files; i++) {
		const struct change_file *f = &c->files[i];

		if (f->old_path.n && f->how == CHANGE_RENAMED && str_eq(f->old_path, path))
			return true;
		if (str_eq(f->path, path) && file_touches(c, f, line, end > line ? end : line))
			return true;
	}
	return false;
}
