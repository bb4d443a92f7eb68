/* The raw view: lines of one height in pages of fifty, of which only those in view exist. Pure. */

export const LINE = 20; /* px */
export const LINES = 50; /* a page */
export const AROUND = 2; /* pages above and below the view */

export interface Window {
	from: number; /* pages */
	to: number; /* exclusive */
}

export function pageCount(total: number): number {
	return Math.ceil(total / LINES);
}

export function windowOf(top: number, height: number, total: number): Window {
	const pages = pageCount(total);
	const first = Math.floor(top / LINE / LINES), last = Math.ceil((top + height) / LINE / LINES);

	return { from: Math.max(0, Math.min(first - AROUND, pages)), to: Math.min(pages, last + AROUND) };
}

/* Lines are numbered from 1. */
export function pageOf(line: number): number {
	return Math.floor((Math.max(1, line) - 1) / LINES);
}

export function topOf(line: number): number {
	return (Math.max(1, line) - 1) * LINE;
}

export function numbers(page: number, total: number): string {
	const from = page * LINES + 1, to = Math.min(total, from + LINES - 1);
	const all: string[] = [];

	for (let n = from; n <= to; n++)
		all.push(String(n));
	return all.join("\n");
}

/*
 * What is to be appended to a page whose text was HAD and is NOW; null: it is another text, all of
 * it has to be replaced.
 */
export function growth(had: string, now: string): string | null {
	return now.startsWith(had) ? now.slice(had.length) : null;
}

/* Lines FROM to TO of an address as pages. */
export function pagesOf(from: number, to: number): number[] {
	const all: number[] = [];

	for (let p = pageOf(from); p <= pageOf(to); p++)
		all.push(p);
	return all;
}
