import { beforeEach, describe, expect, it } from "vitest";
import { Wire, type Host } from "../src/wire/socket";
import type { LogEvent, RunDocument, ServerFrame } from "../src/wire/types";

/* A socket whose other end is the test. */
class Socket {
	sent: any[] = [];
	onmessage: ((e: { data: string }) => void) | null = null;
	onclose: (() => void) | null = null;
	closed = false;
	send(s: string): void {
		this.sent.push(JSON.parse(s));
	}
	close(): void {
		this.closed = true;
	}
	say(f: ServerFrame): void {
		this.onmessage!({ data: JSON.stringify(f) });
	}
	hello(version = "1"): void {
		this.say({ t: "hello", version, build: "b", time: "", heartbeat_ms: 1000 });
	}
	of(t: string): any[] {
		return this.sent.filter((f) => f.t === t);
	}
}

class World {
	sockets: Socket[] = [];
	now = 1_000_000;
	timers: { id: number; at: number; fn: () => void }[] = [];
	fallbacks = 0;
	ids = 0;
	host: Host = {
		socket: () => {
			const s = new Socket();
			this.sockets.push(s);
			return s as unknown as WebSocket;
		},
		now: () => this.now,
		random: () => 0.5,
		after: (ms, fn) => {
			this.timers.push({ id: ++this.ids, at: this.now + ms, fn });
			return this.ids;
		},
		stop: (id) => {
			this.timers = this.timers.filter((t) => t.id !== id);
		},
		fallback: () => {
			this.fallbacks++;
			return { run() {}, unrun() {}, watch() {}, unwatch() {}, works: () => true, close() {} };
		},
	};
	pass(ms: number): void {
		const end = this.now + ms;
		for (;;) {
			const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
			if (!next) break;
			this.now = next.at;
			this.timers = this.timers.filter((t) => t !== next);
			next.fn();
		}
		this.now = end;
	}
	get last(): Socket {
		return this.sockets[this.sockets.length - 1]!;
	}
}

const document = (seq: number, epoch = "e-1"): RunDocument => ({ id: "r-1", seq, epoch }) as RunDocument;
const event = (seq: number): LogEvent => ({ seq, at: "", type: "step", data: {} });

let w: World;
let wire: Wire;
let log: string[];
const sink = {
	snap: (r: RunDocument, other: boolean) => void log.push(`snap ${r.seq}${other ? " other" : ""}`),
	events: (items: LogEvent[], seq: number) => void log.push(`ev ${items.map((e) => e.seq).join(",")} to ${seq}`),
	caughtUp: (n: number) => void log.push(`caught up ${n}`),
	report: () => void log.push("report"),
};

beforeEach(() => {
	w = new World();
	wire = new Wire(w.host);
	log = [];
	wire.open();
	w.last.hello();
});

describe("a connection that is lost", () => {
	it("says since when, and when the daemon was heard last", () => {
		const lost = w.now;
		w.now += 7000;
		w.last.onclose!();
		expect(wire.connection.value).toMatchObject({ state: "reconnecting", since: lost + 7000, heard: lost });
	});

	it("is given up at once when the machine slept longer than the daemon waits", () => {
		w.now += 60_000; // and no timer has run
		wire.hurry();
		expect(w.sockets).toHaveLength(2);
		expect(w.sockets[0]!.closed).toBe(true);
		w.last.hello();
		expect(wire.connection.value.state).toBe("live");
	});

	it("is not given up by a tab that is seldom awake", () => {
		for (let i = 0; i < 5; i++) {
			const due = w.timers;
			w.timers = [];
			w.now += 60_000; // what a browser leaves to a tab that nobody sees
			for (const t of due) t.fn();
			const ping = w.last.of("ping").pop();
			w.last.say({ t: "pong", id: ping.id, time: "" });
		}
		expect(w.sockets).toHaveLength(1);
		expect(w.last.of("ping")).toHaveLength(5);
	});

	it("is asked whether it is there after a shorter sleep", () => {
		w.now += 1500;
		wire.hurry();
		expect(w.sockets).toHaveLength(1);
		expect(w.last.of("ping")).toHaveLength(1);
	});

	it("is not waited for when nobody answers a handshake", () => {
		w.last.onclose!();
		w.pass(600);
		expect(w.sockets).toHaveLength(2);
		w.pass(20_000);
		expect(w.sockets.length).toBeGreaterThan(2);
		expect(w.sockets[1]!.closed).toBe(true);
	});
});

