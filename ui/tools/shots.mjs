// tools/shots.mjs OUT [--only TEXT] [--widths N,…] [--themes T,…] [--axe]: pictures of the page in all its
// states, three widths, two themes, from the played daemon. Says what the console and the policy said
// and, with --axe, what stands between the page and people with disabilities; fails when that is anything.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { serve } from "../replay/server.mjs";
import { shots } from "./shots.list.mjs";

const require = createRequire(new URL("../../tests/browser/", import.meta.url));
const { chromium } = require("playwright-core");
const out = process.argv[2] ?? "shots";
const axe = process.argv.includes("--axe") ? readFileSync(require.resolve("axe-core/axe.min.js"), "utf8") : null;
const value = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null);
const only = value("--only");
const widths = (value("--widths") ?? "1440,1024,390").split(",").map(Number);
const themes = (value("--themes") ?? "light,dark").split(",");
const heights = { 1440: 900, 1024: 768, 390: 844 };
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let said = 0;
for (const shot of shots.filter((s) => !only || s.name.includes(only))) {
	for (const theme of themes) {
		for (const width of shot.widths ?? widths) {
			const daemon = await serve({ live: shot.live ?? true, scenario: shot.scenario ?? "normal", ...shot.serve });
			const context = await browser.newContext({ viewport: { width, height: heights[width] ?? 800 }, colorScheme: theme, hasTouch: width < 500, isMobile: width < 500, deviceScaleFactor: 1 });
			const page = await context.newPage();
			page.setDefaultTimeout(8000);
			const name = `${shot.name}-${width}-${theme}`;
			const say = (text) => {
				if ((shot.expect ?? []).some((e) => text.includes(e))) return;
				said++;
				console.log(`${name}: ${text}`);
			};
			page.on("pageerror", (e) => say(String(e)));
			page.on("console", (m) => (m.type() === "error" || m.type() === "warning") && say(m.text()));
			try {
				await page.goto(daemon.url + shot.path);
				await page.waitForTimeout(shot.wait ?? 600);
				if (shot.act) await shot.act(page, daemon, width);
				await page.waitForTimeout(shot.settle ?? 250);
				await page.screenshot({ path: `${out}/${name}.png` });
				if (axe) {
					await page.evaluate(axe);
					const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"], rules: { region: { enabled: false } } }));
					for (const v of violations) say(`${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
				}
				const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				if (over > 0) say(`wider than its window by ${over} px`);
			} catch (e) {
				say(String(e).split("\n")[0]);
			}
			await context.close();
			daemon.close();
		}
	}
}
await browser.close();
process.exit(said ? 1 : 0);
