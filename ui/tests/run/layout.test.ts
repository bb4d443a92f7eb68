import { describe, expect, it } from "vitest";
import * as G from "../../src/run/graph";
import { hitsByFile, items, keeps, mounted, runTitle, toolKind, verbOf } from "../../src/run/blocks";
import { growth, numbers, pageOf, pagesOf, windowOf } from "../../src/run/lines";
import { bounds, critical, idle, lanes, scale, table, ticks } from "../../src/run/timeline";
import { doc as document, step as made } from "./make";
import type { Block, LogEvent, RunDoc, Step, ToolBlock } from "../../src/run/types";

const ZERO = Date.UTC(2026, 0, 1);
const iso = (s: number): string => new Date(ZERO + s * 1000).toISOString();

function step(name: string, from: number | null, to: number | null, more: Partial<Step> = {}): Step {
	return made(name, {
		status: to !== null ? "completed" : from !== null ? "running" : "pending",
		started: from === null ? null : iso(from), ended: to === null ? null : iso(to), ...more,
	});
}

function doc(steps: Step[], ended: number | null = null): RunDoc {
	return document(steps, {
		status: ended === null ? "running" : "completed", started: iso(0),
		ended: ended === null ? null : iso(ended),
	});
}

describe("the timeline", () => {
	const d = doc([
		step("a", 0, 10), step("b", 2, 30), step("c", null, null),
		step("v", 31, 40, { role: "validator", needs: ["a", "b"] }),
	], 40);

	it("has a lane for each step, and says how long it waited", () => {
		const all = lanes(d, [], ZERO);

		expect(all.map((l) => l.spans.map((s) => [s.kind, (s.from - ZERO) / 1000, (s.to - ZERO) / 1000])))
			.toEqual([
				[["run", 0, 10]], [["wait", 0, 2], ["run", 2, 30]], [],
				[["wait", 30, 31], ["run", 31, 40]],
			]);
	});

	it("goes up to now for what runs", () => {
		const [l] = lanes(doc([step("a", 5, null)]), [], ZERO + 9000);

		expect(l!.spans.at(-1)).toMatchObject({ kind: "run", to: ZERO + 9000 });
	});

	it("shows attempts before, with the pause between", () => {
		const log = [[1, "running", 1], [4, "pending", 1], [12, "running", 2]].map(([at, status, attempt], i) =>
			({ seq: i, at: iso(at as number), type: "step", data: { step: "a", status, attempt } })) as LogEvent[];
		const [l] = lanes(doc([step("a", 12, 20, { attempt: 2, epoch: 2 })], 20), log, ZERO);

		expect(l!.spans.map((s) => [s.kind, (s.from - ZERO) / 1000, (s.to - ZERO) / 1000])).toEqual([
			["wait", 0, 1], ["failed", 1, 4], ["backoff", 4, 12], ["run", 12, 20],
		]);
	});

	it("ends what was lost with the daemon when that was gone", () => {
		const log = [[1, "running", 1], [20, "pending", 1], [20, "running", 2]].map(([at, status, epoch], i) =>
			({ seq: i, at: iso(at as number), type: "step", data: { step: "a", status, attempt: 1, epoch, ...(status === "pending" ? { ending: "lost" } : {}) } })) as LogEvent[];
		const [l] = lanes(doc([step("a", 20, null, { epoch: 2 })]), log, ZERO + 25_000, "all", [{ seq: 1, stopped: ZERO + 6000, continued: ZERO + 20_000, lost: true }]);

		expect(l!.spans.map((s) => [s.kind, (s.from - ZERO) / 1000, (s.to - ZERO) / 1000])).toEqual([
			["wait", 0, 1], ["failed", 1, 6], ["backoff", 6, 20], ["run", 20, 25],
		]);
	});

	it("shows short stretches as they are, however short the run", () => {
		const all = lanes(doc([step("a", 0, 1), step("b", 9, 10)], 10), [], ZERO);

		expect(idle(all, ZERO, ZERO + 10_000)).toEqual([]);
	});

	it("finds stretches of nothing", () => {
		const all = lanes(doc([step("a", 0, 10), step("b", 70, 100)], 100), [], ZERO);

		expect(idle(all, ZERO, ZERO + 100_000)).toEqual([{ from: ZERO + 10_000, to: ZERO + 70_000 }]);
		expect(idle(lanes(d, [], ZERO), ZERO, ZERO + 40_000)).toEqual([]);
	});

	it("has a scale that goes both ways and leaves those out", () => {
		const gap = { from: ZERO + 10_000, to: ZERO + 70_000 };
		const s = scale(ZERO, ZERO + 100_000, 844, [gap]);
		let last = -1;

		expect(s.pieces.map((p) => [p.idle, Math.round(p.w)])).toEqual([
			[false, 200], [true, 44], [false, 600],
		]);
		for (let t = ZERO; t <= ZERO + 100_000; t += 500) {
			expect(s.x(t)).toBeGreaterThanOrEqual(last);
			expect(s.t(s.x(t))).toBeCloseTo(t, 3);
			last = s.x(t);
		}
		expect(s.x(ZERO)).toBe(0);
		expect(s.x(ZERO + 100_000)).toBeCloseTo(844, 6);
	});

	it.each([300, 900, 2400])("has marks that do not touch at %d px", (width) => {
		for (const seconds of [8, 95, 3600, 90_000]) {
			const marks = ticks(scale(ZERO, ZERO + seconds * 1000, width, []), ZERO, ZERO);

			expect(marks.length).toBeGreaterThan(1);
			for (let i = 1; i < marks.length; i++)
				expect(marks[i]!.x - marks[i - 1]!.x).toBeGreaterThanOrEqual(56);
		}
	});

	it("knows the chain that took longest", () => {
		expect([...critical(d)]).toEqual(["v", "b"]);
	});

	it("is a table, too", () => {
		const all = lanes(d, [], ZERO);

		expect(table(d, all, "plan", false).map((r) => r.step.step)).toEqual(["a", "b", "c", "v"]);
		expect(table(d, all, "took", true).map((r) => r.took)).toEqual([28_000, 10_000, 9000, 0]);
		expect(table(d, all, "start", false)[0]!.start).toBe(-1);
	});

	it("is never of no width", () => {
		expect(bounds(doc([]), [], ZERO)).toEqual({ from: ZERO, to: ZERO + 1000 });
	});
});

