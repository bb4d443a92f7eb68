import { describe, expect, it } from "vitest";
import { mayArrive, nothing, passes, tally, toggled, type Card } from "../../src/report/filter";

const cards: Card[] = [
	{ id: "S1", severity: "high", verdict: "upheld", agent: "Structure", states: ["resolves"], path: "src/a.c" },
	{ id: "S2", severity: "low", verdict: "refuted", agent: "Structure", states: ["moved", "resolves"], path: "src/b.c" },
	{ id: "B1", severity: "high", verdict: "not reviewed", agent: "Behaviour", states: [], path: "" },
];
const shown = (c: ReturnType<typeof nothing>) => cards.filter((x) => passes(x, c)).map((x) => x.id);

describe("findings", () => {
	it("are all shown at first", () => {
		expect(shown(nothing())).toEqual(["S1", "S2", "B1"]);
	});

	it("are narrowed by axes and widened within one", () => {
		let c = toggled(nothing(), "severity", "high");

		expect(shown(c)).toEqual(["S1", "B1"]);
		expect(shown(toggled(c, "severity", "low"))).toEqual(["S1", "S2", "B1"]);
		c = toggled(c, "agent", "Behaviour");
		expect(shown(c)).toEqual(["B1"]);
		expect(shown(toggled(c, "severity", "high"))).toEqual(["B1"]);
	});

	it("are those that are new, when asked for", () => {
		const c = { ...nothing(), fresh: true };

		expect(shown(c)).toEqual([]);
		expect(passes({ ...cards[0]!, isNew: true }, c)).toBe(true);
	});

	it("are found by path and name", () => {
		expect(shown({ ...nothing(), text: "B.C" })).toEqual(["S2"]);
		expect(shown({ ...nothing(), text: "b1" })).toEqual(["B1"]);
	});

	it("are counted as each word would show them", () => {
		const c = toggled(nothing(), "severity", "high");

		expect(tally(cards, c, "severity")).toEqual([{ value: "high", n: 2 }, { value: "low", n: 1 }]);
		expect(tally(cards, c, "verdict")).toEqual([
			{ value: "upheld", n: 1 }, { value: "refuted", n: 0 }, { value: "not reviewed", n: 1 },
		]);
		expect(tally(cards, nothing(), "state")).toEqual([{ value: "resolves", n: 2 }, { value: "moved", n: 1 }]);
	});
});

describe("the arrival of a report", () => {
	it.each([
		[{ opened: false, scrolledAt: 0, now: 60_000 }, true],
		[{ opened: true, scrolledAt: 0, now: 60_000 }, false],
		[{ opened: false, scrolledAt: 40_000, now: 60_000 }, false],
	])("%o", (o, may) => {
		expect(mayArrive(o)).toBe(may);
	});
});
