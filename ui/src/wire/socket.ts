/*
 * One WebSocket a tab, and everything that is followed over it. Who follows something says it once;
 * a lost connection, a missed frame and another epoch are dealt with here (position.ts has the
 * rules). When no WebSocket can be had, fallback.ts reads the same log over SSE.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { follow, type Fallback } from "./fallback";
import { backoff, onEvents, onText } from "./position";
import type {
	BlocksFrame,
	ClientFrame,
	EvFrame,
	LogEvent,
	RunDocument,
	RunSummary,
	ServerFrame,
	TailRow,
	TextFrame,
	Trouble,
} from "./types";

export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline";
export interface Connection {
	state: ConnectionState;
	since: number; /* Date.now() when it became so */
	heard: number; /* when the daemon last said something, as of then; 0: never */
	tries: number; /* connections that failed since the last good one */
	lag: number | null; /* ms there and back, of the last heartbeat */
	via: "socket" | "sse";
}

/* Who follows one run. */
export interface RunSink {
	/* The whole run: everything known of it before is replaced. OTHER: its history was rewritten. */
	snap(run: RunDocument, other: boolean): void;
	/* The log goes on, to SEQ; facts of single agents are counted, not contained. */
	events(items: LogEvent[], seq: number): void;
	tail?(rows: TailRow[]): void;
	report?(): void;
	/* After a lost connection: N events were filled in. */
	caughtUp?(n: number): void;
}

/* Who follows one conversation. */
export interface WatchSink {
	/* What follows is of another attempt, or from the beginning. */
	reset(attempt: number): void;
	/* Closed or changed blocks; FIRST is the oldest that exists. */
	blocks(items: BlocksFrame["items"], first: number): void;
	/* The open tail goes on; OFF is where S begins, in bytes of the attempt's text. */
	text(s: string, off: number): void;
}

interface Sub {
	run: string;
	sinks: Set<RunSink>;
	seq: number;
	epoch: string;
	asked: number; /* when `sub` was last sent; 0: nothing is awaited */
	lost: number | null; /* where it stood when the connection broke */
	last: RunDocument | null;
}

interface Watch {
	run: string;
	step: string;
	want: number; /* attempt asked for; 0: the current one */
	attempt: number;
	end: number;
	block: number;
	fresh: boolean;
	asked: number;
	sink: WatchSink;
}

export interface Host {
	socket(): WebSocket;
	now(): number;
	random(): number;
	after(ms: number, fn: () => void): number;
	stop(timer: number): void;
	fallback: typeof follow;
}

const HANDSHAKES = 2; /* that fail before SSE is tried */
const PATIENCE = 2.5; /* heartbeats without a word */
const HANDSHAKE = 10_000; /* ms until the daemon has to greet */
const ASK_AGAIN = 5000;

export class Wire {
	private readonly state = signal<Connection>({ state: "connecting", since: 0, heard: 0, tries: 0, lag: null, via: "socket" });
	readonly connection: ReadonlySignal<Connection> = this.state;
	/* {version, build} of the daemon, once it said so. */
	readonly server = signal<{ version: string; build: string } | null>(null);

	private ws: WebSocket | null = null;
	private greeted = false;
	private everGreeted = false;
	private retry = 0;
	private beat = 0;
	private heartbeat = 15000;
	private heard = 0;
	private pings = new Map<number, number>();
	private pingId = 0;
	private readonly subs = new Map<string, Sub>();
	private readonly watches: Watch[] = [];
	private readonly lists = new Set<(items: RunSummary[]) => void>();
	private readonly errors = new Set<(e: Trouble) => void>();
	private fallback: Fallback | null = null;

	constructor(private readonly host: Host) {}

	/* --- what callers follow ----------------------------------------------------------------- */

	/* Summaries of runs that change. Returns what ends it, like all of these. */
	list(fn: (items: RunSummary[]) => void): () => void {
		if (this.lists.size === 0) this.send({ t: "list" });
		this.lists.add(fn);
		return () => {
			this.lists.delete(fn);
			if (this.lists.size === 0) this.send({ t: "unlist" });
		};
	}

