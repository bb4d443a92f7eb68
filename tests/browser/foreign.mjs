// Pages of other origins against a real daemon, in a browser that is signed in: foreign.mjs TUTTI DIR prints "ok NAME" or
// "not ok NAME: why". The origins: another port of this machine, to which the browser sends our cookie, too; another
// site on this machine; and a name that somebody else's DNS leads here.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { launch } from "./chromium.mjs";
import { House } from "./house.mjs";

const [tutti, dir] = process.argv.slice(2);
const browser = await launch(["--host-resolver-rules=MAP rebound.test 127.0.0.1"]);
const house = new House(tutti, dir, { sources: ["src/core"], script: "delay 400\n" });
await house.start();
const { id } = await house.post("/runs", { flow: "architectural-analysis", question: "core", size: "small", model: "rehearsal", repo: house.repo });
const launch_request = JSON.stringify({ flow: "research", question: "from elsewhere", model: "rehearsal", repo: house.repo });

// what a hostile page tries; each entry is what came of it
async function attack({ url, id, request }) {
	const api = url + "/api/v1";
	const came = {};
	const tried = async (name, fn) => {
		try {
			came[name] = await fn();
		} catch (e) {
			came[name] = "refused";
		}
	};
	const within = (ms, p) => Promise.race([p, new Promise((r) => setTimeout(() => r("refused"), ms))]);
	const read = async (path, init) => (await fetch(api + path, { credentials: "include", ...init })).text();
	const element = (tag, set) => within(1500, new Promise((resolve) => {
		const e = document.createElement(tag);
		e.onload = () => resolve(e);
		e.onerror = () => resolve("refused");
		set(e);
		document.body.append(e);
	}));
	await tried("fetch", () => read("/runs"));
	await tried("fetch of one", () => read(`/runs/${id}`));
	await tried("preflight", () => read("/runs", { method: "POST", headers: { "Content-Type": "application/json" }, body: request }));
	for (const type of ["text/plain", "application/x-www-form-urlencoded"])
		await tried("blind " + type, async () => (await fetch(api + "/runs", { method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": type }, body: request })) && "refused");
	await tried("blind cancel", async () => (await fetch(`${api}/runs/${id}/cancel`, { method: "POST", mode: "no-cors", credentials: "include", body: "{}" })) && "refused");
	await tried("beacon", async () => (navigator.sendBeacon(api + "/runs", new Blob([request], { type: "text/plain" })), "refused"));
	await tried("form", () => element("iframe", (f) => {
		f.name = "target";
		const form = document.createElement("form");
		form.method = "post";
		form.action = api + "/runs";
		form.enctype = "text/plain";
		form.target = "target";
		const input = document.createElement("input");
		input.name = request.slice(0, -1) + ',"x":"';
		input.value = '"}';
		form.append(input);
		document.body.append(form);
		setTimeout(() => form.submit(), 50);
	}).then(() => "refused"));
	await tried("script", async () => {
		const before = Object.keys(window).length;
		await element("script", (s) => (s.src = api + "/runs"));
		return Object.keys(window).length === before ? "refused" : "names";
	});
	await tried("frame", async () => {
		const f = await element("iframe", (e) => (e.src = `${url}/runs/${id}`));
		if (f === "refused") return f;
		return f.contentDocument ? f.contentDocument.body.innerText || "refused" : "refused";
	});
	await tried("socket", () => within(1500, new Promise((resolve) => {
		const ws = new WebSocket(api.replace("http", "ws") + "/ws", "tutti.v1");
		ws.onopen = () => resolve("open");
		ws.onmessage = (m) => resolve(m.data);
		ws.onerror = () => resolve("refused");
	})));
	await tried("events", () => within(1500, new Promise((resolve) => {
		const es = new EventSource(`${api}/runs/${id}/events?follow=1`, { withCredentials: true });
		es.onopen = () => resolve("open");
		es.onmessage = (m) => resolve(m.data);
		es.onerror = () => resolve("refused");
	})));
	return came;
}

async function check(name, fn) {
	try {
		await fn();
		console.log("ok " + name);
	} catch (e) {
		console.log(`not ok ${name}: ${String(e.message).replaceAll("\n", " | ")}`);
	}
}

const foreign = createServer((q, r) => r.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>foreign</title><body>"));
foreign.listen(0, "127.0.0.1");
await once(foreign, "listening");
const port = foreign.address().port;
const context = await browser.newContext();
const own = await context.newPage();
await own.goto(house.link(`/runs/${id}`));
await own.waitForSelector("#app");

for (const [name, origin] of [["another port of this machine", `http://127.0.0.1:${port}`], ["another site", `http://localhost:${port}`]])
	await check(`${name} reads nothing and starts nothing`, async () => {
		const page = await context.newPage();
		await page.goto(origin);
		const came = await page.evaluate(attack, { url: house.url, id, request: launch_request });
		assert.equal(Object.keys(came).length, 12);
		assert.deepEqual(Object.entries(came).filter(([, what]) => what !== "refused"), []);
		// the frame of our page shows nothing of it
		for (const f of page.frames().slice(1)) assert.ok(!(await f.content().catch(() => "")).includes("tutti"), f.url());
		await page.close();
		const { items } = await house.ask("/runs");
		assert.deepEqual(items.map((r) => r.id), [id]);
		assert.equal(items[0].status, "running");
	});

await check("a name that leads here is not answered", async () => {
	const page = await context.newPage();
	for (const path of ["/", "/healthz", "/api/v1/runs", "/sign-in", `/runs/${id}`]) {
		const answer = await page.goto(`http://rebound.test:${house.port}${path}`);
		assert.equal(answer.status(), 421, path);
		assert.ok(!(await answer.text()).includes(id));
	}
	await page.close();
});

await check("our own page may do what they may not", async () => {
	const seen = await own.evaluate(async () => (await (await fetch("/api/v1/runs")).json()).items.length);
	assert.equal(seen, 1);
});

await browser.close();
await house.kill();
foreign.close();
process.exit(0);
