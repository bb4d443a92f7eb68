/* What opens above the page, one at a time: palette, launcher, shortcuts, the lists of the header. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { Later } from "./later";

export type LayerName = "palette" | "launch" | "keys" | "attention" | "more";

const state = signal<{ name: LayerName; preset: Preset } | null>(null);
export const layer: ReadonlySignal<{ name: LayerName; preset: Preset } | null> = state;

/* With what the launcher begins; the same names as the query of /new. */
export type Preset = Partial<Record<"flow" | "size" | "focus" | "fast" | "repo" | "q" | "model" | "provided" | "at" | "base", string>>;

export function open(name: LayerName, preset: Preset = {}): void {
	state.value = { name, preset };
}

export function close(): void {
	state.value = null;
}

export function launchUrl(preset: Preset = {}): string {
	const q = new URLSearchParams(preset as Record<string, string>).toString();
	return "/new" + (q ? "?" + q : "");
}

const parts = {
	palette: () => import("./palette").then((m) => m.Palette),
	launch: () => import("../launcher/dialog").then((m) => m.LaunchDialog),
	keys: () => import("./help").then((m) => m.Help),
	attention: () => import("./lists").then((m) => m.AttentionList),
	more: () => import("./lists").then((m) => m.MoreSheet),
};

export function Layers() {
	const l = state.value;
	if (!l) return null;
	return <Later key={l.name} load={parts[l.name]} props={{ preset: l.preset }} quiet />;
}

/* Before they are asked for, when there is nothing else to do: they have to open at once. Whoever
 * opens one asks again, and says it when there is nobody. */
export function warm(): void {
	for (const load of [parts.palette, parts.launch])
		load().catch(() => undefined);
}
