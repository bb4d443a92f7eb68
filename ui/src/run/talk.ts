/* One attempt's conversation: what the socket sends of it, older pages on demand. */
import { signal, type Signal } from "@preact/signals";
import { get } from "../wire/api";
import { wire } from "../wire/socket";
import { MOUNTED, PAGE } from "./blocks";
import { addBlocks, addText, FIRST, hole, talk, type Talk } from "./live";
import type { RunStore } from "./store";
import type { Block } from "./types";

const PATIENCE = 700; /* ms */
const FILLED = 50; /* pages that are read at once where some are missing */

export interface TailSink {
	/* The open text is TEXT now; it was added to at its end, or it is another one. */
	tail(text: string): void;
	/* Something was put into the stream, FRESH of it new at the end. */
	grew(fresh: number): void;
}

export class Conversation {
	readonly pages = signal<number[]>([]); /* numbers of pages, ascending */
	readonly loading = signal(true);
	readonly older = signal(false); /* there are blocks before the first page */
	readonly busy = signal(false);
	readonly attempt = signal(0);
	readonly count = signal(0);
	sink: TailSink | null = null;

	private model: Talk;
	private readonly turns = new Map<number, Signal<number>>();
	private readonly dirty = new Set<number>();
	private dirtyTail = false;
	private fresh = 0;
	private filling = false;
	private lowest = Infinity; /* the first block that is shown */
	private readonly end: () => void;
	private readonly timer: number;

	constructor(
		private readonly store: RunStore,
		readonly step: string,
		attempt: number,
	) {
		this.model = talk(attempt);
		this.attempt.value = attempt;
		this.end = wire.watch(store.id, step, attempt, {
			reset: (n) => this.reset(n),
			blocks: (items) => this.blocks(items),
			text: (s, off) => {
				addText(this.model, s, off);
				this.dirtyTail = true;
				this.changed(0);
			},
		});
		/* The watch brings the newest blocks. Without a connection, or of what is over, they are read. */
		this.timer = window.setTimeout(() => {
			if (!this.model.order.length)
				void this.load(null);
			else
				this.loading.value = false;
		}, wire.connection.value.state === "live" ? PATIENCE : 0);
	}

	private reset(attempt: number): void {
		if (attempt === this.model.attempt || (this.model.attempt === 0 && !this.model.order.length)) {
			this.model.attempt = attempt;
			this.attempt.value = attempt;
			return;
		}
		this.model = talk(attempt);
		this.lowest = Infinity;
		this.dirtyTail = true;
		this.dirty.clear();
		this.attempt.value = attempt;
		this.pages.value = [];
		this.changed(0);
	}

	private blocks(items: Block[]): void {
		const had = this.model.order[this.model.order.length - 1] ?? -1;

		addBlocks(this.model, items);
		for (const b of items) {
			this.dirty.add(Math.floor(b.n / PAGE));
			if (b.n > had)
				this.fresh++;
			if (b.type === "message")
				this.dirtyTail = true;
		}
		this.changed(items.length);
		void this.fill();
	}

	/* Somebody was away for longer than a watch makes up for. */
	private async fill(): Promise<void> {
		if (this.filling)
			return;
		this.filling = true;
		for (let pages = 0, n = hole(this.model); n !== null && pages < FILLED; pages++) {
			await this.load(n);
			const next = hole(this.model);

			if (next === n)
				break;
			n = next;
		}
		this.filling = false;
	}

	private changed(n: number): void {
		if (this.model.order.length || this.model.tail.text)
			this.loading.value = false;
		this.store.touched(n || 1);
	}

	/* The newest page, or the one before block BEFORE. */
	private async load(before: number | null): Promise<void> {
		const q = new URLSearchParams({ limit: String(PAGE) });

		if (this.model.attempt)
			q.set("attempt", String(this.model.attempt));
		if (before !== null)
			q.set("before", String(before));
		this.busy.value = true;
		try {
			const page = await get<{ items: Block[]; attempt?: number }>(
				`/runs/${this.store.id}/steps/${encodeURIComponent(this.step)}/blocks?${q}`);

			if (page.attempt !== undefined && this.model.attempt && page.attempt !== this.model.attempt)
				return;
			this.blocks(page.items);
			this.loading.value = false;
		} catch {
			this.loading.value = false;
		} finally {
			this.busy.value = false;
		}
	}

	/* The page before: one that is known already, or one that the server has. */
	async more(): Promise<void> {
		const known = this.model.order[0], shown = (this.pages.value[0] ?? 0) * PAGE;

		if (known === undefined || this.busy.value)
			return;
		if (known >= shown && known > FIRST)
			await this.load(known);
		this.lowest = Math.min(this.lowest, Math.max(0, shown - PAGE));
		for (const p of this.wanted())
			this.dirty.add(p);
		this.store.touched(1);
	}

	/* At most the newest MOUNTED blocks, unless older ones were asked for. */
	private wanted(): number[] {
		const { order } = this.model;
		const from = Math.min(this.lowest, order[Math.max(0, order.length - MOUNTED)] ?? 0);
		const pages = new Set<number>();

		for (let i = order.length - 1; i >= 0 && order[i]! >= Math.floor(from / PAGE) * PAGE; i--)
			pages.add(Math.floor(order[i]! / PAGE));
		return [...pages].sort((a, b) => a - b);
	}

	publish(): void {
		if (!this.dirty.size && !this.dirtyTail)
			return;
		const pages = this.wanted();
		const was = this.pages.value;

		if (pages.length !== was.length || pages.some((p, i) => p !== was[i]))
			this.pages.value = pages;
		for (const p of this.dirty)
			this.turn(p).value++;
		this.dirty.clear();
		this.older.value = pages.length > 0 &&
			(this.model.order[0]! > FIRST || this.model.order[0]! < pages[0]! * PAGE);
		this.count.value = this.model.order.length;
		const fresh = this.fresh;

		this.fresh = 0;
		if (this.dirtyTail)
			this.sink?.tail(this.model.tail.text);
		this.dirtyTail = false;
		/* Components render in a microtask behind the batch; then it is known how tall it is. */
		queueMicrotask(() => queueMicrotask(() => this.sink?.grew(fresh)));
	}

	turn(page: number): Signal<number> {
		let t = this.turns.get(page);

		if (!t)
			this.turns.set(page, (t = signal(0)));
		return t;
	}

	blocksOf(page: number): Block[] {
		const from = page * PAGE, to = from + PAGE;

		return this.model.order.filter((n) => n >= from && n < to).map((n) => this.model.blocks.get(n)!);
	}

	get tail(): string {
		return this.model.tail.text;
	}

	get last(): Block | undefined {
		return this.model.blocks.get(this.model.order[this.model.order.length - 1] ?? -1);
	}

	/* The page that block N is on is shown, if it is there. */
	has(n: number): boolean {
		return this.model.blocks.has(n);
	}

	close(): void {
		clearTimeout(this.timer);
		this.sink = null;
		this.end();
	}
}
