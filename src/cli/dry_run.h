/*
 * `tutti run … --dry-run`: what the run would be. The repository is frozen and measured behind the
 * fence, as for a run; no run is stored, no agent started, no model asked.
 */
#ifndef CLI_DRY_RUN_H
#define CLI_DRY_RUN_H

#include "api/launch.h"
#include "cli/cli.h"

/* Prints it as text or, with --json, as preview_json (engine/preview.h). Exit code. */
int dry_run(struct arena *a, const struct globals *g, const struct order *order);

#endif
