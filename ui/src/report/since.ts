/* What of a report is new to somebody who read the one before. Pure. */
import type { Comparison } from "../compare/model";
import type { RunSummary } from "../wire/types";

/* The last run that was asked the same of the same repository before RUN, and was read. */
export function before(run: RunSummary, all: readonly RunSummary[]): RunSummary | null {
	const same = all.filter((r) => r.id !== run.id && r.flow === run.flow && r.repo === run.repo && r.question === run.question &&
		r.seen && r.findings !== null && (r.started ?? "") < (run.started ?? ""));

	return same.reduce<RunSummary | null>((a, b) => (!a || (b.started ?? "") > (a.started ?? "") ? b : a), null);
}

export function newIds(c: Comparison): Set<string> {
	return new Set(c.findings.filter((p) => p.change === "new" && p.now).map((p) => p.now!.id));
}
