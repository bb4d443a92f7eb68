/* What was chosen in this browser. first.js reads the same key before the first paint. */
import { signal, type ReadonlySignal } from "@preact/signals";

export interface Prefs {
	theme: "system" | "light" | "dark";
	density: "auto" | "comfortable" | "compact";
	singleKeys: boolean;
	keys: Record<string, string>; /* id of a command → the key it is bound to instead */
	editor: string; /* template of a link; "" for none */
	times: "local" | "utc";
	notify: { finished: boolean; failed: boolean; attention: boolean };
	asked: boolean; /* for the permission to notify */
}

const KEY = "tutti.prefs";
const defaults: Prefs = {
	theme: "system",
	density: "auto",
	singleKeys: true,
	keys: {},
	editor: "",
	times: "local",
	notify: { finished: true, failed: true, attention: true },
	asked: false,
};

/* Storage may be forbidden or full; the page works without. */
export function stored<T>(key: string, otherwise: T): T {
	try {
		const s = localStorage.getItem(key);
		return s === null ? otherwise : (JSON.parse(s) as T);
	} catch {
		return otherwise;
	}
}

export function store(key: string, value: unknown): void {
	try {
		if (value === null || value === undefined) localStorage.removeItem(key);
		else localStorage.setItem(key, JSON.stringify(value));
	} catch {
		/* then it is forgotten */
	}
}

const state = signal<Prefs>({ ...defaults, ...stored<Partial<Prefs>>(KEY, {}) });
export const prefs: ReadonlySignal<Prefs> = state;

function apply(p: Prefs): void {
	const root = document.documentElement;
	if (p.theme === "system") delete root.dataset.theme;
	else root.dataset.theme = p.theme;
	if (p.density === "auto") delete root.dataset.density;
	else root.dataset.density = p.density;
}

export function setPrefs(part: Partial<Prefs>): void {
	state.value = { ...state.value, ...part };
	store(KEY, state.value);
	apply(state.value);
}

export function startPrefs(): void {
	apply(state.value);
	addEventListener("storage", (e) => {
		if (e.key !== KEY) return;
		state.value = { ...defaults, ...stored<Partial<Prefs>>(KEY, {}) };
		apply(state.value);
	});
}
