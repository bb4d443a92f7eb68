// tools/contrast.mjs: every ratio that is promised of the colours, recomputed from src/tokens/tokens.css.
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("../src/tokens/tokens.css", import.meta.url), "utf8");
const root = css.slice(css.indexOf(":root {"), css.indexOf("}\n", css.indexOf(":root {")));
export const tokens = {};
for (const [, name, value] of root.matchAll(/--([\w-]+):\s*([^;]+);/g)) {
	const pair = value.match(/^light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)$/);
	const one = value.match(/^#[0-9a-f]{6}$/);
	if (pair) tokens[name] = [pair[1], pair[2]];
	else if (one) tokens[name] = [value, value];
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const light = (c) => {
	const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const contrast = (a, b) => {
	const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
	return (x + 0.05) / (y + 0.05);
};
const mix = (a, b, part) => a.map((v, i) => v * part + b[i] * (1 - part));

const surfaces = ["bg-0", "bg-1", "bg-2", "bg-3"];
const texts = ["text-1", "text-2", "text-3", "accent", "running", "completed", "failed", "attention", "cancelled", "pending"];
const code = ["code-kw", "code-str", "code-num", "code-fn", "code-type", "code-com", "text-1"];
const status = ["running", "completed", "failed", "attention", "cancelled", "pending", "accent"];

/* [what, least, ratio], for one theme. */
function rows(theme) {
	const of = (name) => {
		if (!tokens[name]) throw new Error(`there is no colour --${name}`);
		return rgb(tokens[name][theme]);
	};
	const out = [];
	const say = (what, least, a, b) => out.push([what, least, contrast(a, b)]);
	for (const t of texts) for (const s of surfaces) say(`${t} on ${s}`, 4.5, of(t), of(s));
	for (const s of surfaces) say(`border-control on ${s}`, 3, of("border-control"), of(s));
	say("on-accent on accent-fill", 4.5, of("on-accent"), of("accent-fill"));
	for (const c of code) for (const s of ["code-bg", "diff-add", "diff-del"]) say(`${c} on ${s}`, 4.5, of(c), of(s));
	for (const c of code) say(`${c} on a cited line`, 4.5, of(c), mix(of("find"), of("code-bg"), 0.45));
	for (const s of ["selection", "find", "find-current"]) say(`text-1 on ${s}`, 4.5, of("text-1"), of(s));
	for (const t of status) say(`${t} on a tenth of itself`, 4.5, of(t), mix(of(t), of("bg-0"), 0.1));
	return out;
}

export function check() {
	return [0, 1].flatMap((theme) => rows(theme).map(([what, least, ratio]) => ({ theme: ["light", "dark"][theme], what, least, ratio })));
}

if (process.argv[1]?.endsWith("contrast.mjs")) {
	const all = check();
	const bad = all.filter((r) => r.ratio < r.least);
	if (process.argv.includes("--table")) for (const r of all) console.log(`${r.theme} ${r.what}: ${r.ratio.toFixed(2)} (≥ ${r.least})`);
	for (const r of bad) console.log(`TOO LOW ${r.theme} ${r.what}: ${r.ratio.toFixed(2)}, at least ${r.least}`);
	console.log(`${all.length} pairs of colours, ${bad.length} below their limit`);
	process.exit(bad.length ? 1 : 0);
}
