/* What the parts of a run's page share: the run, where the reader is, how much room there is. */
import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { route, setQuery } from "../app/router";
import { landing, place, TABS, type Place, type Tab } from "./address";
import type { RunStore } from "./store";
import type { RunDoc, Step } from "./types";

export type Room = "phone" | "laptop" | "desktop";

export class View {
	readonly room = signal<Room>("desktop");
	readonly place: ReadonlySignal<Place> = computed(() => place(route.value.query.toString()));
	readonly stopping = signal(false);
	readonly focused = signal<string | null>(null); /* the row that keys are about */
	served: DocumentFragment | null = null; /* the report, when it came with the page */
	touched = 0; /* when the reader last scrolled or typed */

	constructor(readonly store: RunStore) {}

	get doc(): RunDoc {
		return this.store.doc.value!;
	}

	readonly tab: ReadonlySignal<Tab> = computed(() => {
		const at = this.place.value, doc = this.store.doc.value;

		if (at.tab)
			return at.tab;
		return at.agent || !doc ? "agents" : this.landed(doc).tab;
	});

	private first: { tab: Tab; agent: string | null } | null = null;

	/* Where the run was opened. It stays that way: what happens later moves nobody. */
	private landed(doc: RunDoc): { tab: Tab; agent: string | null } {
		const failed = doc.status === "failed" && !doc.report;

		return (this.first ??= {
			tab: landing(doc),
			agent: failed ? (doc.steps.find((s) => s.status === "failed" && s.kind === "agent")?.step ?? null) : null,
		});
	}

	tabs(): Tab[] {
		const report = this.doc.report || this.doc.status !== "running";

		return TABS.filter((t) => t !== "report" || report);
	}

	/* The open agent; a finished run without a report opens its first failed one. */
	readonly agent: ReadonlySignal<string | null> = computed(() => {
		const named = this.place.value.agent, doc = this.store.doc.value;

		return named || !doc || this.place.value.tab ? named : this.landed(doc).agent;
	});

	step(name: string | null): Step | undefined {
		return name ? this.doc.steps.find((s) => s.step === name) : undefined;
	}

	goTab(tab: Tab, push = true): void {
		setQuery({ tab, ...(tab === "agents" ? {} : { agent: null, attempt: null, view: null }) }, push);
	}

	open(agent: string | null, push = false): void {
		setQuery({ tab: "agents", agent, attempt: null, view: null }, push);
		if (agent)
			this.focused.value = agent;
	}

	attempt(n: number): void {
		setQuery({ attempt: n ? String(n) : null });
	}

	well(view: Place["well"]): void {
		setQuery({ view: view === "stream" ? null : view });
	}
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
	return useContext(ViewContext)!;
}

/* The address of what is shown, with the most specific thing of it. */
export function linkTo(part: { agent?: string | null; hash?: string; tab?: Tab }): string {
	const url = new URL(location.href);

	url.search = "";
	url.hash = part.hash ?? "";
	if (part.tab)
		url.searchParams.set("tab", part.tab);
	if (part.agent) {
		url.searchParams.set("tab", "agents");
		url.searchParams.set("agent", part.agent);
	}
	return url.href;
}
