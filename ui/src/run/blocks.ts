/* A conversation as it is shown: blocks in pages, runs of reads folded into one line. Pure. */
import type { Block, ToolBlock } from "./types";

export const PAGE = 200;
export const MOUNTED = 2000;
export const FOLD_FROM = 3;

export type ToolKind = "read" | "search" | "list" | "shell" | "fetch" | "write" | "other";

const kinds: Array<[ToolKind, RegExp]> = [
	["write", /^(write|edit|replace|apply_patch|create|multi_?edit|notebook|str_replace|patch)/i],
	["search", /(grep|search|find|glob)/i],
	["list", /^(ls|list|tree)(_|dir|$)/i],
	["fetch", /(fetch|https?(_|$)|(^|_)(url|web))/i],
	["shell", /(shell|bash|exec|terminal|command|(^|_)run(_|$))/i],
	["read", /(read|view|blame|diff|(^|_)(cat|open|show|log)(_|$))/i],
];

export function toolKind(name: string): ToolKind {
	if (/web_?search/i.test(name))
		return "fetch";
	for (const [kind, pattern] of kinds)
		if (pattern.test(name))
			return kind;
	return "other";
}

const verbs: Record<ToolKind, string> = {
	read: "Read", search: "Search", list: "List", shell: "Run", fetch: "Fetch", write: "Write",
	other: "Call",
};

export function verbOf(b: ToolBlock): string {
	if (b.verb)
		return b.verb.charAt(0).toUpperCase() + b.verb.slice(1);
	const kind = toolKind(b.name);

	return kind === "other" ? b.name : verbs[kind];
}

export type Item =
	| { t: "block"; key: string; block: Block }
	| { t: "run"; key: string; kind: "read" | "search"; blocks: ToolBlock[] };

function folds(b: Block | undefined): "read" | "search" | null {
	if (!b || b.type !== "tool" || b.state !== "done")
		return null;
	const kind = toolKind(b.name);

	return kind === "read" ? "read" : kind === "search" || kind === "list" ? "search" : null;
}

/* Three and more reads or searches in a row are one line. BLOCKS in order. */
export function items(blocks: Block[]): Item[] {
	const all: Item[] = [];

	for (let i = 0; i < blocks.length;) {
		const b = blocks[i]!;
		let to = i;
		let reads = 0;

		while (folds(blocks[to]))
			reads += folds(blocks[to++]) === "read" ? 1 : 0;
		if (to - i >= FOLD_FROM) {
			all.push({
				t: "run", key: `b${b.n}`, kind: 2 * reads >= to - i ? "read" : "search",
				blocks: blocks.slice(i, to) as ToolBlock[],
			});
			i = to;
		} else {
			all.push({ t: "block", key: `b${b.n}`, block: b });
			i++;
		}
	}
	return all;
}

export function runTitle(kind: "read" | "search", blocks: ToolBlock[]): string {
	const reads = blocks.filter((b) => toolKind(b.name) === "read").length;
	const rest = blocks.length - reads;
	const parts: string[] = [];

	if (reads)
		parts.push(`Read ${reads === 1 ? "a file" : `${reads} files`}`);
	if (rest)
		parts.push(`${parts.length ? "searched" : "Searched"} ${rest === 1 ? "once" : `${rest} times`}`);
	return kind === "search" ? parts.reverse().map(decap).join(", ") : parts.join(", ");
}

function decap(s: string, i: number): string {
	return (i ? s.charAt(0).toLowerCase() : s.charAt(0).toUpperCase()) + s.slice(1);
}

export type ToolFilter = "all" | "failed" | "none";

export function keeps(b: Block, f: ToolFilter): boolean {
	return b.type !== "tool" || f === "all" ||
		(f === "failed" && (b.state === "failed" || b.state === "denied"));
}

/* A message, a failure, a notice: what a reader jumps to with [ and ]. */
export function isOfInterest(b: Block): boolean {
	return b.type === "message" || b.type === "notice" ||
		(b.type === "tool" && (b.state === "failed" || b.state === "denied"));
}

/* What is mounted: the newest PAGE × k blocks, at most MOUNTED. */
export function mounted(blocks: Block[], pages: number): Block[] {
	const n = Math.min(blocks.length, Math.min(pages * PAGE, MOUNTED));

	return blocks.slice(blocks.length - n);
}

/* --- what tools say ----------------------------------------------------------------------- */

export interface Field {
	name: string;
	value: string;
}

/* The input as lines for people; what is no object is shown as it is. */
export function inputFields(input: unknown): Field[] {
	if (input === null || input === undefined || input === "")
		return [];
	if (typeof input !== "object" || Array.isArray(input))
		return [{ name: "input", value: pretty(input) }];
	return Object.entries(input as Record<string, unknown>).map(([name, value]) => ({
		name, value: typeof value === "string" ? value : pretty(value),
	}));
}

export function pretty(v: unknown): string {
	return typeof v === "string" ? v : JSON.stringify(v, null, 2) ?? "";
}

/* "src/a.c:5" or "5: text": hits of a search by file, if they are of that form. */
export function hitsByFile(text: string): Map<string, Array<{ line: string; text: string }>> | null {
	const files = new Map<string, Array<{ line: string; text: string }>>();
	let seen = 0, lines = 0;

	for (const line of text.split("\n")) {
		if (!line.trim())
			continue;
		lines++;
		const m = /^([^\s:][^:]*):(\d+)[:-]\s?(.*)$/.exec(line);

		if (!m)
			continue;
		seen++;
		const had = files.get(m[1]!);

		if (had)
			had.push({ line: m[2]!, text: m[3]! });
		else
			files.set(m[1]!, [{ line: m[2]!, text: m[3]! }]);
	}
	return seen && seen * 2 >= lines ? files : null;
}
