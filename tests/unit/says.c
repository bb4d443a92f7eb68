/*
 * A program that says what is appended to it, so that a test can make programs of any version by
 * copying: "@@p0 TEXT" prints TEXT and exits with 0, "@@k0" kills itself, "@@w0" writes for ever,
 * and "@@f0 PATH VERSION" prints VERSION unless it can read or write PATH. It is its own file,
 * since nothing else of the machine is shown to it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL 512

static int reach(char *rest)
{
	const char *path = strtok(rest, " "), *version = strtok(NULL, " ");

	puts(open(path, O_RDONLY | O_CLOEXEC) >= 0 ||
		     open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0
		 ? "9.9.9"
		 : version);
	return 0;
}

int main(int argc, char **argv)
{
	char tail[TAIL + 1] = "", *at;
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	if (argc != 2 || strcmp(argv[1], "--version") != 0 || fd < 0 ||
	    lseek(fd, -TAIL, SEEK_END) < 0 || read(fd, tail, TAIL) != TAIL)
		return 99;
	at = tail;
	while (strncmp(at, "@@", 2) != 0)
		if (++at > tail + TAIL - 5)
			return 98;
	if (at[2] == 'k')
		raise(SIGKILL);
	while (at[2] == 'w')
		puts("1.2.3 and so on");
	if (at[2] == 'f')
		return reach(at + 5);
	puts(at + 5);
	return at[3] - '0';
}
