import { merge, type Settings } from "./settings";

const defaults = { theme: { dark: false, size: 12 }, mail: { weekly: true } };

/** The settings that the JSON text of a request leads to. */
export function settingsOf(body: string): Settings {
	const own: Settings = structuredClone(defaults);
	return merge(own, JSON.parse(body) as Settings);
}
