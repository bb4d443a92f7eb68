import { describe, expect, it, vi } from "vitest";
import { byName, byPath, LANGUAGES } from "../src/code/languages";
import { byLine, flatten, KINDS, kindOf } from "../src/code/tokens";
import { tokensOf } from "../src/code/worker";

describe("the language of a text", () => {
	it("is told by the name of its file, or what stands behind the fence", () => {
		expect(["src/a.c", "a.H", "web/main.tsx", "run.bats", "x/y.yml", ".bashrc", "Cargo.toml"].map(byPath)).toEqual(
			["c", "c", "typescript", "bash", "yaml", "bash", "ini"]);
		expect(["C", "c++", ".py", " Rust ", "golang"].map(byName)).toEqual(["c", "cpp", "python", "rust", "go"]);
	});

	it("is none that nobody knows, whatever it is called", () => {
		expect(["README", "a.txt", "a.", "a.constructor", "x/__proto__", ""].map(byPath)).toEqual([null, null, null, null, null, null]);
		expect(["constructor", "toString", "__proto__", "hasOwnProperty"].map(byName)).toEqual([null, null, null, null]);
	});
});

describe("pieces", () => {
	it("are of the innermost kind, and next to one another only once", () => {
		expect(flatten({ children: ["a", { scope: "string", children: ["b", { scope: "subst", children: ["c"] }] }, { scope: "string", children: ["d"] }, { children: ["e"] }] })).toEqual(
			[["a", ""], ["bcd", "str"], ["e", ""]]);
	});

	it("have the kind of the longest name that has one", () => {
		expect([kindOf("title.class.inherited", ""), kindOf("title.function", ""), kindOf("unknown", "str"), kindOf("constructor", "")]).toEqual(["type", "fn", "str", ""]);
	});

	it("are cut at the ends of lines", () => {
		expect(byLine([["a\n/* b", "com"], ["\nc */", "com"], ["", ""]])).toEqual([[["a", "com"]], [["/* b", "com"]], [["c */", "com"]]]);
	});
});

describe("what the thread answers", () => {
	it("says all of the text and no more, in each language", () => {
		const odd = "<img src=x onerror=alert(1)>\n\tint main() { return \"&amp;\"; } // \u202e é 𝄞\n# x: [1, null]\n--- a\n+++ b\n";

		for (const l of LANGUAGES) {
			const tokens = tokensOf(odd, l);

			expect(tokens.map(([t]) => t).join(""), l).toBe(odd);
			expect(tokens.every(([, k]) => KINDS.includes(k)), l).toBe(true);
		}
	});

	it("knows words, texts, numbers and remarks", () => {
		const tokens = tokensOf("static int f(void) /* x */ { return g(\"a\", 1); }", "c");
		const of = (kind: string) => tokens.filter(([, k]) => k === kind).map(([t]) => t.trim());

		expect(of("kw")).toEqual(expect.arrayContaining(["return"]));
		expect([of("str"), of("num"), of("com"), of("fn")]).toEqual([["\"a\""], ["1"], ["/* x */"], expect.arrayContaining(["f"])]);
	});
});

/* A thread that answers only to what is "quick". */
class Thread {
	static made: Thread[] = [];
	onmessage: ((e: { data: unknown }) => void) | null = null;
	onerror: (() => void) | null = null;
	ended = false;
	constructor() {
		Thread.made.push(this);
	}
	postMessage(asked: { code: string }): void {
		if (asked.code === "quick") queueMicrotask(() => this.onmessage!({ data: [["quick", "kw"]] }));
	}
	terminate(): void {
		this.ended = true;
	}
}

describe("a thread that does not answer", () => {
	it("is ended, and after three times nobody waits for another", async () => {
		vi.useFakeTimers();
		vi.stubGlobal("window", globalThis);
		vi.doMock("../src/ui/html", () => ({ ownWorker: () => new Thread() }));
		const { read } = await import("../src/code/reader");

		expect(await read("quick", "c")).toEqual([["quick", "kw"]]);
		const slow = [read("slow", "c"), read("quick", "c")];

		await vi.advanceTimersByTimeAsync(2000);
		expect(await Promise.all(slow)).toEqual([null, [["quick", "kw"]]]);
		expect(Thread.made.map((t) => t.ended)).toEqual([true, false]);
		const more = [read("slow", "c"), read("slow", "c"), read("slow", "c"), read("quick", "c")];

		await vi.advanceTimersByTimeAsync(60_000);
		expect(await Promise.all(more)).toEqual([null, null, null, null]);
		expect(Thread.made.every((t) => t.ended)).toBe(true);
		expect(await read("x".repeat(100_000), "c")).toBe(null);
		vi.useRealTimers();
		vi.doUnmock("../src/ui/html");
		vi.unstubAllGlobals();
	});
});
