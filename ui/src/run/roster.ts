/* A run's steps as rows that people watch: groups, filters, words. Pure. */
import type { RunDoc, Status, Step } from "./types";
import { brief, DOT, failure, isOver, plural, span, time, tokens } from "./words";

export const GROUPS = [
	"Preparation", "Angles", "Fold", "Assessment", "Synthesis", "Validation", "Report", "Steps",
] as const;
export type GroupName = (typeof GROUPS)[number];

export const FOLD_ABOVE = 20; /* rows of a group */

export interface Group {
	name: GroupName;
	steps: Step[]; /* in plan order */
}

export type Filter = "all" | "running" | "failed" | "cancelled" | "completed" | "pending";
export type Sort = "plan" | "duration" | "tokens" | "findings";

/* Does a person watch this kind of step? */
export function shows(s: Step): boolean {
	if (s.role === "rewrite" && s.status === "skipped")
		return false;
	return !["code", "switch", "each", "loop"].includes(s.kind) || s.role === "fold" ||
		(s.kind === "code" && s.status === "failed");
}

export function groupOf(s: Step): GroupName {
	if (s.kind === "snapshot")
		return "Preparation";
	switch (s.role) {
	case "angle":
		return "Angles";
	case "fold":
		return "Fold";
	case "assess":
		return "Assessment";
	case "synthesizer":
		return "Synthesis";
	case "validator":
	case "reconcile":
		return "Validation";
	case "rewrite":
		return "Report";
	default:
		return "Steps";
	}
}

/* In the order in which a group first comes in the plan. */
export function groups(steps: Step[]): Group[] {
	const all = new Map<GroupName, Step[]>();

	for (const s of steps) {
		if (!shows(s))
			continue;
		const name = groupOf(s);
		const had = all.get(name);

		if (had)
			had.push(s);
		else
			all.set(name, [s]);
	}
	return [...all].map(([name, list]) => ({ name, steps: list }));
}

export function isIn(s: Step, filter: Filter): boolean {
	switch (filter) {
	case "running":
		return s.status === "running";
	case "failed":
		return s.status === "failed";
	case "cancelled":
		return s.status === "cancelled";
	case "completed":
		return s.status === "completed";
	case "pending":
		return s.status === "pending" || s.status === "skipped";
	default:
		return true;
	}
}

export function countFilters(steps: Step[]): Record<Filter, number> {
	const n: Record<Filter, number> = { all: 0, running: 0, failed: 0, cancelled: 0, completed: 0, pending: 0 };

	for (const s of steps)
		if (shows(s))
			for (const f of Object.keys(n) as Filter[])
				n[f] += isIn(s, f) ? 1 : 0;
	return n;
}

export function matches(s: Step, text: string): boolean {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const hay = [s.label, s.step, s.persona, s.agent, s.model, s.reason, s.activity]
		.join(" ").toLowerCase();

	return words.every((w) => hay.includes(w));
}

/* Plan order, but where a run is over and somebody asked for another one. */
export function sorted(steps: Step[], sort: Sort): Step[] {
	const value = (s: Step): number =>
		(sort === "duration" ? s.took_ms : sort === "tokens" ? s.tokens : s.findings) ?? -1;

	return sort === "plan" ? steps : [...steps].sort((a, b) => value(b) - value(a));
}

/* --- words of a row ----------------------------------------------------------------------- */

/* "waits for 3 agents", "waits for Structure". */
export function waits(s: Step, doc: RunDoc): string {
	const open = (s.needs ?? [])
		.map((n) => doc.steps.find((x) => x.step === n))
		.filter((x): x is Step => !!x && !isOver(x.status));

	if (!open.length)
		return "";
	const rest = open.filter((x) => x.kind === "agent");

	if (rest.length > 1)
		return `waits for ${rest.length} agents`;
	return `waits for ${(rest[0] ?? open[0]!).label}`;
}

export function result(s: Step): string {
	const { findings, citations, hold } = s;
	const cited = citations ? `${hold ?? 0} of ${plural(citations, "citation")} hold` : "";

	if (s.status !== "completed")
		return "";
	if (findings)
		return plural(findings, "finding") + (cited ? DOT + cited : "");
	if (cited)
		return cited;
	return findings === 0 && s.role === "angle" ? "no findings" : "";
}

/* "stopping" is a condition of a run, "failed" one of a step: a status is never invented. */
export function activity(s: Step, doc: RunDoc): { text: string; tone: "" | "failed" | "quiet" } {
	switch (s.status) {
	case "running":
		if (s.condition)
			return { text: s.condition, tone: "quiet" };
		return { text: oneLine(s.activity || (s.choices ? "waiting for an answer" : "starting")), tone: "" };
	case "completed":
		return { text: result(s), tone: "quiet" };
	case "failed":
		return { text: failure(s.ending, s.reason), tone: "failed" };
	case "cancelled":
		return { text: oneLine(s.activity || s.reason || "cancelled"), tone: "quiet" };
	case "skipped":
		return { text: oneLine(s.reason || "not needed"), tone: "quiet" };
	default:
		return { text: s.condition || waits(s, doc) || oneLine(s.activity || ""), tone: "quiet" };
	}
}

export function oneLine(s: string): string {
	const line = s.replace(/\s+/g, " ").trim();

	return line.length > 120 ? `${line.slice(0, 119)}\u2026` : line;
}

export interface Chip {
	text: string;
	tip: string;
	tone: "" | "warn";
	icon?: "repeat";
	attempt?: boolean; /* what a list of attempts says, too */
}

