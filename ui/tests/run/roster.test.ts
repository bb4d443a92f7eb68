import { describe, expect, it } from "vitest";
import { activity, chips, countFilters, elapsed, groups, neighbour, nextFailed, outcome, progress, result,
	resumption, shownGroups, waits, type View } from "../../src/run/roster";
import type { RunDoc } from "../../src/run/types";
import { doc, step } from "./make";
import { failure, middle, remaining, span, tokens } from "../../src/run/words";

const plan = [
	step("snapshot", { kind: "snapshot", role: "none", status: "completed" }),
	step("a", { status: "completed", findings: 14, citations: 12, hold: 11, tokens: 100 }),
	step("b", { status: "running", activity: "read src/a.c" }),
	step("c", { status: "failed", ending: "timed_out", reason: "after 5:00" }),
	step("fold", { kind: "code", role: "fold", needs: ["a", "b", "c"] }),
	step("s", { role: "synthesizer", needs: ["fold"] }),
	step("v", { role: "validator", needs: ["s"] }),
	step("reconcile", { kind: "code", role: "reconcile", needs: ["v"] }),
	step("w", { role: "rewrite", status: "skipped" }),
];

const view: View = {
	filter: "all", text: "", sort: "plan", closed: new Set(), unfolded: new Set(),
};

describe("groups", () => {
	it("are the waves of the plan, without what nobody watches", () => {
		expect(groups(plan).map((g) => [g.name, g.steps.map((s) => s.step)])).toEqual([
			["Preparation", ["snapshot"]], ["Angles", ["a", "b", "c"]], ["Fold", ["fold"]],
			["Synthesis", ["s"]], ["Validation", ["v"]],
		]);
	});

	it("show a step of code that failed", () => {
		const failed = [step("x", { kind: "code", role: "none", status: "failed" })];

		expect(groups(failed)[0]!.steps).toHaveLength(1);
	});

	it("are counted by filter", () => {
		expect(countFilters(plan)).toEqual({ all: 7, running: 1, failed: 1, cancelled: 0, completed: 2, pending: 3 });
	});

	it("fold what was finished when there is much of it, and never while it is watched", () => {
		const many = Array.from({ length: 24 }, (_, i) =>
			step(`m${i}`, { status: i < 20 ? "completed" : "running" }));
		const over = new Set(many.slice(0, 12).map((s) => s.step));
		const [g] = shownGroups(doc(many), view, over);

		expect(g).toMatchObject({ all: 24, folded: 12 });
		expect(g!.rows[0]!.step).toBe("m12");
		expect(shownGroups(doc(many), { ...view, unfolded: new Set(["Angles"]) }, over)[0]!.folded).toBe(0);
		expect(shownGroups(doc(many), { ...view, filter: "completed" }, over)[0]!.rows).toHaveLength(20);
	});

	it("keep plan order while they are live", () => {
		const rows = (d: RunDoc) =>
			shownGroups(d, { ...view, sort: "tokens" }, new Set())[0]!.rows.map((s) => s.step);
		const steps = [step("x", { tokens: 1 }), step("y", { tokens: 9 })];

		expect(rows(doc(steps))).toEqual(["x", "y"]);
		expect(rows(doc(steps, { status: "completed" }))).toEqual(["y", "x"]);
	});

	it("are searched in all that a row says", () => {
		const of = (text: string) => shownGroups(doc(plan), { ...view, text }, new Set())
			.flatMap((g) => g.rows.map((s) => s.step));

		expect(of("SRC/a")).toEqual(["b"]);
		expect(of("after 5")).toEqual(["c"]);
		expect(of("nothing like it")).toEqual([]);
	});
});

