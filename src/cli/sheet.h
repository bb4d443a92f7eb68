/*
 * What tutti knows of each agent, whatever this machine has: how it is held, how it is started,
 * what it can do. `tutti agents show` prints it, and docs/agents.md is made of it (./dev docs
 * agents).
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "adapter/adapter.h"
#include "base/buf.h"

/* The table of all agents, then a chapter for each, as Markdown. */
void sheet_all(struct arena *a, struct buf *b);
/* The rows of one agent: {"name", "title", "version", "mode", "dialect", "argv": […], …}. */
json_t *sheet_json(struct arena *a, const struct adapter_ops *ops);

#endif
