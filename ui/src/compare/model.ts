/* Two runs side by side: what differs in what they were asked, what came of them, and how long it took. Pure. */
import type { RunDocument, Step } from "../wire/types";
import { brief, tokens } from "../run/words";

export interface Side {
	id: string;
	step: string;
	title: string;
	severity: string;
	verdict: string;
	disposition: string;
	path: string;
	line: number;
	body?: string;
	claim?: string;
}

export type Change = "new" | "gone" | "changed" | "same";

export interface Pair {
	change: Change;
	differs: string[];
	old: Side | null;
	now: Side | null;
}

export interface Comparison {
	findings: Pair[];
	inputs?: Array<{ name: string; old?: unknown; now?: unknown; a?: unknown; b?: unknown }>;
	counts?: Record<string, number>;
}

export const CHANGES: Change[] = ["new", "changed", "gone", "same"];

/* --- what they were asked -------------------------------------------------------------------------- */

export interface Input {
	name: string;
	a: string;
	b: string;
}

function said(v: unknown): string {
	if (v === null || v === undefined || v === "")
		return "none";
	if (typeof v === "boolean")
		return v ? "yes" : "no";
	return typeof v === "object" ? JSON.stringify(v) : String(v);
}

export function inputs(a: RunDocument, b: RunDocument, more: Comparison["inputs"] = []): Input[] {
	const rows: Array<[string, unknown, unknown]> = [
		["flow", a.flow, b.flow], ["question", a.question, b.question], ["size", a.size, b.size], ["fast", a.fast, b.fast],
		["focus", a.focus, b.focus], ["agent", a.agent, b.agent], ["model", a.model, b.model],
		["repository", a.repo, b.repo], ["commit", a.commit?.slice(0, 12), b.commit?.slice(0, 12)], ["changed files", a.dirty, b.dirty],
	];
	const seen = new Set(rows.map(([n]) => n));

	for (const m of more)
		if (!seen.has(m.name))
			rows.push([m.name, m.old ?? m.a, m.now ?? m.b]);
	return rows.map(([name, x, y]) => ({ name, a: said(x), b: said(y) })).filter((r) => r.a !== r.b);
}

/* The same model with the same settings may still say other things; another one surely may. */
export function sampling(a: RunDocument, b: RunDocument): boolean {
	return a.model !== b.model || JSON.stringify(a.options?.temperature) !== JSON.stringify(b.options?.temperature);
}

/* --- what came of them -------------------------------------------------------------------------------- */

export interface Delta {
	name: string;
	a: string;
	b: string;
	text: string; /* "3 % slower", "+14k"; "" where there is nothing to say */
	tone: "better" | "worse" | "";
}

function ratio(d: RunDocument): number | null {
	const c = d.citations;
	const n = c ? c.resolves + c.moved + c.changed + c.missing : 0;

	return c && n ? c.resolves / n : null;
}

function signed(n: number, words: (n: number) => string): string {
	return n === 0 ? "same" : `${n > 0 ? "+" : "\u2212"}${words(Math.abs(n))}`;
}

function speed(x: number, y: number): string {
	const p = Math.round((100 * (y - x)) / Math.max(1, x));

	if (p === 0)
		return "as fast";
	return `${Math.abs(p)} % ${p > 0 ? "slower" : "faster"}`;
}

export function deltas(a: RunDocument, b: RunDocument): Delta[] {
	const out: Delta[] = [];
	const ta = (a.tokens_in ?? 0) + (a.tokens_out ?? 0), tb = (b.tokens_in ?? 0) + (b.tokens_out ?? 0);
	const fa = a.findings, fb = b.findings, ra = ratio(a), rb = ratio(b);

	if (a.took_ms && b.took_ms)
		out.push({ name: "Took", a: brief(a.took_ms), b: brief(b.took_ms), text: speed(a.took_ms, b.took_ms), tone: "" });
	if (ta && tb)
		out.push({ name: "Tokens", a: tokens(ta), b: tokens(tb), text: signed(tb - ta, tokens), tone: "" });
	if (fa && fb) {
		const n = (f: NonNullable<typeof fa>): number => f.critical + f.high + f.medium + f.low + f.note;
		const bad = (f: NonNullable<typeof fa>): number => f.critical + f.high;

		out.push({ name: "Findings", a: String(n(fa)), b: String(n(fb)), text: signed(n(fb) - n(fa), String), tone: "" });
		out.push({ name: "High and worse", a: String(bad(fa)), b: String(bad(fb)), text: signed(bad(fb) - bad(fa), String), tone: "" });
	}
	if (ra !== null && rb !== null) {
		const p = (x: number): number => Math.floor(100 * x);

		out.push({
			name: "Citations that resolve", a: `${p(ra)} %`, b: `${p(rb)} %`,
			text: p(ra) === p(rb) ? "same" : p(rb) > p(ra) ? "better" : "worse",
			tone: p(ra) === p(rb) ? "" : p(rb) > p(ra) ? "better" : "worse",
		});
	}
	out.push({
		name: "Agents that failed", a: String(a.agents.failed), b: String(b.agents.failed),
		text: signed(b.agents.failed - a.agents.failed, String),
		tone: b.agents.failed === a.agents.failed ? "" : b.agents.failed > a.agents.failed ? "worse" : "better",
	});
	return out;
}

/* --- agents ------------------------------------------------------------------------------------------- */

export interface AgentRow {
	step: string;
	label: string;
	a: Step | null;
	b: Step | null;
}

/* In the order of the newer run, what only the older one has behind it. */
export function agents(a: RunDocument, b: RunDocument): AgentRow[] {
	const of = (d: RunDocument): Map<string, Step> => new Map(d.steps.filter((s) => s.kind === "agent").map((s) => [s.step, s]));
	const x = of(a), y = of(b);

	return [...new Set([...y.keys(), ...x.keys()])].map((step) => ({
		step, label: (y.get(step) ?? x.get(step))!.label, a: x.get(step) ?? null, b: y.get(step) ?? null,
	}));
}

/* --- reports by heading ---------------------------------------------------------------------------------- */

export interface Section {
	title: string;
	a: string | null;
	b: string | null;
}

export function sections(md: string): Map<string, string> {
	const out = new Map<string, string>();
	let name = "", fence = false;

	for (const line of md.split("\n")) {
		if (/^(```|~~~)/.test(line))
			fence = !fence;
		const m = fence ? null : /^(##?) (.+)$/.exec(line);

		/* The title is another one in each report; what stands below it is the beginning. */
		if (m)
			name = m[1] === "#" ? "" : m[2]!.trim();
		else if (name || line.trim())
			out.set(name, (out.get(name) ?? "") + line + "\n");
	}
	return out;
}

export function bySection(a: string, b: string): Section[] {
	const x = sections(a), y = sections(b);

	return [...new Set([...y.keys(), ...x.keys()])].map((title) => ({
		title: title || "Beginning", a: x.get(title) ?? null, b: y.get(title) ?? null,
	}));
}
