import { describe, expect, it } from "vitest";
import { addBlocks, addEvents, addTail, addText, blocksOf, hole, live, silence, talk, type LiveRun } from "../../src/run/live";
import type { Block, LogEvent, RunDoc, Step } from "../../src/run/types";
import { Wire, type Host } from "../../src/wire/socket";
import { utf8Length } from "../../src/wire/position";
import { doc as document, step } from "./make";

const doc = (seq = 1, epoch = "e-1"): RunDoc =>
	document([step("a"), step("b"), step("c")], { seq, epoch, started: at(0) });

function at(s: number): string {
	return new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString();
}

const log: LogEvent[] = [
	["step", { step: "a", status: "running", attempt: 1 }],
	["step", { step: "b", status: "running", attempt: 1 }],
	["attempt", { step: "a", agent: "qwen", model: "m" }],
	["step", { step: "a", status: "completed", attempt: 1, facts: { findings: 3, citations: 2, hold: 1, in: 5, out: 6 } }],
	["step", { step: "b", status: "pending", attempt: 1, reason: "again in 8 s" }],
	["step", { step: "b", status: "running", attempt: 2 }],
	["step", { step: "b", status: "failed", attempt: 2, ending: "timed_out", reason: "after 5:00" }],
	["step", { step: "c", status: "running", attempt: 1 }],
	["ask", { step: "c", choices: ["enough", "more"] }],
	["answer", { step: "c", choice: "more" }],
	["step", { step: "c", status: "completed", attempt: 1 }],
	["step", { step: "d", label: "New", status: "running", attempt: 1 }],
	["run", { status: "completed", report: "x" }],
].map(([type, data], i) => ({ seq: i + 2, at: at(i + 1), type, data }) as LogEvent);
const LAST = log.length + 1;

function whole(): LiveRun {
	const r = live(doc());

	addEvents(r, log, LAST);
	return r;
}

function random(seed: number): () => number {
	return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x80000000;
}

describe("a run out of its log", () => {
	it("says what happened", () => {
		const { doc: d } = whole();
		const [a, b, c, more] = d.steps;

		expect(d).toMatchObject({ status: "completed", report: true, seq: LAST });
		expect(d.agents).toMatchObject({ all: 4, completed: 2, failed: 1, running: 1 });
		expect(a).toMatchObject({ status: "completed", findings: 3, hold: 1, tokens: 11, agent: "qwen" });
		expect(b).toMatchObject({ status: "failed", ending: "timed_out", attempt: 2, took_ms: 1000 });
		expect(c).toMatchObject({ status: "completed", choices: null, condition: null });
		expect(more).toMatchObject({ step: "d", label: "New", status: "running" });
	});

	it("knows what was frozen, and which size that came to, without being read again", () => {
		const r = live(document([step("snapshot", { kind: "snapshot" })], { size: "auto", commit: null, branch: null, dirty: null, repo_name: "r" }));
		const frozen = { step: "snapshot", status: "completed", attempt: 1,
			repo: { name: "shop", commit: "31ee264d5a3c9f00", branch: "main", changed: 2, files: 467, left_out: 0 },
			choice: { asked: "auto", size: "medium", reason: "500 lines in focus", rule: null, left_out: [] } };

		addEvents(r, [{ seq: 2, at: at(1), type: "step", data: frozen }], 2);
		expect(r.doc).toMatchObject({ repo_name: "shop", commit: "31ee264d5a3c9f00", branch: "main", dirty: 2, size: "medium", size_reason: "500 lines in focus" });
		addEvents(r, [{ seq: 3, at: at(2), type: "step", data: { ...frozen, repo: { name: "shop", commit: "", branch: "", changed: 0 } } }], 3);
		expect(r.doc).toMatchObject({ commit: null, branch: null, dirty: 0 });
	});

	it("asks while it is asked", () => {
		const r = live(doc());

		addEvents(r, log.slice(0, 9), 10);
		expect(r.doc.steps[2]).toMatchObject({ choices: ["enough", "more"] });
	});

	it("leaves the document that it was made of alone", () => {
		const d = doc(), before = JSON.stringify(d);

		addEvents(live(d), log, LAST);
		expect(JSON.stringify(d)).toBe(before);
	});

	it("takes a row's words only while it runs", () => {
		const r = live(doc());
		const row = { activity: "read x", condition: null, tokens: 9, beats: 1, last: at(1) };

		addEvents(r, log.slice(0, 4), 5);
		addTail(r, [{ step: "a", ...row }, { step: "b", ...row }, { step: "gone", ...row }], 0);
		expect(r.doc.steps.map((s) => s.activity)).toEqual([null, "read x", null]);
	});
});

