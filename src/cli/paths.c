#include "cli/paths.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static int check_owner(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_set(err, -errno, "cannot look at %s: %s", dir, err_name(-errno));
	if (st.st_uid != geteuid()) {
		err_set(err, -EPERM, "the data directory %s belongs to somebody else", dir);
		return err_fix(err, "give another one: tutti --data DIR …");
	}
	if (st.st_mode & 022) {
		err_set(err, -EPERM, "others may write to the data directory %s", dir);
		return err_fix(err, "chmod go-w %s", dir);
	}
	return 0;
}

char *paths_data_choice(struct arena *a, const char *choice)
{
	if (choice)
		return arena_cstr(a, str_from(choice));
	if (env("TUTTI_DATA"))
		return arena_cstr(a, str_from(env("TUTTI_DATA")));
	if (env("XDG_DATA_HOME"))
		return fs_join(a, env("XDG_DATA_HOME"), "tutti");
	return env("HOME") ? fs_join(a, env("HOME"), ".local/share/tutti") : NULL;
}

int paths_data(struct arena *a, const char *choice, char **ret, struct err *err)
{
	char *dir = paths_data_choice(a, choice);

	if (!dir)
		return err_set(err, -ENOENT, "no home directory; give one with --data DIR");
	int rc = fs_mkdirs(dir, 0700);

	if (rc) {
		err_set(err, rc, "cannot create the data directory %s", dir);
		return err_why(err, "%s", err_name(rc));
	}
	char *real = fs_real(dir);

	if (real)
		dir = arena_cstr(a, str_from(real));
	free(real);
	*ret = dir;
	return check_owner(dir, err);
}

char *paths_config(struct arena *a)
{
	if (env("XDG_CONFIG_HOME"))
		return fs_join(a, env("XDG_CONFIG_HOME"), "tutti");
	return env("HOME") ? fs_join(a, env("HOME"), ".config/tutti") : NULL;
}

static char *climb(struct arena *a, const char *from)
{
	char *dir = arena_cstr(a, str_from(from));

	while (*dir) {
		if (fs_exists(fs_join(a, dir, ".git")))
			return dir;
		char *slash = strrchr(dir, '/');

		if (!slash)
			break;
		*slash = '\0';
	}
	return NULL;
}

int paths_repo(struct arena *a, const char *choice, char **ret, struct err *err)
{
	char *real = fs_real(choice ? choice : ".");
	struct stat st;

	if (!real) {
		int rc = -errno;

		err_set(err, rc, "the repository %s cannot be opened", choice ? choice : ".");
		err_why(err, "%s", err_name(rc));
		return err_fix(err, "name a directory that exists: --repo DIR");
	}
	char *dir = arena_cstr(a, str_from(real)), *top = choice ? NULL : climb(a, dir);

	free(real);
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		err_set(err, -ENOTDIR, "%s is not a directory", dir);
		return err_fix(err, "name the directory around it: --repo DIR");
	}
	*ret = top ? top : dir;
	return 0;
}

int paths_behind(struct arena *a, const char **ret, struct err *err)
{
#ifdef TUTTI_BEHIND
	(void)a;
	(void)err;
	*ret = TUTTI_BEHIND;
	return 0;
#else
	char *self;
	int rc = fs_self(a, &self);

	if (rc) {
		err_set(err, rc, "tutti cannot find its own program: %s", err_name(rc));
		return err_fix(err, "mount /proc");
	}
	*ret = self;
	return 0;
#endif
}
