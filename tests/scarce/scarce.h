/*
 * Memory that runs out, at run time, in a program as it is: a library for LD_PRELOAD that counts
 * requests for memory and lets some of them fail. It is told which by a file that it maps, named by
 * TUTTI_SCARCE; scarce.py writes it.
 *
 * Nothing of that comes through the fence. So there is the program with this in it, too
 * (tutti-scarce), and in the directory that it starts in a file SCARCE_FILE with a line "WORD K N":
 * of a program of ours that is called with WORD first, N requests fail, from the K-th on.
 */
#ifndef SCARCE_SCARCE_H
#define SCARCE_SCARCE_H

#include <stdint.h>

#define SCARCE_DEPTH 40
#define SCARCE_TEXT 4096
#define SCARCE_FILE ".scarce"

struct scarce {
	int64_t on;  /* nothing is counted, and nothing fails, while this is 0 */
	int64_t pid; /* whose requests; 0: of the process that comes first; -PID: of all others */
	int64_t from, n;	 /* which requests fail: N from number FROM on */
	int64_t count;		 /* so many there were */
	int64_t failed;		 /* so many of them failed */
	int64_t who;		 /* the process in which the first of those failed, and */
	char where[SCARCE_TEXT]; /* what asked for it: lines of object and offset, the innermost
				    first */
};

#endif
