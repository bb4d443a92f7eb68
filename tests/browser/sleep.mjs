// Pages that are not there for a while: sleep.mjs TUTTI DIR [NAME] prints "ok NAME" or "not ok NAME: why" for each thing
// that has to hold, or only those whose name contains NAME. A browser is put to sleep, frozen, cut off, its clock set, a
// tab of it crashed or closed, while a real daemon goes on. Afterwards one page still follows, another one still shows
// what was read in it, and both have every letter, once.
import assert from "node:assert/strict";
import { join } from "node:path";
import { launch, launchSleeper } from "./chromium.mjs";
import { hold } from "./hold.mjs";
import { House } from "./house.mjs";
import { box, same, seen } from "./stream.mjs";

const [tutti, dir, only = ""] = process.argv.slice(2);
const SCREEN = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const houses = [];
const letters = (page) => page.evaluate(() => document.querySelector(".well-scroll").textContent.length);

// A run in which one agent writes far longer than a slow machine needs to open two pages: whoever began it cancels it.
// 240 letters come each PACE milliseconds.
async function begin(name, pace = 240) {
	const house = new House(tutti, join(dir, name), { sources: ["src/engine"], script: `delay 20\nstep=structure delay ${pace}\nstep=structure huge 400000\n` });
	houses.push(house);
	await house.start();
	const { id } = await house.post("/runs", { flow: "architectural-analysis", question: "what is missed by who sleeps", size: "small", repo: house.repo, model: "rehearsal" });
	return { house, id, path: `/runs/${id}?tab=agents&agent=structure` };
}

async function open(context, url) {
	const page = await context.newPage();
	page.setDefaultTimeout(60_000);
	page.wrong = [];
	page.on("pageerror", (e) => page.wrong.push(e.message));
	await page.goto(url);
	await page.locator(".pill.is-live").waitFor();
	await page.waitForFunction(() => { const e = document.querySelector(".well-scroll"); return e && e.scrollHeight > e.clientHeight + 200; }, null, { timeout: 60_000 });
	await page.evaluate(() => (window.same = true));
	return page;
}

// Two pages of one browser: one that follows, one in which somebody reads further up.
async function two(browser, { house, path }) {
	const context = await browser.newContext(SCREEN);
	const first = await context.newPage();
	await first.goto(house.link("/settings"));
	await first.close();
	const follows = await open(context, house.url + path);
	const reads = await open(context, house.url + path);
	await reads.locator(".tail").waitFor();
	await box(reads).evaluate((e) => e.focus());
	await reads.keyboard.press("Home");
	await box(reads).hover();
	await reads.mouse.wheel(0, 40);
	await reads.getByRole("button", { name: /Jump to live/ }).waitFor();
	await reads.waitForTimeout(500);
	return { context, follows, reads, at: await seen(reads) };
}

async function all(page, { house, id }) {
	await page.locator(".pill.is-live").waitFor();
	const n = await same(page, house, id, "structure", 1);
	const keys = await page.evaluate(() => [...document.querySelectorAll(".well-scroll [data-key]")].map((e) => e.dataset.key));
	assert.equal(new Set(keys).size, keys.length, "a block is there twice");
	assert.deepEqual(page.wrong, []);
	return n;
}

// Both pages slept through REST, in which the daemon wrote something.
async function healed(browser, run, rest) {
	const p = await two(browser, run);
	const before = await letters(p.follows);
	await rest(p);
	for (const page of [p.follows, p.reads]) {
		await page.locator(".pill.is-live").waitFor();
		await page.waitForFunction((n) => document.querySelector(".well-scroll").textContent.length > n + 300, before);
		assert.equal(await page.evaluate(() => window.same), true, "it was loaded again");
	}
	const after = await seen(p.reads);
	assert.deepEqual([after.key, after.y], [p.at.key, p.at.y], "what was read has moved");
	await p.follows.waitForFunction(() => { const e = document.querySelector(".well-scroll"); return e.scrollHeight - e.scrollTop - e.clientHeight <= 24; });
	await run.house.post(`/runs/${run.id}/cancel`, { why: "cancelled by you" });
	for (const page of [p.follows, p.reads]) {
		await page.locator(".run-outcome.is-cancelled").waitFor();
		assert.ok((await all(page, run)) > 500);
	}
	await p.context.close();
}

async function asleep(name, seconds) {
	const run = await begin(name, 480);
	const bed = await launchSleeper();
	try {
		await healed(bed.browser, run, async () => {
			bed.sleep();
			await wait(seconds * 1000);
			bed.wake();
		});
	} finally {
		bed.wake();
		await bed.close();
	}
}

const browser = await launch();
const awake = async (name, rest) => healed(browser, await begin(name), rest);

// The run is ended, and all of it is on PAGE.
async function over(page, run) {
	await run.house.post(`/runs/${run.id}/cancel`, { why: "cancelled by you" });
	await page.locator(".run-outcome.is-cancelled").waitFor();
	assert.ok((await all(page, run)) > 500);
}

// Another tab in the place of one that END has ended shows all that went on meanwhile, and follows.
async function reopened(name, end) {
	const run = await begin(name);
	const p = await two(browser, run);
	await end(p);
	await wait(5000);
	const again = await open(p.context, run.house.url + run.path);
	assert.ok(await box(again).evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight <= 24), "it does not follow");
	await over(again, run);
	await p.context.close();
}

const each = (p, fn) => Promise.all([p.follows, p.reads].map(fn));
const lifecycle = async (page, state) => (await page.context().newCDPSession(page)).send("Page.setWebLifecycleState", { state });

const tests = {
	"a laptop that sleeps for longer than the daemon waits": () => asleep("night", 66),
	"a laptop that sleeps for seconds": () => asleep("nap", 8),
	"tabs that the browser freezes": () => awake("frozen", async (p) => {
		await each(p, (page) => lifecycle(page, "frozen"));
		await wait(8000);
		await each(p, (page) => lifecycle(page, "active"));
	}),
	"a network that is gone, and comes back": () => awake("offline", async (p) => {
		await p.context.setOffline(true);
		await each(p, (page) => page.evaluate(() => dispatchEvent(new Event("offline"))));
		await wait(6000);
		await p.context.setOffline(false);
	}),
	"a clock that jumps ahead by an hour": () => awake("clock", async (p) => {
		await each(p, (page) => page.evaluate(() => {
			const real = Date.now.bind(Date);
			Date.now = () => real() + 3_600_000;
		}));
		await wait(6000);
	}),
	async "a tab that is loaded again shows what was read in it"() {
		const run = await begin("again", 60);
		const { context, reads, at } = await two(browser, run);
		await reads.reload();
		await reads.getByRole("button", { name: /Jump to live/ }).waitFor();
		await reads.waitForTimeout(500);
		const now = await seen(reads);
		assert.deepEqual([now.key, now.y], [at.key, at.y], "it is opened elsewhere");
		await over(reads, run);
		await context.close();
	},
	"a tab that crashes, and is opened again": () => reopened("crash", async ({ context, follows }) => {
		const gone = follows.waitForEvent("crash");
		(await context.newCDPSession(follows)).send("Page.crash").catch(() => {}); // nobody answers
		await gone;
	}),
	"a tab that is closed, and opened again": () => reopened("closed", ({ follows }) => follows.close()),
};

await hold(tests, only, 4);
for (const h of houses) await h.stop();
await browser.close();
