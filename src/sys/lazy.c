#include "sys/lazy.h"

#include "base/arena.h"

#include <dlfcn.h>

int lazy_load(const char *soname, const char *package, const struct lazy_symbol *symbols, size_t n,
    struct err *err)
{
	errno = 0;
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!lib && errno == ENOMEM) /* it may be there */
		out_of_memory(soname, 0);
	if (!lib) {
		err_set(err, -ENOENT, "cannot load %s", soname);
		err_why(err, "%s", dlerror());
		return err_fix(err, "apt-get install %s", package);
	}
	for (size_t i = 0; i < n; i++) {
		*symbols[i].slot = dlsym(lib, symbols[i].name);
		if (!*symbols[i].slot)
			return err_set(err, -ENOENT, "%s has no %s", soname, symbols[i].name);
	}
	return 0;
}
