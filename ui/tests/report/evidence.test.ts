import { describe, expect, it } from "vitest";
import { ordered, orders, type Order, type Row } from "../../src/run/evidence";
import { before, newIds } from "../../src/report/since";
import type { Comparison } from "../../src/compare/model";
import type { RunSummary } from "../../src/wire/types";

const row = (id: string, place: string, state: string, verdict: string, uses: number): Row => ({ id, place, state, trust: "codebase", verdict, uses });
const rows = [
	row("E1", "src/b.c:10", "resolves", "upheld", 1), row("E2", "src/b.c:9", "missing", "", 3),
	row("E3", "src/a.c:100", "moved", "refuted", 1), row("E10", "src/a.c", "resolves", "not reviewed", 3),
];
const ids = (by: Order): string[] => ordered(rows, by).map((r) => r.id);

describe("evidence", () => {
	it("is ordered by number, place, check, claim and use", () => {
		expect(ids("id")).toEqual(["E1", "E2", "E3", "E10"]);
		expect(ids("place")).toEqual(["E10", "E3", "E2", "E1"]);
		expect(ids("state")).toEqual(["E2", "E3", "E1", "E10"]);
		expect(ids("verdict")).toEqual(["E3", "E10", "E2", "E1"]);
		expect(ids("uses")).toEqual(["E2", "E10", "E1", "E3"]);
	});

	it("offers only orders that change something", () => {
		expect(orders(rows)).toEqual(["id", "place", "state", "verdict", "uses"]);
		expect(orders([row("E1", "a:1", "resolves", "", 1), row("E2", "b:1", "resolves", "", 1)])).toEqual(["id"]);
	});
});

const run = (id: string, started: string, more: Partial<RunSummary> = {}): RunSummary =>
	({ id, started, flow: "f", repo: "/r", question: "q", seen: true, findings: { critical: 0, high: 1, medium: 0, low: 0, note: 0 }, ...more }) as RunSummary;

describe("what is new", () => {
	it("is held against the last one of its kind that was read", () => {
		const now = run("r-9", "2026-11-09");
		const all = [now, run("r-8", "2026-11-08", { seen: false }), run("r-7", "2026-11-07", { question: "other" }), run("r-6", "2026-11-06"),
			run("r-5", "2026-11-05"), run("r-4", "2026-11-10"), run("r-3", "2026-11-06T12", { findings: null })];

		expect(before(now, all)?.id).toBe("r-6");
		expect(before(now, [now])).toBe(null);
	});

	it("is what the other one did not have", () => {
		const pair = (change: string, old: string | null, id: string | null) => ({ change, differs: [], old: old && { id: old }, now: id && { id } });

		expect([...newIds({ findings: [pair("new", null, "S1"), pair("gone", "S2", null), pair("same", "S3", "S9"), pair("changed", "S4", "S5")] } as unknown as Comparison)]).toEqual(["S1"]);
	});
});
