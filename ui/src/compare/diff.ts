/* What differs between two texts, word by word. Myers, with a ceiling; pure. */

export interface Part {
	t: "same" | "add" | "del";
	text: string;
}

const WORK = 2_000_000; /* cells that are looked at before it gives up */

export function words(s: string): string[] {
	return s.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

export function diffWords(a: string, b: string): Part[] {
	return joined(diff(words(a), words(b)));
}

/* A blank alone between two changes is read as part of them: first what went, then what came. */
function joined(parts: Part[]): Part[] {
	const out: Part[] = [];

	for (let i = 0; i < parts.length;) {
		let del = "", add = "", at = i;

		for (; at < parts.length; at++) {
			const p = parts[at]!;
			const blank = p.t === "same" && !p.text.trim() && (del || add) && parts[at + 1];

			if (p.t === "same" && !blank)
				break;
			del += p.t === "add" ? "" : p.text;
			add += p.t === "del" ? "" : p.text;
		}
		if (del)
			out.push({ t: "del", text: del });
		if (add)
			out.push({ t: "add", text: add });
		if (at < parts.length)
			out.push(parts[at++]!);
		i = at;
	}
	return out;
}

export function diffLines(a: string, b: string): Part[] {
	return diff(a.split(/(?<=\n)/), b.split(/(?<=\n)/));
}

export function diff(a: string[], b: string[]): Part[] {
	let head = 0, tail = 0;

	while (head < a.length && head < b.length && a[head] === b[head])
		head++;
	while (tail < a.length - head && tail < b.length - head &&
		a[a.length - 1 - tail] === b[b.length - 1 - tail])
		tail++;
	const parts: Part[] = [];

	put(parts, "same", a.slice(0, head));
	core(parts, a.slice(head, a.length - tail), b.slice(head, b.length - tail));
	put(parts, "same", a.slice(a.length - tail));
	return parts;
}

function put(parts: Part[], t: Part["t"], list: string[]): void {
	const last = parts[parts.length - 1];
	const text = list.join("");

	if (!text)
		return;
	if (last?.t === t)
		last.text += text;
	else
		parts.push({ t, text });
}

/* Myers' greedy way: D differences, the furthest point on each diagonal. */
function core(parts: Part[], a: string[], b: string[]): void {
	const n = a.length, m = b.length, max = n + m;
	const trace: Int32Array[] = [];
	let v = new Int32Array(2 * max + 3), work = 0;

	if (!n || !m) {
		put(parts, "del", a);
		put(parts, "add", b);
		return;
	}
	for (let d = 0; d <= max; d++) {
		trace.push(v.slice(max - d, max + d + 3));
		for (let k = -d; k <= d; k += 2) {
			const down = k === -d || (k !== d && v[max + k - 1 + 1]! < v[max + k + 1 + 1]!);
			let x = down ? v[max + k + 2]! : v[max + k]! + 1;

			while (x < n && x - k < m && a[x] === b[x - k])
				x++;
			v[max + k + 1] = x;
			if (x >= n && x - k >= m) {
				back(parts, a, b, trace, d);
				return;
			}
		}
		work += 4 * (d + 1);
		if (work > WORK)
			break;
	}
	put(parts, "del", a);
	put(parts, "add", b);
}

function back(parts: Part[], a: string[], b: string[], trace: Int32Array[], d: number): void {
	const steps: Array<[Part["t"], string]> = [];
	let x = a.length, y = b.length;

	for (; d >= 0; d--) {
		/* trace[d] begins at diagonal -d - 1. */
		const at = (k: number): number => trace[d]![k + d + 1]!;
		const k = x - y;
		const down = d > 0 && (k === -d || (k !== d && at(k - 1) < at(k + 1)));
		const pk = down ? k + 1 : k - 1;
		const px = d > 0 ? at(pk) : 0, py = d > 0 ? px - pk : 0;

		while (x > px && y > py && (d === 0 || x > (down ? px : px + 1) || y > (down ? py + 1 : py))) {
			if (d > 0 && x === (down ? px : px + 1) && y === (down ? py + 1 : py))
				break;
			steps.push(["same", a[--x]!]);
			y--;
		}
		if (d > 0) {
			steps.push(down ? ["add", b[--y]!] : ["del", a[--x]!]);
		}
	}
	for (const [t, s] of steps.reverse())
		put(parts, t, [s]);
}
