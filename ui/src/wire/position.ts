/*
 * Where a reader stands in what the server sends, and what a frame means to one who stands there.
 * Frames may be lost, doubled or swapped; whoever keeps to these rules ends where the server is.
 */

export type EvVerdict =
	| { do: "apply"; from: number; seq: number } /* items behind FROM, then stand at SEQ */
	| { do: "ignore" }
	| { do: "again" }; /* something is missing: subscribe from where we stand */

export function onEvents(own: number, after: number, seq: number): EvVerdict {
	if (own < after) return { do: "again" };
	if (own >= seq) return { do: "ignore" };
	return { do: "apply", from: own, seq };
}

export type TextVerdict =
	| { do: "append"; s: string; end: number }
	| { do: "ignore" }
	| { do: "again" };

/* END and OFF are bytes of UTF-8. */
export function onText(end: number, off: number, s: string): TextVerdict {
	if (off > end) return { do: "again" };
	const size = utf8Length(s);
	if (off + size <= end) return { do: "ignore" };
	const rest = off === end ? s : utf8Skip(s, end - off);
	if (rest === null) return { do: "again" };
	return { do: "append", s: rest, end: off + size };
}

export function utf8Length(s: string): number {
	let n = 0;
	for (let i = 0; i < s.length; i++) {
		const c = s.charCodeAt(i);
		if (c < 0x80) n += 1;
		else if (c < 0x800) n += 2;
		else if (c >= 0xd800 && c < 0xdc00 && i + 1 < s.length) {
			n += 4;
			i++;
		} else n += 3;
	}
	return n;
}

/* S without its first BYTES bytes; null when that would cut a character. */
export function utf8Skip(s: string, bytes: number): string | null {
	let n = 0;
	let i = 0;
	while (i < s.length && n < bytes) {
		const c = s.codePointAt(i)!;
		n += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		i += c < 0x10000 ? 1 : 2;
	}
	return n === bytes ? s.slice(i) : null;
}

/* How long to wait before try N (from 0): 0.5, 1, 2, 4, 8, 8 … seconds, give or take a fifth. */
export function backoff(n: number, random: number): number {
	return Math.round(Math.min(500 * 2 ** n, 8000) * (0.8 + 0.4 * random));
}
