import { describe, expect, it } from "vitest";
import { visited } from "../src/history/visit";

const MINUTE = 60_000;

describe("a visit", () => {
	it("is the first one where nothing is known", () => {
		expect(visited(null, 5)).toEqual({ seen: 5, before: 0 });
	});

	it("goes on while somebody looks, and ends with half an hour of nobody", () => {
		const first = visited(visited(null, 0), 10 * MINUTE);

		expect(first).toEqual({ seen: 10 * MINUTE, before: 0 });
		const second = visited(first, 100 * MINUTE);

		expect(second).toEqual({ seen: 100 * MINUTE, before: 10 * MINUTE });
		expect(visited(second, 110 * MINUTE)).toEqual({ seen: 110 * MINUTE, before: 10 * MINUTE });
	});
});
