/*
 * What the ceilings of an attempt cut off, kept for a person who looks for the reason. The bytes
 * are an agent's: nothing of ours reads them again.
 *
 *   DATA/spill/RUN/POSITION.EPOCH.STREAM         one file a stream: output, errors or answer,
 *   DATA/spill/RUN/POSITION.EPOCH.again.STREAM   and of the round after a broken form
 *
 * A file is made when something is cut, and not before; 0600, in directories of 0700. Nothing
 * depends on it: whatever goes wrong ends the file, is told in the log, and changes no step. What a
 * killed process left stays as it is, without an event that tells of it.
 *
 * Bounded three times: by the share of its stream in SPILL_ATTEMPT_MAX; by SPILL_HOUSE_MAX for all
 * runs, where those that were written to longest ago make room; and by SPILL_SPARE, which the disk
 * keeps free, since a full disk would stop the very run.
 *
 * It is written on the loop, as it comes, so that no memory is held; bytes go to the page cache. A
 * disk that takes longer than SPILL_SLOW_MS for a piece gets no second one of that stream.
 */
#ifndef WORKER_SPILL_H
#define WORKER_SPILL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/list.h"
#include "base/sha256.h"
#include "base/str.h"

#include <jansson.h>

/* The directory of it below the data directory. */
#define SPILL_PLACE "spill"

enum spill_stream { SPILL_OUTPUT, SPILL_ERRORS, SPILL_ANSWER, SPILL_STREAMS };

enum spill_cut {
	SPILL_OF_LINE,	  /* AGENT_LINE_MAX; the line from its beginning */
	SPILL_OF_OUTPUT,  /* AGENT_OUTPUT_MAX; what comes after it */
	SPILL_OF_COMMAND, /* COMMAND_OUTPUT_MAX; what comes after it */
	SPILL_OF_ERRORS,  /* AGENT_STDERR_MAX; all of it, since the rest is its tail */
	SPILL_OF_ANSWER,  /* ANSWER_MAX; the whole answer, as far as it was taken */
	SPILL_CUTS
};

struct spills; /* of all runs in a data directory; one writer at a time */

/* Touches nothing yet. DATA (copied) may be NULL: then nothing is kept, and that is told. */
struct spills *spills_create(const char *data);
void spills_destroy(struct spills *s);

struct spill_file {
	int fd; /* -1: not open */
	bool cut, over;
	unsigned why; /* bits of enum spill_cut */
	unsigned long long kept, lost;
	struct sha256 sha; /* over what is kept */
	char ended[120];   /* why no more is kept */
};

/* One round of an attempt. */
struct spill {
	struct list list; /* of those that have a file, in the house */
	struct spills *house;
	char run[ID_RUN_SIZE];
	int64_t position;
	unsigned epoch;
	bool again;
	struct spill_file files[SPILL_STREAMS];
};

/* SP may be moved or forgotten until something is added; from then on until spill_end. */
void spill_begin(struct spill *sp, struct spills *house, const char *run, int64_t position,
    unsigned epoch, bool again);
/* BYTES are above the ceiling of CUT. */
void spill_add(struct spill *sp, enum spill_cut cut, struct str bytes);
bool spill_has(const struct spill *sp, enum spill_stream stream);
/*
 * Closes the file of STREAM. What is to be told of it, new: {"stream", "file" (below the data
 * directory, or null), "kept", "lost", "sha256" (of what is kept), "why", "ended" (why no more is
 * kept, if so)}; NULL when nothing was cut.
 */
json_t *spill_end(struct spill *sp, enum spill_stream stream);

/* --- what is there, from any process ------------------------------------------------------ */

struct spill_found {
	int64_t position;
	unsigned epoch;
	bool again;
	enum spill_stream stream;
	const char *file; /* below the data directory */
	unsigned long long bytes;
};

const char *spill_stream_name(enum spill_stream stream);
/* Those of RUN, by position and epoch, in A. Files with other names are not ours and not listed. */
MUST_CHECK int spill_list(
    struct arena *a, const char *data, const char *run, struct spill_found **ret, size_t *ret_n);

#endif
