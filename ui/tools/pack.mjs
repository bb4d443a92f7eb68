// tools/pack.mjs: what vite built, compressed twice, and dist/embed.list: one line a file with path,
// media type, digest and whether its name changes with its content. tools/embed-web reads that.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const types = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

rmSync(new URL("packed", dist), { recursive: true, force: true });
mkdirSync(new URL("packed", dist));
const lines = [];
for (const name of readdirSync(new URL("assets/", dist)).sort()) {
	const type = types[extname(name)];
	if (!type) throw new Error(`no media type for ${name}`);
	const bytes = readFileSync(new URL("assets/" + name, dist));
	writeFileSync(new URL(`packed/${name}.gz`, dist), gzipSync(bytes, { level: 9 }));
	writeFileSync(new URL(`packed/${name}.br`, dist), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
	const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
	lines.push(`${name}\t${type}\t${digest}`);
}
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
// A report is read before any script runs: its own looks, and those of the parts that it is made with.
const looks = (key) => [...(manifest[key]?.imports ?? []).filter((i) => i !== "index.html").flatMap(looks), ...(manifest[key]?.css ?? [])];
writeFileSync(new URL("report.css.list", dist), [...new Set(looks("src/report/index.tsx"))].map((c) => "/" + c + "\n").join(""));
writeFileSync(new URL("embed.list", dist), lines.join("\n") + "\n");
