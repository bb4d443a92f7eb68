/*
 * One run for the components that show it. What the socket says goes into a plain model at once;
 * signals follow it once a frame, all in one batch, and not at all while updates are paused.
 */
import { batch, signal, type Signal } from "@preact/signals";
import { announce, announceError } from "../ui/announce";
import { asTrouble, get } from "../wire/api";
import { wire } from "../wire/socket";
import type { Trouble } from "../wire/types";
import { breaks, type Break } from "./breaks";
import { addEvents, addTail, findStep, live, type LiveRun } from "./live";
import { progress, shows } from "./roster";
import { Conversation } from "./talk";
import type { LogEvent, RunDoc, Step } from "./types";
import { isOver, time } from "./words";

export interface Mark {
	text: string;
	n: number; /* events */
	at: number;
}

const SAY_EVERY = 30_000;
const OLDER = 20_000; /* events */
const PAGES = 20;
const NEAR = 20; /* events before a break */
/* What single agents do: their conversations have it, the run's log does not. */
const FACTS = new Set([
	"init", "text", "think", "tool", "tool_end", "denied", "usage", "waiting", "request", "exchange", "progress",
	"retry", "void", "spill", "proof",
]);

export class RunStore {
	readonly doc = signal<RunDoc | null>(null);
	readonly trouble = signal<Trouble | null>(null);
	readonly paused = signal(false);
	readonly waiting = signal(0); /* events that are not shown while paused */
	readonly caughtUp = signal<Mark | null>(null);
	readonly otherHistory = signal(false);
	readonly breaks = signal<readonly Break[]>([]); /* as far as the log is known */
	readonly arrived = signal(0); /* when the report came while the page was open; 0: it did not */
	readonly logTurn = signal(0);
	readonly over: Set<string> = new Set(); /* steps that were settled when the run was opened */

	private model: LiveRun | null = null;
	private readonly rows = new Map<string, Signal<Step>>();
	private readonly turns = new Map<string, Signal<number>>();
	private readonly beats = new Map<string, number>();
	private readonly talks = new Set<Conversation>();
	private readonly dirty = new Set<string>();
	private dirtyDoc = false;
	private frame = 0;
	private held = 0;
	private saidAt = 0;
	private olderRead = false;
	private stopSub: (() => void) | null = null;
	private readonly stop = new AbortController();

	/* NAMED: by an address, which may hold the beginning of an id only, or "last". */
	constructor(private readonly named: string) {
		void this.begin();
	}

	get id(): string {
		return this.model?.doc.id ?? this.named;
	}

	private async begin(): Promise<void> {
		try {
			const doc = await get<RunDoc>(`/runs/${this.id}`, this.stop.signal);

			this.take(doc, false);
			this.subscribe(doc);
		} catch (e) {
			if (!this.stop.signal.aborted)
				this.trouble.value = asTrouble(e);
		}
	}

	retry(): void {
		this.trouble.value = null;
		void this.begin();
	}

	private subscribe(doc: RunDoc): void {
		this.stopSub?.();
		this.stopSub = wire.subscribe(doc.id, {
			snap: (d, other) => this.take(d, other),
			events: (items, seq) => this.add(items as LogEvent[], seq),
			tail: (rows) => {
				if (!this.model)
					return;
				addTail(this.model, rows, Date.now());
				for (const r of rows)
					this.dirty.add(r.step);
				this.later(rows.length);
			},
			report: () => this.reported(),
			caughtUp: (n) => {
				this.caughtUp.value = { text: `Reconnected \u00b7 ${n.toLocaleString("en")} events filled in`, n, at: Date.now() };
				announce(this.caughtUp.value.text);
			},
		}, { seq: doc.seq, epoch: doc.epoch });
	}

	close(): void {
		this.stop.abort();
		this.stopSub?.();
		for (const t of this.talks)
			t.close();
		cancelAnimationFrame(this.frame);
	}

	/* --- what comes ------------------------------------------------------------------- */

	private take(doc: RunDoc, other: boolean): void {
		const had = this.model;

		if (!had)
			for (const s of doc.steps)
				if (isOver(s.status))
					this.over.add(s.step);
		this.model = live(doc, other ? undefined : (had ?? undefined));
		if (had)
			this.arrives(had.doc.report);
		for (const s of this.model.doc.steps)
			this.dirty.add(s.step);
		this.dirtyDoc = true;
		if (other && had)
			this.otherHistory.value = true;
		if (had)
			this.later(1);
		else
			this.publish();
	}

	private add(items: LogEvent[], seq: number): void {
		const m = this.model;

		if (!m)
			return;
		const before = m.doc.status, report = m.doc.report;

		addEvents(m, items, seq);
		this.arrives(report);
		for (const e of items) {
			if (e.data?.step)
				this.dirty.add(e.data.step);
			this.say(m.doc, e);
		}
		if (items.length)
			this.dirtyDoc = true;
		if (before !== m.doc.status && isOver(m.doc.status))
			void this.refresh();
		this.later(items.length);
	}

	/* What only the server can count: tokens, findings, the outcome in a sentence. */
	private async refresh(): Promise<void> {
		try {
			const doc = await get<RunDoc>(`/runs/${this.id}`, this.stop.signal);

			if (this.model && doc.seq >= this.model.doc.seq)
				this.take(doc, false);
		} catch {
			/* what the log said stays */
		}
	}

