// Tapes: what a real daemon answered to a page, recorded and played. `tape.mjs TUTTI` records those of the
// pictures: a run of a team whose model is shop.mjs, once in the middle and once at its end.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const FORMAT = 1;
const fixture = (name) => new URL(`fixtures/${name}.tape.json`, import.meta.url);

export function load(name) {
	const tape = JSON.parse(readFileSync(fixture(name), "utf8"));
	if (tape.format !== FORMAT) throw new Error(`${name}.tape.json is of another format: record it again`);
	return tape;
}

// What a picture was made of.
export const version = (name) => createHash("sha256").update(readFileSync(fixture(name))).digest("hex").slice(0, 16);

// PAGE gets its answers from TAPE, at the time when it was recorded.
export async function play(page, tape) {
	await page.clock.setFixedTime(new Date(tape.now));
	await page.route(/\/api\/v1\//, (route) => {
		const u = new URL(route.request().url());
		const a = tape.answers[u.pathname + u.search];
		return a ? route.fulfill({ status: a.status, contentType: a.type, body: a.body }) : route.fulfill({ status: 404, contentType: "application/json", body: '{"error":{"code":"not_found","what":"not on the tape"}}' });
	});
	await page.routeWebSocket(/\/api\/v1\/ws/, (ws) => {
		const [hello, ...rest] = tape.frames;
		let on = false;
		ws.send(hello);
		ws.onMessage((m) => {
			if (on || JSON.parse(m).t !== "sub") return;
			on = true;
			setTimeout(() => rest.forEach((f) => ws.send(f)), 300); // what else is watched was said by then
		});
	});
}

// What PAGE is told from now on; `end` gives the tape.
function record(page, dir) {
	const answers = {}, frames = [], open = [];
	page.on("response", (r) => {
		const u = new URL(r.url());
		if (!u.pathname.startsWith("/api/v1/") || r.request().method() !== "GET") return;
		open.push(r.text().then((body) => (answers[u.pathname + u.search] = { status: r.status(), type: r.headers()["content-type"], body })).catch(() => {}));
	});
	page.on("websocket", (ws) => {
		frames.length = 0; // of the page that is there now
		ws.on("framereceived", (f) => JSON.parse(f.payload).t !== "pong" && frames.push(f.payload));
	});
	return async (path) => {
		const now = await page.evaluate(() => Date.now());
		await Promise.all(open);
		const text = JSON.stringify({ format: FORMAT, now, path, frames, answers }, null, "\t");
		return text.replaceAll(dir + "/data", "/home/ada/.local/share/tutti").replaceAll(dir, "/home/ada");
	};
}

async function main(tutti) {
	const { launch } = await import("../../tests/browser/chromium.mjs");
	const { House, top } = await import("../../tests/browser/house.mjs");
	const { MODEL, QUESTION, serveModel, sources } = await import("./shop.mjs");
	const dir = mkdtempSync(join(tmpdir(), "tutti-tape-"));
	const pace = { ms: 60 };
	const model = await serveModel(pace);
	const files = Object.fromEntries(Object.entries(sources).map(([to, from]) => [to, readFileSync(join(top, "eval", from), "utf8")]));
	files["go.mod"] = "module example.org/shop\n\ngo 1.22\n";
	const house = new House(tutti, dir, { files, name: "shop", env: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "none", USER: "ada" } });
	await house.start();
	const browser = await launch();
	const post = () => house.post("/runs", { flow: "architectural-analysis", question: QUESTION, size: "small", repo: house.repo, model: MODEL });
	const take = async (name, path, moment) => {
		const context = await browser.newContext({ viewport: { width: 1440, height: 810 } });
		const page = await context.newPage();
		await page.goto(house.link("/settings"));
		const end = record(page, dir);
		await page.goto(house.url + path);
		await moment(page);
		writeFileSync(fixture(name), (await end(path)) + "\n");
		await context.close();
	};
	const { id } = await post();
	for (;;) {
		const run = await house.ask(`/runs/${id}`);
		if (run.status === "completed") break;
		if (run.status === "failed") throw new Error(run.reason);
		await new Promise((done) => setTimeout(done, 300));
	}
	await take("report", `/runs/${id}?tab=report`, async (page) => {
		await page.locator(".report-filters").waitFor();
		await page.evaluate((id) => fetch(`/api/v1/runs/${id}/report?as=html&fragment=1`).then((r) => r.text()), id); // it came with the page
	});
	pace.ms = 110;
	const second = await post();
	await take("live", `/runs/${second.id}?tab=agents&agent=concurrency`, (page) =>
		page.waitForFunction(() => document.querySelector(".well-scroll")?.textContent.includes("Two requests of any users"), null, { timeout: 90_000 }));
	await browser.close();
	await house.stop();
	model.close();
	rmSync(dir, { recursive: true });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv[2] ?? "build/tutti");
