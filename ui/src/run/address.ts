/* Every object of a run has an address. Pure. */

export const TABS = ["report", "agents", "timeline", "graph", "log", "input"] as const;
export type Tab = (typeof TABS)[number];

export type Target =
	| { t: "finding"; id: string } /* #F-3, #f-s1 */
	| { t: "evidence"; id: string } /* #E7 */
	| { t: "heading"; id: string } /* #h-slug, #answer */
	| { t: "event"; seq: number } /* #e18234 */
	| { t: "lines"; from: number; to: number }; /* #L120-L140 */

export function target(hash: string): Target | null {
	const id = decode(hash.replace(/^#/, ""));
	let m: RegExpExecArray | null;

	if (!id)
		return null;
	if ((m = /^L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(id))) {
		const from = Number(m[1]), to = m[2] ? Number(m[2]) : from;

		return { t: "lines", from: Math.min(from, to), to: Math.max(from, to) };
	}
	if ((m = /^e(\d{1,15})$/.exec(id)))
		return { t: "event", seq: Number(m[1]) };
	if (/^E\d{1,7}$/.test(id))
		return { t: "evidence", id };
	if (/^f-/i.test(id))
		return { t: "finding", id };
	return { t: "heading", id };
}

function decode(s: string): string {
	try {
		return decodeURIComponent(s);
	} catch {
		return s;
	}
}

export function lineHash(from: number, to: number): string {
	return from === to ? `#L${from}` : `#L${from}-L${to}`;
}

/* Where a run opens when its address says no tab. */
export function landing(run: { status: string; report?: boolean }): Tab {
	return run.report && run.status !== "running" ? "report" : "agents";
}

export interface Place {
	tab: Tab | null;
	agent: string | null;
	attempt: number;
	well: "stream" | "output" | "prompt" | "evidence" | "raw";
	embed: boolean;
}

const WELLS = ["stream", "output", "prompt", "evidence", "raw"] as const;

export function place(search: string): Place {
	const q = new URLSearchParams(search);
	const tab = q.get("tab") as Tab, well = q.get("view") as Place["well"];

	return {
		tab: TABS.includes(tab) ? tab : null,
		agent: q.get("agent") || null,
		attempt: Math.max(0, Number.parseInt(q.get("attempt") ?? "0", 10) || 0),
		well: WELLS.includes(well) ? well : "stream",
		embed: q.get("embed") === "1",
	};
}

export function search(p: Place): string {
	const q = new URLSearchParams();

	if (p.tab)
		q.set("tab", p.tab);
	if (p.agent)
		q.set("agent", p.agent);
	if (p.agent && p.attempt)
		q.set("attempt", String(p.attempt));
	if (p.agent && p.well !== "stream")
		q.set("view", p.well);
	if (p.embed)
		q.set("embed", "1");
	const s = q.toString();
	return s ? `?${s}` : "";
}
