import { describe, expect, it } from "vitest";
import { landing, lineHash, place, search, target } from "../../src/run/address";

describe("what an address names", () => {
	it.each([
		["#f-s1", { t: "finding", id: "f-s1" }], ["#F-3", { t: "finding", id: "F-3" }],
		["#E7", { t: "evidence", id: "E7" }], ["#e18234", { t: "event", seq: 18234 }],
		["#L120-L140", { t: "lines", from: 120, to: 140 }], ["#L9", { t: "lines", from: 9, to: 9 }],
		["#L40-L20", { t: "lines", from: 20, to: 40 }], ["#answer", { t: "heading", id: "answer" }],
		["#%E0%A4%A", { t: "heading", id: "%E0%A4%A" }], ["", null],
	])("%s", (hash, what) => {
		expect(target(hash)).toEqual(what);
	});

	it("goes both ways", () => {
		expect(target(lineHash(3, 9))).toEqual({ t: "lines", from: 3, to: 9 });
		for (const s of ["", "?tab=agents&agent=a&attempt=2&view=raw", "?tab=graph&embed=1"])
			expect(search(place(s))).toBe(s);
	});

	it("is not believed beyond what there is", () => {
		expect(place("?tab=evil&view=x&attempt=-3")).toEqual(
			{ tab: null, agent: null, attempt: 0, well: "stream", embed: false });
	});

	it("without a tab is the report, when there is one", () => {
		expect(landing({ status: "completed", report: true })).toBe("report");
		expect(landing({ status: "running", report: false })).toBe("agents");
		expect(landing({ status: "failed", report: false })).toBe("agents");
	});
});
