import { describe, expect, it } from "vitest";
import { breaks } from "../../src/run/breaks";
import { addEvents, addTail, live } from "../../src/run/live";
import type { LogEvent } from "../../src/run/types";
import { doc, step } from "./make";

const at = (s: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString();
const event = (seq: number, s: number, type: string, data: Record<string, unknown>): LogEvent => ({ seq, at: at(s), type, data });
const lost = (seq: number, s: number, name: string) => event(seq, s, "step", { step: name, status: "pending", attempt: 0, epoch: 1, ending: "lost" });
const runs = (seq: number, s: number, name: string, epoch: number) => event(seq, s, "step", { step: name, status: "running", attempt: 1, epoch });
const zero = Date.parse(at(0));

const log = [
	event(1, 0, "started", {}), runs(2, 0, "a", 1), runs(3, 0, "b", 1), runs(4, 0, "c", 1),
	event(5, 2, "step", { step: "c", status: "completed", attempt: 1, epoch: 1 }),
	lost(90, 30, "a"), lost(91, 30, "b"), runs(92, 30, "a", 2), runs(93, 30, "b", 2),
];

describe("a log that breaks off", () => {
	it("does so once for all that was lost together", () => {
		expect(breaks(log)).toEqual([{ seq: 90, stopped: zero + 2000, continued: zero + 30_000, lost: true }]);
		expect(breaks(log.slice(0, 5))).toEqual([]);
	});

	it("does so where a person went on, too", () => {
		const more = [...log, event(99, 40, "run", { status: "cancelled" }), event(100, 60, "run", { status: "running" })];

		expect(breaks(more).map((b) => b.seq)).toEqual([90, 100]);
		expect(breaks(more)[1]).toMatchObject({ stopped: zero + 40_000, continued: zero + 60_000, lost: false });
	});

	it("makes a run that was continued, with what it kept", () => {
		const r = live(doc([step("a"), step("b"), step("c")], { started: at(0) }));

		addEvents(r, log, 93);
		expect(r.doc.resumed).toBe(1);
		expect(r.doc.steps.map((s) => [s.kept, s.epoch, s.status])).toEqual([[false, 2, "running"], [false, 2, "running"], [true, 1, "completed"]]);
	});

	it("leaves the last words of who ended while we looked on", () => {
		const r = live(doc([step("a")], { started: at(0) }));

		addEvents(r, [runs(2, 0, "a", 1)], 2);
		addTail(r, [{ step: "a", activity: "read src/a.c", condition: null, tokens: 1, beats: 1, last: at(1) }], zero);
		addEvents(r, [event(3, 5, "step", { step: "a", status: "cancelled", attempt: 1, epoch: 1, reason: "stopped with the run" })], 3);
		expect(live(doc([step("a", { status: "cancelled" })]), r).doc.steps[0]!.activity).toBe("read src/a.c");
		expect(live(doc([step("a", { status: "running" })]), r).doc.steps[0]!.activity).toBe(null);
	});
});
