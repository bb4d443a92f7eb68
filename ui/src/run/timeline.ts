/* When what ran: rows of bars on a scale that leaves out long stretches of nothing. Pure. */
import type { Break } from "./breaks";
import { isIn, shows, type Filter } from "./roster";
import type { LogEvent, RunDoc, Step } from "./types";
import { isOver, span, time } from "./words";

export type BarKind = "wait" | "run" | "model" | "backoff" | "failed" | "cancelled";

export interface Span {
	kind: BarKind;
	from: number; /* ms */
	to: number;
	attempt: number;
}

export interface Lane {
	step: Step;
	spans: Span[];
}

export interface Piece {
	from: number;
	to: number;
	x: number;
	w: number;
	idle: boolean;
}

export interface Scale {
	pieces: Piece[];
	width: number;
	x(t: number): number;
	t(x: number): number;
}

export const ROW = 24;
export const IDLE_WIDTH = 44;
const IDLE_SHARE = 0.1;
const IDLE_LEAST = 10_000; /* ms */

/* --- what ran ----------------------------------------------------------------------------- */

/*
 * The attempts of each step out of the log's step events, where it is known; else the step's own. What was
 * lost with the daemon ended when that was gone, not when the next one found out.
 */
export function lanes(doc: RunDoc, log: LogEvent[], now: number, filter: Filter = "all", gone: readonly Break[] = []): Lane[] {
	const seen = new Map<string, Span[]>();

	for (const e of log)
		if (e.type === "step")
			addEvent(seen, e);
	for (const list of seen.values())
		for (const s of list) {
			const b = gone.find((x) => s.from <= x.stopped && s.to >= x.continued && s.to !== Infinity);

			if (b)
				s.to = b.stopped;
		}
	return doc.steps.filter((s) => shows(s) && isIn(s, filter)).map((step) => ({
		step, spans: spansOf(doc, step, seen.get(step.step) ?? [], now),
	}));
}

function addEvent(seen: Map<string, Span[]>, e: LogEvent): void {
	const list = seen.get(e.data.step) ?? [];
	const last = list[list.length - 1];
	const at = time(e.at);

	seen.set(e.data.step, list);
	if (last && last.to === Infinity) {
		last.to = at;
		if (e.data.status === "failed" || e.data.status === "pending")
			last.kind = "failed";
		if (e.data.status === "cancelled")
			last.kind = "cancelled";
	}
	if (e.data.status === "running")
		list.push({ kind: "run", from: at, to: Infinity, attempt: e.data.epoch ?? e.data.attempt ?? 1 });
}

function spansOf(doc: RunDoc, s: Step, known: Span[], now: number): Span[] {
	const from = time(s.started), own: Span[] = [];
	const before = known.filter((k) => k.attempt !== s.epoch && k.to !== Infinity);

	for (const k of before) {
		const next = [...before, { from }].find((x) => x.from > k.from)?.from ?? 0;

		own.push(k);
		if (next > k.to)
			own.push({ kind: "backoff", from: k.to, to: next, attempt: k.attempt });
	}
	if (from) {
		const ready = readyAt(doc, s);
		const first = own.length ? own[0]!.from : from;

		if (ready && ready < first)
			own.unshift({ kind: "wait", from: ready, to: first, attempt: 0 });
		own.push({
			kind: s.status === "failed" ? "failed" : s.status === "cancelled" ? "cancelled" : "run",
			/* Clocks of two machines may differ. */
			from, to: Math.max(from, isOver(s.status) ? time(s.ended) || from + (s.took_ms ?? 0) : now),
			attempt: s.epoch,
		});
	}
	return own;
}

/* When everything that S needs was there. */
function readyAt(doc: RunDoc, s: Step): number {
	const ends = (s.needs ?? []).map((n) => time(doc.steps.find((x) => x.step === n)?.ended));

	return ends.length ? Math.max(...ends) : time(doc.started);
}

export function bounds(doc: RunDoc, all: Lane[], now: number): { from: number; to: number } {
	const spans = all.flatMap((l) => l.spans);
	const from = Math.min(time(doc.started) || now, ...spans.map((s) => s.from));
	const to = Math.max(from + 1000, isOver(doc.status) ? time(doc.ended) : now,
		...spans.map((s) => s.to));

	return { from, to };
}

/* --- the scale ---------------------------------------------------------------------------- */

/* Stretches in which nothing ran, not short ones, and which would take more than a tenth of the width. */
export function idle(all: Lane[], from: number, to: number): Array<{ from: number; to: number }> {
	const busy = all.flatMap((l) => l.spans)
		.filter((s) => s.kind !== "wait" && s.kind !== "backoff")
		.map((s) => ({ from: Math.max(from, s.from), to: Math.min(to, s.to) }))
		.filter((s) => s.to > s.from)
		.sort((a, b) => a.from - b.from);
	const gaps: Array<{ from: number; to: number }> = [];
	const least = Math.max(IDLE_LEAST, (to - from) * IDLE_SHARE);
	let at = from;

	for (const s of busy) {
		if (s.from - at > least)
			gaps.push({ from: at, to: s.from });
		at = Math.max(at, s.to);
	}
	if (to - at > least)
		gaps.push({ from: at, to });
	return gaps;
}

