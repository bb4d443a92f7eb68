// A report of ours in a browser: report.mjs REPORT.html REPORT.json prints "ok NAME" or "not ok NAME:
// why" for each thing that has to hold. The page itself runs without JavaScript and without network;
// axe, which judges it, is script, and gets a context of its own.
import { createRequire } from "module";
import { readFileSync } from "fs";
import { resolve } from "path";
import { launch } from "./chromium.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [page_file, json_file] = process.argv.slice(2);
const url = "file://" + resolve(page_file);
const facts = JSON.parse(readFileSync(json_file, "utf8"));
const widths = [390, 1024, 1440];
const themes = ["light", "dark"];

let bad = 0;

async function check(name, fn) {
	try {
		await fn();
		console.log(`ok ${name}`);
	} catch (e) {
		bad++;
		console.log(`not ok ${name}: ${e.message.split("\n").slice(0, 8).join(" | ")}`);
	}
}

function must(holds, what) {
	if (!holds) throw new Error(what);
}

const browser = await launch();

async function open(options) {
	const context = await browser.newContext({ offline: true, ...options });
	const page = await context.newPage();
	const asked = [], said = [];
	page.setDefaultTimeout(60_000);
	page.on("request", (r) => asked.push(r.url()));
	page.on("dialog", (d) => { said.push(d.message()); d.dismiss(); });
	page.on("pageerror", (e) => said.push(e.message));
	page.on("console", (m) => said.push(m.text()));
	await page.goto(url);
	return { context, page, asked, said };
}

// As a reader would: what can be seen and is closed is clicked, until nothing is.
async function open_everything(page) {
	for (;;) {
		const closed = page.locator("main details:not([open]) > summary:visible");
		const n = await closed.count();
		if (!n) return;
		for (let i = n; i-- > 0; )
			await closed.nth(i).click();
	}
}

const bare = (s) => s.replace(/\s+/g, "");

const plain = await open({
	javaScriptEnabled: false, viewport: { width: 390, height: 844 }, colorScheme: "light",
});

await check("there is no script, and nothing is asked for", async () => {
	must(await plain.page.locator("script, link, img, iframe, object, embed, form, base").count() === 0,
		"something that loads or runs");
	must(await plain.page.locator("section").count() >= 6, "not the report");
});

await check("without JavaScript every fold opens, and every citation shows its lines", async () => {
	await open_everything(plain.page);
	const slices = await plain.page.locator(".slice").evaluateAll((all) => all.map((s) => ({
		text: s.innerText.trim(), height: s.getBoundingClientRect().height,
	})));
	must(slices.length >= facts.evidence.length, "fewer slices than citations");
	for (const s of slices)
		must(s.text && s.height > 10, `a slice that cannot be read: ${s.text}`);
	must(await plain.page.locator("main details:not([open])").count() === 0, "one stays closed");
});

await check("the marked lines hold what was quoted", async () => {
	const rows = await plain.page.locator("ul.evidence > li").evaluateAll((all) => all.map((li) => ({
		id: li.id, text: li.innerText,
		marked: [...li.querySelectorAll("mark.l > span")].map((s) => s.textContent).join("\n"),
	})));
	must(rows.length === facts.evidence.length, `${rows.length} rows for ${facts.evidence.length}`);
	for (const fact of facts.evidence) {
		const row = rows.find((r) => r.id === fact.id);
		must(row, `no row ${fact.id}`);
		must(row.text.includes(fact.state), `${fact.id} does not say ${fact.state}`);
		if (fact.quote && ["resolves", "moved"].includes(fact.state) && !/\.\.\.|…/.test(fact.quote))
			must(bare(row.marked).includes(bare(fact.quote)), `${fact.id}: ${fact.quote}`);
		if (fact.state === "changed")
			must(row.text.includes(fact.quote.trim()), `${fact.id} hides what was quoted`);
	}
});

await check("at 390 pixels nothing scrolls sideways, with everything open", async () => {
	const size = await plain.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
	must(size[0] <= size[1], `${size[0]} > ${size[1]}`);
});

await check("a word that cites leads to its lines", async () => {
	const { context, page } = await open({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
	for (const fold of await page.locator(".fold > summary:visible").all()) await fold.click();
	const link = page.locator("a.ref:visible").first();
	const to = await link.getAttribute("href");
	await link.click();
	must(page.url().endsWith(to), `it leads to ${page.url()}`);
	const slice = page.locator(`li${to} .slice`);
	await slice.waitFor({ state: "visible" });
	must((await slice.boundingBox()).height > 10, "its lines cannot be seen");
	await context.close();
});

await check("the first key leads to the answer", async () => {
	const { context, page } = await open({ javaScriptEnabled: false, viewport: { width: 1024, height: 768 } });
	await page.keyboard.press("Tab");
	const skip = page.locator("a.skip:focus");
	must(await skip.count() === 1, "it is not the skip link");
	must((await skip.boundingBox()).y >= 0, "it cannot be seen");
	await page.keyboard.press("Enter");
	must(page.url().endsWith("#answer"), "it leads elsewhere");
	await context.close();
});

await check("on paper everything is unfolded and nothing is clipped", async () => {
	const { context, page } = await open({ javaScriptEnabled: false, viewport: { width: 720, height: 1000 } });
	await page.emulateMedia({ media: "print" });
	const wrong = await page.evaluate(() => {
		const out = [];
		for (const s of document.querySelectorAll(".slice:not(.again), .text, .asis"))
			if (s.getBoundingClientRect().height < 5) out.push("folded: " + s.textContent.slice(0, 40));
		for (const p of document.querySelectorAll("pre, .table"))
			if (p.scrollWidth > p.clientWidth + 1 && p.clientWidth) out.push("clipped: " + p.textContent.slice(0, 40));
		return out;
	});
	must(!wrong.length, wrong.slice(0, 3).join("; "));
	must((await page.pdf({ format: "A4" })).length > 10000, "no PDF");
	await context.close();
});

await check("nothing left the page", async () => {
	must(plain.asked.length === 1 && plain.asked[0] === url, plain.asked.slice(0, 3).join(" "));
});
await plain.context.close();

for (const theme of themes) {
	const { context, page, asked, said } = await open({ viewport: { width: 390, height: 844 }, colorScheme: theme });
	await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
	await page.evaluate(axe);
	for (const width of widths)
		await check(`axe finds nothing, ${theme}, ${width} pixels`, async () => {
			await page.setViewportSize({ width, height: 900 });
			const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
			must(found.passes.length > 10, "it looked at nothing");
			must(!found.violations.length, found.violations.map((v) =>
				`${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)}`).join("; "));
		});
	await check(`nothing ran and nothing was asked for, ${theme}`, async () => {
		must(!said.length, said.slice(0, 3).join("; "));
		must(asked.length === 1, asked.slice(0, 3).join(" "));
		must(await page.evaluate(() => document.scripts.length) === 0, "a script element");
	});
	await context.close();
}

await browser.close();
process.exit(bad ? 1 : 0);
