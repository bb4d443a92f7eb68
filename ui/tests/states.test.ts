import { describe, expect, it } from "vitest";
import { cells, COLUMNS, table } from "../states/table.mjs";

describe("the table of states", () => {
	it("says something of each column for each part, and how each is known", () => {
		for (const [part, of] of Object.entries(table))
			expect(Object.keys(of), part).toEqual(expect.arrayContaining(COLUMNS));
		for (const c of cells)
			expect([c.see].flat().filter(Boolean), `${c.part}, ${c.state}`).not.toEqual([]);
	});

	it("has each name once", () => {
		const names = cells.map((c) => `${c.part}, ${c.state}`);

		expect(new Set(names).size).toBe(names.length);
		expect(names.length).toBeGreaterThan(100);
	});
});
