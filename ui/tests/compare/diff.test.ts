import { describe, expect, it } from "vitest";
import { diff, diffLines, diffWords, type Part } from "../../src/compare/diff";

const side = (parts: Part[], not: "add" | "del") =>
	parts.filter((p) => p.t !== not).map((p) => p.text).join("");

describe("a difference", () => {
	it.each([
		["", ""], ["a", ""], ["", "a"], ["same words", "same words"],
		["the lock is held", "the lock is not held"], ["one two three", "three two one"],
		["severity medium", "severity high"], ["x", "y"],
	])("%j to %j is both of them", (a, b) => {
		const parts = diffWords(a, b);

		expect(side(parts, "add")).toBe(a);
		expect(side(parts, "del")).toBe(b);
	});

	it("is both sides for any text, and as short as it can be", () => {
		for (let seed = 1; seed < 400; seed++) {
			let s = seed;
			const rnd = () => (s = (s * 1103515245 + 12345) & 0x7fffffff) / 0x80000000;
			const make = () => Array.from({ length: Math.floor(rnd() * 14) }, () => "abc"[Math.floor(rnd() * 3)]!);
			const a = make(), b = make(), parts = diff(a, b);

			expect(side(parts, "add")).toBe(a.join(""));
			expect(side(parts, "del")).toBe(b.join(""));
			const changed = parts.filter((p) => p.t !== "same").reduce((n, p) => n + p.text.length, 0);

			expect(changed).toBe(a.length + b.length - 2 * common(a, b));
		}
	});

	it("names what was put in", () => {
		expect(diffWords("the lock is held", "the lock is not held")).toEqual([
			{ t: "same", text: "the lock is " }, { t: "add", text: "not " }, { t: "same", text: "held" },
		]);
		expect(diffLines("a\nb\n", "a\nc\n")).toEqual([
			{ t: "same", text: "a\n" }, { t: "del", text: "b\n" }, { t: "add", text: "c\n" },
		]);
	});

	it("reads as what went and what came", () => {
		expect(diffWords("a worker may end while", "a worker ends while")).toEqual([
			{ t: "same", text: "a worker " }, { t: "del", text: "may end" }, { t: "add", text: "ends" }, { t: "same", text: " while" },
		]);
		expect(diffWords("one two", "six ten")).toEqual([{ t: "del", text: "one two" }, { t: "add", text: "six ten" }]);
	});

	it("gives up rather than take for ever", () => {
		const a = Array.from({ length: 6000 }, (_, i) => `a${i} `), b = a.map((x) => `b${x}`);
		const parts = diff(a, b);

		expect(side(parts, "add")).toBe(a.join(""));
		expect(side(parts, "del")).toBe(b.join(""));
	});
});

/* The longest common subsequence, the slow way. */
function common(a: string[], b: string[]): number {
	const t = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));

	for (let i = 1; i <= a.length; i++)
		for (let j = 1; j <= b.length; j++)
			t[i]![j] = a[i - 1] === b[j - 1] ? t[i - 1]![j - 1]! + 1 : Math.max(t[i - 1]![j]!, t[i]![j - 1]!);
	return t[a.length]![b.length]!;
}