describe("a run that is followed", () => {
	it("begins with the whole and goes on with events", () => {
		wire.subscribe("r-1", sink);
		expect(w.last.of("sub")).toEqual([{ t: "sub", run: "r-1", after: 0, epoch: "" }]);
		w.last.say({ t: "snap", run: document(10) });
		w.last.say({ t: "ev", run: "r-1", after: 10, seq: 13, items: [event(12)] });
		w.last.say({ t: "ev", run: "r-1", after: 10, seq: 13, items: [event(12)] });
		w.last.say({ t: "report", run: "r-1" });
		expect(log).toEqual(["snap 10", "ev 12 to 13", "report"]);
	});

	it("asks for what is missing, once", () => {
		wire.subscribe("r-1", sink);
		w.last.say({ t: "snap", run: document(10) });
		w.last.say({ t: "ev", run: "r-1", after: 12, seq: 14, items: [event(14)] });
		w.last.say({ t: "ev", run: "r-1", after: 14, seq: 15, items: [event(15)] });
		expect(w.last.of("sub").slice(1)).toEqual([{ t: "sub", run: "r-1", after: 10, epoch: "e-1" }]);
		w.last.say({ t: "ev", run: "r-1", after: 10, seq: 15, items: [11, 14, 15].map(event) });
		expect(log).toEqual(["snap 10", "ev 11,14,15 to 15"]);
	});

	it("goes on where it stood after the connection was lost, and says how much that was", () => {
		wire.subscribe("r-1", sink);
		w.last.say({ t: "snap", run: document(10) });
		w.last.onclose!();
		expect(wire.connection.value.state).toBe("reconnecting");
		w.pass(600);
		w.last.hello();
		expect(w.last.of("sub")).toEqual([{ t: "sub", run: "r-1", after: 10, epoch: "e-1" }]);
		w.last.say({ t: "ev", run: "r-1", after: 10, seq: 24, items: [event(24)] });
		expect(log).toEqual(["snap 10", "ev 24 to 24", "caught up 14"]);
		expect(wire.connection.value).toMatchObject({ state: "live", tries: 0 });
	});

	it("is told when its history was rewritten", () => {
		wire.subscribe("r-1", sink);
		w.last.say({ t: "snap", run: document(10) });
		w.last.say({ t: "snap", run: document(4, "e-2") });
		expect(log).toEqual(["snap 10", "snap 4 other"]);
	});

	it("is left when nobody follows it any more", () => {
		const one = wire.subscribe("r-1", sink);
		const two = wire.subscribe("r-1", { ...sink });
		one();
		expect(w.last.of("unsub")).toEqual([]);
		two();
		expect(w.last.of("unsub")).toEqual([{ t: "unsub", run: "r-1" }]);
		w.last.say({ t: "snap", run: document(11) });
		expect(log).toEqual([]);
	});
});

