// tools/shots.mjs OUT [--only TEXT] [--widths N,…] [--themes T,…]: pictures of the page in all its states
// (states/table.mjs), from the played daemon, one file a state, width and theme. Fails when one was not reached;
// tests/browser/states.mjs is what judges them.
import { mkdirSync } from "node:fs";
import { launch } from "../../tests/browser/chromium.mjs";
import { cells } from "../states/table.mjs";
import { DEVICES, Stage, THEMES, WIDTHS } from "../states/stage.mjs";

const out = process.argv[2] ?? "shots";
const value = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null);
const only = value("--only") ?? "";
const widths = (value("--widths") ?? WIDTHS.join()).split(",").map(Number);
const themes = (value("--themes") ?? THEMES.join()).split(",");
const file = (c) => `${c.part} ${c.state}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");

mkdirSync(out, { recursive: true });
const browser = await launch();
let missed = 0;
await Promise.all(DEVICES.map(async (of) => {
	if (!of.some((w) => widths.includes(w))) return;
	const stage = await Stage.open(browser, of);
	const take = async (c, width) => {
		for (const theme of widths.includes(width) ? themes : []) {
			await stage.theme(theme);
			await stage.picture(`${out}/${file(c)}-${width}-${theme}.png`);
		}
	};
	for (const c of cells.filter((c) => stage.has(c) && `${c.part}, ${c.state}`.includes(only)))
		try {
			await stage.show(c);
			await stage.each((width) => take(c, width));
		} catch (e) {
			missed++;
			console.log(`${c.part}, ${c.state}, ${of}: ${e.message.split("\n")[0]}`);
			await take(c, of[0]);
		}
	await stage.close();
}));
await browser.close();
process.exit(missed ? 1 : 0);
