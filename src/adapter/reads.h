/*
 * What a tool call has shown of files, as far as that is certain: lines that stand in its output
 * with their numbers, or an output that is a file's text from a line on that the input names.
 * Whatever is not of the form that was recorded from the program counts for nothing.
 *
 * The result is a list [{path, from, to}…] of at most READS_MAX, with paths as the program wrote
 * them; `to` is missing where the whole file was shown and its length is not known. A new
 * reference, or NULL: nothing.
 */
#ifndef ADAPTER_READS_H
#define ADAPTER_READS_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

/* How a tool's output shows lines. */
enum read_shape {
	READ_NUMBERED, /* "  12<mark>text", one line after the other */
	READ_PLAIN,    /* the text itself, or a word about which lines it is */
	READ_SILENT,   /* nothing of the text: a word about it, or none where it was whole */
	READ_HITS,     /* "path:12:text" */
	READ_GROUPED,  /* "path:", and below it "  Line 12: text" */
};

/* A tool of an agent program, and the names of its arguments. NULL: it has no such one. */
struct read_tool {
	const char *tool;
	enum read_shape shape;
	const char *path, *other_path; /* two names for the same */
	const char *from;	       /* first line, or how many come before it … */
	bool from_zero;
	const char *mark;     /* NUMBERED: what stands behind a number … */
	const char *old_mark; /* … and did in an earlier version */
	unsigned whole_max; /* SILENT: with no word about it, the file has at most so many lines */
};

/* For TOOL of TABLE (ending with one without a name), called with INPUT, that has succeeded. */
json_t *reads_of_call(
    const struct read_tool *table, struct str tool, const json_t *input, struct str output);

/* --- command_reads.c ----------------------------------------------------------------------- */

/*
 * For the command WORDS that ended with status 0 and wrote OUTPUT; COMPLETE: all of it is there.
 * Understood are cat, nl, head, tail -n +N, sed -n A,Bp, grep -n, rg -n and git diff of the working
 * tree, each with options of which it is known that they show lines as they are.
 */
json_t *reads_of_command(const struct str *words, size_t n, struct str output, bool complete);
/*
 * The same for a text that a shell gets: one command, or one with its output piped through head or
 * sed -n; `bash -lc '…'` around it is taken off. Anything else shows nothing for certain.
 */
json_t *reads_of_shell(struct str command, struct str output, bool complete);
/* New lines of each hunk of a unified diff, with the names behind "+++ b/". */
json_t *reads_of_diff(struct str diff);

/* --- words.c ------------------------------------------------------------------------------- */

#define SHELL_WORDS_MAX 256

struct shell_word {
	struct str text;
	bool is_pipe;
};

/*
 * The words of a command without its quotes, in BUF of at least TEXT.n bytes. How many; 0 when
 * there is anything in it but words, quotes and pipes (variables, patterns, redirections, lists),
 * or more than SHELL_WORDS_MAX.
 */
size_t shell_words(struct str text, char *buf, struct shell_word *ret);

/* A number at the beginning of *S, which then begins behind it. */
bool reads_number(struct str *s, unsigned *ret);
/* How many lines TEXT has; what stands behind its last newline is one. */
unsigned reads_count(struct str text);
/* Adds lines of PATH to *LIST, which is made when it is first needed; joined to the last entry
 * where they follow it. TO: 0 for "to the end". */
void reads_add(json_t **list, struct str path, unsigned from, unsigned to);

#endif