describe("a conversation that is watched", () => {
	let text: string;
	const reader = {
		reset: (attempt: number) => void (log.push(`reset ${attempt}`), (text = "")),
		blocks: (items: { n: number }[]) => void log.push("blocks " + items.map((b) => b.n).join(",")),
		text: (s: string, off: number) => void (log.push(`text ${off}`), (text += s)),
	};
	const say = (off: number, s: string, attempt = 1): void => w.last.say({ t: "text", run: "r-1", step: "a", attempt, off, s });

	beforeEach(() => {
		text = "";
		wire.watch("r-1", "a", 0, reader as any);
	});

	it("takes text where it ends, skips what it has, asks where something is missing", () => {
		say(0, "ab");
		say(1, "bc");
		say(0, "abc");
		say(9, "x");
		say(10, "y");
		expect(text).toBe("abc");
		expect(w.last.of("watch").map((f) => f.off)).toEqual([0, 3]);
		say(3, "defghi");
		expect(text).toBe("abcdefghi");
	});

	it("begins in the middle when the older part comes as blocks", () => {
		say(500, "tail");
		expect(log).toEqual(["reset 1", "text 500"]);
	});

	it("knows from a closed message where its text ends", () => {
		w.last.say({ t: "blocks", run: "r-1", step: "a", attempt: 1, first: 1, items: [{ n: 3, type: "message", at: "", seq: 1, html: "", from: 0, to: 40 }] });
		say(38, "xxyz");
		expect(text).toBe("yz");
		w.last.onclose!();
		w.pass(600);
		w.last.hello();
		expect(w.last.of("watch")).toEqual([{ t: "watch", run: "r-1", step: "a", attempt: 0, off: 42, block: 3 }]);
	});

	it("starts anew with another attempt, and does not go back", () => {
		say(0, "one", 1);
		say(0, "two", 2);
		say(3, "late", 1);
		expect(text).toBe("two");
		expect(log.filter((l) => l.startsWith("reset"))).toEqual(["reset 1", "reset 2"]);
	});

	it("ends the oldest of three", () => {
		const got: string[] = [];
		for (const step of ["b", "c"]) wire.watch("r-1", step, 0, { ...reader, text: () => void got.push(step) } as any);
		say(0, "gone");
		expect(text).toBe("");
		w.last.say({ t: "text", run: "r-1", step: "c", attempt: 1, off: 0, s: "x" });
		expect(got).toEqual(["c"]);
	});
});

describe("the connection", () => {
	it("is given up when nothing is heard, and tried again", () => {
		w.pass(1000);
		expect(w.last.of("ping")).toHaveLength(1);
		w.last.say({ t: "pong", id: 1, time: "" });
		expect(wire.connection.value.lag).toBe(0);
		const first = w.last;
		w.pass(4000);
		expect(first.closed).toBe(true);
		expect(wire.connection.value.state).toBe("reconnecting");
		w.pass(1000);
		expect(w.sockets.length).toBeGreaterThan(1);
	});

	it("waits longer from try to try", () => {
		for (const wait of [500, 1000, 2000, 4000, 8000, 8000]) {
			const n = w.sockets.length;
			w.last.onclose!();
			w.pass(wait - 1);
			expect(w.sockets.length).toBe(n);
			w.pass(1);
			expect(w.sockets.length).toBe(n + 1);
		}
		expect(w.fallbacks).toBe(0);
	});

	it("is replaced by SSE when no socket was ever to be had", () => {
		const other = new World();
		const never = new Wire(other.host);
		never.open();
		other.last.onclose!();
		expect(other.fallbacks).toBe(0);
		other.pass(500);
		other.last.onclose!();
		expect(other.fallbacks).toBe(1);
		expect(never.connection.value).toMatchObject({ via: "sse", state: "live" });
		other.pass(30000);
		other.last.hello();
		expect(never.connection.value).toMatchObject({ via: "socket", state: "live" });
	});

	it("says that another tutti answers", () => {
		w.last.onclose!();
		w.pass(600);
		w.last.hello("2");
		expect(wire.server.value).toEqual({ version: "2", build: "b" });
	});

	it("asks for lists as long as somebody shows one", () => {
		const got: unknown[] = [];
		const end = wire.list((items) => got.push(items));
		w.last.say({ t: "runs", items: [] });
		end();
		w.last.say({ t: "runs", items: [] });
		expect(got).toHaveLength(1);
		expect(w.last.sent.map((f) => f.t)).toEqual(["list", "unlist"]);
	});
});
