/*
 * What a run can prove. Before an agent or a command executes, a record of all that holds it is put
 * into the run's log, and another one when nothing of it lives any more; this room knows how these
 * records hang together, when they prove that it only read, and how to say so. Pure: the records
 * come in as text, from a log or from a file that somebody kept (docs/proof.md).
 *
 * The chain: each event has one line,
 *
 *	{"seq":1,"at":1764167077000,"step":-1,"type":"started","data":{…}}
 *
 * and the digest of a log up to an event is SHA-256 over the SHA-256 of each line, in hex, each
 *with a newline behind it. So a file can hold the lines that prove something and only the digests
 *of the others, and anybody can check it with sha256sum. Records carry the log's digest before them
 * as "prev"; the run's row keeps the one behind its last event, the seal.
 */
#ifndef ATTEST_ATTEST_H
#define ATTEST_ATTEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/sha256.h"

#include <jansson.h>

#define ATTEST_RECORD "proof" /* type of the event that is a record */
#define ATTEST_RUN "run"      /* and of the one that says how the run stands */

struct attest_event {
	int64_t seq, at, step; /* step: position, or -1 */
	struct str type, data; /* data: JSON, as it was written */
};

/* --- the chain (chain.c) ------------------------------------------------------------------- */

struct chain {
	struct sha256 sha;
	int64_t seq; /* of the last event in it */
};

void chain_begin(struct chain *c);
void chain_add(struct chain *c, const struct attest_event *ev);
/* The same for an event of which only the digest of its line is known. */
void chain_add_digest(struct chain *c, int64_t seq, const char hex[SHA256_HEX]);
/* Of all that was added. The chain may go on. */
void chain_digest(const struct chain *c, char hex[SHA256_HEX]);
/* The line of EV without a newline, and its digest. */
void attest_line_text(struct buf *b, const struct attest_event *ev);
void attest_line_digest(const struct attest_event *ev, char hex[SHA256_HEX]);

/* --- records (record.c) -------------------------------------------------------------------- */

/* What stands in "part" of a record. */
enum attest_part {
	ATTEST_NEITHER,
	ATTEST_START,	 /* the walls stand, nothing has executed */
	ATTEST_END,	 /* nothing of it lives any more */
	ATTEST_SNAPSHOT, /* what the agents read was copied */
};

enum attest_part attest_part(const json_t *record);
/*
 * Whether a record says, all by itself, what has to be said: complete, no canary got through, no
 * capability, no descriptor too many, digests as they come out of what is there. The first thing
 * that does not hold is in ERR, what and why.
 */
MUST_CHECK int attest_check(const json_t *record, struct err *err);

/* --- what they come to (tally.c) ----------------------------------------------------------- */

#define ATTEST_WHY 200

struct tally {
	unsigned attempts, proven, unproven;
	unsigned open; /* no end is recorded */
	unsigned lost; /* that neither, but the next try found the snapshot as it was */
	unsigned snapshots;
	char mode;		     /* the weakest: 'A', 'B', 'C'; 0: none yet */
	unsigned tried;		     /* the fewest canaries */
	bool looked;		     /* at a repository */
	bool changed;		     /* the repository was not the same at each look */
	bool cut;		     /* not all of it was looked at */
	bool alone;		     /* an agent ran that has no read-only mode of its own */
	char repository[SHA256_HEX]; /* at the first look, */
	long long unread;	     /* which left out so many directories */
	char why[ATTEST_WHY];	     /* the first that is not proven */
	struct list opened;	     /* struct opened */
};

void tally_begin(struct tally *t);
void tally_fini(struct tally *t);
/* STEP is the position of the step that RECORD is of. */
void tally_add(struct tally *t, int64_t step, const json_t *record);
/*
 * "read-only: proven (mode A, 10/10 canaries, repository fingerprint equal)", or what is less:
 * changes by others, weaker egress, not proven and why. In A.
 */
char *tally_line(struct arena *a, const struct tally *t);

/* --- files (file.c) ------------------------------------------------------------------------ */

struct attest_seal {
	int64_t seq; /* 0: there is none */
	char sha256[SHA256_HEX];
};

/* The file's head; then one call an event; then its end. All bytes are printable ASCII. */
void attest_file_begin(struct buf *b, struct str run);
void attest_file_event(struct buf *b, const struct attest_event *ev);
void attest_file_end(struct buf *b, const struct attest_seal *seal);

struct attest_found {
	struct str run; /* in the arena */
	int64_t events;
	struct tally tally; /* give it back with tally_fini, also after an error */
	struct attest_seal seal;
};

/*
 * Reads a file that somebody kept: every byte of it is as written, the chain is whole, every record
 * is complete and consistent with the others, every attempt is proven. The first thing that does
 * not hold, as an error of four parts: -EPROTO the file is not whole, -EPERM it is, and says that
 * not everything was read-only.
 */
MUST_CHECK int attest_file_verify(
    struct arena *a, struct str file, struct attest_found *ret, struct err *err);

#endif
