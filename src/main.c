#include "agent/agent.h"
#include "cli/cli.h"
#include "sys/memory.h"
#include "workspace/workspace.h"

#include <stddef.h>
#include <string.h>

/* Programs of ours that are no commands: the worker starts them behind the fence. */
static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
	{ "agent", agent_main },
	{ "__freeze", freeze_main },
};

int main(int argc, char **argv)
{
	memory_or_end();
	for (size_t i = 0; argc > 1 && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(argv[1], programs[i].name) == 0)
			return programs[i].main(argc, argv);
	return cli_main(argc, argv);
}
