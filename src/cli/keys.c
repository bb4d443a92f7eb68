#include "cli/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t leaving;

static void on_signal(int number)
{
	(void)number;
	leaving = 1;
}

static void watch_signals(void (*fn)(int number))
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = fn };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

void keys_open(struct keys *k)
{
	struct termios raw;

	leaving = 0;
	watch_signals(on_signal);
	*k = (struct keys){ 0 };
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) ||
	    tcgetattr(STDIN_FILENO, &k->before) < 0)
		return;
	raw = k->before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	k->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void keys_close(struct keys *k)
{
	if (k->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &k->before);
	watch_signals(SIG_DFL);
}

static char meaning(const char *bytes, ssize_t n)
{
	if (n >= 3 && bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O'))
		return bytes[2] == 'A' ? 'k' : bytes[2] == 'B' ? 'j' : 0;
	return n > 0 && bytes[0] == '\r' ? '\n' : n > 0 ? bytes[0] : 0;
}

char keys_wait(struct keys *k, int ms)
{
	struct pollfd fd = { k->raw ? STDIN_FILENO : -1, POLLIN, 0 };
	char bytes[8];

	if (leaving)
		return 'q';
	if (poll(&fd, 1, ms) < 0 && errno == EINTR)
		return leaving ? 'q' : 0;
	if (!(fd.revents & (POLLIN | POLLHUP)))
		return 0;
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n == 0)
		k->raw = false; /* the terminal is gone; the run goes on */
	return meaning(bytes, n);
}
