// What the page costs while it is watched: perf/bench.mjs [--check] [--json] [--only NAME] [--seconds N]
// [--slow N]. Needs the built page (npm run build), Chromium, and tests/browser's packages. The daemon is
// the played one: the same frames at the same pace, and nothing else that takes part.
//
//   watch     50 agents at 50 tokens a second, one of them open
//   raw       an attempt of 100,000 lines, scrolled while it grows
//   talk      a conversation of 2,000 blocks that goes on
//   switch    from one agent to the next, until its last blocks stand there
//   key       from a key to what it changes, while live
//   idle      45 running agents from which nothing comes
//   report    a finished run, from the address to its report
//   back      a lost connection, until what was missed is there
import { createRequire } from "node:module";
import { serve } from "../replay/server.mjs";

const require = createRequire(new URL("../../tests/browser/", import.meta.url));
const { chromium } = require("playwright-core");

const args = process.argv.slice(2);
const value = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
const seconds = Number(value("--seconds", 10));
const slow = Number(value("--slow", 1));
const only = value("--only", "");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"];

// docs: budgets of the page; [number, "most" or "least", limit]
const LIMITS = slow > 1
	? { watch: { fps: ["least", 30], longest: ["most", 200] } }
	: {
		watch: { p95: ["most", 20], long: ["most", 0], busy: ["most", 350] },
		raw: { fps: ["least", 55], heap: ["most", 40] },
		talk: { fps: ["least", 55] },
		switch: { ms: ["most", 100] },
		key: { p95: ["most", 50] },
		idle: { busy: ["most", 20] },
		report: { ms: ["most", 400] },
		back: { ms: ["most", 1000], lost: ["most", 0] },
	};

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))] ?? 0;
const round = (n) => Math.round(n * 10) / 10;

// In the page: every frame and every task above 50 ms.
const probe = () => {
	window.probe = { frames: [], long: [], last: 0, on: true };
	new PerformanceObserver((l) => { for (const e of l.getEntries()) window.probe.long.push(e.duration); }).observe({ type: "longtask", buffered: false });
	const tick = (t) => {
		const p = window.probe;
		if (p.last) p.frames.push(t - p.last);
		p.last = t;
		if (p.on) requestAnimationFrame(tick);
	};
	requestAnimationFrame(tick);
};

async function metrics(cdp) {
	const { metrics: list } = await cdp.send("Performance.getMetrics");
	const m = Object.fromEntries(list.map((x) => [x.name, x.value]));
	return { task: m.TaskDuration, script: m.ScriptDuration, layout: m.LayoutDuration, style: m.RecalcStyleDuration };
}

async function heap(cdp) {
	await cdp.send("HeapProfiler.collectGarbage");
	const { usedSize } = await cdp.send("Runtime.getHeapUsage");
	return usedSize / 1e6;
}

// Frames, long tasks and main-thread time over MS while DO goes on.
async function measure(page, cdp, ms, during) {
	await page.evaluate(probe);
	const before = await metrics(cdp), began = Date.now();
	if (during) await during(ms);
	else await wait(ms);
	const took = (Date.now() - began) / 1000, after = await metrics(cdp);
	const p = await page.evaluate(() => { window.probe.on = false; return { frames: window.probe.frames, long: window.probe.long }; });
	const frames = p.frames.slice(1);
	return {
		fps: round(frames.length / (frames.reduce((a, b) => a + b, 0) / 1000)), p95: round(quantile(frames, 0.95)), p99: round(quantile(frames, 0.99)), worst: round(Math.max(...frames)),
		long: p.long.length, longest: round(Math.max(0, ...p.long)), busy: round((1000 * (after.task - before.task)) / took),
		script: round((1000 * (after.script - before.script)) / took), layout: round((1000 * (after.layout - before.layout)) / took), style: round((1000 * (after.style - before.style)) / took),
	};
}

async function open(browser, url, size = { width: 1440, height: 900 }) {
	const context = await browser.newContext({ viewport: size });
	const page = await context.newPage();
	page.on("pageerror", (e) => console.error("page:", e.message));
	const cdp = await context.newCDPSession(page);
	await cdp.send("Performance.enable");
	if (slow > 1) await cdp.send("Emulation.setCPUThrottlingRate", { rate: slow });
	await page.goto(url);
	return { context, page, cdp };
}