describe("the graph", () => {
	const plan = (n: number): Step[] => [
		step("snap", null, null, { kind: "snapshot" }),
		...Array.from({ length: n }, (_, i) => step(`a${i}`, null, null, { needs: ["snap"] })),
		step("fold", null, null, { role: "fold", needs: ["snap", ...Array.from({ length: n }, (_, i) => `a${i}`)] }),
		step("s", null, null, { role: "synthesizer", needs: ["fold"] }),
	];

	it("has layers by the longest way", () => {
		expect(Object.fromEntries(G.layers(plan(2)))).toEqual({ snap: 0, a0: 1, a1: 1, fold: 2, s: 3 });
	});

	it("ends with a circle", () => {
		expect(G.layers([step("x", null, null, { needs: ["y"] }), step("y", null, null, { needs: ["x"] })]).size).toBe(2);
	});

	it("draws a chain as a chain", () => {
		const g = G.layout(plan(2));

		expect(g.edges.map((e) => `${e.from}>${e.to}`)).toEqual(
			["snap>a0", "snap>a1", "a0>fold", "a1>fold", "fold>s"]);
	});

	it("has no nodes above one another", () => {
		const g = G.layout(plan(12));

		for (const a of g.nodes)
			for (const b of g.nodes)
				if (a !== b && a.x === b.x)
					expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(G.NODE_H);
		expect(Math.min(...g.nodes.map((n) => n.y))).toBe(0);
		expect(Math.max(...g.nodes.map((n) => n.y + G.NODE_H))).toBe(g.height);
	});

	it("stacks more than twelve, which open in place", () => {
		const g = G.layout(plan(18));
		const stack = g.nodes.find((n) => n.steps.length > 1)!;

		expect(stack.label).toBe("Angles \u00d718");
		expect(g.nodes).toHaveLength(4);
		expect(G.layout(plan(18), new Set([stack.id])).nodes).toHaveLength(21);
	});

	it("is walked with arrows", () => {
		const g = G.layout(plan(3));

		expect(G.walk(g, "snap", "ArrowRight")).toBe("a1");
		expect(G.walk(g, "a1", "ArrowUp")).toBe("a0");
		expect(G.walk(g, "a0", "ArrowUp")).toBe(null);
		expect(G.walk(g, "fold", "ArrowLeft")).toBe("a1");
		expect(G.walk(g, "s", "ArrowRight")).toBe(null);
	});
});

