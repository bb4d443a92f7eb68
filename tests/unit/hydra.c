/*
 * A child that does not want to go (test_fence_kills.c): it ignores what can be ignored, leaves its
 * session, its parent and its death signal behind, and grows four heads, of which one forks on for
 * ever. It says "x" for each head.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void fork_on(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid > 0)
			_exit(0); /* the next of the line goes on */
		if (pid < 0)
			usleep(100);
		else
			setsid();
	}
}

/* Ignores what can be ignored, leaves its session, its parent and its death signal behind. */
int main(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		setsid();
		prctl(PR_SET_PDEATHSIG, 0);
		if (fork() != 0)
			_exit(0);
		if (write(STDOUT_FILENO, "x", 1) == 1 && i == 0)
			fork_on();
		for (;;)
			pause();
	}
	for (;;)
		pause();
}
