// Every state of every part of the page (ui/states/table.mjs) in three widths, and in both themes on a desktop and a
// phone: it is reached, axe finds nothing, and nothing scrolls sideways. Prints "ok PART, STATE" or
// "not ok PART, STATE: why", or only for those whose name contains the argument.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { cells } from "../../ui/states/table.mjs";
import { DEVICES, Stage } from "../../ui/states/stage.mjs";
import { launch } from "./chromium.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const only = process.argv[2] ?? "";
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const OF_COLOURS = ["color-contrast", "link-in-text-block"]; // what a theme changes
const OF_ROOM = ["target-size", "scrollable-region-focusable"]; // what a width changes, as long as it is no phone's

const judge = (page, rules) =>
	page.evaluate(([tags, rules]) => window.axe.run(document, { resultTypes: ["violations"], runOnly: rules ?? tags, preload: false }).then((r) => r.violations.map((v) => `${v.id} at ${v.nodes[0].target.join(" ")}`)), [TAGS, rules]);

async function look(stage, cell, say) {
	await stage.show(cell);
	await stage.page.evaluate(axe);
	await stage.each(async (width) => {
		for (const v of await judge(stage.page, width === stage.widths[0] ? null : OF_ROOM)) say(`at ${width}, light: ${v}`);
		const over = await stage.overflow();
		if (over > 0) say(`at ${width}, wider than its window by ${over} pixels`);
		if (width !== stage.widths[0]) return; // the same rules give it the same colours
		await stage.theme("dark");
		for (const v of await judge(stage.page, OF_COLOURS)) say(`at ${width}, dark: ${v}`);
	});
	stage.said.forEach(say);
}

const wanted = cells.filter((c) => `${c.part}, ${c.state}`.includes(only));
const browser = await launch();
const wrong = new Map(wanted.map((c) => [c, []]));
const from = Date.now();
await Promise.all(DEVICES.map(async (widths) => {
	const stage = await Stage.open(browser, widths);
	for (const c of wanted.filter((c) => stage.has(c))) {
		const say = (what) => wrong.get(c).push(what);
		await look(stage, c, say).catch((e) => say(`at ${widths}, ${e.message.split("\n").slice(0, 3).join(" | ")}`));
	}
	await stage.close();
}));
await browser.close();
for (const [c, bad] of wrong) console.log(bad.length ? `not ok ${c.part}, ${c.state}: ${bad.join("; ")}` : `ok ${c.part}, ${c.state}`);
console.log(`# ${wanted.length} states, ${Date.now() - from} ms`);
