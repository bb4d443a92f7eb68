/*
 * Arguments by table: one list of options a command gives parsing, help and completion. Options may
 * stand anywhere; `--name value` and `--name=value` are the same; `--` ends them.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

enum opt_type {
	OPT_FLAG,
	OPT_TEXT,
	OPT_TEXTS, /* may be given several times */
	OPT_NUMBER,
	OPT_SPAN, /* 90s, 5m, 1h */
	OPT_CHOICE
};

#define OPT_TEXTS_MAX 16
struct opt_texts {
	const char *v[OPT_TEXTS_MAX];
	size_t n;
};

struct opt {
	const char *name; /* without the dashes; NULL ends the table */
	char letter;	  /* or 0 */
	enum opt_type type;
	const char *value; /* what the help calls it; for OPT_CHOICE "a|b|c" */
	const char *group; /* heading in the help */
	const char *help;
	size_t offset; /* of the member that gets it: bool, const char *, struct opt_texts, long
			 long, msec_t */
};

/*
 * Reads ARGV (without program and command names) into the struct at VALUES. Words that are no
 * options end up in *RET_WORDS, NULL-terminated, in A. Four-part errors with the nearest option.
 */
MUST_CHECK int args_parse(struct arena *a, const struct opt *const *tables, int argc, char **argv,
    void *values, const char ***ret_words, size_t *ret_n, struct err *err);

#endif
