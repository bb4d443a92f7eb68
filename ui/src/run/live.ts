/*
 * A run as it is watched: the document, and what the log says since. Pure. The socket (wire/) has
 * seen to it that nothing is missing, doubled or out of order before it comes here.
 */
import type { Block, LogEvent, RunDoc, Status, Step, TailRow } from "./types";
import type { AgentCounts } from "../wire/types";
import { isLost } from "./breaks";
import { append, closed, emptyTail, type Tail } from "./text";
import { isOver, time } from "./words";

export interface Beat {
	beats: number;
	at: number; /* ms; 0: never */
	p95: number; /* of its own gaps, ms */
}

export interface LiveRun {
	doc: RunDoc;
	beats: Map<string, Beat>;
	log: LogEvent[]; /* the newest, in order */
}

export const LOG_KEPT = 2000;
const FOLLOWS = 0.05; /* how fast p95 follows */

/* What an agent did last is told over the socket only: of what ended while we watched it is kept. */
export function live(doc: RunDoc, had?: LiveRun): LiveRun {
	const last = new Map(had?.doc.steps.map((s) => [s.step, s.activity]));

	return {
		doc: {
			...doc, steps: doc.steps.map((s) => ({
				...s, activity: s.activity ?? (isOver(s.status) ? (last.get(s.step) ?? null) : null),
			})),
		},
		beats: had?.beats ?? new Map(), log: had?.log ?? [],
	};
}

export function findStep(doc: RunDoc, name: string): Step | undefined {
	return doc.steps.find((s) => s.step === name);
}

/* As the server counts them. */
const COUNTED = new Set(["agent", "command", "approval", "flow"]);

export function countSteps(steps: Step[]): AgentCounts {
	const n: AgentCounts = {
		all: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0, running: 0, pending: 0,
	};

	for (const s of steps) {
		if (!COUNTED.has(s.kind) || (s.role === "rewrite" && s.status === "skipped"))
			continue;
		n.all++;
		n[s.status]++;
	}
	return n;
}

/* --- events ------------------------------------------------------------------------------- */

function takeFacts(step: Step, facts: Record<string, any> | undefined): void {
	if (!facts)
		return;
	step.findings = facts.findings ?? step.findings ?? null;
	step.citations = facts.citations ?? step.citations ?? null;
	step.hold = facts.hold ?? step.hold ?? null;
	step.denied = facts.denied ?? step.denied ?? null;
	if (facts.in !== undefined || facts.out !== undefined)
		step.tokens = (facts.in ?? 0) + (facts.out ?? 0);
	step.agent = facts.agent ?? step.agent;
	step.model = facts.model ?? step.model;
	if (facts.partial !== undefined)
		step.partial = !!facts.partial;
}

/* A step that the plan did not name yet: one of an `each`, or of a loop. */
function newStep(d: Record<string, any>): Step {
	return {
		step: d.step, label: d.label ?? d.step, kind: d.kind ?? "agent", role: d.role ?? "none",
		persona: d.persona ?? null, status: "pending", ending: null, reason: null, attempt: 0,
		epoch: 0, agent: null, model: null, needs: d.needs ?? [], started: null, ended: null,
		took_ms: null, tokens: null, findings: null, citations: null, hold: null, denied: null,
		partial: false, kept: false, activity: null, condition: null, child: null, choices: null,
		ask_html: null,
	};
}

/* What was frozen, which the head of a run names, and the size that it came to. */
function onFrozen(doc: RunDoc, d: Record<string, any>): void {
	doc.repo_name = d.repo.name || doc.repo_name;
	doc.commit = d.repo.commit || null;
	doc.branch = d.repo.branch || null;
	doc.dirty = d.repo.changed ?? null;
	doc.size = d.choice?.size ?? doc.size;
	doc.size_reason = d.choice?.reason ?? doc.size_reason;
}

function onStep(doc: RunDoc, e: LogEvent): void {
	const d = e.data;
	let step = findStep(doc, d.step);

	if (!step) {
		step = newStep(d);
		doc.steps.push(step);
	}
	const was = step.attempt;

	step.status = (d.status ?? "pending") as Status;
	step.ending = d.ending ?? null;
	step.reason = d.reason ?? null;
	step.attempt = d.attempt ?? step.attempt;
	step.epoch = d.epoch ?? step.epoch;
	step.condition = null;
	if (step.status === "running") {
		if (step.attempt !== was || !step.started)
			step.started = e.at;
		step.ended = null;
		step.took_ms = null;
		step.activity = null;
		step.kept = false;
	} else if (isOver(step.status)) {
		step.ended = e.at;
		step.took_ms = step.started ? time(e.at) - time(step.started) : null;
		step.choices = null;
		takeFacts(step, d.facts);
		if (d.repo)
			onFrozen(doc, d);
	} else {
		step.activity = step.reason;
		step.started = step.ended = null;
	}
}

