/* Which grammar a text is read with: by the name of its file, or by what stands behind the fence. Pure. */

export const LANGUAGES = [
	"bash", "c", "cpp", "diff", "go", "ini", "java", "javascript", "json", "python", "rust", "typescript", "xml", "yaml",
] as const;
export type Language = (typeof LANGUAGES)[number];

/* Other names of them, and those of languages that look alike. */
const also: Record<Language, string> = {
	bash: "sh zsh shell console bats bashrc profile",
	c: "h",
	cpp: "cc cxx hh hpp hxx c++",
	diff: "patch",
	go: "golang mod",
	ini: "toml conf cfg service editorconfig",
	java: "kt kts kotlin scala cs csharp",
	javascript: "js mjs cjs jsx",
	json: "jsonl json5 map",
	python: "py pyi",
	rust: "rs",
	typescript: "ts mts cts tsx",
	xml: "html htm svg vue",
	yaml: "yml clang-format",
};
const names = new Map(LANGUAGES.flatMap((l) => [l, ...also[l].split(" ")].map((n) => [n, l] as const)));

/* "C", "c++", ".yml": as people write them; null: nobody knows how to read that. */
export function byName(name: string): Language | null {
	return names.get(name.trim().toLowerCase().replace(/^\./, "")) ?? null;
}

export function byPath(path: string): Language | null {
	const file = path.slice(path.lastIndexOf("/") + 1);
	const dot = file.lastIndexOf(".");

	return dot < 0 ? null : byName(file.slice(dot + 1));
}
