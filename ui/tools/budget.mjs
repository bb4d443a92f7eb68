// tools/budget.mjs: how much the first view weighs, and all of it. Fails above what was promised.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const gz = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

// What the browser needs before something is shown: the entry and all that it imports at once.
const js = new Set(), css = new Set();
function need(key) {
	const part = manifest[key];
	if (!part || js.has(part.file)) return;
	js.add(part.file);
	for (const c of part.css ?? []) css.add(c);
	for (const i of part.imports ?? []) need(i);
}
need("index.html");
const sum = (files) => [...files].reduce((n, f) => n + gz(f), 0);
const packed = readdirSync(new URL("packed/", dist)).filter((f) => f.endsWith(".gz")).reduce((n, f) => n + statSync(new URL("packed/" + f, dist)).size, 0);

let bad = 0;
function limit(name, size, most) {
	const over = size > most;
	bad += over;
	console.log(`${over ? "OVER" : "ok  "} ${name}: ${(size / 1024).toFixed(1)} of ${most / 1024} KiB gzip`);
}
limit("first view, JavaScript", sum(js), 60 * 1024);
limit("first view, CSS", sum(css), 12 * 1024);
for (const [key, part] of Object.entries(manifest))
	if (part.isDynamicEntry && gz(part.file) > 25 * 1024) limit(key, gz(part.file), 25 * 1024);
for (const name of readdirSync(new URL("assets/", dist)).filter((f) => /worker.*\.js$/.test(f))) limit(name, gz("assets/" + name), 25 * 1024);
limit("all assets", packed, 250 * 1024);
process.exit(bad ? 1 : 0);
