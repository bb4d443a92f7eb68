/* The filters of the history: what the address says, what the server is asked, what a view is called. Pure. */
import type { RunSummary } from "../wire/types";

export const FILTERS = ["q", "status", "flow", "size", "repo", "model", "since"] as const;
export type FilterName = (typeof FILTERS)[number];
export type Filters = Partial<Record<FilterName, string>>;

export const SINCE: Record<string, { label: string; days: number }> = {
	"1d": { label: "Last day", days: 1 },
	"7d": { label: "Last 7 days", days: 7 },
	"30d": { label: "Last 30 days", days: 30 },
	"365d": { label: "Last year", days: 365 },
};

export function fromQuery(q: URLSearchParams): Filters {
	const f: Filters = {};
	for (const n of FILTERS) {
		const v = q.get(n);
		if (v) f[n] = v;
	}
	return f;
}

/* "since" is relative in an address that is kept, and a time for the server: whole minutes, so that
 * the same question is not another one a second later. */
export function toServer(f: Filters, now: number): Record<string, string> {
	const out: Record<string, string> = { ...f };
	if (f.since) {
		const days = SINCE[f.since]?.days;
		const t = days ? now - days * 86_400_000 : Date.parse(f.since);
		if (Number.isNaN(t)) delete out.since;
		else out.since = new Date(Math.floor(t / 60_000) * 60_000).toISOString();
	}
	return out;
}

export function isFiltered(f: Filters): boolean {
	return FILTERS.some((n) => f[n]);
}

/* Would R be in the list? Text is the server's to find: with one, only what is known already is. */
export function matches(f: Filters, r: RunSummary, now: number): boolean {
	const is = (want: string | undefined, v: string): boolean => !want || want.split(",").includes(v);
	const since = toServer({ since: f.since ?? "" }, now).since;
	return is(f.status, r.status) && is(f.flow, r.flow) && is(f.size, r.size) && is(f.repo, r.repo) && is(f.model, r.model) && (!since || (r.started ?? "") >= since);
}

export interface Family {
	head: RunSummary; /* the newest */
	earlier: RunSummary[];
}

/* Re-runs, retries and resumed ones under the newest of them, in the order of the list. */
export function families(items: readonly RunSummary[]): Family[] {
	const by = new Map(items.map((r) => [r.id, r]));
	const root = (r: RunSummary): string => {
		let x = r;
		for (let n = 0; x.parent && by.has(x.parent) && n < 50; n++) x = by.get(x.parent)!;
		return x.id;
	};
	const out = new Map<string, Family>();
	for (const r of items) {
		const key = root(r);
		const f = out.get(key);
		if (f) f.earlier.push(r);
		else out.set(key, { head: r, earlier: [] });
	}
	return [...out.values()];
}

/* --- saved views ------------------------------------------------------------------------------- */

export interface View {
	name: string;
	query: string;
}
export const VIEWS = 20;

export function queryOf(f: Filters): string {
	const q = new URLSearchParams();
	for (const n of FILTERS) if (f[n]) q.set(n, f[n]!);
	return q.toString();
}

/* The newest first, one a name, VIEWS at most. */
export function withView(views: readonly View[], v: View): View[] {
	return [v, ...views.filter((x) => x.name !== v.name)].slice(0, VIEWS);
}
