import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/*
 * The theme has to be known before the first paint, and the page's policy allows no inline script:
 * a few hundred bytes are loaded the old, blocking way. They are hashed like everything else.
 */
function first(): Plugin {
	return {
		name: "tutti-first",
		buildStart() {
			const source = readFileSync(new URL("src/app/first.js", import.meta.url), "utf8")
				.replace(/\/\*[\s\S]*?\*\//, "")
				.replace(/\s*\n\s*/g, "\n")
				.trim();
			if (this.environment.config.command === "build") this.emitFile({ type: "asset", name: "first.js", source });
		},
		transformIndexHtml: {
			order: "post",
			handler(html, ctx) {
				const file = Object.values(ctx.bundle ?? {}).find((b) => b.type === "asset" && b.names.includes("first.js"));
				const src = file ? "/" + file.fileName : "/src/app/first.js";
				return html.replace("<!--first-->", `<script src="${src}"></script>`);
			},
		},
	};
}

export default defineConfig({
	plugins: [first()],
	build: {
		target: "es2022",
		cssTarget: ["chrome123", "firefox120", "safari17.5"],
		manifest: true,
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		chunkSizeWarningLimit: 200,
		reportCompressedSize: false,
	},
	// a busy machine is no failure
	test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
} as Parameters<typeof defineConfig>[0]);