describe("a row", () => {
	it("says what it does or what came of it", () => {
		const d = doc(plan);
		const said = (name: string) => activity(plan.find((s) => s.step === name)!, d);

		expect(said("a").text).toBe("14 findings \u00b7 11 of 12 citations hold");
		expect(said("b").text).toBe("read src/a.c");
		expect(said("c")).toEqual({ text: "timed out: after 5:00", tone: "failed" });
		expect(said("fold").text).toBe("waits for 2 agents".replace("2 agents", "b"));
		expect(said("w").text).toBe("not needed");
		expect(activity(step("x", { status: "running", condition: "waiting for model: 0:42", activity: "read" }), d).text)
			.toBe("waiting for model: 0:42");
	});

	it("says how long it took, shorter things more exactly", () => {
		const zero = "2026-01-01T00:00:00.000Z";

		expect(elapsed(step("a", { status: "completed", took_ms: 829 }), 0)).toBe("0.8 s");
		expect(elapsed(step("a", { status: "completed", took_ms: 61_000 }), 0)).toBe("1:01");
		expect(elapsed(step("a", { status: "running", started: zero }), Date.parse(zero) + 5000)).toBe("0:05");
		expect(elapsed(step("a"), 0)).toBe("");
	});

	it("waits for what is not settled", () => {
		const steps = [step("a"), step("b", { status: "running" }), step("c", { status: "failed" })];
		const last = step("z", { needs: ["a", "b", "c"] });

		expect(waits(last, doc([...steps, last]))).toBe("waits for 2 agents");
	});

	it("says no findings only where some were looked for", () => {
		expect(result(step("a", { status: "completed", findings: 0 }))).toBe("no findings");
		expect(result(step("a", { status: "completed", findings: null }))).toBe("");
		expect(result(step("a", { status: "completed", findings: 0, role: "synthesizer" }))).toBe("");
	});

	it("of what was cancelled says what it did last", () => {
		expect(activity(step("a", { status: "cancelled", activity: "read src/a.c", reason: "stopped with the run" }), doc([])).text).toBe("read src/a.c");
		expect(activity(step("a", { status: "cancelled", reason: "stopped with the run" }), doc([])).text).toBe("stopped with the run");
	});

	it("has chips, the one that matters first", () => {
		const s = step("a", { attempt: 2, epoch: 2, kept: true, partial: true, denied: 3 });

		expect(chips(s).map((c) => c.text)).toEqual(["partial", "blocked 3", "attempt 2", "kept"]);
		expect(chips(s, 190_000)[0]!.text).toBe("no activity 3:10");
		expect(chips(step("b"))).toEqual([]);
	});
});

describe("moving", () => {
	it("stops at the ends", () => {
		expect(neighbour(["a", "b"], null, 1)).toBe("a");
		expect(neighbour(["a", "b"], null, -1)).toBe("b");
		expect(neighbour(["a", "b"], "b", 1)).toBe("b");
		expect(neighbour([], "b", 1)).toBe(null);
	});

	it("finds the next failed one, around the end", () => {
		const steps = [step("a", { status: "failed" }), step("b"), step("c", { status: "failed" })];

		expect(nextFailed(steps, null)).toBe("a");
		expect(nextFailed(steps, "a")).toBe("c");
		expect(nextFailed(steps, "c")).toBe("a");
		expect(nextFailed([step("b")], null)).toBe(null);
	});
});

describe("the run", () => {
	it("counts what is settled", () => {
		const agents = { all: 9, completed: 2, failed: 1, skipped: 0, cancelled: 0, running: 3, pending: 3 };

		expect(progress(doc([], { agents }))).toEqual(
			{ all: 9, done: 3, failed: 1, text: "3 of 9 finished \u00b7 1 failed" });
	});

	it("says in a sentence what came of it", () => {
		expect(outcome(doc([], { outcome: "Good." }))).toBe("Good.");
		expect(outcome(doc([], { status: "failed", reason: "no model" }))).toBe("Failed: no model");
		expect(outcome(doc([], { status: "cancelled" }))).toBe("Cancelled.");
	});

	it("says what was kept and what began again", () => {
		const steps = [step("a", { kept: true }), step("b", { epoch: 2 }), step("c"), step("d", { attempt: 2, epoch: 2 })];

		expect(resumption(doc(steps))).toBe(null);
		expect(resumption(doc(steps, { resumed: 1 }))).toMatchObject({
			kept: [{ step: "a" }], restarted: [{ step: "b" }],
		});
	});

	it("forecasts with ranges, and only from three runs on", () => {
		const started = "2026-01-01T00:00:00.000Z", zero = Date.parse(started);
		const e = { low_ms: 300_000, high_ms: 600_000, runs: 3, tokens: 1 };

		expect(remaining({ estimate: { ...e, runs: 2 }, started }, zero)).toBe("");
		expect(remaining({ estimate: e, started }, zero + 60_000)).toBe("about 4\u20139 min left");
		expect(remaining({ estimate: e, started }, zero + 570_000)).toBe("less than a minute left");
		expect(remaining({ estimate: e, started }, zero + 700_000)).toBe("longer than past runs");
	});
});

describe("words", () => {
	it.each([[0, "0:00"], [61_000, "1:01"], [3_723_000, "1:02:03"]])("%d ms", (ms, text) => {
		expect(span(ms)).toBe(text);
	});

	it.each([[999, "999"], [1000, "1.0k"], [48_200, "48k"], [999_600, "1.0M"]])("%d", (n, text) => {
		expect(tokens(n)).toBe(text);
	});

	it("name a failure once", () => {
		expect(failure("timed_out", "timed out after 5:00")).toBe("timed out after 5:00");
		expect(failure("crashed", "signal 9")).toBe("crashed: signal 9");
		expect(failure(null, null)).toBe("failed");
	});

	it("shorten a path in its middle", () => {
		expect(middle("src/a.c", 20)).toBe("src/a.c");
		expect(middle("src/very/deep/below/it/all/file.c", 20)).toBe("src/very/dee\u2026/file.c");
		expect(middle("src/a-very-long-file-name-indeed.c", 12)).toHaveLength(12);
	});
});