	/* Whatever says it first: the log, the document, or the word that it is stored. */
	private arrives(had: boolean): void {
		if (had || !this.model?.doc.report)
			return;
		this.arrived.value = Date.now();
		announce("Report ready.");
	}

	private reported(): void {
		if (!this.model)
			return;
		const had = this.model.doc.report;

		this.model.doc.report = true;
		this.dirtyDoc = true;
		this.arrives(had);
		void this.refresh();
		this.later(1);
	}

	private say(doc: RunDoc, e: LogEvent): void {
		const step = e.data?.step ? findStep(doc, e.data.step) : undefined;

		if (e.type === "step" && step?.status === "failed" && shows(step))
			announceError(`${step.label} failed.`);
		else if (e.type === "ask" && step)
			announceError(`${step.label} waits for an answer.`);
		else if (e.type === "step" && step && isOver(step.status) && Date.now() - this.saidAt > SAY_EVERY) {
			this.saidAt = Date.now();
			announce(progress(doc).text);
		} else if (e.type === "run")
			announce(`Run ${doc.status}.`);
	}

	/* --- what is shown ---------------------------------------------------------------- */

	private later(n: number): void {
		if (this.paused.value) {
			this.held += n;
			if (!this.frame)
				this.frame = requestAnimationFrame(() => {
					this.frame = 0;
					this.waiting.value = this.held;
				});
			return;
		}
		if (document.visibilityState !== "visible")
			this.publish();
		else if (!this.frame)
			this.frame = requestAnimationFrame(() => {
				this.frame = 0;
				this.publish();
			});
	}

	/* A conversation has something new, N of it. */
	touched(n: number): void {
		this.later(n);
	}

	private publish(): void {
		const m = this.model;

		if (!m)
			return;
		batch(() => {
			for (const name of this.dirty) {
				const step = findStep(m.doc, name);

				if (!step)
					continue;
				this.row(step).value = { ...step };
				this.beat(name, m.beats.get(name)?.beats ?? 0);
			}
			this.dirty.clear();
			if (this.dirtyDoc) {
				this.doc.value = { ...m.doc, steps: m.doc.steps.map((s) => ({ ...s })) };
				this.logTurn.value++;
				this.dirtyDoc = false;
				this.findBreaks(m);
			}
			for (const t of this.talks)
				t.publish();
		});
	}

	row(s: Step): Signal<Step> {
		let r = this.rows.get(s.step);

		if (!r)
			this.rows.set(s.step, (r = signal({ ...s })));
		return r;
	}

	/* A notch for each look at which something had happened. */
	private beat(step: string, beats: number): void {
		if (this.beats.get(step) === beats)
			return;
		this.beats.set(step, beats);
		this.turn(step).value++;
	}

	turn(step: string): Signal<number> {
		let t = this.turns.get(step);

		if (!t)
			this.turns.set(step, (t = signal(0)));
		return t;
	}

	pause(yes: boolean): void {
		this.paused.value = yes;
		this.held = 0;
		this.waiting.value = 0;
		if (!yes)
			this.publish();
	}

	/* --- the rest --------------------------------------------------------------------- */

	get state(): LiveRun | null {
		return this.model;
	}

	/* The log as far as it is known here, oldest first. */
	get log(): LogEvent[] {
		return this.model?.log ?? [];
	}

	/* What changed the run before this page was opened, as far as OLDER events reach. */
	async older(): Promise<void> {
		const m = this.model;

		if (!m || this.olderRead)
			return;
		this.olderRead = true;
		const first = m.log[0]?.seq ?? m.doc.seq + 1;
		const old: LogEvent[] = [];
		let after: string | null = String(Math.max(0, first - 1 - OLDER));

		for (let page = 0; after !== null && page < PAGES; page++) {
			const got: { items: LogEvent[]; next: string | null } = await get(
				`/runs/${m.doc.id}/events?after=${after}`, this.stop.signal);

			old.push(...got.items.filter((e) => e.seq < first && !FACTS.has(e.type)));
			after = got.items.length && got.items[got.items.length - 1]!.seq < first - 1 ? got.next : null;
		}
		m.log.unshift(...old);
		this.logTurn.value++;
		this.findBreaks(m);
	}

	private findBreaks(m: LiveRun): void {
		const had = this.breaks.value;
		const all = m.doc.resumed ? breaks(m.log) : [];

		if (all.length === had.length && all.every((b, i) => b.seq === had[i]!.seq))
			return;
		this.breaks.value = all.map((b) => had.find((h) => h.seq === b.seq) ?? b);
		for (const b of all)
			if (!had.some((h) => h.seq === b.seq))
				void this.findStop(b).catch(() => {});
	}

	/* What was written last is mostly a fact of an agent, which the log here has not. */
	private async findStop(b: Break): Promise<void> {
		const near = await get<{ items: LogEvent[] }>(
			`/runs/${this.id}/events?after=${Math.max(0, b.seq - NEAR)}`, this.stop.signal);
		const last = near.items.filter((e) => e.seq < b.seq).pop();

		if (last)
			this.breaks.value = this.breaks.value.map((x) => (x.seq === b.seq ? { ...x, stopped: time(last.at) } : x));
	}

	talk(step: string, attempt: number): Conversation {
		const t = new Conversation(this, step, attempt);

		this.talks.add(t);
		return t;
	}

	drop(t: Conversation): void {
		t.close();
		this.talks.delete(t);
	}

	took(now: number): number {
		const d = this.doc.value;

		return d?.status === "running" ? now - time(d.started) : (d?.took_ms ?? 0);
	}
}
