import { describe, expect, it } from "vitest";
import { append, closed, emptyTail, utf8Index } from "../../src/run/text";
import { utf8Length } from "../../src/wire/position";

const WORDS = ["lock", " ", "\n", "Zä", "\u{1f512}", "é", "漢字", "``", "🏃🏽", "x"];

function random(seed: number): () => number {
	return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x80000000;
}

function text(rnd: () => number, n: number): string {
	let s = "";

	for (let i = 0; i < n; i++)
		s += WORDS[Math.floor(rnd() * WORDS.length)];
	return s;
}

describe("bytes and characters", () => {
	it("agree with the encoder", () => {
		for (let seed = 1; seed < 200; seed++) {
			const rnd = random(seed), s = text(rnd, 40);
			const chars = [...s], cut = Math.floor(rnd() * (chars.length + 1));
			const head = chars.slice(0, cut).join("");

			expect(utf8Length(s)).toBe(new TextEncoder().encode(s).length);
			expect(utf8Index(s, utf8Length(head))).toBe(head.length);
		}
	});
});

describe("an attempt's open text", () => {
	it("is what is stored and not in a block, and nothing twice", () => {
		for (let seed = 1; seed <= 300; seed++) {
			const rnd = random(seed), stored = text(rnd, 80), chars = [...stored];
			const bytes = (n: number) => utf8Length(chars.slice(0, n).join(""));
			const t = emptyTail();
			let done = 0;

			for (let at = 0; at < chars.length;) {
				const from = rnd() < 0.2 ? Math.max(0, at - 3) : at; /* an overlap */
				const to = Math.min(chars.length, at + 1 + Math.floor(rnd() * 9));

				append(t, bytes(from), chars.slice(from, to).join(""));
				at = to;
				if (rnd() < 0.3) {
					done = Math.max(done, Math.floor(rnd() * (at + 3)));
					closed(t, bytes(Math.min(done, chars.length)));
				}
				done = Math.min(done, chars.length);
				at = Math.max(at, done);
			}
			expect(t.from).toBe(bytes(done));
			expect(t.text).toBe(chars.slice(done).join(""));
			expect(t.end).toBe(utf8Length(stored));
		}
	});

	it("begins where the server begins", () => {
		const t = emptyTail();

		append(t, 500, "later");
		expect(t).toEqual({ from: 500, end: 505, text: "later" });
	});
});
