/*
 * Single keys from the terminal while something is being watched, and leaving in good order: from
 * keys_open to keys_close SIGINT, SIGTERM and SIGHUP only say that it is time to go, so that the
 * terminal is always put back as it was.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <stdbool.h>
#include <termios.h>

struct keys {
	struct termios before;
	bool raw; /* stdin is a terminal and gives single keys */
};

void keys_open(struct keys *k);
void keys_close(struct keys *k);
/*
 * Waits at most MS milliseconds. A key: 'j' and 'k' also for the arrows down and up, '\n' for
 * Enter, 'q' also for the signals and Ctrl-C; 0 when there was none.
 */
char keys_wait(struct keys *k, int ms);

#endif
