/* Where a run's log breaks off: its daemon was gone, or it was over and a person went on with it. Pure. */
import type { LogEvent } from "./types";
import { time } from "./words";

export interface Break {
	seq: number; /* of the first event behind it */
	stopped: number; /* ms, of the last one before it */
	continued: number;
	lost: boolean; /* with a daemon; else a person went on */
}

export function isLost(e: LogEvent): boolean {
	return e.type === "step" && e.data.ending === "lost" && e.data.status === "pending";
}

/* What was lost together comes together. */
export function breaks(log: LogEvent[]): Break[] {
	const all: Break[] = [];

	log.forEach((e, i) => {
		const before = log[i - 1];
		const again = e.type === "run" && e.data.status === "running";

		if (before && ((isLost(e) && !isLost(before)) || again))
			all.push({ seq: e.seq, stopped: time(before.at), continued: time(e.at), lost: !again });
	});
	return all;
}