/* A server with a log and a text, behind a line that loses, doubles and swaps. */
class Line {
	sent: string[] = [];
	onmessage: ((e: { data: string }) => void) | null = null;
	onclose: (() => void) | null = null;
	out: unknown[] = [];

	constructor(
		private rnd: () => number,
		readonly stored: string,
	) {}

	send(data: string): void {
		const f = JSON.parse(data);

		if (f.t === "sub")
			this.out.push(...(f.after ? [] : [{ t: "snap", run: doc() }]), ...this.evs(f.after || 1));
		if (f.t === "watch")
			this.out.push(...this.texts(f.off));
	}

	close(): void {}

	evs(after: number): unknown[] {
		const all: unknown[] = [];

		while (after < LAST) {
			const seq = Math.min(LAST, after + 1 + Math.floor(this.rnd() * 4));

			all.push({
				t: "ev", run: "r-1", after, seq,
				items: log.filter((e) => e.seq > after && e.seq <= seq),
			});
			after = seq;
		}
		return all;
	}

	/* Every third line is closed as a block once it is whole. */
	texts(off: number): unknown[] {
		const all: unknown[] = [], chars = [...this.stored];
		const bytes = (n: number) => utf8Length(chars.slice(0, n).join(""));
		let i = chars.findIndex((_, k) => bytes(k) >= off);

		while (i >= 0 && i < chars.length) {
			const to = Math.min(chars.length, i + 1 + Math.floor(this.rnd() * 9));

			all.push({
				t: "text", run: "r-1", step: "a", attempt: 1, off: bytes(i),
				s: chars.slice(i, to).join(""),
			});
			i = to;
		}
		const end = bytes(Math.floor(chars.length / 2));

		all.push({
			t: "blocks", run: "r-1", step: "a", attempt: 1, first: 0,
			items: [{ n: 0, type: "message", html: "", from: 0, to: end, at: at(1), seq: 5 }],
		});
		return all;
	}

	say(f: unknown): void {
		this.onmessage?.({ data: JSON.stringify(f) });
	}
}

