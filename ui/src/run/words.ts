/* How numbers and states are said. Pure; the same words everywhere. */
import type { CitationCounts, FindingCounts } from "../wire/types";
import type { RunDoc, Status } from "./types";

export const DOT = " \u00b7 ";

export function plural(n: number, one: string, many = one + "s"): string {
	return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/* 5:03, 1:02:03. */
export function span(ms: number): string {
	const all = Math.max(0, Math.floor(ms / 1000));
	const s = String(all % 60).padStart(2, "0");
	const m = Math.floor(all / 60);

	if (m < 60)
		return `${m}:${s}`;
	return `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}:${s}`;
}

/* 0.4 s, 14 s, 3:10: how long something small took. */
export function brief(ms: number): string {
	if (ms < 9950)
		return `${(ms / 1000).toFixed(1)} s`;
	return ms < 60_000 ? `${Math.round(ms / 1000)} s` : span(ms);
}

/* 950, 48k, 1.2M. */
export function tokens(n: number): string {
	if (n < 1000)
		return String(n);
	if (n < 9950)
		return `${(n / 1000).toFixed(1)}k`;
	return n < 999_500 ? `${Math.round(n / 1000)}k` : `${(n / 1e6).toFixed(1)}M`;
}

export function bytes(n: number): string {
	if (n < 1000)
		return `${n} B`;
	return n < 1e6 ? `${Math.round(n / 1000)} KB` : `${(n / 1e6).toFixed(1)} MB`;
}

export function time(iso: string | null | undefined): number {
	const ms = iso ? Date.parse(iso) : NaN;

	return Number.isNaN(ms) ? 0 : ms;
}

export function clock(iso: string | number | null | undefined): string {
	const at = typeof iso === "number" ? iso : time(iso);

	return at ? new Date(at).toLocaleTimeString("en-GB") : "";
}

export function isOver(status: Status): boolean {
	return status !== "running" && status !== "pending";
}

export function title(s: string | null | undefined): string {
	const text = (s ?? "").replace(/[-_]/g, " ").trim();

	return text.charAt(0).toUpperCase() + text.slice(1);
}

/* Only what the flow is called, without the question behind it. */
export function flowTitle(run: { title?: string; flow: string }): string {
	const at = run.title ? run.title.indexOf(": ") : -1;

	if (at > 0 && run.title!.slice(0, at).length <= 48)
		return run.title!.slice(0, at);
	return title(run.flow);
}

const endings: Record<string, string> = {
	timed_out: "timed out",
	rate_limited: "rate limited",
	contract_broken: "the answer broke its contract",
	endpoint_down: "the model was not reachable",
	empty: "gave no answer",
	refused: "refused",
	denied: "was denied",
	quota: "used up its quota",
	truncated: "was cut off",
	stalled: "stalled",
	crashed: "crashed",
	lost: "was lost",
	asked: "asked back",
	cancelled: "cancelled",
};

/* "timed out: no answer in 5:00". */
export function failure(ending: string | null | undefined, reason: string | null | undefined): string {
	const noun = (ending && endings[ending]) || "failed";
	const why = (reason ?? "").trim();

	if (!why)
		return noun;
	return why.toLowerCase().startsWith(noun) ? why : `${noun}: ${why}`;
}

/* "about 4–7 min left"; nothing without three runs to go by. */
export function remaining(run: Pick<RunDoc, "estimate" | "started">, now: number): string {
	const e = run.estimate;
	const start = time(run.started);

	if (!e || e.runs < 3 || !start)
		return "";
	const gone = now - start;
	const low = Math.max(0, e.low_ms - gone), high = e.high_ms - gone;

	if (high <= 0)
		return "longer than past runs";
	if (high < 60_000)
		return "less than a minute left";
	const a = Math.max(1, Math.floor(low / 60_000)), b = Math.ceil(high / 60_000);
	return a >= b ? `about ${b} min left` : `about ${a}\u2013${b} min left`;
}

export function allFindings(f: FindingCounts): number {
	return f.critical + f.high + f.medium + f.low + f.note;
}

export function allCitations(c: CitationCounts): number {
	return c.resolves + c.moved + c.changed + c.missing + c.not_checked;
}

export const citeSigns: Record<string, { sign: string; tone: string; word: string }> = {
	resolves: { sign: "\u2713", tone: "good", word: "resolves" },
	moved: { sign: "\u2248", tone: "warn", word: "moved" },
	changed: { sign: "!", tone: "changed", word: "changed" },
	missing: { sign: "\u2715", tone: "bad", word: "missing" },
	not_checked: { sign: "\u25cb", tone: "quiet", word: "not checked" },
};

export function citeSign(state: string | null | undefined) {
	return citeSigns[(state ?? "").replace(/ /g, "_")] ?? citeSigns.not_checked!;
}

/* What a state of a citation means, as a sentence. */
export function citeSentence(state: string): string {
	switch (state.replace(/ /g, "_")) {
	case "resolves":
		return "The quoted text stands at these lines.";
	case "moved":
		return "The quoted text was found, but at other lines.";
	case "changed":
		return "The lines exist; the text there is another one.";
	case "missing":
		return "There is no such place in the files that were read.";
	default:
		return "Nobody checked this citation: it has no quote, or it is not in the repository.";
	}
}

/* A path that fits: its end says more than its middle. */
export function middle(path: string, max: number): string {
	if (path.length <= max)
		return path;
	const file = path.slice(path.lastIndexOf("/") + 1);

	if (file.length + 4 >= max)
		return `\u2026${file.slice(-(max - 1))}`;
	return `${path.slice(0, max - file.length - 2)}\u2026/${file}`;
}

export function place(c: { path: string; line?: number | null; end?: number | null }): string {
	if (!c.line)
		return c.path;
	return c.end && c.end > c.line ? `${c.path}:${c.line}-${c.end}` : `${c.path}:${c.line}`;
}

const PLACE = /^([\p{L}\p{N}_.@+~-][\p{L}\p{N}_./@+~-]*\.[\p{L}\p{N}_]+|[\p{L}\p{N}_./@+~-]*\/[\p{L}\p{N}_.@+~-]+):L?(\d{1,7})(?:[-\u2013]L?(\d{1,7}))?$/u;

/* "src/a.c:5-9"; null: it is no place. */
export function readPlace(s: string): { path: string; line: number; end: number } | null {
	const m = PLACE.exec(s.trim());

	if (!m)
		return null;
	const line = Number(m[2]);
	return { path: m[1]!, line, end: Math.max(line, m[3] ? Number(m[3]) : line) };
}
