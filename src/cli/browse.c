#include "cli/browse.h"

#include "base/json.h"
#include "cli/cli.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_display(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x && *x) || (wayland && *wayland);
}

bool browse_link(struct arena *a, const char *link)
{
	/* what it says is not for this terminal */
	char *program = has_display() ? fs_which(a, "xdg-open") : NULL;
	char *argv[] = { program, arena_cstr(a, str_from(link)), NULL };
	posix_spawn_file_actions_t actions;
	int status = 1;
	pid_t pid;

	if (!program)
		return false;
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	bool begun = posix_spawn(&pid, program, &actions, NULL, argv, environ) == 0;

	posix_spawn_file_actions_destroy(&actions);
	return begun && waitpid(pid, &status, 0) == pid && status == 0;
}

int browse(struct arena *a, struct client *client, const char *path, struct err *err)
{
	json_t *body = json_object(), *doc = NULL;
	int code = client_call(client, "POST", "/api/v1/session/link", body, &doc, err);

	json_decref(body);
	if (code)
		return code;
	const char *link = arena_printf(a, "%s&next=%s", json_get_cstr(doc, "sign_in", ""), path);

	json_decref(doc);
	return browse_link(a, link) ? 0 : cli_print(str_from(arena_printf(a, "%s\n", link)), 0);
}
