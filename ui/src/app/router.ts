/*
 * The page's address is its state: what is shown, which tab, which filter. Links are links; a click on
 * one that stays inside is answered here, everything else is left to the browser.
 */
import { signal, type ReadonlySignal } from "@preact/signals";

export type PageName = "home" | "runs" | "run" | "new" | "flows" | "flow" | "agents" | "settings" | "compare" | "missing";
export interface Route {
	page: PageName;
	id: string; /* of the run, name of the flow; else "" */
	query: URLSearchParams;
	hash: string; /* without "#" */
	path: string;
}

const ID = /^[A-Za-z0-9~_-]{1,64}$/;

export function parse(path: string, search: string, hash: string): Route {
	const route = (page: PageName, id = ""): Route => ({
		page,
		id,
		query: new URLSearchParams(search),
		hash: hash.replace(/^#/, ""),
		path,
	});
	const parts = path.split("/").filter((p) => p !== "");
	const [a, b] = parts;
	if (parts.length === 0) return route("home");
	if (parts.length === 1)
		switch (a) {
			case "runs":
			case "new":
			case "flows":
			case "agents":
			case "settings":
			case "compare":
				return route(a);
		}
	if (parts.length === 2 && b !== undefined && ID.test(b)) {
		if (a === "runs") return route("run", b);
		if (a === "flows") return route("flow", b);
	}
	return route("missing");
}

/* Of paths that only the server can answer. */
export function isOurs(path: string): boolean {
	return !/^\/(api|assets|sign-in|healthz|metrics)(\/|$)/.test(path) && !/\.[a-z]+$/.test(path);
}

const here = (): Route =>
	typeof location === "undefined" ? parse("/", "", "") : parse(location.pathname, location.search, location.hash);
const current = signal<Route>(here());
export const route: ReadonlySignal<Route> = current;

/* Counts navigations that the reader made: a new page moves the focus, a new filter does not. */
export const visits = signal(0);

const KEPT = "tutti.positions";
const KEPT_MOST = 50;

/* Kept in the tab: it may be loaded again, or end without a word. */
const positions = new Map<string, number>(kept());
let entry = "0";
let entries = 0;
let saving = 0;

function another(): string {
	return `${Date.now().toString(36)}.${++entries}`;
}

function kept(): [string, number][] {
	try {
		return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as [string, number][];
	} catch {
		return [];
	}
}

function scroller(): HTMLElement | null {
	return document.getElementById("main");
}

function remember(): void {
	const s = scroller();
	clearTimeout(saving);
	if (!s) return;
	positions.delete(entry);
	positions.set(entry, s.scrollTop);
	try {
		sessionStorage.setItem(KEPT, JSON.stringify([...positions].slice(-KEPT_MOST)));
	} catch {
		/* then it begins at the top */
	}
}

/* As soon as there is so much of a page; whoever scrolls meanwhile is left alone. */
function restore(top: number): void {
	let frames = 0;
	let own = true;
	const moved = (): void => void (own = false);
	const end = (): void => ["wheel", "touchstart", "keydown", "pointerdown"].forEach((t) => removeEventListener(t, moved, true));
	const look = (): void => {
		const s = scroller();
		const there = s !== null && s.scrollHeight - s.clientHeight >= top;
		if (own && s && (there || frames === 0)) s.scrollTop = top;
		if (own && !there && ++frames < 300) requestAnimationFrame(look);
		else end();
	};
	for (const t of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(t, moved, { capture: true, passive: true });
	requestAnimationFrame(look);
}

/* Where a page that got its rows late was left; 0 for a new one. */
export function leftAt(): number {
	return positions.get(entry) ?? 0;
}

function set(page: boolean): void {
	const was = current.value;
	current.value = here();
	if (page && (was.page !== current.value.page || was.id !== current.value.id)) visits.value++;
}

/* To URL, as a link would. REPLACE: the same entry of the history, for what is browsed inside a page. */
export function go(url: string, replace = false): void {
	const to = new URL(url, location.href);
	if (to.origin !== location.origin || !isOurs(to.pathname)) {
		location.assign(url);
		return;
	}
	if (replace) {
		history.replaceState({ entry }, "", to);
		set(false);
		return;
	}
	remember();
	entry = another();
	history.pushState({ entry }, "", to);
	set(true);
	if (!to.hash) restore(0);
}

/* Changes parts of the query, in place: null takes one away. */
export function setQuery(of: Record<string, string | null>, push = false): void {
	const q = new URLSearchParams(current.value.query);
	for (const [k, v] of Object.entries(of))
		if (v === null || v === "") q.delete(k);
		else q.set(k, v);
	const s = q.toString();
	go(current.value.path + (s ? "?" + s : "") + (current.value.hash ? "#" + current.value.hash : ""), !push);
}

/* The fragment, in place; "" takes it away. */
export function setHash(hash: string, push = false): void {
	const s = current.value.query.toString();
	go(current.value.path + (s ? "?" + s : "") + (hash ? "#" + hash : ""), !push);
}

function clicked(e: MouseEvent): void {
	if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
	const a = (e.target as Element | null)?.closest?.("a");
	if (!a || !a.href || a.target || a.hasAttribute("download") || a.origin !== location.origin) return;
	if (!isOurs(a.pathname)) return;
	e.preventDefault();
	if (a.pathname === location.pathname && a.search === location.search && a.hash) {
		history.replaceState({ entry }, "", a.href);
		set(false);
		document.getElementById(decodeURIComponent(a.hash.slice(1)))?.scrollIntoView();
		return;
	}
	go(a.href);
}

export function startRouter(): void {
	history.scrollRestoration = "manual";
	entry = (history.state as { entry?: string } | null)?.entry ?? another();
	history.replaceState({ entry }, "");
	if (leftAt() && !location.hash) restore(leftAt());
	addEventListener("pagehide", remember);
	document.addEventListener("scroll", (e) => {
		if (e.target !== scroller()) return;
		clearTimeout(saving);
		saving = window.setTimeout(remember, 300);
	}, { capture: true, passive: true });
	document.addEventListener("click", clicked);
	addEventListener("popstate", (e) => {
		remember();
		entry = (e.state as { entry?: string } | null)?.entry ?? "0";
		set(true);
		restore(leftAt());
	});
}
