/*
 * What can be done, wherever it is offered: the palette lists all of it. The frame has its own
 * commands; a page adds those of what it shows for as long as it is there.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { bindAll } from "./keys";
import { close, layer, open } from "./layers";
import { prefs, setPrefs } from "./prefs";
import { go } from "./router";
import type { IconName } from "../ui/icon";
import { S } from "./strings";

export type Group = "Actions here" | "Agents of this run" | "Findings" | "Runs" | "Flows" | "Go to" | "Settings";

export interface Command {
	id: string;
	group: Group;
	label: string;
	detail?: string;
	icon?: IconName;
	key?: string; /* id in the table of keys */
	run: () => void;
}

const given = signal<readonly { list: () => Command[] }[]>([]);
export const providers: ReadonlySignal<readonly { list: () => Command[] }[]> = given;

/* LIST is asked whenever the palette opens. */
export function provide(list: () => Command[]): () => void {
	const p = { list };
	given.value = [p, ...given.value];
	return () => (given.value = given.value.filter((x) => x !== p));
}

const places: [string, string, string, IconName][] = [
	["home", S.nav.home, "/", "home"],
	["runs", S.nav.runs, "/runs", "runs"],
	["flows", S.nav.flows, "/flows", "flows"],
	["agents", S.doctor.title, "/agents", "agents"],
	["settings", S.nav.settings, "/settings", "settings"],
];

function own(): Command[] {
	const to = places.map(([id, label, href, icon]): Command => ({ id: "go." + id, group: "Go to", label, icon, key: id, run: () => go(href) }));
	const p = prefs.value;
	return [
		{ id: "new", group: "Actions here", label: S.run.flow, icon: "plus", key: "new", run: () => open("launch") },
		...to,
		{ id: "keys", group: "Settings", label: S.keys.title, icon: "keyboard", key: "help", run: () => open("keys") },
		...(["system", "light", "dark"] as const)
			.filter((t) => t !== p.theme)
			.map((t): Command => ({ id: "theme." + t, group: "Settings", label: S.commands.theme(t), icon: "settings", run: () => setPrefs({ theme: t }) })),
		...(["comfortable", "compact"] as const)
			.filter((d) => d !== p.density)
			.map((d): Command => ({ id: "density." + d, group: "Settings", label: S.commands.density(d), icon: "settings", run: () => setPrefs({ density: d }) })),
		{
			id: "single", group: "Settings", icon: "keyboard",
			label: S.commands.singleKeys(!p.singleKeys),
			run: () => setPrefs({ singleKeys: !p.singleKeys }),
		},
	];
}

export function startCommands(): void {
	provide(own);
	bindAll({
		palette: () => (layer.value?.name === "palette" ? close() : open("palette")),
		help: () => open("keys"),
		home: () => go("/"),
		runs: () => go("/runs"),
		flows: () => go("/flows"),
		agents: () => go("/agents"),
		new: () => open("launch"),
	});
}
