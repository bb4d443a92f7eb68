/* What the two files of the spill share: spill.c writes, spill_place.c knows where and how much. */
#ifndef WORKER_SPILL_PRIV_H
#define WORKER_SPILL_PRIV_H

#include "worker/spill.h"

struct spills {
	char *data;	  /* or NULL */
	struct list open; /* struct spill with a file: their runs stay */
	bool measured;	  /* what follows was counted */
	unsigned long long used;
	unsigned runs;
};

/* A new file for STREAM of SP, opened for writing. Older runs may go for it. */
MUST_CHECK int spill_open(struct spill *sp, enum spill_stream stream, int *ret_fd);
void spill_unlink(const struct spill *sp, enum spill_stream stream);
/* "spill/RUN/…" of STREAM. */
void spill_name(const struct spill *sp, enum spill_stream stream, char *buf, size_t size);

#endif