export function scale(
	from: number, to: number, width: number, gaps: Array<{ from: number; to: number }>): Scale {
	const cuts = gaps.filter((g) => g.to > from && g.from < to)
		.map((g) => ({ from: Math.max(from, g.from), to: Math.min(to, g.to) }));
	const idleMs = cuts.reduce((n, g) => n + g.to - g.from, 0);
	const room = Math.max(1, width - cuts.length * IDLE_WIDTH);
	const perMs = room / Math.max(1, to - from - idleMs);
	const pieces: Piece[] = [];
	let at = from, x = 0;
	const add = (end: number, isIdle: boolean): void => {
		const w = isIdle ? IDLE_WIDTH : (end - at) * perMs;

		if (end > at)
			pieces.push({ from: at, to: end, x, w, idle: isIdle });
		x += end > at ? w : 0;
		at = Math.max(at, end);
	};

	for (const g of cuts) {
		add(g.from, false);
		add(g.to, true);
	}
	add(to, false);
	return {
		pieces, width,
		x: (t) => {
			const p = pieces.find((q) => t <= q.to) ?? pieces[pieces.length - 1];

			if (!p)
				return 0;
			return p.x + p.w * Math.min(1, Math.max(0, (t - p.from) / Math.max(1, p.to - p.from)));
		},
		t: (px) => {
			const p = pieces.find((q) => px <= q.x + q.w) ?? pieces[pieces.length - 1];

			return p ? p.from + ((px - p.x) / Math.max(1e-6, p.w)) * (p.to - p.from) : from;
		},
	};
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400];

/* Marks on the axis, at least 72 px apart, counted from the start of the run. */
export function ticks(s: Scale, from: number, start: number): Array<{ x: number; text: string }> {
	const all: Array<{ x: number; text: string }> = [];
	let last = -Infinity;

	for (const p of s.pieces) {
		if (p.idle)
			continue;
		const perPx = (p.to - p.from) / Math.max(1, p.w);
		const step = (STEPS.find((n) => (n * 1000) / perPx >= 72) ?? 86400) * 1000;

		for (let t = start + Math.ceil((p.from - start) / step) * step; t <= p.to; t += step) {
			const x = s.x(t);

			if (t < from || x - last < 56)
				continue;
			all.push({ x, text: span(t - start) });
			last = x;
		}
	}
	return all;
}

/* The chain of steps that made the run as long as it was: from the last one back. */
export function critical(doc: RunDoc): Set<string> {
	const path = new Set<string>();
	const ended = doc.steps.filter((s) => time(s.ended) && shows(s) && s.status !== "skipped");
	let at: Step | undefined = ended.reduce<Step | undefined>(
		(a, b) => (!a || time(b.ended) >= time(a.ended) ? b : a), undefined);

	while (at && !path.has(at.step)) {
		path.add(at.step);
		at = (at.needs ?? [])
			.map((n) => doc.steps.find((s) => s.step === n))
			.filter((s): s is Step => !!s && !!time(s.ended))
			.reduce<Step | undefined>(
				(a, b) => (!a || time(b.ended) > time(a.ended) ? b : a), undefined);
	}
	return path;
}

/* --- as a table --------------------------------------------------------------------------- */

export interface TableRow {
	step: Step;
	start: number; /* ms from the run's start; -1: it did not start */
	end: number;
	wait: number;
	took: number;
}

export type Column = "plan" | "start" | "end" | "wait" | "took" | "tokens";

export function table(doc: RunDoc, all: Lane[], by: Column, down: boolean): TableRow[] {
	const zero = time(doc.started);
	const rows = all.map(({ step, spans }) => {
		const ran = spans.filter((s) => s.kind !== "wait" && s.kind !== "backoff");
		const sum = (k: BarKind[]): number =>
			spans.filter((s) => k.includes(s.kind)).reduce((n, s) => n + s.to - s.from, 0);

		return {
			step, start: ran.length ? ran[0]!.from - zero : -1,
			end: ran.length ? ran[ran.length - 1]!.to - zero : -1, wait: sum(["wait", "backoff"]),
			took: sum(["run", "model", "failed", "cancelled"]),
		};
	});
	const value = (r: TableRow): number =>
		by === "tokens" ? (r.step.tokens ?? -1) : by === "plan" ? 0 : r[by];

	return by === "plan" ? rows : rows.sort((a, b) => (down ? -1 : 1) * (value(a) - value(b)));
}