	onError(fn: (e: Trouble) => void): () => void {
		this.errors.add(fn);
		return () => this.errors.delete(fn);
	}

	/* From AT, when the caller has the run already; else a snap comes first. */
	subscribe(run: string, sink: RunSink, at?: { seq: number; epoch: string }): () => void {
		let sub = this.subs.get(run);
		if (!sub) {
			sub = { run, sinks: new Set(), seq: at?.seq ?? 0, epoch: at?.epoch ?? "", asked: 0, lost: null, last: null };
			this.subs.set(run, sub);
			sub.sinks.add(sink);
			this.ask(sub);
			this.fallback?.run(run, sub.seq);
		} else {
			sub.sinks.add(sink);
			/* A late comer may know less than those before it: everybody gets the whole again. */
			sub.seq = 0;
			sub.epoch = "";
			sub.asked = 0;
			this.ask(sub);
			this.fallback?.run(run, 0);
		}
		return () => {
			sub.sinks.delete(sink);
			if (sub.sinks.size > 0 || this.subs.get(run) !== sub) return;
			this.subs.delete(run);
			this.send({ t: "unsub", run });
			this.fallback?.unrun(run);
		};
	}

	/* ATTEMPT 0 is the current one, and stays it. A third watch ends the oldest. */
	watch(run: string, step: string, attempt: number, sink: WatchSink): () => void {
		const w: Watch = { run, step, want: attempt, attempt, end: 0, block: 0, fresh: true, asked: 0, sink };
		this.watches.push(w);
		while (this.watches.length > 2) this.watches.shift();
		this.askWatch(w);
		this.fallback?.watch(run, step, attempt);
		return () => {
			const i = this.watches.indexOf(w);
			if (i < 0) return;
			this.watches.splice(i, 1);
			if (this.watches.some((o) => o.run === run && o.step === step)) return;
			this.send({ t: "unwatch", run, step });
			this.fallback?.unwatch(run, step);
		};
	}

	/* --- the connection ---------------------------------------------------------------------- */

	open(): void {
		this.host.stop(this.retry);
		if (this.ws) return;
		this.greeted = false;
		let ws: WebSocket;
		try {
			ws = this.host.socket();
		} catch {
			this.closed();
			return;
		}
		this.ws = ws;
		this.host.stop(this.beat);
		this.beat = this.host.after(HANDSHAKE, () => this.drop());
		ws.onmessage = (e) => {
			if (this.ws === ws) this.message(String(e.data));
		};
		ws.onclose = () => {
			if (this.ws !== ws) return;
			this.ws = null;
			this.closed();
		};
	}

	/* Now rather than when the backoff is over: the network came back, the tab was shown, the machine woke up. */
	hurry(): void {
		const silent = this.host.now() - this.heard;
		if (this.greeted && silent > PATIENCE * this.heartbeat) this.drop();
		if (!this.ws) this.open();
		else if (this.greeted && silent > this.heartbeat) this.ping();
	}

	/* As if it had been closed: nobody waits for a goodbye of what does not answer. */
	private drop(): void {
		const ws = this.ws;
		this.ws = null;
		ws?.close();
		this.closed();
	}

	close(): void {
		this.host.stop(this.retry);
		this.host.stop(this.beat);
		const ws = this.ws;
		this.ws = null;
		ws?.close();
		this.fallback?.close();
		this.fallback = null;
	}

	private closed(): void {
		this.host.stop(this.beat);
		this.pings.clear();
		const was = this.state.value;
		const tries = was.tries + 1;
		if (this.greeted) for (const s of this.subs.values()) s.lost = s.seq;
		this.greeted = false;
		if (!this.everGreeted && tries >= HANDSHAKES && !this.fallback) this.fall();
		const via = this.fallback ? "sse" : "socket";
		const state = this.fallback?.works() ? "live" : this.everGreeted || tries > 1 ? "reconnecting" : "connecting";
		this.become({ state, tries, lag: null, via });
		const wait = this.fallback ? 30000 : backoff(tries - 1, this.host.random());
		this.retry = this.host.after(wait, () => this.open());
	}

