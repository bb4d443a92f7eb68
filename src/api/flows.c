#include "api/flows.h"

#include "base/limits.h"
#include "base/log.h"
#include "sys/fs.h"

#include <dirent.h>
#include <stdlib.h>

static void add(
    struct library *lib, enum text_kind kind, const char *file, const char *origin, struct str text)
{
	if (library_add(lib, kind, file, origin, text) < 0)
		log_debug("%s has errors", file);
}

int flows_gap(int rc)
{
	return err_is_machines(rc) ? rc : 0;
}

static int add_dir(struct arena *a, struct library *lib, enum text_kind kind, const char *base)
{
	char *path = fs_join(a, base, own_kinds[kind].dir);
	struct dirent **names = NULL;
	int n = fs_scan(path, &names), rc = n < 0 ? flows_gap(-errno) : 0;

	for (int i = 0; i < n; i++) {
		char *file = fs_join(a, path, names[i]->d_name);
		struct str text;
		int got = str_ends(str_from(file), str_from(own_kinds[kind].suffix))
			      ? fs_read(a, file, own_kinds[kind].max, &text)
			      : -ENOENT;

		if (got == 0)
			add(lib, kind, file, "user", text);
		else if (!rc)
			rc = flows_gap(got);
		free(names[i]);
	}
	free(names);
	return rc;
}

struct library *flows_base(struct arena *a, const char *user, int *ret_gap)
{
	struct library *lib = library_create();
	int rc = 0;

	library_add_builtin(lib);
	for (int k = 0; user && k < TEXT_KINDS; k++) {
		int got = add_dir(a, lib, (enum text_kind)k, user);

		rc = rc ? rc : got;
	}
	if (ret_gap)
		*ret_gap = rc;
	return lib;
}

struct library *flows_with(struct arena *a, const char *user, struct own *own, int *ret_gap)
{
	struct library *lib = flows_base(a, user, ret_gap);
	size_t before = library_memory(lib);

	for (size_t i = 0; i < own->n; i++) {
		add(lib, own->v[i].kind, own->v[i].file, FLOWS_REPOSITORY, own->v[i].text);
		if (library_memory(lib) - before <= OWN_MEMORY_MAX)
			continue;
		own->refused = arena_printf(a, "%s and what comes before it need more than %zu MiB",
		    own->v[i].file, OWN_MEMORY_MAX >> 20);
		own->n = 0;
		library_destroy(lib);
		lib = flows_base(a, user, ret_gap);
	}
	library_check(lib);
	return lib;
}

struct library *flows_load(struct arena *a, const struct flows_from *from, struct err *err)
{
	struct own own = { 0 };
	int gap;

	if (from->repo)
		own_read(a, from->repo, &own);
	struct library *lib = flows_with(a, from->user, &own, &gap);

	if (own.refused)
		log_warn("%s: nothing of it is used", own.refused);
	if (!gap)
		return lib;
	library_destroy(lib);
	err_set(err, gap, "flows cannot be read: %s", err_name(gap));
	err_fix(err, "try again in a moment");
	return NULL;
}
