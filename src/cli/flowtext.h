/*
 * The flows as people read them: on a terminal, grouped by tab, and as the table of README.md
 * (./dev docs flows).
 */
#ifndef CLI_FLOWTEXT_H
#define CLI_FLOWTEXT_H

#include "base/buf.h"
#include "cli/term.h"
#include "flow/library.h"

#define FLOWTEXT_FIX 96
/* The command by which a flow that is withheld comes to be used. Returns TEXT. */
const char *flowtext_fix(char text[FLOWTEXT_FIX], const struct flow_entry *e);
/* Two or three lines a flow: name, what it asks for, agents at each size; then its summary. */
void flowtext_list(struct buf *b, const struct term *t, const struct library *lib);
/* What FLOW asks for, its steps in their order, and what follows it. */
void flowtext_show(struct buf *b, const struct term *t, const struct flow *flow);
/* A table in Markdown of the flows that are built in, by tab. */
void flowtext_markdown(struct buf *b, const struct library *lib);

#endif
