/*
 * The open end of what an attempt writes: text that no closed block holds yet. The socket has put
 * the pieces in order; here it is only said what of them is still to be shown. Offsets are bytes.
 */
import { utf8Length } from "../wire/position";

export interface Tail {
	from: number; /* bytes: what is before stands in blocks, or was not asked for */
	end: number; /* bytes: up to here it is known */
	text: string; /* from FROM to END */
}

export function emptyTail(): Tail {
	return { from: 0, end: 0, text: "" };
}

/* The index in S at which N bytes are over; inside a character: behind it. */
export function utf8Index(s: string, n: number): number {
	let i = 0;

	while (n > 0 && i < s.length) {
		const c = s.codePointAt(i)!;

		n -= c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		i += c < 0x10000 ? 1 : 2;
	}
	return i;
}

/* S begins at OFF, which is not behind END but for the first piece of all. */
export function append(t: Tail, off: number, s: string): void {
	if (!t.text && off > t.end)
		t.from = t.end = off;
	const more = off < t.end ? s.slice(utf8Index(s, t.end - off)) : s;

	t.text += more;
	t.end += utf8Length(more);
}

/* Everything before TO stands in a block now. */
export function closed(t: Tail, to: number): void {
	if (to <= t.from)
		return;
	if (to >= t.end) {
		t.text = "";
		t.end = to;
	} else {
		t.text = t.text.slice(utf8Index(t.text, to - t.from));
	}
	t.from = to;
}
