// The page over a real daemon: daemon.mjs TUTTI DIR [NAME] prints "ok NAME" or "not ok NAME: why" for each thing that
// has to hold, or only those whose name contains NAME. What a played daemon can show is tested in page.mjs
// and run.mjs; here is what takes both sides to be real: that a page gets from the printed link to the export,
// outlives the daemon, and that nothing which agents or repositories wrote is anything but text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { hold } from "./hold.mjs";
import { House, top } from "./house.mjs";
import { box, same, seen } from "./stream.mjs";

const [tutti, dir, only = ""] = process.argv.slice(2);
const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const browser = await launch();

// What the page must not do is noted while FN(page, notes) does something with it.
async function visit(house, device, fn, allowed = []) {
	const context = await browser.newContext({ ...device, acceptDownloads: true, reducedMotion: "reduce" });
	const bad = [];
	await context.exposeBinding("violated", (_, what) => bad.push("policy: " + what));
	await context.addInitScript(() => addEventListener("securitypolicyviolation", (e) => window.violated(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
	context.on("request", (r) => {
		if (!r.url().startsWith(house.url + "/")) bad.push("request: " + r.url());
	});
	const page = await context.newPage();
	page.setDefaultTimeout(60_000);
	page.on("dialog", (d) => (bad.push("dialog: " + d.message()), d.dismiss()));
	page.on("pageerror", (e) => bad.push("error: " + e.message));
	page.on("console", (m) => ["error", "warning"].includes(m.type()) && !allowed.some((a) => m.text().includes(a)) && bad.push("console: " + m.text()));
	try {
		await fn(page, bad);
		assert.deepEqual(bad, []);
	} catch (e) {
		if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}-${Math.random()}.png` });
		throw e;
	} finally {
		await context.close();
	}
}

// A finger that pulls the stream down.
async function swipe(page, by) {
	await box(page).evaluate((e) => e.scrollIntoView({ block: "center" }));
	const r = await box(page).boundingBox();
	const cdp = await page.context().newCDPSession(page);
	const touch = (type, y) => cdp.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x: r.x + r.width / 2, y: r.y + 40 + y }] });
	await touch("touchStart", 0);
	for (let y = 0; y <= by; y += 10) await touch("touchMove", y);
	await touch("touchEnd");
}

// What is being read stays where it is, while more is written below it.
async function staysPut(page, away, back) {
	await page.waitForFunction(() => { const e = document.querySelector(".well-scroll"); return e && e.scrollHeight > e.clientHeight + 120; });
	await away();
	await page.getByRole("button", { name: /Jump to live/ }).waitFor();
	await page.waitForTimeout(200); // the movement is over
	const before = await seen(page);
	await page.waitForFunction((n) => document.querySelector(".well-scroll").scrollHeight > n, before.all);
	const after = await seen(page);
	assert.deepEqual([after.key, after.y], [before.key, before.y]);
	await back();
	await page.waitForFunction(() => { const e = document.querySelector(".well-scroll"); return e.scrollHeight - e.scrollTop - e.clientHeight <= 24; });
}

// The citation's popover has the lines that the snapshot has there.
async function citationShows(page, house) {
	await page.locator(".cite-pop mark").first().waitFor();
	await page.locator(".cite-pop pre [class^=t-]").first().waitFor(); // read by a thread of the page, under its policy
	const { place, lines } = await page.evaluate(() => ({
		place: document.querySelector(".cite-pop .cite-title code").textContent,
		lines: [...document.querySelectorAll(".cite-pop mark")].map((m) => m.lastChild.textContent),
	}));
	const [, path, from] = place.match(/^(.*?):(\d+)/);
	const file = readFileSync(join(house.repo, path), "utf8").split("\n");
	assert.deepEqual(lines.map((l) => l.trimEnd()), file.slice(from - 1, from - 1 + lines.length).map((l) => l.trimEnd()));
}

async function exported(page, click) {
	const [download] = await Promise.all([page.waitForEvent("download"), click()]);
	const text = readFileSync(await download.path(), "utf8");
	assert.match(download.suggestedFilename(), /\.html$/);
	assert.match(text, /^<!DOCTYPE html>/);
	assert.match(text, /engine/);
}

// The next flow gets the report that is shown, and its own one says so.
async function followUp(page) {
	const earlier = new URL(page.url()).pathname.split("/")[2];
	await page.locator(".follow-up").getByRole("button", { name: "risk-analysis" }).click();
	await page.locator("dialog .launch-note", { hasText: "architectural-analysis: the engine" }).waitFor();
	await page.getByRole("combobox", { name: "Model" }).fill("rehearsal");
	await page.locator("dialog .launch-roster").waitFor();
	await page.locator("dialog .is-filled").click();
	await page.waitForURL((u) => u.pathname.startsWith("/runs/r-") && !u.pathname.endsWith(earlier));
	await page.locator(".report .follow-up").waitFor({ timeout: 300_000 }); // who only looks on is led there
	assert.match(await page.locator(".report").innerText(), /A report was provided; its first finding, r-[0-9a-z]+#/);
	await page.getByRole("link", { name: "with an earlier report" }).click();
	await page.waitForURL((u) => u.pathname.endsWith(earlier));
}

async function byMouse(house, device) {
	await visit(house, device, async (page) => {
		const phone = device === PHONE;
		await page.goto(house.link());
		await page.click(phone ? ".bottom-new" : ".top-new");
		await page.locator("dialog textarea").fill("the engine and how it survives a crash");
		await page.locator("dialog label.flow-row", { hasText: "architectural-analysis" }).click();
		await page.getByRole("combobox", { name: "Model" }).fill("rehearsal");
		await page.locator("dialog .launch-roster").waitFor();
		await page.locator("dialog .is-filled").click();
		await page.waitForURL(/\/runs\/r-/);
		const row = page.locator('.agent-button[data-step="structure"]');
		await page.locator('.agent-row.is-running .agent-button[data-step="structure"]').waitFor();
		await page.locator(".run-facts li", { hasText: /@[0-9a-f]{7}/ }).waitFor(); // it was not known at the launch
		await row.click();
		const up = async () => {
			if (phone) return swipe(page, 90);
			await box(page).hover();
			await page.mouse.wheel(0, -90);
		};
		await staysPut(page, up, () => page.getByRole("button", { name: /Jump to live/ }).click());
		await page.getByRole("button", { name: "Read report" }).click({ timeout: 300_000 });
		const ref = page.locator(".report a.ref").first();
		await ref.scrollIntoViewIfNeeded();
		await ref.click();
		await citationShows(page, house);
		await page.locator(".cite-close").click();
		await page.locator(".run-actions, .top-actions").getByRole("button", { name: "Export" }).click();
		await exported(page, () => page.getByRole("menuitem", { name: /One-file page/ }).click());
		if (!phone) await followUp(page);
	});
}

async function byKeyboard(house, device) {
	await visit(house, device, async (page) => {
		const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
		await page.goto(house.link("/agents"));
		await page.locator("h1").waitFor();
		await press("n");
		await page.locator("dialog .flow-row").first().waitFor();
		await page.keyboard.type("the engine and how it survives a crash");
		for (let i = 0; !(await page.evaluate(() => document.activeElement.hasAttribute("list"))); i++) {
			assert.ok(i < 40, "no way to the model by Tab");
			await press("Tab");
		}
		await page.keyboard.type("rehearsal");
		await page.locator("dialog .launch-roster").waitFor();
		await press("Control+Enter");
		await page.waitForURL(/\/runs\/r-/);
		await page.locator('.agent-row.is-running .agent-button[data-step="structure"]').waitFor();
		for (let i = 0; (await page.evaluate(() => document.activeElement.dataset.step)) !== "structure"; i++) {
			assert.ok(i < 9, "no way to the agent by j");
			await press("j");
		}
		await press("Enter");
		await page.locator(".well-scroll .block").first().waitFor();
		await press("ArrowRight");
		await page.waitForFunction(() => document.activeElement.matches(".well-scroll"));
		await staysPut(page, () => press("ArrowUp", "ArrowUp"), () => press("End"));
		await press("Escape");
		await page.getByRole("button", { name: "Read report" }).waitFor({ timeout: 300_000 });
		await press("r");
		await page.locator(".report-filters").waitFor();
		for (let i = 0; !(await page.evaluate(() => document.activeElement.matches(".report a.ref"))); i++) {
			assert.ok(i < 120, "no way to a citation by Tab");
			await press("Tab");
		}
		await press("Enter");
		await citationShows(page, house);
		await press("Escape", "e");
		await page.waitForFunction(() => document.activeElement.matches("[role=menuitem]"));
		await exported(page, () => press("Enter"));
	});
}

// --- a daemon that dies ----------------------------------------------------------------------------

// To another address of the page, without loading it again.
const turn = (page, to) => page.evaluate((to) => {
	history.pushState(null, "", to);
	dispatchEvent(new PopStateEvent("popstate"));
}, to);

async function crash() {
	const house = await open("crash", { sources: ["src/engine"], script: SCRIPT });
	const { id } = await house.post("/runs", { flow: "architectural-analysis", question: "what a crash leaves", size: "small", repo: house.repo, model: "rehearsal" });
	const away = ["WebSocket", "ERR_", "Failed to load"];
	await visit(house, DESKTOP, async (page) => {
		await page.goto(house.link(`/runs/${id}?tab=agents&agent=structure`));
		await page.locator(".pill.is-live").waitFor();
		await page.waitForFunction(() => document.querySelector(".well-scroll .tail")?.textContent.length > 2000);
		await page.evaluate(() => (window.same = true));
		await house.kill();
		await page.locator(".pill:not(.is-live)").waitFor();
		await house.start(house.port);
		await page.locator(".pill.is-live").waitFor();
		await page.locator(".run-bar", { hasText: /stopped at .* continued at .* restarted Structure/ }).waitFor();
		await page.locator(".agent-row", { hasText: "kept" }).first().waitFor();
		assert.deepEqual((await house.ask(`/runs/${id}`)).steps.filter((s) => s.kind === "agent" && s.kept).map((s) => s.step), ["behaviour"]);
		await page.locator(".run-head .run-outcome.is-completed").waitFor({ timeout: 300_000 });
		const steps = (await house.ask(`/runs/${id}`)).steps.filter((s) => s.kind === "agent" && s.epoch > 0);
		const broken = steps.find((s) => s.step === "structure");
		assert.ok(broken.epoch > 1, "it was not begun again");
		assert.ok((await same(page, house, id, "structure", broken.epoch)) > 10_000);
		for (const s of steps)
			for (let n = s.epoch; n > 0; n--) {
				await turn(page, `/runs/${id}?tab=agents&agent=${s.step}&attempt=${n}`);
				await page.locator(".well-scroll .block").first().waitFor();
				assert.ok((await same(page, house, id, s.step, n)) > 0 || n < s.epoch, `${s.step} wrote nothing`);
			}
		assert.equal(await page.evaluate(() => window.same), true, "the page was loaded again");
	}, away);
}

// --- what others wrote ---------------------------------------------------------------------------------

// The texts that the renderer is tested with, too.
const corpus = readFileSync(join(top, "tests/unit/test_report_html.c"), "utf8").split(/static const char \*const (?:texts|dead)\[\] = /).slice(1)
	.flatMap((s) => s.slice(0, s.indexOf("};")).match(/"(?:[^"\\]|\\.)*"/g)).map((s) => JSON.parse(s));
const EVIL = `<img src=x onerror="window.bad=1"><script>window.bad=1</script>`;
const PART = "<img src=x onerror=window.bad=1>"; // of an address
const quoted = (s) => JSON.stringify(s);
const NAME = `<img src=x onerror=alert(1)>.c`;

const evilFlow = `flow: evil
title: ${quoted(EVIL)}
category: review
summary: ${quoted(EVIL)}
when_to_use: ${quoted(EVIL)}
input:
  question: {label: ${quoted(EVIL)}, placeholder: ${quoted(EVIL)}}
spine:
  angles:
    - {id: structure, persona: evil, label: ${quoted(EVIL)}, task: ${quoted(EVIL + " {{ question }}")}}
    - {id: names, persona: evil, label: ${quoted(EVIL + " names")}, task: "Where is {{ question }}?"}
    - {id: calls, persona: evil, label: ${quoted(EVIL + " calls")}, task: "Where is {{ question }}?"}
  synthesizer: {persona: evil, label: ${quoted(EVIL + " says")}, task: ${quoted(EVIL)}}
  validator: {persona: evil, task: ${quoted(EVIL)}}
report:
  title: ${quoted(EVIL + " {{ question }}")}
`;

async function hostile() {
	const house = await open("hostile", {
		files: { [NAME]: `int main(void)\n{\n\treturn bad("${EVIL.replaceAll('"', "'")}"); /* TODO ${EVIL} */\n}\n`, "src/\"onmouseover=alert(2) x.c": corpus.map((s) => `// ${s}`).join("\n") + "\n" },
		config: { "flows/evil.yaml": evilFlow, "personas/evil.md": `---\npersona: evil\ntitle: ${quoted(EVIL)}\n---\nYou are ${EVIL}.\n` },
		script: `step=structure answer say ${corpus.join(" ").replaceAll("\n", " ")}\nstep=calls call ${"<svg/onload=alert(3)>"} {"path":"<img src=x onerror=alert(4)>"}\nstep=names answer invent all\n`,
	});
	const launched = [];
	for (const flow of ["evil", "evil", "architectural-analysis"])
		launched.push((await house.post("/runs", { flow, question: `${EVIL} bad`, focus: EVIL, size: "small", repo: house.repo, model: "rehearsal" })).id);
	for (const id of launched)
		for (let i = 0; ; i++) {
			const { status } = await house.ask(`/runs/${id}`);
			if (status !== "running" && status !== "pending") break;
			assert.ok(i < 1500, `${id} does not end`);
			await new Promise((done) => setTimeout(done, 200));
		}
	const [a, b] = launched;
	await visit(house, DESKTOP, async (page) => {
		const clean = async (what) => {
			const { bad, made, text } = await page.evaluate(() => ({
				bad: window.bad ?? 0, text: document.body.innerText,
				made: [...document.querySelectorAll("img, iframe, object, embed, math, body script, [onerror], [onload], [onclick], [onmouseover], a[href^='javascript' i], a[href^='data' i]")].filter((e) => !/^\/assets\//.test(e.getAttribute("src") ?? "")).map((e) => e.outerHTML.slice(0, 80)),
			}));
			assert.deepEqual([bad, made], [0, []], what);
			return text;
		};
		const look = (to, wait, has) => view(to, wait, has).catch((e) => {
			throw new Error(`${to}: ${e.message}`);
		});
		const view = async (to, wait, has) => {
			await page.goto(to.startsWith("http") ? to : house.url + to);
			await page.locator(wait).first().waitFor();
			await page.evaluate(() => { for (const e of document.querySelectorAll(".tool-line, .block.is-run button, main summary")) e.click(); });
			if (has) await page.waitForFunction((t) => document.body.textContent.includes(t), has);
			await clean(to);
		};
		await look(house.link("/"), ".row", EVIL);
		await look("/runs", ".run", EVIL);
		await look("/runs?q=bad", ".run", "script");
		for (const id of [a, b, launched[2]]) {
			await look(`/runs/${id}`, ".report-filters, .report", EVIL);
			await look(`/runs/${id}/report.html`, "main", EVIL);
		}
		for (const tab of ["timeline", "graph", "log", "input"]) await look(`/runs/${a}?tab=${tab}`, ".run-body", EVIL);
		for (const step of ["structure", "names", "calls"])
			for (const view of ["stream", "raw", "output", "prompt", "evidence"]) await look(`/runs/${a}?tab=agents&agent=${step}&view=${view}`, ".well", EVIL);
		await look(`/runs/${a}?tab=agents&agent=${encodeURIComponent(EVIL)}`, ".well", "has no agent");
		await look(`/runs/${encodeURIComponent(PART)}`, "h1");
		await look(`/flows/${encodeURIComponent(PART)}`, "h1");
		await look(`/nowhere/${encodeURIComponent(PART)}`, "body", "<img src=x");
		await look("/flows", ".row", EVIL);
		await look("/flows/evil", "h1", EVIL);
		await look(`/new?flow=evil&q=${encodeURIComponent(EVIL)}`, ".flow-row", EVIL);
		await look(`/compare?a=${a}&b=${b}`, ".heads", EVIL);
		await page.goto(house.url + "/");
		await page.locator(".row").first().waitFor();
		await page.keyboard.press("Control+k");
		await page.locator(".palette-field").waitFor();
		await page.keyboard.type("bad");
		await page.waitForFunction((t) => document.querySelector("[role=listbox]")?.textContent.includes(t), "<img src=x");
		await page.waitForTimeout(600); // what the store found has come, too
		await clean("palette");
	}, ["404", "Failed to load"]);
}

// That nothing of it was noted means something.
async function noted() {
	const house = await open("noted", { files: { "a.c": "int a;\n" } });
	const wanted = [/policy: img-src/, /policy: frame-src/];
	const made = visit(house, DESKTOP, async (page, notes) => {
		await page.goto(house.link("/settings"));
		await page.locator("h1").waitFor();
		await page.evaluate(() => {
			document.body.append(Object.assign(new Image(), { src: "http://192.0.2.1/x.png" }));
			document.body.append(Object.assign(document.createElement("iframe"), { src: "/" }));
		});
		for (let i = 0; i < 600 && !wanted.every((w) => notes.some((n) => w.test(n))); i++) await page.waitForTimeout(100);
	});
	await assert.rejects(made, (e) => wanted.every((w) => w.test(e.message)));
}

const journey = (() => {
	let house;
	return (fn) => async () => fn(await (house ??= open("journeys", { sources: ["src/engine", "src/store"], script: SCRIPT })));
})();

const tests = {
	"a daemon that is killed in the middle of a stream: the page heals, and no word is missing": crash,
	"what models, tools, files and flows say is text": hostile,
	"what a page must not do would be noted": noted,
	"from the link to the export by mouse, at 1440 pixels": journey((h) => byMouse(h, DESKTOP)),
	"from the link to the export by touch, at 390 pixels": journey((h) => byMouse(h, PHONE)),
	"from the link to the export by keyboard, at 1440 pixels": journey((h) => byKeyboard(h, DESKTOP)),
	"from the link to the export by keyboard, at 390 pixels": journey((h) => byKeyboard(h, { viewport: PHONE.viewport })),
};

// One agent has much to say, slowly, so that there is something to scroll in.
const SCRIPT = "delay 20\nstep=structure delay 240\nstep=structure huge 40000\n";

const houses = [];
async function open(name, of) {
	const house = new House(tutti, join(dir, name), of);
	houses.push(house);
	await house.start();
	return house;
}

await hold(tests, only, 4);
for (const h of houses) await h.stop();
await browser.close();
