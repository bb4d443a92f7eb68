// tools/pictures.mjs: those of README into docs/pictures, from tapes (replay/tape.mjs). With --check, whether all are
// there, small enough, and of the tapes that are there now: each says in itself which one it was made of.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { load, play, version } from "../replay/tape.mjs";

const out = new URL("../../docs/pictures/", import.meta.url);
const LIMIT = 200 * 1024;
const KEY = "tutti-tape";
const themes = ["light", "dark"];
const DESKTOP = { viewport: { width: 1440, height: 810 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const pictures = [
	{
		name: "report", tape: "report", device: DESKTOP,
		async act(page) {
			await page.locator(".report-filters").waitFor();
			const ref = page.locator('.report a.cite, .report a.ref').filter({ hasText: "sessions.go:38" }).first();
			await ref.evaluate((e) => {
				for (let at = e; at; at = at.parentElement) at.scrollTop += e.getBoundingClientRect().top - 314;
			});
			await page.waitForTimeout(300);
			await ref.hover();
			await page.locator(".cite-pop mark").first().waitFor();
		},
	},
	{
		name: "live", tape: "live", device: DESKTOP,
		async act(page) {
			await page.getByText("Two requests of any users").waitFor();
			const end = page.getByRole("button", { name: /Jump to live/ }); // where time stands still, nothing is followed
			if (await end.count()) await end.click();
			await page.mouse.move(700, 20);
		},
	},
	{
		name: "phone", tape: "live", device: PHONE, path: (s) => s.replace(/&agent=.*/, ""),
		act: (page) => page.locator(".agent-row.is-running").nth(1).waitFor(),
	},
];

// PNG: a text chunk before the end
function tagged(png, text) {
	const data = Buffer.from(`tEXt${KEY}\0${text}`, "latin1");
	const head = Buffer.alloc(4), sum = Buffer.alloc(4);
	head.writeUInt32BE(data.length - 4);
	sum.writeUInt32BE(crc32(data));
	return Buffer.concat([png.subarray(0, -12), head, data, sum, png.subarray(-12)]);
}
const tagOf = (png) => png.toString("latin1").match(new RegExp(`tEXt${KEY}\0([0-9a-f]{16})`))?.[1];

function check() {
	const wrong = [];
	for (const p of pictures) {
		load(p.tape); // of the format that is played now
		for (const theme of themes) {
			const file = new URL(`${p.name}-${theme}.png`, out);
			if (!existsSync(file)) wrong.push(`${p.name}-${theme}.png is missing`);
			else {
				const png = readFileSync(file);
				if (tagOf(png) !== version(p.tape)) wrong.push(`${p.name}-${theme}.png is of another tape than ${p.tape}.tape.json`);
				if (png.length > LIMIT) wrong.push(`${p.name}-${theme}.png has ${png.length} bytes`);
			}
		}
	}
	for (const w of wrong) console.log(`${w}: ./dev shots`);
	process.exit(wrong.length ? 1 : 0);
}
if (process.argv.includes("--check")) check();

const { launch } = await import("../../tests/browser/chromium.mjs");
const { serve } = await import("../replay/server.mjs");
mkdirSync(out, { recursive: true });
const browser = await launch();
const daemon = await serve({ past: 0 }); // the built page; all it says comes from the tape
for (const p of pictures)
	for (const theme of themes) {
		const context = await browser.newContext({ ...p.device, colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
		const page = await context.newPage();
		const tape = load(p.tape);
		await play(page, tape);
		await page.goto(daemon.url + (p.path ?? ((s) => s))(tape.path));
		await p.act(page);
		await page.waitForTimeout(500);
		const png = tagged(await page.screenshot(), version(p.tape));
		writeFileSync(new URL(`${p.name}-${theme}.png`, out), png);
		console.log(`docs/pictures/${p.name}-${theme}.png ${Math.round(png.length / 1024)} KiB`);
		await context.close();
	}
await browser.close();
daemon.close();