const live = (agents, rate = 50) => serve({ agents, rate, length: 4_000_000, past: 4 });
const run = (s) => [...s.state.world.played.values()].find((r) => !r.over);

// --- scenarios --------------------------------------------------------------------------------------------

async function watch(browser) {
	const s = await live(50);
	const { context, page, cdp } = await open(browser, `${s.url}/runs/${run(s).spec.id}?tab=agents&agent=angle-3`);
	await page.waitForSelector(".block");
	await wait(1500);
	const m = await measure(page, cdp, seconds * 1000);
	m.heap = round(await heap(cdp));
	await context.close();
	s.close();
	return m;
}

async function raw(browser) {
	const s = await live(12);
	const r = run(s), a = r.by.get("angle-1");
	r.play(3000);
	const line = "\tif (lock(&r->mutex) != 0) /* taken here, and again by the one who calls */\n";
	a.write(100); // whatever is open is closed by the next message
	a.text += line.repeat(100_000);
	a.bytes += line.length * 100_000;
	a.open = a.text.length;
	a.openBytes = a.bytes;
	const { context, page, cdp } = await open(browser, `${s.url}/runs/${r.spec.id}?tab=agents&agent=angle-1&view=raw`);
	await page.waitForSelector(".raw-page");
	await wait(1000);
	const m = await measure(page, cdp, seconds * 1000, async (ms) => {
		await page.evaluate((ms) => new Promise((done) => {
			const box = document.querySelector(".well-scroll"), end = performance.now() + ms;
			box.dispatchEvent(new WheelEvent("wheel", { deltaY: -10 }));
			let at = box.scrollHeight, by = -130;
			const step = () => {
				at += by;
				if (at < 0 || at > box.scrollHeight) by = -by;
				box.scrollTop = at;
				if (performance.now() < end) requestAnimationFrame(step);
				else done();
			};
			requestAnimationFrame(step);
		}), ms);
	});
	m.heap = round(await heap(cdp));
	m.blank = await page.evaluate(() => {
		const box = document.querySelector(".well-scroll").getBoundingClientRect();
		return document.elementFromPoint(box.left + 200, box.top + 200)?.closest(".raw-page") ? 0 : 1;
	});
	await context.close();
	s.close();
	return m;
}

async function talk(browser) {
	const s = await live(12, 120);
	const r = run(s), a = r.by.get("angle-1");
	r.play(3000);
	while (a.blocks.length < 2100) a.play(250);
	const { context, page, cdp } = await open(browser, `${s.url}/runs/${r.spec.id}?tab=agents&agent=angle-1`);
	await page.waitForSelector(".block");
	for (let i = 0; i < 12; i++) {
		const more = page.getByRole("button", { name: "Load earlier" });
		if (!(await more.count())) break;
		await more.click();
		await wait(150);
	}
	await page.getByRole("button", { name: /Jump to live/ }).click();
	await wait(1000);
	const m = await measure(page, cdp, seconds * 1000);
	m.blocks = await page.evaluate(() => document.querySelectorAll(".block-page .block").length);
	m.heap = round(await heap(cdp));
	await context.close();
	s.close();
	return m;
}

async function change(browser) {
	const s = await live(20);
	const r = run(s);
	for (let i = 0; i < 60; i++) r.play(1000);
	const { context, page } = await open(browser, `${s.url}/runs/${r.spec.id}?tab=agents&agent=angle-1`);
	await page.waitForSelector(".block");
	await wait(500);
	const all = [];
	for (let i = 2; i < 14; i++)
		all.push(await page.evaluate((name) => new Promise((done) => {
			const row = document.querySelector(`.agent-button[data-step="${name}"]`), began = performance.now();
			row.click();
			const look = () => {
				const well = document.querySelector(".well");
				if (well?.getAttribute("aria-label")?.startsWith(row.querySelector(".agent-name").textContent) && well.querySelector(".block")) done(performance.now() - began);
				else requestAnimationFrame(look);
			};
			look();
		}), `angle-${i}`));
	await context.close();
	s.close();
	return { ms: round(quantile(all, 0.5)), worst: round(Math.max(...all)) };
}

