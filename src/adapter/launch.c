#include "adapter/launch.h"

#include <assert.h>

const char *launch_place(const struct agent_task *task, const char *host, const char *inside)
{
	return task->in_place ? host : inside;
}

const char *launch_model(const struct agent_task *task)
{
	return task->model[0] ? task->model : "default";
}

struct str launch_prompt(struct arena *a, const char *note, const struct agent_task *task)
{
	return str_from(arena_printf(a, "%s%.*s", note, STR_ARG(task->prompt)));
}

const char **launch_copy(struct arena *a, const char *const *words, size_t bytes)
{
	const char **copy = arena_alloc(a, bytes);

	memcpy(copy, words, bytes);
	return copy;
}

void launch_bind(struct arena *a, const struct agent_task *task, struct agent_launch *l,
    const char *host, const char *inside)
{
	if (!l->binds)
		l->binds = arena_array(a, LAUNCH_BINDS_MAX, sizeof(*l->binds));
	assert(l->n_binds < LAUNCH_BINDS_MAX);
	l->binds[l->n_binds++] = (struct agent_bind){ host, launch_place(task, host, inside) };
}

void launch_file(struct arena *a, struct agent_launch *l, const char *path, struct str text)
{
	if (!l->files)
		l->files = arena_array(a, LAUNCH_FILES_MAX, sizeof(*l->files));
	assert(l->n_files < LAUNCH_FILES_MAX);
	l->files[l->n_files++] = (struct agent_file){ path, text };
}

const char *launch_dir(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? arena_cstr(a, (struct str){ path, (size_t)(slash - path) })
				     : "/";
}

const char *launch_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
