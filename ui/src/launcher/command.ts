/* What is written into the composer: prose, or "/flow question --size large --focus …". Pure. */
import type { Flow, Size } from "../wire/types";

export interface Written {
	kind: "empty" | "prose" | "command" | "unknown";
	flow: string; /* of a command: its name, perhaps of no flow */
	question: string;
	size?: Size | "auto";
	focus?: string;
	fast?: boolean;
	near: string[]; /* of an unknown command */
	problem?: string; /* why it cannot be run */
}

const SIZES = ["small", "medium", "large", "auto"] as const;

/* Words, and what stands in quotes as one. */
function words(s: string): string[] {
	const out: string[] = [];
	const re = /"([^"]*)"|'([^']*)'|(\S+)/g;
	for (let m = re.exec(s); m; m = re.exec(s)) out.push(m[1] ?? m[2] ?? m[3] ?? "");
	return out;
}

export function read(text: string, flows: readonly Flow[]): Written {
	const t = text.trim();
	if (t === "") return { kind: "empty", flow: "", question: "", near: [] };
	if (!t.startsWith("/")) return { kind: "prose", flow: "", question: t, near: [] };
	const [first = "", ...rest] = t.slice(1).split(/(?=\s)/);
	const flow = first.trim();
	const w: Written = { kind: "command", flow, question: "", near: [] };
	if (!flows.some((f) => f.name === flow)) {
		w.kind = "unknown";
		w.near = nearest(flow, flows.map((f) => f.name));
		w.problem = flow ? `There is no flow “${flow}”` : "A flow's name is missing";
		return w;
	}
	const tail = rest.join("");
	const cut = tail.search(/\s--(size|focus|fast)\b/);
	w.question = (cut < 0 ? tail : tail.slice(0, cut)).trim();
	if (cut >= 0) flags(words(tail.slice(cut)), w);
	if (!w.problem && w.question === "") w.problem = "The question is missing";
	return w;
}

function flags(list: string[], w: Written): void {
	for (let i = 0; i < list.length; i++) {
		const word = list[i]!;
		if (word === "--fast") w.fast = true;
		else if (word === "--size") {
			const v = list[++i];
			if (SIZES.includes(v as Size)) w.size = v as Size;
			else w.problem = "--size is small, medium, large or auto";
		} else if (word === "--focus") {
			const v: string[] = [];
			while (i + 1 < list.length && !list[i + 1]!.startsWith("--")) v.push(list[++i]!);
			w.focus = v.join(" ");
			if (!w.focus) w.problem = "--focus needs a text";
		} else if (word.startsWith("--")) w.problem = `There is no option ${word}; write it in the launcher`;
		else w.question = (w.question + " " + word).trim();
	}
}

/* --- completion ---------------------------------------------------------------------------------- */

export interface Completion {
	value: string; /* what takes the place of the text from FROM on */
	label: string;
	detail: string;
	group: string;
	from: number;
}

/* What could stand at the end of TEXT, which is all before the caret. */
export function complete(text: string, flows: readonly Flow[], name: (category: string) => string): Completion[] {
	if (!text.startsWith("/") || text.includes("\n")) return [];
	if (!/\s/.test(text)) {
		const q = text.slice(1).toLowerCase();
		return together(flows.map((f) => ({ f, score: score(q, f) })).filter((x) => x.score > 0))
			.map(({ f }) => ({ value: "/" + f.name + " ", label: "/" + f.name, detail: f.summary, group: name(f.category), from: 0 }));
	}
	const last = text.slice(text.lastIndexOf(" ") + 1);
	const from = text.length - last.length;
	const before = words(text.slice(0, from)).pop();
	if (before === "--size")
		return SIZES.filter((s) => s.startsWith(last)).map((s) => ({ value: s + " ", label: s, detail: "", group: "Size", from }));
	if (!last.startsWith("--")) return [];
	const options: [string, string][] = [
		["--size ", "small, medium, large or auto"],
		["--focus ", "what to look at most"],
		["--fast ", "shorter prompts, only decisive evidence"],
	];
	return options
		.filter(([o]) => o.startsWith(last) && !text.slice(0, from).includes(o.trim()))
		.map(([o, detail]) => ({ value: o, label: o.trim(), detail, group: "Options", from }));
}

/* The best first, and of each category all together. */
function together<T extends { f: Flow; score: number }>(hits: T[]): T[] {
	const best = new Map<string, number>();
	for (const h of hits) best.set(h.f.category, Math.max(best.get(h.f.category) ?? 0, h.score));
	const order = [...best.keys()];
	return hits.sort((a, b) => best.get(b.f.category)! - best.get(a.f.category)! || order.indexOf(a.f.category) - order.indexOf(b.f.category) || b.score - a.score);
}

/* How well Q names the flow; 0: not at all. The name counts before what is said about it. */
export function score(q: string, f: Pick<Flow, "name" | "title" | "summary" | "when_to_use">): number {
	if (q === "") return 1;
	if (f.name === q) return 100;
	if (f.name.startsWith(q)) return 90;
	if (f.name.split("-").some((p) => p.startsWith(q))) return 80;
	if (f.name.includes(q)) return 70;
	if (f.title.toLowerCase().includes(q)) return 60;
	const text = (f.summary + " " + f.when_to_use).toLowerCase();
	if (q.length > 2 && text.includes(q)) return 40;
	const all = q.split(/[\s-]+/).filter(Boolean);
	if (all.length > 1 && all.every((w) => text.includes(w) || f.name.includes(w))) return 30;
	return q.length > 1 && inOrder(q, f.name) ? 20 : 0;
}

function inOrder(q: string, s: string): boolean {
	let i = 0;
	for (const c of s) if (c === q[i]) i++;
	return i === q.length;
}

/* The three names that are least far from WORD, if they are near at all. */
export function nearest(word: string, names: readonly string[]): string[] {
	return names
		.map((n) => ({ n, d: Math.min(distance(word, n), ...n.split("-").map((p) => distance(word, p) + 1)) }))
		.filter((x) => x.d <= Math.max(2, Math.floor(word.length / 2)))
		.sort((a, b) => a.d - b.d)
		.slice(0, 3)
		.map((x) => x.n);
}

function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++)
			next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
		row = next;
	}
	return row[b.length]!;
}

/* --- the command line -------------------------------------------------------------------------- */

function quoted(s: string): string {
	return /^[\w./@:=,+-]+$/.test(s) ? s : "'" + s.replace(/'/g, `'\\''`) + "'";
}

export interface Asked {
	flow: string;
	question: string;
	inputs?: Record<string, string>;
	size?: string;
	focus?: string;
	fast?: boolean;
	repo?: string;
	at?: string;
	base?: string;
	model?: string;
	provided?: string;
}

/* The same launch for a terminal. */
export function commandLine(a: Asked): string {
	const parts = ["tutti run", a.flow, quoted(a.question)];
	for (const [k, v] of Object.entries(a.inputs ?? {})) if (v) parts.push(`${k}=${quoted(v)}`);
	if (a.size) parts.push("--size " + a.size);
	if (a.focus) parts.push("--focus " + quoted(a.focus));
	if (a.fast) parts.push("--fast");
	if (a.repo) parts.push("--repo " + quoted(a.repo));
	if (a.at) parts.push("--at " + quoted(a.at));
	if (a.base) parts.push("--base " + quoted(a.base));
	if (a.model) parts.push("--model " + quoted(a.model));
	if (a.provided) parts.push("--provided " + a.provided);
	return parts.join(" ");
}