async function key(browser) {
	const s = await live(50);
	const { context, page } = await open(browser, `${s.url}/runs/${run(s).spec.id}?tab=agents&agent=angle-3`);
	await page.waitForSelector(".block");
	await page.locator(".agent-button").first().focus();
	await page.evaluate(() => {
		window.keys = [];
		new PerformanceObserver((l) => { for (const e of l.getEntries()) if (e.name === "keydown") window.keys.push(e.duration); }).observe({ type: "event", durationThreshold: 16 });
	});
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press(i % 2 ? "k" : "j");
		await wait(90);
	}
	await wait(500);
	/* What stays below 16 ms is not told, and counts as 16. */
	const all = await page.evaluate(() => window.keys);
	while (all.length < 40) all.push(16);
	await context.close();
	s.close();
	return { p95: round(quantile(all, 0.95)), worst: round(Math.max(...all)) };
}

async function idle(browser) {
	const s = await live(45);
	run(s).play(4000);
	s.hold();
	const { context, page, cdp } = await open(browser, `${s.url}/runs/${run(s).spec.id}`);
	await page.waitForSelector(".agent-row");
	await wait(3000);
	const before = await metrics(cdp), began = Date.now();
	await wait(seconds * 1000);
	const after = await metrics(cdp), took = (Date.now() - began) / 1000;
	await context.close();
	s.close();
	const of = (k) => round((1000 * (after[k] - before[k])) / took);
	return { busy: round(of("script") + of("layout") + of("style")), script: of("script"), layout: of("layout"), style: of("style"), task: of("task") };
}

async function report(browser) {
	const s = await serve({ past: 6 });
	const r = s.state.world.ids().map((id) => s.state.world.run(id)).find((x) => x.status === "completed");
	const readable = [], ready = [];
	for (let i = 0; i < 5; i++) {
		const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
		const page = await context.newPage();
		const began = Date.now();
		await page.goto(`${s.url}/runs/${r.spec.id}`, { waitUntil: "commit" });
		await page.waitForSelector("#answer");
		readable.push(Date.now() - began);
		await page.waitForSelector(".report-filters");
		ready.push(Date.now() - began);
		await context.close();
	}
	s.close();
	return { ms: quantile(readable, 0.5), ready: quantile(ready, 0.5), worst: Math.max(...ready) };
}

async function back(browser) {
	const s = await live(50);
	const r = run(s);
	const { context, page } = await open(browser, `${s.url}/runs/${r.spec.id}?tab=agents&agent=angle-3`);
	await page.waitForSelector(".block");
	await wait(1000);
	s.state.scenario = "offline";
	for (const t of s.tabs) t.peer.close();
	for (let i = 0; i < 60; i++) r.play(1000);
	await wait(1500);
	s.hold();
	s.state.scenario = "normal";
	const began = Date.now();
	await page.evaluate(() => dispatchEvent(new Event("online")));
	const a = r.by.get("angle-3");
	const text = () => page.evaluate(() => document.querySelector(".tail").textContent);
	const want = a.text.slice(a.open).replaceAll("\n", "");
	let lost = 1;
	while (Date.now() - began < 8000 && lost) {
		/* A line's end that begins another element is not text. */
		lost = (await text()).replaceAll("\n", "") === want ? 0 : 1;
		if (lost) await wait(20);
	}
	const ms = Date.now() - began;
	const last = await page.evaluate(() => [...document.querySelectorAll(".block[data-seq]")].pop()?.dataset.seq);
	await context.close();
	s.close();
	return { ms, lost, last: Number(last) };
}

// --- all ---------------------------------------------------------------------------------------------------

const scenarios = { watch, raw, talk, switch: change, key, idle, report, back };
const results = {};
let broken = 0;
for (const [name, fn] of Object.entries(scenarios)) {
	if (only && !only.split(",").includes(name)) continue;
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
	const m = (results[name] = await fn(browser));
	await browser.close();
	const over = Object.entries(LIMITS[name] ?? {}).filter(([k, [how, limit]]) => (how === "most" ? m[k] > limit : m[k] < limit));
	broken += over.length;
	if (!args.includes("--json"))
		console.log(`${over.length ? "OVER" : "ok  "} ${name.padEnd(7)} ${Object.entries(m).map(([k, v]) => `${k} ${v}`).join(" · ")}${over.map(([k, [how, limit]]) => `   ${k}: at ${how} ${limit}`).join("")}`);
}
if (args.includes("--json")) console.log(JSON.stringify({ seconds, slow, results }, null, "\t"));
process.exit(args.includes("--check") && broken ? 1 : 0);
