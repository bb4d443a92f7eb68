/*
 * The runs that the frame itself shows: live ones, recent ones, those that need somebody. One list,
 * kept current by the socket; pages with filters ask the server themselves.
 */
import { computed, signal } from "@preact/signals";
import { asTrouble, get } from "../wire/api";
import { wire } from "../wire/socket";
import type { List, RunSummary, Trouble } from "../wire/types";

export interface Runs {
	items: readonly RunSummary[]; /* newest first */
	loaded: boolean;
	error: Trouble | null;
	at: number;
}

const MOST = 200;
const state = signal<Runs>({ items: [], loaded: false, error: null, at: 0 });
export const runs = computed(() => state.value);

function began(r: RunSummary): string {
	return r.started ?? "9999";
}

/* NEWER over OLDER: the same run once, newest first. */
export function merge(older: readonly RunSummary[], newer: readonly RunSummary[]): RunSummary[] {
	const by = new Map(older.map((r) => [r.id, r]));
	for (const r of newer) by.set(r.id, r);
	return [...by.values()].sort((a, b) => (began(a) < began(b) ? 1 : began(a) > began(b) ? -1 : 0)).slice(0, MOST);
}

const listeners = new Set<(items: RunSummary[]) => void>();
/* Every change of any run, also for pages that show another list. */
export function onRuns(fn: (items: RunSummary[]) => void): () => void {
	listeners.add(fn);
	return () => listeners.delete(fn);
}

export function loadRuns(): void {
	get<List<RunSummary>>("/runs?limit=50").then(
		(l) => (state.value = { items: merge(state.value.items, l.items), loaded: true, error: null, at: Date.now() }),
		(e: unknown) => (state.value = { ...state.value, error: asTrouble(e) }),
	);
}

export function removeRun(id: string): void {
	state.value = { ...state.value, items: state.value.items.filter((r) => r.id !== id) };
}

export function startRuns(): void {
	loadRuns();
	wire.list((items) => {
		state.value = { ...state.value, items: merge(state.value.items, items), at: Date.now() };
		for (const fn of listeners) fn(items);
	});
	/* What changed while there was no connection is not told again. */
	let was = wire.connection.value.state;
	wire.connection.subscribe((c) => {
		if (c.state === "live" && was !== "live" && state.value.loaded) loadRuns();
		if (c.state === "live" && state.value.error) loadRuns();
		was = c.state;
	});
}

export function isLive(r: RunSummary): boolean {
	return r.status === "running" || r.status === "pending";
}

export const live = computed(() => state.value.items.filter(isLive));
export const recent = computed(() => state.value.items.filter((r) => !isLive(r)));

/* A failed run is repaired when one that was made of it completed. */
export function repairedBy(r: RunSummary, all: readonly RunSummary[]): RunSummary | null {
	return all.find((c) => c.parent === r.id && c.status === "completed") ?? null;
}