describe("frames that are lost, doubled and swapped", () => {
	it("end as what is stored", () => {
		const want = JSON.stringify(whole().doc);

		for (let seed = 1; seed <= 150; seed++) {
			const rnd = random(seed);
			const stored = Array.from({ length: 60 }, () => ["lock ", "Zä", "\n", "🔒", "漢"][Math.floor(rnd() * 5)]).join("");
			const line = new Line(rnd, stored);
			let now = 0;
			const host = {
				socket: () => line as unknown as WebSocket, now: () => (now += 6000), random: rnd,
				after: () => 0, stop: () => {}, fallback: () => { throw new Error("no"); },
			} as unknown as Host;
			const wire = new Wire(host), t = talk(1);
			let r: LiveRun | null = null;

			wire.open();
			line.say({ t: "hello", version: "1", build: "b", time: at(0), heartbeat_ms: 1000 });
			wire.subscribe("r-1", {
				snap: (d) => (r = live(d)), events: (items, seq) => addEvents(r!, items, seq),
			});
			wire.watch("r-1", "a", 1, {
				reset: () => {}, blocks: (b) => void addBlocks(t, b),
				text: (s, off) => addText(t, s, off),
			});
			line.say(line.out.shift()); /* the snapshot */
			for (let turn = 0; turn < 4000; turn++) {
				if (!line.out.length) {
					if (r!.doc.seq === LAST && t.tail.end === utf8Length(stored) && t.blocks.size)
						break;
					line.say({ t: "hello", version: "1", build: "b", time: at(0), heartbeat_ms: 1000 });
				}
				const k = rnd() < 0.3 ? Math.floor(rnd() * line.out.length) : 0;
				const [f] = line.out.splice(k, 1);

				if (turn < 60 && rnd() < 0.2)
					continue;
				if (turn < 60 && rnd() < 0.2)
					line.out.push(f);
				line.say(f);
			}
			expect(JSON.stringify(r!.doc)).toBe(want);
			expect(t.tail.end).toBe(utf8Length(stored));
			expect(stored.endsWith(t.tail.text)).toBe(true);
			expect(t.tail.from).toBe(utf8Length(stored) - utf8Length(t.tail.text));
			expect(blocksOf(t)).toHaveLength(1);
		}
	});
});

describe("a conversation", () => {
	const head = { at: at(1), seq: 5 };
	const tool = (n: number, state: "running" | "done"): Block => ({
		n, type: "tool", id: "x", name: "read", verb: "read", subject: "a", input: {}, state,
		summary: null, ms: null, ...head,
	});

	it("has each block once, the newest of it, and closes the open text", () => {
		const t = talk(1);

		addText(t, "one\ntwo", 0);
		expect(addBlocks(t, [tool(4, "running"), { n: 5, type: "message", html: "", from: 0, to: 4, ...head }])).toBe(2);
		expect(addBlocks(t, [tool(4, "done")])).toBe(0);
		expect(addBlocks(t, [tool(1, "done"), tool(2, "done")])).toBe(2);
		expect(t.tail.text).toBe("two");
		expect(blocksOf(t).map((b) => [b.n, b.type === "tool" ? b.state : b.type])).toEqual(
			[[1, "done"], [2, "done"], [4, "done"], [5, "message"]]);
	});

	it("knows where blocks are missing between others", () => {
		const t = talk(1);

		addBlocks(t, [tool(3, "done"), tool(4, "done")]);
		expect(hole(t)).toBe(null); // what is before is asked for on demand
		addBlocks(t, [tool(9, "done"), tool(10, "done")]);
		expect(hole(t)).toBe(9);
		addBlocks(t, [tool(7, "done"), tool(8, "done")]);
		expect(hole(t)).toBe(7);
		addBlocks(t, [tool(5, "done"), tool(6, "done")]);
		expect(hole(t)).toBe(null);
	});
});

describe("silence", () => {
	function beats(gapMs: number): LiveRun {
		const r = live(doc());

		addEvents(r, log.slice(0, 1), 2);
		for (let i = 1; i < 200; i++)
			addTail(r, [{
				step: "a", beats: i, last: new Date(i * gapMs).toISOString(), activity: null,
				condition: null, tokens: null,
			}], 0);
		return r;
	}
	const of = (r: LiveRun, now: number) => silence(r, r.doc.steps[0] as Step, now);

	it("is a minute for an agent that talks all the time", () => {
		const r = beats(500), end = 199 * 500;

		expect(of(r, end + 59_000)).toBe(0);
		expect(of(r, end + 61_000)).toBe(61_000);
	});

	it("is three of its own gaps for a slow one", () => {
		const r = beats(60_000), end = 199 * 60_000;

		expect(of(r, end + 120_000)).toBe(0);
		expect(of(r, end + 400_000)).toBe(400_000);
	});

	it("is nothing that a settled step can have", () => {
		expect(of(whole(), Date.UTC(2030, 0))).toBe(0);
	});
});
