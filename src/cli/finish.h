/* The end of a run: report, summary, exit code; shared by run, resume and retry. */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

#include "cli/gate.h"
#include "cli/house.h"

struct finish_spec {
	const char *output; /* file, "-" for stdout, or NULL */
	const char *sarif;  /* file, or NULL */
	const struct gate *gate;
};

/* H has followed its run. Prints what is to be printed; returns the exit code. */
int finish(struct house *h, const struct finish_spec *spec);

#endif
