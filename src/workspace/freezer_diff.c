/* What the change consists of: how many files and lines of which paths, and against what. */
#include "workspace/freezer.h"

#include "sys/fs.h"

#include <stdio.h>

/* "added\tdeleted\tpath"; a binary file has dashes. */
static void take_numstat(struct freezer *z, struct str record)
{
	struct str rest = record, added = str_split(&rest, '\t'), deleted = str_split(&rest, '\t');
	unsigned long long a = 0, d = 0;

	if (!rest.p || !rest.n)
		return;
	if (!str_to_u64(added, 1ULL << 40, &a) || !str_to_u64(deleted, 1ULL << 40, &d))
		a = d = 0;
	z->changed_files++;
	z->changed_lines += (long long)(a + d);
	if (json_array_size(z->changed) < 1000)
		json_array_append_new(z->changed, json_text(rest));
}

static void take_untracked(struct freezer *z, struct str record)
{
	z->dirty = true;
	z->changed_files++;
	buf_add(&z->untracked, record);
	buf_addc(&z->untracked, '\0');
	z->changed_lines += (long long)copy_lines(z, record);
	if (json_array_size(z->changed) < 1000)
		json_array_append_new(z->changed, json_text(record));
}

static void take_dirt(struct freezer *z, struct str record)
{
	(void)record;
	z->dirty = true;
}

static void no_base(struct freezer *z)
{
	bool shallow = fs_exists(arena_printf(z->arena, "%s/shallow", places.git));

	if (!z->base[0])
		freezer_die("the repository cannot be compared with its last commit",
		    "an object of that is missing or damaged", GIT_FSCK);
	freezer_die("the repository cannot be compared",
	    arena_printf(z->arena, "git does not know the commit \"%s\"", z->base),
	    shallow ? "this clone is shallow: git fetch --unshallow brings what it lacks"
		    : "name a commit, a branch or a tag with --base");
}

/* git gives up where it cannot read a file; it is told not to look at those. */
static void hide_passed_over(const struct freezer *z)
{
	const char *const args[] = { "update-index", "-z", "--assume-unchanged", "--stdin", NULL };

	if (buf_str(&z->passed_over).n)
		git_feed(args, buf_str(&z->passed_over));
}

/* The working tree against `from`: what git keeps an eye on, and what it does not. */
static void changes_of_tree(struct freezer *z)
{
	const char *const refresh[] = { "update-index", "-q", "--refresh", NULL };
	const char *const dirt[] = { "diff-index", "-z", "--name-only", "--ignore-submodules=all",
		"HEAD", "--", NULL };
	const char *const diff[] = { "diff", "-z", "--numstat", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--ignore-submodules=dirty", "--end-of-options", z->from, "--",
		NULL };
	const char *const others[] = { "ls-files", "-z", "--others", "--exclude-standard", NULL };

	git_records(z, refresh, git_ignore);
	hide_passed_over(z);
	git_records(z, dirt, take_dirt);
	if (git_records(z, diff, take_numstat) != 0)
		no_base(z);
	git_records(z, others, take_untracked);
}

static void changes_of_commit(struct freezer *z)
{
	const char *const diff[] = { "diff", "-z", "--numstat", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--ignore-submodules=dirty", "--end-of-options", z->from,
		z->commit, "--", NULL };

	if (git_records(z, diff, take_numstat) != 0)
		no_base(z);
}

static void take_base(struct freezer *z, struct str record)
{
	struct str s = str_trim(record);

	if (s.n && s.n < sizeof(z->base_id))
		snprintf(z->base_id, sizeof(z->base_id), "%.*s", STR_ARG(s));
}

static void take_from(struct freezer *z, struct str record)
{
	struct str rest = record, first = str_trim(str_line(&rest));

	if (first.n && first.n < sizeof(z->from))
		snprintf(z->from, sizeof(z->from), "%.*s", STR_ARG(first));
}

/*
 * Where both came from: what the base did since is no part of the change. A shallow clone may not
 * reach that far; then the base itself is all there is to compare with.
 */
static void find_ancestor(struct freezer *z)
{
	const char *const args[] = { "merge-base", z->base_id, z->commit, NULL };

	if (z->has_head && git_records(z, args, take_from) == 0 && z->from[0])
		return;
	memcpy(z->from, z->base_id, sizeof(z->from));
	z->unrelated = true;
}

void git_changes(struct freezer *z)
{
	if (z->base[0] && (!z->is_git || !git_is_commit(z, z->base, take_base)))
		no_base(z);
	if (z->base[0])
		find_ancestor(z);
	else if (!z->at[0] && z->has_head)
		memcpy(z->from, z->commit, sizeof(z->from));
	if (z->at[0] && z->base[0])
		changes_of_commit(z);
	else if (z->from[0])
		changes_of_tree(z);
}