	private become(next: Omit<Connection, "since" | "heard">): void {
		const was = this.state.value;
		const since = was.state === next.state ? was.since : this.host.now();
		this.state.value = { ...next, since, heard: this.heard };
	}

	private fall(): void {
		this.fallback = this.host.fallback({
			frame: (f) => this.frame(f),
			works: (yes) => {
				if (this.greeted) return;
				this.become({ ...this.state.value, via: "sse", state: yes ? "live" : "reconnecting" });
			},
			lists: () => this.lists.size > 0,
		});
		for (const s of this.subs.values()) this.fallback.run(s.run, s.seq);
		for (const w of this.watches) this.fallback.watch(w.run, w.step, w.want);
	}

	private hello(f: Extract<ServerFrame, { t: "hello" }>): void {
		this.greeted = true;
		this.everGreeted = true;
		this.fallback?.close();
		this.fallback = null;
		this.heartbeat = f.heartbeat_ms;
		const was = this.server.value;
		if (!was || was.version !== f.version || was.build !== f.build)
			this.server.value = { version: f.version, build: f.build };
		this.become({ state: "live", tries: 0, lag: null, via: "socket" });
		if (this.lists.size > 0) this.send({ t: "list" });
		for (const s of this.subs.values()) {
			s.asked = 0;
			this.ask(s);
		}
		for (const w of this.watches) {
			w.asked = 0;
			this.askWatch(w);
		}
		this.pulse();
	}

	/* --- heartbeat --------------------------------------------------------------------------- */

	private pulse(): void {
		this.host.stop(this.beat);
		this.beat = this.host.after(this.heartbeat, () => {
			/* Timers of a tab that nobody sees come late: only what was asked and not answered counts. */
			if (this.pings.size > 0 && this.host.now() - this.heard > PATIENCE * this.heartbeat) return this.drop();
			this.ping();
			this.pulse();
		});
	}

	private ping(): void {
		const id = ++this.pingId;
		this.pings.set(id, this.host.now());
		this.send({ t: "ping", id });
	}

	private pong(id: number): void {
		const sent = this.pings.get(id);
		this.pings.delete(id);
		if (sent === undefined) return;
		const lag = this.host.now() - sent;
		this.state.value = { ...this.state.value, lag };
	}

	/* --- sending ----------------------------------------------------------------------------- */

	private send(f: ClientFrame): void {
		if (this.ws && this.greeted) this.ws.send(JSON.stringify(f));
	}

	private ask(s: Sub): void {
		const now = this.host.now();
		if (s.asked && now - s.asked < ASK_AGAIN) return;
		if (!this.greeted) return;
		s.asked = now;
		this.send({ t: "sub", run: s.run, after: s.seq, epoch: s.epoch });
	}

	private askWatch(w: Watch): void {
		const now = this.host.now();
		if (w.asked && now - w.asked < ASK_AGAIN) return;
		if (!this.greeted) return;
		w.asked = now;
		this.send({ t: "watch", run: w.run, step: w.step, attempt: w.want, off: w.end, block: w.block });
	}

	/* --- frames ------------------------------------------------------------------------------ */

	private message(text: string): void {
		let f: ServerFrame;
		try {
			f = JSON.parse(text) as ServerFrame;
		} catch {
			return;
		}
		this.heard = this.host.now();
		if (f.t === "hello") this.hello(f);
		else if (f.t === "pong") this.pong(f.id);
		else this.frame(f);
	}

	private frame(f: ServerFrame): void {
		switch (f.t) {
			case "runs":
				for (const fn of [...this.lists]) fn(f.items);
				break;
			case "snap":
				this.snap(f.run);
				break;
			case "ev":
				this.events(f);
				break;
			case "tail":
				this.each(f.run, (s) => s.tail?.(f.rows));
				break;
			case "blocks":
				this.blocks(f);
				break;
			case "text":
				this.text(f);
				break;
			case "report":
				this.each(f.run, (s) => s.report?.());
				break;
			case "error":
				for (const fn of [...this.errors]) fn(f.error);
				break;
			default: /* trim: a snap follows; what is newer than this page is ignored */
		}
	}