/* What is there already stays; the rest begins anew. */
function wentOn(doc: RunDoc): void {
	doc.resumed++;
	for (const s of doc.steps)
		s.kept = s.status === "completed";
}

function onEvent(run: LiveRun, e: LogEvent): void {
	const doc = run.doc;
	const step = e.data.step ? findStep(doc, e.data.step) : undefined;
	const before = run.log[run.log.length - 1];

	switch (e.type) {
	case "step":
		if (isLost(e) && !(before && isLost(before)))
			wentOn(doc);
		onStep(doc, e);
		doc.agents = countSteps(doc.steps);
		break;
	case "run":
		if (e.data.status === "running" && isOver(doc.status))
			wentOn(doc);
		doc.status = e.data.status;
		doc.reason = e.data.reason ?? null;
		if (isOver(doc.status)) {
			doc.ended = e.at;
			doc.took_ms = time(e.at) - time(doc.started);
			if (e.data.report)
				doc.report = true;
		} else {
			doc.ended = null;
			doc.took_ms = null;
		}
		break;
	case "attempt":
		if (step) {
			step.agent = e.data.agent ?? step.agent;
			step.model = e.data.model ?? step.model;
			step.epoch = e.data.epoch ?? step.epoch;
		}
		break;
	case "ask":
		if (step) {
			step.choices = e.data.choices ?? step.choices ?? ["approve", "reject"];
			step.condition = "waiting for an answer";
		}
		break;
	case "answer":
		if (step) {
			step.choices = null;
			step.condition = null;
		}
		break;
	}
	run.log.push(e);
	if (run.log.length > 2 * LOG_KEPT)
		run.log.splice(0, run.log.length - LOG_KEPT);
}

/* --- what comes --------------------------------------------------------------------------- */

/* ITEMS of the log, up to SEQ. Changes RUN in place. */
export function addEvents(run: LiveRun, items: LogEvent[], seq: number): void {
	for (const e of items)
		onEvent(run, e);
	run.doc.seq = seq;
}

export function addTail(run: LiveRun, rows: TailRow[], now: number): void {
	for (const row of rows) {
		const step = findStep(run.doc, row.step);

		if (!step || isOver(step.status))
			continue;
		step.activity = row.activity;
		step.condition = row.condition;
		step.tokens = row.tokens ?? step.tokens;
		beat(run, row.step, row.beats, row.last ? time(row.last) : now);
	}
}

function beat(run: LiveRun, step: string, beats: number, at: number): void {
	const b = run.beats.get(step) ?? { beats: 0, at: 0, p95: 0 };

	if (beats <= b.beats && b.at)
		return;
	if (b.at && at > b.at) {
		/* A running 95th percentile: up by 19 where a gap is longer, down by 1 where it is not. */
		const gap = at - b.at, unit = Math.max(50, gap, b.p95) * FOLLOWS;

		b.p95 = Math.max(0, b.p95 + (gap > b.p95 ? 0.95 * unit : -0.05 * unit));
	}
	b.beats = beats;
	b.at = Math.max(b.at, at);
	run.beats.set(step, b);
}

/* After max(60 s, three times its own usual gap) without an event; 0: it is not silent. */
export function silence(run: LiveRun, s: Step, now: number): number {
	const b = run.beats.get(s.step);
	const since = b?.at || time(s.started);

	if (s.status !== "running" || !since || s.kind === "approval")
		return 0;
	const gap = now - since;

	return gap > Math.max(60_000, 3 * (b?.p95 ?? 0)) ? gap : 0;
}

/* --- one conversation --------------------------------------------------------------------- */

/* Blocks are numbered from 1, and none is ever lost: the server makes them anew out of the log. */
export const FIRST = 1;

export interface Talk {
	attempt: number;
	tail: Tail;
	blocks: Map<number, Block>;
	order: number[]; /* their numbers, ascending */
}

export function talk(attempt = 0): Talk {
	return { attempt, tail: emptyTail(), blocks: new Map(), order: [] };
}

/* Closed or changed blocks, older ones, too. Returns how many there were not before. */
export function addBlocks(t: Talk, items: Block[]): number {
	let fresh = 0, inOrder = true;

	for (const b of items) {
		if (!t.blocks.has(b.n)) {
			inOrder = inOrder && (!t.order.length || b.n > t.order[t.order.length - 1]!);
			t.order.push(b.n);
			fresh++;
		}
		t.blocks.set(b.n, b);
		if (b.type === "message")
			closed(t.tail, b.to);
	}
	if (!inOrder)
		t.order.sort((x, y) => x - y);
	return fresh;
}

/* The block before which some are missing, though others are there before those; null: none is. */
export function hole(t: Talk): number | null {
	for (let i = t.order.length - 1; i > 0; i--)
		if (t.order[i - 1]! !== t.order[i]! - 1)
			return t.order[i]!;
	return null;
}

export function addText(t: Talk, s: string, off: number): void {
	append(t.tail, off, s);
}

export function blocksOf(t: Talk): Block[] {
	return t.order.map((n) => t.blocks.get(n)!);
}
