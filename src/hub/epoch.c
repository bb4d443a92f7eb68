#include "hub/epoch.h"

#include "base/limits.h"
#include "base/log.h"
#include "sys/fs.h"

#include <stdio.h>
#include <sys/stat.h>

#define NOTE STR("epoch")
#define WITNESS "epoch"
#define WITNESS_MAX 256

/* What each of the two says. */
struct mark {
	char name[EPOCH_SIZE];
	unsigned long long life; /* how often an owner came or went */
	unsigned long long inode, changed;
};

static bool read_mark(struct str text, struct mark *m)
{
	struct str name = str_split(&text, ' '), life = str_split(&text, ' '),
		   inode = str_split(&text, ' ');

	if (name.n != EPOCH_SIZE - 1 || !str_starts(name, STR("e-")))
		return false;
	snprintf(m->name, sizeof(m->name), "%.*s", STR_ARG(name));
	return str_to_u64(life, UINT64_MAX / 2, &m->life) &&
	       (!inode.n || (str_to_u64(inode, UINT64_MAX, &m->inode) &&
				str_to_u64(text, UINT64_MAX, &m->changed)));
}

/* Which file the witness is. */
static bool look_at(const char *path, struct mark *m)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	m->inode = st.st_ino;
	m->changed = (unsigned long long)st.st_ctim.tv_sec * 1000000000 +
		     (unsigned long long)st.st_ctim.tv_nsec;
	return true;
}

/* Do both tell the same? M is what they tell. */
static bool agree(struct store *s, struct arena *a, const char *path, struct mark *m)
{
	struct mark witness = { 0 };
	struct str text;

	if (s->ops->note_get(s, a, NOTE, &text) < 0 || !read_mark(text, m))
		return false;
	if (fs_read(a, path, WITNESS_MAX, &text) < 0 || !read_mark(str_trim(text), &witness) ||
	    !look_at(path, &witness))
		return false;
	return strcmp(m->name, witness.name) == 0 && m->life == witness.life &&
	       m->inode == witness.inode && m->changed == witness.changed;
}

static int write_marks(
    struct store *s, struct arena *a, const char *path, struct mark *m, struct err *err)
{
	int rc =
	    fs_write(path, str_from(arena_printf(a, "%s %llu\n", m->name, m->life)), 0600, err);

	if (rc)
		return rc;
	if (!look_at(path, m))
		return err_set(err, -errno, "%s cannot be looked at: %s", path, err_name(-errno));
	rc = s->ops->note_put(s, NOTE,
	    str_from(arena_printf(a, "%s %llu %llu %llu", m->name, m->life, m->inode, m->changed)));
	return rc ? err_set(err, rc, "the epoch cannot be stored: %s", err_name(rc)) : 0;
}

static void new_name(struct mark *m)
{
	char id[ID_RUN_SIZE];

	id_run(id);
	*m = (struct mark){ .life = 0 };
	snprintf(m->name, sizeof(m->name), "e-%.10s", id + 2);
}

int epoch_enter(struct store *s, const char *dir, char ret[EPOCH_SIZE], struct err *err)
{
	struct arena *a = arena_create("epoch", ARENA_SMALL);
	const char *path = fs_join(a, dir, WITNESS);
	struct mark m;

	if (!agree(s, a, path, &m))
		new_name(&m);
	m.life++;
	int rc = write_marks(s, a, path, &m, err);

	if (rc) {
		log_warn("%s; pages fetch their runs anew", err->what);
		new_name(&m);
	}
	snprintf(ret, EPOCH_SIZE, "%s", m.name);
	arena_destroy(a);
	return 0;
}

int epoch_leave(struct store *s, const char *dir, struct err *err)
{
	struct arena *a = arena_create("epoch", ARENA_SMALL);
	const char *path = fs_join(a, dir, WITNESS);
	struct mark m;
	int rc = -ESTALE;

	if (agree(s, a, path, &m)) {
		m.life++;
		rc = write_marks(s, a, path, &m, err);
	} else {
		err_set(err, rc, "the history is not the one that was entered");
	}
	arena_destroy(a);
	return rc;
}