	private each(run: string, fn: (s: RunSink) => void): void {
		const sub = this.subs.get(run);
		if (sub) for (const s of [...sub.sinks]) fn(s);
	}

	private snap(run: RunDocument): void {
		const sub = this.subs.get(run.id);
		if (!sub) return;
		const other = sub.epoch !== "" && sub.epoch !== run.epoch;
		const lost = sub.lost;
		sub.lost = null;
		sub.asked = 0;
		sub.seq = run.seq;
		sub.epoch = run.epoch;
		for (const s of [...sub.sinks]) s.snap(run, other);
		if (lost !== null && !other && run.seq > lost) for (const s of [...sub.sinks]) s.caughtUp?.(run.seq - lost);
	}

	private events(f: EvFrame): void {
		const sub = this.subs.get(f.run);
		if (!sub) return;
		const v = onEvents(sub.seq, f.after, f.seq);
		if (v.do === "again") return this.ask(sub);
		const lost = sub.lost;
		sub.lost = null;
		sub.asked = 0;
		if (v.do === "ignore") return;
		const items = f.items.filter((e) => e.seq > v.from);
		sub.seq = v.seq;
		for (const s of [...sub.sinks]) s.events(items, v.seq);
		if (lost !== null) for (const s of [...sub.sinks]) s.caughtUp?.(v.seq - lost);
	}

	private watching(f: { run: string; step: string; attempt: number }): Watch[] {
		return this.watches.filter((w) => w.run === f.run && w.step === f.step && (w.want === 0 || w.want === f.attempt));
	}

	/* False: the frame is of an attempt that is over for this reader. */
	private turn(w: Watch, attempt: number): boolean {
		if (w.attempt === attempt) return true;
		if (w.attempt > attempt && w.want === 0 && !w.fresh) return false;
		w.attempt = attempt;
		w.end = 0;
		w.block = 0;
		w.fresh = true;
		w.sink.reset(attempt);
		return true;
	}

	private blocks(f: BlocksFrame): void {
		for (const w of this.watching(f)) {
			if (!this.turn(w, f.attempt)) continue;
			w.asked = 0;
			for (const b of f.items) {
				w.block = Math.max(w.block, b.n);
				if (b.type === "message") w.end = Math.max(w.end, b.to);
			}
			w.sink.blocks(f.items, f.first);
		}
	}

	private text(f: TextFrame): void {
		for (const w of this.watching(f)) {
			if (!this.turn(w, f.attempt)) continue;
			if (w.fresh && f.off > w.end) w.end = f.off; /* what is older comes as blocks, on demand */
			w.fresh = false;
			const v = onText(w.end, f.off, f.s);
			if (v.do === "again") {
				this.askWatch(w);
				continue;
			}
			w.asked = 0;
			if (v.do === "ignore") continue;
			const off = w.end;
			w.end = v.end;
			w.sink.text(v.s, off);
		}
	}
}

/* --- the one of this tab ----------------------------------------------------------------------- */

export const wire = new Wire({
	socket: () => {
		const scheme = location.protocol === "https:" ? "wss:" : "ws:";
		return new WebSocket(`${scheme}//${location.host}/api/v1/ws`, "tutti.v1");
	},
	now: () => Date.now(),
	random: () => Math.random(),
	after: (ms, fn) => window.setTimeout(fn, ms),
	stop: (t) => window.clearTimeout(t),
	fallback: (to) => follow(to),
});

export function startWire(): void {
	wire.open();
	addEventListener("online", () => wire.hurry());
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible") wire.hurry();
	});
	addEventListener("pagehide", (e) => {
		if (!e.persisted) wire.close();
	});
	addEventListener("pageshow", (e) => {
		if (e.persisted) wire.hurry();
	});
}
