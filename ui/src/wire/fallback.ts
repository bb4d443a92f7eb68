/*
 * Without a WebSocket: the log of a run over SSE, read by one tab for all of them (a lock says which,
 * a channel hands on what it reads), since a browser opens six connections to a host and no more.
 * Lists are asked for every few seconds, and so are the blocks of a conversation that is watched.
 */
import { API, get } from "./api";
import type { Block, List, LogEvent, RunDocument, RunSummary, ServerFrame } from "./types";

export interface Fallback {
	run(run: string, after: number): void;
	unrun(run: string): void;
	watch(run: string, step: string, attempt: number): void;
	unwatch(run: string, step: string): void;
	works(): boolean;
	close(): void;
}

export interface FallbackTo {
	frame(f: ServerFrame): void;
	works(yes: boolean): void;
	lists(): boolean;
}

const EVERY = 3000;

export function follow(to: FallbackTo): Fallback {
	const runs = new Map<string, () => void>();
	const watches = new Map<string, { run: string; step: string; attempt: number }>();
	let good = false;
	let over = false;

	function works(yes: boolean): void {
		if (over || good === yes) return;
		good = yes;
		to.works(yes);
	}

	async function poll(): Promise<void> {
		try {
			if (to.lists()) {
				const l = await get<List<RunSummary>>("/runs?limit=50");
				if (!over) to.frame({ t: "runs", items: l.items });
			}
			for (const w of watches.values()) {
				const l = await get<List<Block> & { attempt?: number; first?: number }>(
					`/runs/${w.run}/steps/${encodeURIComponent(w.step)}/blocks?limit=200${w.attempt ? `&attempt=${w.attempt}` : ""}`,
				);
				const first = l.first ?? l.items[0]?.n ?? 0;
				if (!over)
					to.frame({ t: "blocks", run: w.run, step: w.step, attempt: l.attempt ?? w.attempt, first, items: l.items });
			}
			works(true);
		} catch {
			works(false);
		}
	}
	const timer = setInterval(() => void poll(), EVERY);
	void poll();

	const fallback: Fallback = {
		run(run, after) {
			runs.get(run)?.();
			runs.set(run, shared(run, after, to.frame, works));
		},
		unrun(run) {
			runs.get(run)?.();
			runs.delete(run);
		},
		watch(run, step, attempt) {
			watches.set(run + "/" + step, { run, step, attempt });
			void poll();
		},
		unwatch(run, step) {
			watches.delete(run + "/" + step);
		},
		works: () => good,
		close() {
			over = true;
			clearInterval(timer);
			for (const stop of runs.values()) stop();
			runs.clear();
		},
	};
	return fallback;
}

/* The document first, then the log behind it: what a subscription over the socket gives, too. */
function shared(run: string, after: number, frame: (f: ServerFrame) => void, works: (y: boolean) => void): () => void {
	const stop = new AbortController();
	const channel = new BroadcastChannel("tutti.log." + run);
	let seq = after;

	const pass = (e: LogEvent): void => {
		if (e.seq <= seq) return;
		frame({ t: "ev", run, after: seq, seq: e.seq, items: [e] });
		seq = e.seq;
	};
	channel.onmessage = (m) => pass(m.data as LogEvent);

	const lead = (): Promise<void> =>
		new Promise((done) => {
			const source = new EventSource(`${API}/runs/${run}/events?after=${seq}&follow=1`);
			source.onopen = () => works(true);
			source.onerror = () => works(false);
			source.onmessage = (m) => {
				const e = JSON.parse(m.data as string) as LogEvent;
				channel.postMessage(e);
				pass(e);
			};
			stop.signal.addEventListener("abort", () => {
				source.close();
				done();
			});
		});

	const begin = async (): Promise<void> => {
		if (after === 0) {
			const doc = await get<RunDocument>("/runs/" + run, stop.signal);
			frame({ t: "snap", run: doc });
			seq = doc.seq;
		}
		if (navigator.locks) await navigator.locks.request("tutti.log." + run, { signal: stop.signal }, lead);
		else await lead();
	};
	begin().catch(() => works(false));

	return () => {
		stop.abort();
		channel.close();
	};
}
