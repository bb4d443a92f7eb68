import { describe, expect, it } from "vitest";
import { agents, bySection, deltas, inputs, sampling, sections } from "../../src/compare/model";
import { doc, step } from "../run/make";

const n = (o: Partial<Record<"completed" | "failed", number>>) =>
	({ all: 3, completed: 3, failed: 0, skipped: 0, cancelled: 0, running: 0, pending: 0, ...o });
const a = doc([step("x"), step("y"), step("fold", { kind: "code" })], {
	commit: "9d02c11", model: "m1", took_ms: 640_000, tokens_in: 300_000, tokens_out: 98_000, agents: n({}),
	citations: { resolves: 95, moved: 5, changed: 0, missing: 0, not_checked: 7 },
	findings: { critical: 0, high: 1, medium: 2, low: 3, note: 0 },
});
const b = doc([step("y"), step("z")], {
	commit: "4be1c2a", model: "m1", took_ms: 662_000, tokens_in: 310_000, tokens_out: 102_000, agents: n({ failed: 1 }),
	citations: { resolves: 98, moved: 2, changed: 0, missing: 0, not_checked: 0 },
	findings: { critical: 1, high: 1, medium: 2, low: 3, note: 0 },
});

describe("two runs", () => {
	it("differ in what they were asked, and only that is said", () => {
		expect(inputs(a, b)).toEqual([{ name: "commit", a: "9d02c11", b: "4be1c2a" }]);
		expect(inputs(a, a)).toEqual([]);
		expect(inputs(a, b, [{ name: "flow_hash", old: "1", now: "2" }, { name: "model", old: "lies", now: "more" }]))
			.toEqual([{ name: "commit", a: "9d02c11", b: "4be1c2a" }, { name: "flow_hash", a: "1", b: "2" }]);
		expect(sampling(a, b)).toBe(false);
		expect(sampling(a, { ...b, model: "m2" })).toBe(true);
	});

	it("say with a sign and a word by how much", () => {
		expect(deltas(a, b).map((d) => [d.name, d.text, d.tone])).toEqual([
			["Took", "3 % slower", ""], ["Tokens", "+14k", ""], ["Findings", "+1", ""], ["High and worse", "+1", ""],
			["Citations that resolve", "better", "better"], ["Agents that failed", "+1", "worse"],
		]);
		expect(deltas(b, a)[0]!.text).toBe("3 % faster");
		expect(deltas(a, a).every((d) => ["as fast", "same"].includes(d.text))).toBe(true);
	});

	it("leave out what one of them does not know", () => {
		expect(deltas({ ...a, citations: null, findings: null, took_ms: null }, b).map((d) => d.name))
			.toEqual(["Tokens", "Agents that failed"]);
	});

	it("have agents by step, also those of one alone", () => {
		expect(agents(a, b).map((r) => [r.step, !!r.a, !!r.b])).toEqual(
			[["y", true, true], ["z", false, true], ["x", true, false]]);
	});
});

describe("reports by heading", () => {
	it("are cut at their headings, not at those of code", () => {
		expect([...sections("# Title\nbefore\n## One\na\n## Two\n```\n# no\n```\n### three\n").entries()]).toEqual([
			["", "before\n"], ["One", "a\n"], ["Two", "```\n# no\n```\n### three\n\n"],
		]);
	});

	it("stand beside each other", () => {
		expect(bySection("## A\nx\n## B\ny", "## B\nz\n## C\nw").map((s) => [s.title, s.a, s.b])).toEqual([
			["B", "y\n", "z\n"], ["C", null, "w\n"], ["A", "x\n", null],
		]);
	});
});
