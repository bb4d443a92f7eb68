// Many tabs of one browser on one daemon: tabs.mjs TUTTI DIR [NAME] prints "ok NAME" or "not ok NAME: why" for each thing
// that has to hold. A browser opens six connections to a host, and one WebSocket a tab besides; where there are no
// WebSockets, one tab reads for all of them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { serve } from "../../ui/replay/server.mjs";
import { launch } from "./chromium.mjs";
import { hold } from "./hold.mjs";
import { House } from "./house.mjs";
import { same } from "./stream.mjs";

const [tutti, dir, only = ""] = process.argv.slice(2);
const TABS = Number(process.env.TABS ?? 40);
const READ = 2; // of them show a stream, and as many more that are opened last
const BEYOND = 9; // tabs, more than there are connections
const browser = await launch();

// N tabs, a few at a time as somebody would open them.
async function open(context, n, url) {
	const pages = [];
	while (pages.length < n)
		pages.push(...(await Promise.all(Array.from({ length: Math.min(4, n - pages.length) }, async () => {
			const page = await context.newPage();
			page.setDefaultTimeout(60_000);
			await page.goto(url);
			await page.locator(".pill.is-live").waitFor();
			return page;
		}))));
	return pages;
}

// How long each of PAGES takes for a request and its answer, all of them at once; ms, ascending.
async function ask(pages, path) {
	const all = await Promise.all(pages.map((p) => p.evaluate(async (path) => {
		const from = performance.now();
		const r = await fetch(path);
		await r.text();
		return r.ok ? performance.now() - from : Infinity;
	}, path)));
	return all.sort((a, b) => a - b);
}

async function sockets() {
	const house = new House(tutti, join(dir, "tabs"), { sources: ["src/engine"], script: "delay 20\nstep=structure delay 1000\nstep=structure huge 400000\n" });
	await house.start();
	try {
		const { id } = await house.post("/runs", { flow: "architectural-analysis", question: "what forty tabs show", size: "small", repo: house.repo, model: "rehearsal" });
		const context = await browser.newContext({ viewport: { width: 900, height: 600 }, reducedMotion: "reduce" });
		const first = await context.newPage();
		await first.goto(house.link("/settings"));
		await first.close();
		const url = `${house.url}/runs/${id}?tab=`;
		const reads = await open(context, READ, url + "agents&agent=structure");
		const pages = [...reads, ...(await open(context, TABS - 2 * READ, url + "input")), ...(await open(context, READ, url + "agents&agent=structure"))];
		// the first and the last ones go on,
		for (const p of [...reads, ...pages.slice(-READ)])
			await p.waitForFunction((n) => document.querySelector(".well-scroll").textContent.length > n + 200, await p.evaluate(() => document.querySelector(".well-scroll").textContent.length));
		// all of them are answered at once,
		const took = await ask(pages, `/api/v1/runs/${id}`);
		assert.ok(took.every(Number.isFinite), "one was refused");
		// and all are told that the run ended, with every letter that was written.
		await house.post(`/runs/${id}/cancel`, { why: "cancelled by you" });
		await Promise.all(pages.map((p) => p.locator(".run-outcome.is-cancelled").waitFor()));
		for (const p of [reads[0], pages[TABS - 1]]) assert.ok((await same(p, house, id, "structure", 1)) > 500);
		console.log(`# ${TABS} tabs: one request of each at once, slowest answer after ${took[took.length - 1].toFixed(0)} ms`);
		await context.close();
	} finally {
		await house.stop();
	}
}

async function events() {
	const s = await serve({ agents: 6, rate: 60, length: 400_000, past: 2, scenario: "no-socket" });
	try {
		const run = [...s.state.world.played.values()].find((r) => !r.over);
		const context = await browser.newContext({ viewport: { width: 900, height: 600 }, reducedMotion: "reduce" });
		const pages = await open(context, BEYOND, `${s.url}/runs/${run.spec.id}?tab=log`);
		const took = await ask(pages, "/api/v1/session");
		assert.ok(took.every(Number.isFinite), "one was refused");
		const seq = run.seq;
		run.agents.find((a) => a.status === "running").end("completed", null);
		await Promise.all(pages.map((p) => p.waitForFunction((n) => [...document.querySelectorAll(".log-row")].some((e) => Number(e.id.slice(1)) > n), seq)));
		// the one that reads for all of them is closed: another one does
		await pages[0].close();
		const next = run.seq;
		run.agents.find((a) => a.status === "running").end("completed", null);
		await Promise.all(pages.slice(1).map((p) => p.waitForFunction((n) => [...document.querySelectorAll(".log-row")].some((e) => Number(e.id.slice(1)) > n), next)));
		console.log(`# ${BEYOND} tabs without a socket: one request of each at once, slowest answer after ${took[took.length - 1].toFixed(0)} ms`);
		await context.close();
	} finally {
		s.close();
	}
}

const tests = { "forty tabs on one daemon: all go on, and all are answered": sockets, "more tabs than connections, without a WebSocket": events };
await hold(tests, only, 1);
await browser.close();
