/*
 * Questions to a person, put and answered at the terminal on which a run is shown, one after the
 * other as they came up: where a daemon has its page and `tutti runs approve`.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/list.h"
#include "cli/show.h"
#include "engine/engine.h"

#include <uv.h>

#define ASK_LINE_MAX 256 /* bytes of an answer; what is longer is none */

/* What is said where nobody can be asked. */
#define ASK_NOBODY                                                                         \
	"A person is asked, and neither a terminal nor a daemon is there for the answer. " \
	"Ctrl-C twice ends the run; tutti runs resume asks again"

struct question;

struct ask {
	struct engine *engine;
	struct show *show;
	struct list open;
	struct question *looking; /* it is being read again, to see whether it still waits */
	uv_tty_t terminal;
	bool able;  /* there is a terminal, and somebody at it */
	bool posed; /* the first question is on the screen */
	char line[ASK_LINE_MAX], bytes[ASK_LINE_MAX];
	size_t n;
};

/* People are asked where SHOW draws on a terminal and they can type. LOOP and SHOW outlive A. */
void ask_init(struct ask *a, uv_loop_t *loop, struct engine *engine, struct show *show);
/* The question of FX (ENGINE_ASK). False: there is nobody to ask. */
bool ask_person(struct ask *a, const struct engine_effect *fx);
/* Puts a question, and takes it back when it waits no longer; call a few times a second. */
void ask_tick(struct ask *a);
/* The run is over: it waits for nobody. */
void ask_end(struct ask *a);
/* After the engine is gone, before the loop is closed. */
void ask_fini(struct ask *a);

#endif
