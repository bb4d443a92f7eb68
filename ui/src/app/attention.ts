/* What needs somebody: failed runs that nobody has opened, and runs in which nothing moves. */
import { computed, signal } from "@preact/signals";
import type { Doctor, RunSummary } from "../wire/types";
import { get } from "../wire/api";
import { onRuns, repairedBy, runs } from "./runs";
import { now } from "./clock";
import { stored, store } from "./prefs";

export interface Attention {
	id: string;
	kind: "failed" | "stalled" | "setup";
	run: RunSummary | null;
	text: string;
	href: string;
}

const SEEN = "tutti.seen";
const STALL = 180_000; /* without any change of a run that says it runs */

const seen = signal<readonly string[]>(stored<string[]>(SEEN, []));
const moved = new Map<string, number>();

/* Seen is opened: the run's page calls this. */
export function markSeen(id: string): void {
	if (seen.value.includes(id)) return;
	seen.value = [...seen.value, id].slice(-500);
	store(SEEN, seen.value);
}

const trouble = signal<Doctor | null>(null);
export function loadDoctor(): void {
	get<Doctor>("/agents").then(
		(d) => (trouble.value = d),
		() => {},
	);
}

export function startAttention(): void {
	onRuns((items) => {
		for (const r of items) moved.set(r.id, Date.now());
	});
	loadDoctor();
}

const minute = computed(() => Math.floor(now.value / 15_000));

export const attention = computed<Attention[]>(() => {
	const out: Attention[] = [];
	const all = runs.value.items;
	void minute.value;
	const t = Date.now();
	for (const r of all) {
		if (r.status === "failed" && !r.seen && !seen.value.includes(r.id) && !repairedBy(r, all))
			out.push({ id: r.id, kind: "failed", run: r, text: r.reason || "failed", href: "/runs/" + r.id });
		const since = moved.get(r.id) ?? Math.max(runs.value.at, r.started ? Date.parse(r.started) : t);
		if (r.status === "running" && t - since > STALL)
			out.push({ id: r.id, kind: "stalled", run: r, text: "no activity", href: "/runs/" + r.id });
	}
	if (trouble.value && !trouble.value.ready) {
		const bad = trouble.value.checks.find((c) => !c.ok);
		out.push({ id: "setup", kind: "setup", run: null, text: bad ? bad.text : "No agent is ready", href: "/agents" });
	}
	return out;
});
