/*
 * The change that a run may be asked to review, written once beside the tree. git is run as for
 * everything else here: on our own git directory, so that no driver, filter, hook or setting of the
 * repository has a say, and no attribute hides a file. What git does not know yet is taken from the
 * snapshot itself.
 */
#include "workspace/freezer.h"

#include "change/change.h"

#include <errno.h>
#include <fcntl.h>

#define NAMES_MAX MIB(2) /* of files whose lines are left out, behind the others */

static const char start[] = "\ndiff --git ";

/* Without the file in whose middle it breaks off. */
static void cut_to_files(struct buf *b)
{
	struct str all = buf_str(b);
	size_t n = sizeof(start) - 1;

	for (size_t at = all.n; at-- > 0;)
		if (all.p[at] == '\n' && str_starts(str_skip(all, at), (struct str){ start, n })) {
			b->n = at + 1;
			return;
		}
	b->n = 0;
}

static bool add_tracked(struct freezer *z, struct buf *b)
{
	const char *const diff[] = { "-c", "core.bigFileThreshold=8m", "diff", "--patch",
		"--no-color", "--find-renames", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/",
		"--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short",
		"--end-of-options", z->from, z->at[0] ? z->commit : "--", z->at[0] ? "--" : NULL,
		NULL };
	bool cut;

	if (git_read(diff, CHANGE_RAW_MAX, b, &cut) < 0)
		freezer_die("the change cannot be read", "git diff failed",
		    "git fsck in the repository says more");
	if (cut)
		cut_to_files(b);
	return cut;
}

static bool add_untracked(struct freezer *z, struct buf *b, struct str path)
{
	const char *mode = "100644";
	struct str text = { "", 0 };
	size_t limit = CHANGE_RAW_MAX + NAMES_MAX - 8 * PATH_BYTES_MAX * 2;

	if (str_ends(path, STR("/"))) /* a repository of its own: it is named elsewhere */
		return true;
	if (b->n > limit)
		return false;
	if (!copy_text(z, path, &text, &mode))
		change_write_left_out(b, path, mode, "it is not in the snapshot");
	else if (b->n + 3 * text.n > CHANGE_RAW_MAX) /* a line may be a byte; each gets two more */
		change_write_left_out(b, path, mode, "behind the first 8 MiB of the change");
	else
		change_write_new(b, path, mode, text);
	return true;
}

static struct change_head head_of(const struct freezer *z, bool cut)
{
	return (struct change_head){ .kind = z->base[0] ? CHANGE_SINCE : CHANGE_UNCOMMITTED,
		.base = str_from(z->base),
		.from = str_from(z->from),
		.to = z->at[0] ? str_from(z->commit) : (struct str){ "", 0 },
		.unrelated = z->unrelated,
		.cut = cut,
		.files = (unsigned)z->changed_files };
}

static void keep(struct freezer *z, const struct buf *body, bool cut)
{
	const struct change_head head = head_of(z, cut);
	int fd = open(arena_printf(z->arena, "%s/change", places.out),
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct buf all;

	buf_init(&all, body->n + MIB(1));
	change_write_head(&all, &head);
	buf_add(&all, buf_str(body));
	freezer_put(fd, buf_str(&all));
	buf_fini(&all);
}

void change_make(struct freezer *z)
{
	struct str names = buf_str(&z->untracked);
	struct buf body;

	if (!z->from[0] || (!z->base[0] && !z->dirty))
		return;
	buf_init(&body, CHANGE_RAW_MAX + NAMES_MAX);
	bool cut = add_tracked(z, &body);

	while (names.n)
		cut |= !add_untracked(z, &body, str_split(&names, '\0'));
	keep(z, &body, cut || buf_status(&body));
	buf_fini(&body);
}
