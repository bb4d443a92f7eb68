/* degrade WORD -- COMMAND…: runs COMMAND as on a machine that lacks something (degrade.h). */
#include "degrade.h"

#include <stdio.h>

static int usage(void)
{
	fprintf(stderr, "usage: degrade WORD -- COMMAND…\n");
	for (size_t i = 0; i < sizeof(degrade_words) / sizeof(degrade_words[0]); i++)
		fprintf(
		    stderr, "  %-10s lacks %s\n", degrade_words[i].word, degrade_words[i].lacks);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 4 || strcmp(argv[2], "--") != 0)
		return usage();
	int rc = degrade_enter(argv[1]);

	if (rc == -ENOENT)
		return usage();
	if (rc) {
		fprintf(stderr, "degrade: %s: %s\n", argv[1], strerror(-rc));
		return 126;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
