/* Numbers, times and words as people read them. Pure; the locale is the page's language, English. */
import type { AgentCounts, CitationCounts, FindingCounts, RunSummary } from "../wire/types";

/* "0:42", "12:05", "1:02:05" */
export function clock(ms: number): string {
	const s = Math.max(0, Math.floor(ms / 1000));
	const two = (n: number): string => String(n).padStart(2, "0");
	const h = Math.floor(s / 3600);
	const m = Math.floor(s / 60) % 60;
	return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/* "950", "48k", "1.2M" */
export function short(n: number): string {
	if (n < 1000) return String(n);
	if (n < 10_000) return trim(n / 1000) + "k";
	if (n < 999_500) return Math.round(n / 1000) + "k";
	return trim(n / 1e6) + "M";
}

function trim(x: number): string {
	return x.toFixed(1).replace(/\.0$/, "");
}

export function bytes(n: number): string {
	if (n < 1024) return `${n} B`;
	if (n < 1024 * 1024) return `${trim(n / 1024)} KiB`;
	return `${trim(n / 1024 / 1024)} MiB`;
}

/* "1 agent", "3 agents" */
export function count(n: number, one: string, many = one + "s"): string {
	return `${n} ${n === 1 ? one : many}`;
}

/* "about 4–7 min", "about 40–70 s" */
export function span(low: number, high: number): string {
	if (high < 90_000) return `about ${Math.max(1, Math.round(low / 1000))}–${Math.max(1, Math.round(high / 1000))} s`;
	const a = Math.max(1, Math.round(low / 60_000));
	const b = Math.max(1, Math.round(high / 60_000));
	return a === b ? `about ${a} min` : `about ${a}–${b} min`;
}

const options = (utc: boolean, o: Intl.DateTimeFormatOptions): Intl.DateTimeFormatOptions =>
	utc ? { ...o, timeZone: "UTC" } : o;

function day(t: number, utc: boolean): string {
	return new Date(t).toLocaleDateString("en-CA", options(utc, { year: "numeric", month: "2-digit", day: "2-digit" }));
}

/* "18:04" today, "yesterday 18:20", "Mon 09:14" in this week, "3 Nov", "3 Nov 2024" */
export function when(at: number, now: number, utc: boolean): string {
	const time = minute(at, utc);
	if (day(at, utc) === day(now, utc)) return time;
	if (day(at, utc) === day(now - 86_400_000, utc)) return "yesterday " + time;
	const d = new Date(at);
	if (at < now && now - at < 6 * 86_400_000)
		return d.toLocaleDateString("en-GB", options(utc, { weekday: "short" })) + " " + time;
	const same = day(at, utc).slice(0, 4) === day(now, utc).slice(0, 4);
	return d.toLocaleDateString("en-GB", options(utc, { day: "numeric", month: "short", ...(same ? {} : { year: "numeric" }) }));
}

/* In full, for titles: "2026-11-03 18:04:31" with the zone */
export function fully(at: number, utc: boolean): string {
	const d = new Date(at);
	const time = d.toLocaleTimeString("en-GB", options(utc, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" }));
	return `${day(at, utc)} ${time}`;
}

/* "18:04" */
export function minute(at: number, utc: boolean): string {
	return new Date(at).toLocaleTimeString("en-GB", options(utc, { hour: "2-digit", minute: "2-digit" }));
}

export function sizeLetter(size: string): string {
	return size.slice(0, 1).toUpperCase();
}

export function capital(s: string): string {
	return s.slice(0, 1).toUpperCase() + s.slice(1);
}

/* Is a fix something to type, rather than a sentence? */
export function isCommand(fix: string): boolean {
	return /^(npm|apt|apt-get|sudo|tutti|ollama|curl|git|export|chmod|sysctl|systemctl|[A-Z_]+=)( |$)/.test(fix) && !/ or /.test(fix);
}

export function settled(a: AgentCounts): number {
	return a.completed + a.failed + a.skipped + a.cancelled;
}

export function findingTotal(f: FindingCounts): number {
	return f.critical + f.high + f.medium + f.low + f.note;
}

/* Of the citations that were checked, how many percent resolve; null when none was. */
export function resolved(c: CitationCounts): number | null {
	const checked = c.resolves + c.moved + c.changed + c.missing;
	return checked ? Math.floor((100 * c.resolves) / checked) : null;
}

/* What became of a run, in one line, when it did not say so itself. */
export function outcome(r: RunSummary): string {
	if (r.outcome) return r.outcome;
	if (r.status === "failed") return r.reason ? `failed: ${r.reason}` : "failed";
	if (r.status === "cancelled") return r.reason && !r.reason.startsWith("cancelled") ? `cancelled: ${r.reason}` : (r.reason || "cancelled");
	if (r.status === "running" || r.status === "pending") return `${settled(r.agents)} of ${r.agents.all} finished`;
	return r.findings ? count(findingTotal(r.findings), "finding") : "completed";
}

/* "myrepo@4be1c2a" */
export function at(r: { repo_name: string; commit: string | null }): string {
	return r.commit ? `${r.repo_name}@${r.commit.slice(0, 7)}` : r.repo_name;
}

/* "r-7f3k…": ids are unique by their first characters long before they end. */
export function shortId(id: string): string {
	return id.length > 10 ? id.slice(0, 10) : id;
}
