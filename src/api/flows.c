#include "api/flows.h"

#include "base/limits.h"
#include "base/log.h"
#include "sys/fs.h"

#include <dirent.h>
#include <stdlib.h>

static const struct {
	const char *dir, *suffix;
	enum text_kind kind;
	size_t max;
} kinds[] = {
	{ "flows", ".yaml", TEXT_FLOW, FLOW_FILE_MAX },
	{ "personas", ".md", TEXT_PERSONA, PERSONA_FILE_MAX },
	{ "contracts", ".md", TEXT_CONTRACT, PERSONA_FILE_MAX },
};

static void add_dir(
    struct arena *a, struct library *lib, size_t k, const char *base, const char *origin)
{
	char *path = fs_join(a, base, kinds[k].dir);
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *file = fs_join(a, path, names[i]->d_name);
		struct str text;

		if (str_ends(str_from(file), str_from(kinds[k].suffix)) &&
		    fs_read(a, file, kinds[k].max, &text) == 0 &&
		    library_add(lib, kinds[k].kind, file, origin, text) < 0)
			log_debug("%s has errors: tutti flows validate %s", file, file);
		free(names[i]);
	}
	free(names);
}

struct library *flows_load(struct arena *a, const struct flows_from *from)
{
	struct library *lib = library_create();

	library_add_builtin(lib);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (from->user)
			add_dir(a, lib, k, from->user, "user");
		if (from->repo)
			add_dir(a, lib, k, fs_join(a, from->repo, ".tutti"), "repository");
	}
	library_check(lib);
	return lib;
}
