/* The end of a run: report, summary, exit code; shared by run, resume and retry. */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

#include "cli/follow.h"
#include "cli/gate.h"

struct finish_spec {
	const char *output; /* file, "-" for stdout, or NULL */
	const char *sarif;  /* file, or NULL */
	const struct gate *gate;
	/* filled in by finish */
	const struct globals *globals;
	const char *data; /* directory */
	int64_t run;
	const struct show *show;
	bool cancelled; /* by the person who looks on */
};

/* F has followed its run. Prints what is to be printed; returns the exit code. */
int finish(struct follow *f, struct finish_spec *spec);
/* The same for a run that somebody else carried out, read from an open store; SPEC is complete. */
int finish_stored(struct store *s, struct arena *a, const struct finish_spec *spec);

#endif