describe("blocks", () => {
	const tool = (n: number, name: string, state: ToolBlock["state"] = "done"): ToolBlock =>
		({
			n, type: "tool", id: "", at: "", seq: n, name, verb: "", subject: "", input: null, state,
			summary: null, ms: null,
		});
	const message = (n: number): Block =>
		({ n, type: "message", at: "", seq: n, html: "", from: 0, to: 0 });

	it("of reading fold from three on; what failed stands alone", () => {
		const list = [
			tool(0, "read_file"), tool(1, "read_file"), tool(2, "search"), message(3),
			tool(4, "read_file"), tool(5, "read_file"), tool(6, "read_file", "failed"),
			tool(7, "read_file", "running"),
		];

		expect(items(list).map((i) => i.t)).toEqual(["run", "block", "block", "block", "block", "block"]);
	});

	it("fold keeps its key while it grows", () => {
		const list = [0, 1, 2].map((n) => tool(n, "read_file"));

		expect(items(list)[0]!.key).toBe(items([...list, tool(3, "read_file")])[0]!.key);
	});

	it("say what they did", () => {
		expect(runTitle("read", [tool(0, "read_file"), tool(1, "read_file"), tool(2, "grep")]))
			.toBe("Read 2 files, searched once");
		expect(runTitle("search", [tool(0, "search"), tool(1, "search"), tool(2, "read_file")]))
			.toBe("Searched 2 times, read a file");
		expect(verbOf(tool(0, "list_dir"))).toBe("List");
		expect(verbOf(tool(0, "frobnicate"))).toBe("frobnicate");
	});

	it.each([
		["read_file", "read"], ["search", "search"], ["find_files", "search"], ["list_dir", "list"],
		["run_shell_command", "shell"], ["Bash", "shell"], ["web_fetch", "fetch"], ["WebSearch", "fetch"],
		["write_file", "write"], ["apply_patch", "write"], ["git_blame", "read"], ["todo", "other"],
	])("%s is a kind of %s", (name, kind) => {
		expect(toolKind(name)).toBe(kind);
	});

	it("are left out only when they are calls", () => {
		expect(keeps(message(0), "none")).toBe(true);
		expect(keeps(tool(0, "x"), "none")).toBe(false);
		expect(keeps(tool(0, "x", "denied"), "failed")).toBe(true);
	});

	it("are mounted up to a ceiling", () => {
		const list = Array.from({ length: 5000 }, (_, i) => message(i));

		expect(mounted(list, 1)).toHaveLength(200);
		expect(mounted(list, 99)).toHaveLength(2000);
		expect(mounted(list, 1).at(-1)!.n).toBe(4999);
	});

	it("show hits by file", () => {
		const hits = hitsByFile("src/a.c:5: lock(r);\nsrc/a.c:9: unlock(r);\nsrc/b.c:1:x\n3 hits");

		expect([...hits!].map(([f, h]) => [f, h.length])).toEqual([["src/a.c", 2], ["src/b.c", 1]]);
		expect(hitsByFile("nothing here\nof the kind")).toBe(null);
	});
});

describe("lines", () => {
	it("are in pages of fifty, of which some exist", () => {
		expect(pageOf(1)).toBe(0);
		expect(pageOf(50)).toBe(0);
		expect(pageOf(51)).toBe(1);
		expect(windowOf(0, 600, 100_000)).toEqual({ from: 0, to: 3 });
		expect(windowOf(1_000_000, 600, 100_000)).toEqual({ from: 998, to: 1003 });
		expect(windowOf(5e9, 600, 120)).toEqual({ from: 3, to: 3 });
		expect(numbers(1, 53)).toBe("51\n52\n53");
	});

	it("that come later are appended, and another text is not", () => {
		expect(growth("a\nb", "a\nbc\nd")).toBe("c\nd");
		expect(growth("", "x")).toBe("x");
		expect(growth("a\nb", "a\nc")).toBe(null);
	});

	it("of an address are in pages", () => {
		expect(pagesOf(49, 151)).toEqual([0, 1, 2, 3]);
		expect(pagesOf(3, 3)).toEqual([0]);
	});
});
