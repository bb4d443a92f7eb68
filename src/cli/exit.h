/* Exit codes: one table for help, JSON and documents. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_RUN_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_GATE = 3,
	EXIT_NOT_READY = 4,
	EXIT_NOT_FOUND = 5,
	EXIT_INVALID = 6,
	EXIT_LIMIT = 7,
	EXIT_PARTIAL = 8,
	EXIT_UNCONFIRMED = 9,
	EXIT_NO_FENCE = 78, /* EX_CONFIG */
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143,
};

struct exit_meaning {
	int code;
	const char *name, *meaning;
};

/* Ends with a NULL name. */
extern const struct exit_meaning exit_meanings[];
const char *exit_name(int code);

#endif
