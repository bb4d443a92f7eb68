import { describe, expect, it } from "vitest";
import { firstOpen, follow, loadFollow, saveFollow, type Follow, type FollowEvent } from "../../src/run/follow";

const A = { key: "b7", offset: -12 }, B = { key: "b9", offset: 3 };
const F: Follow = { mode: "follow" };
const D: Follow = { mode: "detached", anchor: A, fresh: 5 };
const at = (anchor: typeof A, fresh: number): Follow => ({ mode: "detached", anchor, fresh });

type Row = [string, Follow, FollowEvent, Follow, string];

const table: Row[] = [
	["wheel up", F, { t: "wheel", up: 1, anchor: A }, at(A, 0), "none"],
	["wheel down", F, { t: "wheel", up: -1, anchor: A }, F, "none"],
	["finger down", F, { t: "drag", down: 4, anchor: A }, at(A, 0), "none"],
	["finger up", F, { t: "drag", down: -4, anchor: A }, F, "none"],
	["page up", F, { t: "key", key: "PageUp", anchor: A }, at(A, 0), "none"],
	["home", F, { t: "key", key: "Home", anchor: A }, at(A, 0), "none"],
	["arrow up", F, { t: "key", key: "ArrowUp", anchor: A }, at(A, 0), "none"],
	["arrow down", F, { t: "key", key: "ArrowDown", anchor: A }, F, "none"],
	["a letter", F, { t: "key", key: "x", anchor: A }, F, "none"],
	["scrollbar", F, { t: "scrollbar", anchor: A }, at(A, 0), "none"],
	["selecting", F, { t: "select", anchor: A }, at(A, 0), "none"],
	["a hit", F, { t: "find", anchor: A }, at(A, 0), "none"],
	["opening a block", F, { t: "open", anchor: A }, at(A, 0), "none"],
	["a link", F, { t: "permalink", anchor: A }, at(A, 0), "none"],

	["content", F, { t: "content", fresh: 3 }, F, "end"],
	["resize", F, { t: "resize" }, F, "end"],
	["our own scrolling", F, { t: "scrolled", toEnd: 400, anchor: A }, F, "none"],

	["content, away", D, { t: "content", fresh: 3 }, at(A, 8), "anchor"],
	["resize, away", D, { t: "resize" }, D, "anchor"],
	["moving on", D, { t: "scrolled", toEnd: 25, anchor: B }, at(B, 5), "none"],
	["reaching the end", D, { t: "scrolled", toEnd: 24, anchor: B }, F, "none"],
	["turning away twice", D, { t: "wheel", up: 2, anchor: B }, at(B, 5), "none"],
	["End", D, { t: "key", key: "End", anchor: B }, F, "end"],
	["G", D, { t: "key", key: "G", anchor: B }, F, "end"],
	["the button", D, { t: "live" }, F, "end"],
	["a finger, at the end already", D, { t: "drag", down: -3, anchor: B }, D, "none"],
];

const passive = ["ended", "hidden", "shown", "report"] as const;

describe("the follow machine", () => {
	it.each(table)("%s", (_, from, event, to, effect) => {
		expect(follow(from, event)).toEqual({ state: to, effect });
	});

	it.each(passive)("%s moves nothing", (t) => {
		for (const s of [F, D])
			expect(follow(s, { t })).toEqual({ state: s, effect: "none" });
	});

	it("never comes back by content alone", () => {
		let s: Follow = at(A, 0);

		for (let i = 0; i < 1000; i++)
			s = follow(s, i % 3 ? { t: "content", fresh: 1 } : { t: "resize" }).state;
		expect(s).toEqual(at(A, 666));
	});

	it("opens at the end of what is live, else at the top, and where a link says", () => {
		expect(firstOpen(true, false).mode).toBe("follow");
		expect(firstOpen(true, true).mode).toBe("detached");
		expect(firstOpen(false, false).mode).toBe("detached");
	});

	it("is kept over a visit elsewhere", () => {
		expect(loadFollow(saveFollow(F))).toEqual(F);
		expect(loadFollow(saveFollow(D))).toEqual(at(A, 0));
		expect(loadFollow(null)).toBe(null);
		expect(loadFollow("{")).toBe(null);
	});
});
