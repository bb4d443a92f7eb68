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
#define SCARCE_SITE 8	       /* so many frames tell one site from another */
#define SCARCE_SITES (1 << 18) /* so many requests are told apart */
#define SCARCE_TEXT 4096
#define SCARCE_FILE ".scarce"

struct scarce {
	int64_t on;		 /* nothing is counted, and nothing fails, while this is 0 */
	int64_t pid;		 /* whose requests; 0: of who comes first; -PID: of all others */
	int64_t from, n;	 /* which requests fail: N from number FROM on */
	int64_t count;		 /* so many there were */
	int64_t failed;		 /* so many of them failed */
	int64_t who;		 /* the process in which the first of those failed, and */
	char where[SCARCE_TEXT]; /* what asked: lines of object and offset, innermost first */
	int64_t look;		 /* where requests come from is to be written down: */
	uint64_t site[SCARCE_SITES]; /* of each, digests of who asked: the innermost, and all */
};

#endif
