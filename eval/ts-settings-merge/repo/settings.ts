export type Settings = { [key: string]: unknown };

function isObject(value: unknown): value is Settings {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts what a user sent, as parsed JSON, over the defaults. */
export function merge(into: Settings, from: Settings): Settings {
	for (const key of Object.keys(from)) {
		const value = from[key];
		if (isObject(value) && isObject(into[key])) {
			merge(into[key] as Settings, value);
		} else {
			into[key] = value;
		}
	}
	return into;
}

/** Counts how often each key occurs in what users sent. */
export function census(all: Settings[]): { [key: string]: number } {
	const seen: { [key: string]: number } = Object.create(null);
	for (const one of all) {
		for (const key of Object.keys(one)) {
			seen[key] = (seen[key] ?? 0) + 1;
		}
	}
	return seen;
}
