/* Flows and repositories: read once, shared by composer, launcher, palette and the catalogue. */
import { computed, signal } from "@preact/signals";
import { stored, store } from "../app/prefs";
import { asTrouble, get } from "../wire/api";
import type { Flow, List, Repository, Size, Trouble } from "../wire/types";

export const CATEGORIES = ["analysis", "discovery", "planning", "authoring", "review"] as const;

interface Held {
	flows: readonly Flow[];
	repositories: readonly Repository[];
	loaded: boolean;
	error: Trouble | null;
}
const state = signal<Held>({ flows: [], repositories: [], loaded: false, error: null });
export const catalogue = computed(() => state.value);

let reading: Promise<void> | null = null;

/* Once; again after it failed, or with FRESH. */
export function loadCatalogue(fresh = false): Promise<void> {
	if (reading && !fresh) return reading;
	reading = Promise.all([get<List<Flow>>("/flows"), get<List<Repository>>("/repositories")]).then(
		([flows, repositories]) => {
			state.value = { flows: flows.items, repositories: repositories.items, loaded: true, error: null };
		},
		(e: unknown) => {
			reading = null;
			state.value = { ...state.value, error: asTrouble(e) };
		},
	);
	return reading;
}

export function flowNamed(name: string): Flow | null {
	return state.value.flows.find((f) => f.name === name) ?? null;
}

/* All categories, those of the house first. */
export const categories = computed(() => {
	const own = new Set(state.value.flows.map((f) => f.category));
	return [...CATEGORIES.filter((c) => own.has(c)), ...[...own].filter((c) => !(CATEGORIES as readonly string[]).includes(c)).sort()];
});

/* --- what was chosen last ------------------------------------------------------------------------ */

export interface Choice {
	flow: string;
	size: Size | "auto";
	fast: boolean;
	repo: string; /* path; "" is the daemon's own */
	model: string; /* "" is what the daemon would take */
}
const KEY = "tutti.choice";
const chosen = signal<Choice>({ flow: "architectural-analysis", size: "small", fast: false, repo: "", model: "", ...stored<Partial<Choice>>(KEY, {}) });
export const choice = computed(() => chosen.value);

export function choose(part: Partial<Choice>): void {
	chosen.value = { ...chosen.value, ...part };
	store(KEY, chosen.value);
}

export const repository = computed<Repository | null>(() => {
	const all = state.value.repositories;
	return all.find((r) => r.path === chosen.value.repo) ?? all[0] ?? null;
});

export function agentsOf(flow: Flow, size: Size | "auto"): number | null {
	return size === "auto" ? null : flow.agents[size];
}
