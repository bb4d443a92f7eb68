/*
 * A house and a person in front of it: a run is launched in this process, shown as it goes, and
 * ended by Ctrl-C. What `run`, `runs resume`, `eval` and their like open when no daemon has the
 * data.
 */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/ask.h"
#include "cli/house.h"
#include "cli/show.h"

struct follow_spec {
	struct house_spec house; /* its watcher is ours */
	const char *format;	 /* of the display */
	bool hasty;		 /* the first Ctrl-C cancels: nobody is told to press it again */
};

struct follow {
	struct house house;
	struct show show;
	struct ask ask;
	/* the run that is followed */
	int64_t run, seen, told; /* key; events shown; events there are */
	bool reading, over;
	enum run_status status;
	int64_t last_over; /* the last run that ended, whoever's, and how */
	enum run_status last_status;
	char run_id[ID_RUN_SIZE];
	/* signals */
	uv_signal_t sigint, sigterm, sigwinch;
	uv_timer_t ticker;
	unsigned interrupts;
	bool hasty, terminated, cancelling;
};

/* As house_open. */
int follow_open(struct follow *f, struct arena *a, const struct follow_spec *spec, struct err *err);
/* Ends what runs (confirmed), closes everything. */
void follow_close(struct follow *f);
/* Launches a run and follows it (follow_run). 0, or a negative errno with ERR in four parts. */
int follow_launch(struct follow *f, const struct launch *launch, struct err *err);
/* Shows run KEY until it is over or we are asked to leave. */
void follow_run(struct follow *f, int64_t key);
/* No run is followed any more; another one may be. */
void follow_forget(struct follow *f);
/* Runs the loop until *FLAG. */
void follow_wait(struct follow *f, const bool *flag);

#endif
