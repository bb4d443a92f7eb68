import { describe, expect, it } from "vitest";
import { backoff, onEvents, onText, utf8Length, utf8Skip } from "../src/wire/position";

/* Numbers that are the same each time. */
function seeded(seed: number): () => number {
	let a = seed;
	return () => {
		a = (a + 0x6d2b79f5) | 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

describe("events", () => {
	it("are applied when they follow, ignored when they are known, asked for when some are missing", () => {
		expect(onEvents(5, 5, 9)).toEqual({ do: "apply", from: 5, seq: 9 });
		expect(onEvents(9, 5, 9)).toEqual({ do: "ignore" });
		expect(onEvents(12, 5, 9)).toEqual({ do: "ignore" });
		expect(onEvents(7, 5, 9)).toEqual({ do: "apply", from: 7, seq: 9 });
		expect(onEvents(4, 5, 9)).toEqual({ do: "again" });
	});

	it("end equal to the log, whatever is lost, doubled or swapped", () => {
		for (let seed = 1; seed <= 300; seed++) {
			const random = seeded(seed);
			const end = 1 + Math.floor(random() * 60);
			const frames: [number, number][] = [];
			for (let at = 0; at < end; ) {
				const to = Math.min(end, at + 1 + Math.floor(random() * 5));
				frames.push([at, to]);
				at = to;
			}
			const wire = frames.flatMap((f) => (random() < 0.2 ? [] : random() < 0.2 ? [f, f] : [f])).sort(() => (random() < 0.15 ? 1 : 0));
			const seen: number[] = [];
			let own = 0;
			const take = ([after, seq]: [number, number]): void => {
				const v = onEvents(own, after, seq);
				if (v.do === "again") take([own, end]); /* the server sends the rest from there */
				if (v.do !== "apply") return;
				for (let n = v.from + 1; n <= v.seq; n++) seen.push(n);
				own = v.seq;
			};
			for (const f of wire) take(f);
			take([own, end]);
			expect(seen).toEqual(Array.from({ length: end }, (_, i) => i + 1));
		}
	});
});

describe("text", () => {
	const text = "Naïve – “quoted” 𝛼𝛽 and plain; ".repeat(8);
	const bytes = new TextEncoder().encode(text);
	const cut = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
	const whole = (n: number): number => {
		while (n < bytes.length && (bytes[n]! & 0xc0) === 0x80) n++;
		return n;
	};

	it("is counted in bytes of UTF-8", () => {
		expect(utf8Length(text)).toBe(bytes.length);
		for (let n = 0; n <= bytes.length; n++) {
			const at = whole(n);
			expect(utf8Skip(text, at)).toBe(cut(at, bytes.length));
			if (at !== n) expect(utf8Skip(text, n)).toBe(null);
		}
	});

	it("ends equal to what was written, whatever is lost, doubled or swapped", () => {
		for (let seed = 1; seed <= 300; seed++) {
			const random = seeded(seed);
			const frames: [number, number][] = [];
			for (let at = 0; at < bytes.length; ) {
				const to = whole(Math.min(bytes.length, at + 1 + Math.floor(random() * 40)));
				frames.push([at, to]);
				at = to;
			}
			const wire = frames.flatMap((f) => (random() < 0.2 ? [] : random() < 0.2 ? [f, f] : [f])).sort(() => (random() < 0.15 ? 1 : 0));
			let own = "";
			let end = 0;
			const take = ([from, to]: [number, number]): void => {
				const v = onText(end, from, cut(from, to));
				if (v.do === "again") take([end, bytes.length]);
				if (v.do !== "append") return;
				own += v.s;
				end = v.end;
			};
			for (const f of wire) take(f);
			take([end, bytes.length]);
			expect(own).toBe(text);
		}
	});

	it("asks again rather than to cut a character in two", () => {
		expect(onText(1, 0, "ï!")).toEqual({ do: "again" });
	});
});

it("waits longer each time, and never more than ten seconds", () => {
	expect([0, 1, 2, 3, 4, 5].map((n) => backoff(n, 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
	expect(backoff(0, 0)).toBe(400);
	expect(backoff(60, 1)).toBeLessThanOrEqual(9600);
});
