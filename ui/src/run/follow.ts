/*
 * Whether a stream that grows takes its reader along. Two states, and only what the reader does
 * changes them: content never does. Pure; scroller.ts is the part with a DOM.
 */

export interface Anchor {
	key: string; /* the first item in view */
	offset: number; /* px from the top of the view to its top */
}

export type Follow =
	| { mode: "follow" }
	| { mode: "detached"; anchor: Anchor | null; fresh: number };

export type FollowEvent =
	/* what a reader does; ANCHOR is what was in view */
	| { t: "wheel"; up: number; anchor: Anchor | null }
	| { t: "drag"; down: number; anchor: Anchor | null } /* a finger that pulls down */
	| { t: "key"; key: string; anchor: Anchor | null }
	| { t: "scrollbar" | "select" | "find" | "open" | "permalink"; anchor: Anchor | null }
	| { t: "scrolled"; toEnd: number; anchor: Anchor | null } /* by the reader; px to the end */
	| { t: "live" } /* the button */
	/* what happens by itself */
	| { t: "content"; fresh: number }
	| { t: "resize" }
	| { t: "ended" | "hidden" | "shown" | "report" };

export type FollowEffect = "none" | "end" | "anchor";

export const NEAR_END = 24;

const UP = new Set(["PageUp", "Home", "ArrowUp", "k"]);
const END = new Set(["End", "G"]);

function detach(state: Follow, anchor: Anchor | null): Follow {
	return { mode: "detached", anchor, fresh: state.mode === "detached" ? state.fresh : 0 };
}

/* Does the reader turn away from the end with this? */
function leaves(e: FollowEvent): boolean {
	switch (e.t) {
	case "wheel":
		return e.up > 0;
	case "drag":
		return e.down > 0;
	case "key":
		return UP.has(e.key);
	case "scrollbar":
	case "select":
	case "find":
	case "open":
	case "permalink":
		return true;
	default:
		return false;
	}
}

function returns(e: FollowEvent): boolean {
	return e.t === "live" || (e.t === "key" && END.has(e.key));
}

export function follow(state: Follow, e: FollowEvent): { state: Follow; effect: FollowEffect } {
	if (returns(e))
		return { state: { mode: "follow" }, effect: "end" };
	if (leaves(e) && "anchor" in e)
		return { state: detach(state, e.anchor), effect: "none" };
	if (e.t === "scrolled" && state.mode === "detached") {
		if (e.toEnd <= NEAR_END)
			return { state: { mode: "follow" }, effect: "none" };
		return { state: { ...state, anchor: e.anchor }, effect: "none" };
	}
	if (e.t === "content" || e.t === "resize") {
		if (state.mode === "follow")
			return { state, effect: "end" };
		const fresh = e.t === "content" ? state.fresh + e.fresh : state.fresh;

		return { state: { ...state, fresh }, effect: "anchor" };
	}
	return { state, effect: "none" };
}

/* Where a stream begins that is opened for the first time. */
export function firstOpen(live: boolean, link: boolean): Follow {
	return live && !link ? { mode: "follow" } : { mode: "detached", anchor: null, fresh: 0 };
}

/* --- kept from one visit of an attempt to the next ---------------------------------------- */

export function saveFollow(state: Follow): string {
	return state.mode === "follow" ? "f" : JSON.stringify([state.anchor?.key, state.anchor?.offset]);
}

export function loadFollow(saved: string | null): Follow | null {
	if (saved === "f")
		return { mode: "follow" };
	try {
		const [key, offset] = JSON.parse(saved ?? "null") as [string?, number?];

		return {
			mode: "detached", fresh: 0,
			anchor: key ? { key, offset: Number(offset) || 0 } : null,
		};
	} catch {
		return null;
	}
}