/* At most two are shown; the rest is in the row's tooltip. */
export function chips(s: Step, silentMs = 0): Chip[] {
	const all: Chip[] = [];

	if (silentMs)
		all.push({
			text: `no activity ${span(silentMs)}`, tone: "warn",
			tip: "Longer without an event than is usual for this agent.",
		});
	if (s.partial)
		all.push({ text: "partial", tone: "warn", tip: "Its text was cut off." });
	if (s.denied)
		all.push({
			text: `blocked ${s.denied}`, tone: "warn",
			tip: `${plural(s.denied, "tool call")} denied by the read-only guard.`,
		});
	if (s.epoch > 1)
		all.push({
			text: `attempt ${s.epoch}`, tone: "", attempt: true,
			tip: isRestarted(s) ? "Begun again when the run was continued." : `Attempt ${s.epoch}.`,
		});
	if (s.kept)
		all.push({ text: "kept", tone: "", icon: "repeat", tip: "Kept from before the run was continued." });
	return all;
}

/* Begun once more than it was tried: an attempt was lost, or taken back by a person. */
export function isRestarted(s: Step): boolean {
	return s.epoch > 1 && s.epoch > s.attempt;
}

export function elapsed(s: Step, now: number): string {
	if (s.status === "running" && s.started)
		return span(now - time(s.started));
	return s.took_ms !== null && s.took_ms !== undefined ? took(s.took_ms) : "";
}

/* What is over: its tenths of a second count when it was short. */
export function took(ms: number): string {
	return ms < 9950 ? brief(ms) : span(ms);
}

export function tokenText(s: Step): string {
	return s.tokens ? tokens(s.tokens) : "";
}

/* What an assistive technology reads for a row. */
export function rowName(s: Step, doc: RunDoc): string {
	const a = activity(s, doc).text;

	return [`${s.label}, ${s.status}`, a].filter(Boolean).join(": ");
}

/* --- moving ------------------------------------------------------------------------------- */

export interface View {
	filter: Filter;
	text: string;
	sort: Sort;
	closed: ReadonlySet<string>; /* names of groups */
	unfolded: ReadonlySet<string>; /* groups whose finished rows are shown */
}

export interface Shown {
	name: GroupName;
	all: number;
	rows: Step[];
	folded: number; /* finished rows that are not among them */
}

/*
 * What stands on the page. Finished rows of a big group are folded at first (OVER: they were
 * finished when the run was opened), never while somebody watches.
 */
export function shownGroups(doc: RunDoc, v: View, over: ReadonlySet<string>): Shown[] {
	const live = doc.status === "running";

	return groups(doc.steps)
		.map((g) => {
			const hits = g.steps.filter((s) => isIn(s, v.filter) && matches(s, v.text));
			const fold = g.steps.length > FOLD_ABOVE && !v.unfolded.has(g.name) &&
				v.filter === "all" && !v.text;
			const rows = fold ? hits.filter((s) => !over.has(s.step)) : hits;

			return {
				name: g.name, all: hits.length, folded: hits.length - rows.length,
				rows: v.closed.has(g.name) ? [] : sorted(rows, live ? "plan" : v.sort),
			};
		})
		.filter((g) => g.all > 0);
}

export function neighbour(names: string[], from: string | null, by: number): string | null {
	if (!names.length)
		return null;
	const at = from ? names.indexOf(from) : -1;

	if (at < 0)
		return by > 0 ? names[0]! : names[names.length - 1]!;
	return names[Math.min(names.length - 1, Math.max(0, at + by))]!;
}

/* The next failed agent behind FROM, around the end. */
export function nextFailed(steps: Step[], from: string | null): string | null {
	const failed = steps.filter((s) => shows(s) && s.status === "failed").map((s) => s.step);

	if (!failed.length)
		return null;
	const order = steps.map((s) => s.step);
	const at = from ? order.indexOf(from) : -1;

	return failed.find((f) => order.indexOf(f) > at) ?? failed[0]!;
}

/* --- the run ------------------------------------------------------------------------------ */

export interface Progress {
	all: number;
	done: number;
	failed: number;
	text: string;
}

export function progress(doc: RunDoc): Progress {
	const n = doc.agents;

	if (!n)
		return { all: 0, done: 0, failed: 0, text: "" };
	const failed = n.failed + n.cancelled, done = n.completed + n.skipped + failed;
	const parts = [`${done} of ${n.all} finished`];

	if (n.failed)
		parts.push(`${n.failed} failed`);
	if (n.cancelled)
		parts.push(`${n.cancelled} cancelled`);
	return { all: n.all, done, failed, text: parts.join(DOT) };
}

/* "8 ✓ 1 ✕": words for what is read aloud are elsewhere. */
export function outcome(doc: RunDoc): string {
	if (doc.outcome)
		return doc.outcome;
	if (doc.status === "failed")
		return doc.reason ? `Failed: ${doc.reason}` : "Failed.";
	if (doc.status === "cancelled")
		return doc.reason ? `Cancelled: ${doc.reason}` : "Cancelled.";
	return "";
}

export function tokensOf(doc: RunDoc): { n: number; open: boolean } {
	const sum = doc.steps.reduce((n, s) => n + (s.tokens ?? 0), 0);
	const said = (doc.tokens_in ?? 0) + (doc.tokens_out ?? 0);
	const isLive = doc.status === "running";

	return { n: isLive ? Math.max(sum, said) : said || sum, open: isLive };
}

/* What a resumed run went on with. */
export function resumption(doc: RunDoc): { kept: Step[]; restarted: Step[] } | null {
	if (!doc.resumed)
		return null;
	const kept = doc.steps.filter((s) => s.kept && shows(s));
	const restarted = doc.steps.filter((s) => shows(s) && !s.kept && isRestarted(s) && s.kind === "agent");

	return { kept, restarted };
}

export const statusWords: Record<Status, string> = {
	pending: "pending", running: "running", completed: "completed", failed: "failed",
	skipped: "skipped", cancelled: "cancelled",
};
