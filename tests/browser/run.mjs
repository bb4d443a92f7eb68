// The page of a run in a browser, over a played daemon (ui/replay): prints "ok NAME" or "not ok NAME: why" for
// each thing that has to hold, or only those whose name contains the argument. Here is what only a browser
// knows: scrolling, selecting, focus, connections.
import assert from "node:assert/strict";
import { Run } from "../../ui/replay/run.mjs";
import { serve } from "../../ui/replay/server.mjs";
import { liveSpec } from "../../ui/replay/world.mjs";
import { launch } from "./chromium.mjs";

const only = process.argv[2] ?? "";
const browser = await launch();

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function with_(opts, where, fn) {
	const s = await serve({ past: 4, ...opts });
	// a run that ended DAYS ago
	s.add = (id, days) => s.state.world.add(new Run(liveSpec({ id, now: Date.now() - days * 86_400_000 }))).toEnd();
	const r = [...s.state.world.played.values()].find((x) => !x.over) ?? s.state.world.run(s.state.world.ids()[0]);
	await opts.before?.(r, s);
	const context = await browser.newContext({ ...(opts.device ?? DESKTOP), reducedMotion: "reduce" });
	const page = await context.newPage();
	const wrong = [];
	page.setDefaultTimeout(60_000);
	page.on("pageerror", (e) => wrong.push(String(e)));
	page.on("console", (m) => /Trusted|Content Security|Refused/.test(m.text()) && wrong.push(m.text()));
	try {
		await page.goto(s.url + where(r, s));
		await fn(page, r, s);
		assert.deepEqual(wrong, []);
	} finally {
		await context.close();
		s.close();
	}
}

const agent = (name) => (r) => `/runs/${r.spec.id}?tab=agents&agent=${name}`;
const live = { agents: 8, rate: 60, length: 400_000, before: (r) => { for (let i = 0; i < 90; i++) r.play(250); } };
const box = (page) => page.locator(".well-scroll");
const place = (page) => box(page).evaluate((e) => ({ top: e.scrollTop, end: e.scrollHeight - e.scrollTop - e.clientHeight, all: e.scrollHeight }));
const grown = async (page, from, by = 200) => page.waitForFunction(([n, by]) => document.querySelector(".well-scroll").scrollHeight > n + by, [from, by]);
const full = async (page) => page.waitForFunction(() => { const e = document.querySelector(".well-scroll"); return e && e.scrollHeight > e.clientHeight + 400; });
// The first item in view and where it stands: what a reader looks at.
const seen = (page) => box(page).evaluate((e) => {
	const top = e.getBoundingClientRect().top;
	const b = [...e.querySelectorAll(".block")].find((x) => x.getBoundingClientRect().bottom > top + 1);
	return { key: b.dataset.key, y: Math.round(b.getBoundingClientRect().top - top) };
});

// The reader's own movement is over.
const still = async (page) => {
	for (let same = 0, was = -1; same < 5; ) {
		const { top } = await place(page);
		same = top === was ? same + 1 : 0;
		was = top;
		await page.waitForTimeout(80);
	}
};

const tests = {
	async "a stream is followed, whatever comes"() {
		await with_(live, agent("angle-2"), async (page) => {
			await full(page);
			const { all } = await place(page);
			await grown(page, all);
			assert.ok((await place(page)).end <= 1);
			assert.equal(await page.getByText("Following").count(), 1);
		});
	},
	async "what is being read does not move"() {
		for (const away of ["wheel", "key", "select", "open"])
			await with_(live, agent("angle-2"), async (page) => {
				await full(page);
				if (away === "wheel") {
					await box(page).hover();
					await page.mouse.wheel(0, -300);
				} else if (away === "key") {
					await box(page).focus();
					await page.keyboard.press("PageUp");
				} else if (away === "select") {
					await page.evaluate(() => {
						const p = [...document.querySelectorAll(".well-scroll p")].pop();
						getSelection().selectAllChildren(p);
					});
				} else {
					await page.locator(".well-scroll .tool-line").last().click();
				}
				await page.getByRole("button", { name: /Jump to live/ }).waitFor();
				await still(page);
				const before = await seen(page), { all } = await place(page);
				await grown(page, all);
				const after = await seen(page);
				assert.equal(after.key, before.key, `${away}: ${JSON.stringify([before, after])}`);
				assert.ok(Math.abs(after.y - before.y) <= 1, `${away}: ${before.y} ${after.y}`);
				await page.keyboard.press("Escape");
				await page.getByRole("button", { name: /Jump to live/ }).click();
				assert.ok((await place(page)).end <= 1, away);
			});
	},
	async "a run is followed by the beginning of its id, too"() {
		await with_(live, (r) => `/runs/${r.spec.id.slice(0, 5)}?tab=agents&agent=angle-2`, async (page) => {
			await full(page);
			const { all } = await place(page);
			await grown(page, all);
		});
	},
	async "the end is reached by scrolling, too"() {
		await with_(live, agent("angle-2"), async (page) => {
			await full(page);
			await box(page).hover();
			await page.mouse.wheel(0, -200);
			await page.getByRole("button", { name: /Jump to live/ }).waitFor();
			await page.mouse.wheel(0, 100_000);
			await page.getByText("Following").waitFor();
		});
	},
	async "an agent is found where it was left"() {
		await with_(live, agent("angle-2"), async (page) => {
			await full(page);
			await box(page).hover();
			await page.mouse.wheel(0, -350);
			await page.getByRole("button", { name: /Jump to live/ }).waitFor();
			await still(page);
			const before = await seen(page);
			await page.locator('.agent-button[data-step="angle-4"]').click();
			await page.locator('.well[aria-label^="Security"], .well').first().waitFor();
			await full(page);
			await page.locator('.agent-button[data-step="angle-2"]').click();
			await full(page);
			await page.waitForTimeout(400);
			const after = await seen(page);
			assert.equal(after.key, before.key);
			assert.ok(Math.abs(after.y - before.y) <= 2, `${before.y} ${after.y}`);
		});
	},
	async "a page that is loaded again shows what was read, also where the browser moves it first"() {
		await with_(live, agent("angle-2"), async (page) => {
			await full(page);
			await box(page).hover();
			await page.mouse.wheel(0, -900);
			await still(page);
			await page.waitForTimeout(500);
			const at = await seen(page);
			await page.addInitScript(() => {
				const real = performance.now.bind(performance);
				performance.now = () => real() / 100; // a page that was loaded just now, however slow the machine is
				const move = () => {
					const e = document.querySelector(".well-scroll");
					if (!e || e.scrollTop < 100) return requestAnimationFrame(move);
					e.scrollTop -= 60;
					window.moved = true;
				};
				requestAnimationFrame(move);
			});
			await page.reload();
			await page.waitForFunction(() => window.moved);
			await full(page);
			const { all } = await place(page);
			await grown(page, all, 100);
			await page.waitForTimeout(500);
			assert.deepEqual(await seen(page), at);
		});
	},
	async "earlier blocks come without a jump"() {
		await with_({ ...live, before: (r) => { r.play(3000); const a = r.by.get("angle-2"); while (a.blocks.length < 500) a.play(250); } }, agent("angle-2"), async (page) => {
			await full(page);
			await box(page).focus();
			await page.keyboard.press("Home");
			const more = page.getByRole("button", { name: "Load earlier" });
			await more.waitFor();
			await still(page);
			const before = await seen(page);
			await more.click();
			await page.waitForFunction((key) => document.querySelector(".block").dataset.key !== key, before.key);
			await page.waitForTimeout(300);
			const at = await box(page).evaluate((e, key) => Math.round(e.querySelector(`[data-key="${key}"]`).getBoundingClientRect().top - e.getBoundingClientRect().top), before.key);
			assert.ok(Math.abs(at - before.y) <= 40, `${before.y} ${at}`);
		});
	},
	async "a lost connection heals without a reload, and nothing is missing"() {
		await with_(live, agent("angle-2"), async (page, r, s) => {
			await full(page);
			await page.evaluate(() => (window.same = true));
			s.state.scenario = "offline";
			for (const t of s.tabs) t.peer.close();
			for (let i = 0; i < 20; i++) r.play(1000);
			s.hold();
			s.state.scenario = "normal";
			await page.evaluate(() => dispatchEvent(new Event("online")));
			await page.locator(".run-mark", { hasText: /Reconnected · .* filled in/ }).waitFor();
			const a = r.by.get("angle-2");
			const want = a.text.slice(a.open).replaceAll("\n", "");
			await page.waitForFunction((t) => document.querySelector(".tail").textContent.replaceAll("\n", "") === t, want);
			const last = a.blocks.filter((b) => b.type === "message").pop();
			assert.equal(await page.locator(`.well-scroll [data-key="b${last.n}"]`).count(), 1);
			assert.equal(await page.evaluate(() => window.same), true);
		});
	},
	async "who was away for longer than a watch makes up for misses nothing"() {
		await with_({ ...live, before: (r) => r.play(3000) }, agent("angle-2"), async (page, r, s) => {
			const a = r.by.get("angle-2");
			const all = () => page.evaluate(() => [...document.querySelectorAll(".well-scroll [data-key]")].map((e) => e.dataset.key));
			while (a.blocks.length < 30) a.play(250);
			await page.waitForFunction(() => document.querySelectorAll(".well-scroll [data-key]").length > 5);
			s.hold();
			s.state.scenario = "offline";
			for (const t of s.tabs) t.peer.close();
			while (a.blocks.length < 600) a.play(250);
			s.state.scenario = "normal";
			await page.evaluate(() => dispatchEvent(new Event("online")));
			await page.locator(`.well-scroll [data-key="b${a.blocks.findLast((b) => b.type === "message").n}"]`).waitFor();
			// each message once, in order; what stands between them may be folded
			const want = a.blocks.filter((b) => b.type === "message").map((b) => "b" + b.n);
			await page.waitForFunction((n) => document.querySelectorAll(".well-scroll .is-message").length >= n, want.length);
			const got = (await all()).filter((k) => want.includes(k));
			assert.deepEqual(got, want);
		});
	},
	async "paused, nothing moves; then all of it is there"() {
		await with_(live, agent("angle-2"), async (page) => {
			await full(page);
			await page.locator("body").press("p");
			await page.getByText(/Paused · [1-9][\d,]* events? waiting/).waitFor();
			const before = await page.locator(".roster").innerText(), { all } = await place(page);
			await page.waitForTimeout(700);
			assert.equal((await place(page)).all, all);
			assert.equal((await page.locator(".roster").innerText()).replace(/\d+:\d\d/g, ""), before.replace(/\d+:\d\d/g, ""));
			await page.locator("body").press("p");
			await grown(page, all);
		});
	},
	async "a question is answered where it is asked"() {
		await with_({ ...live, before: (r) => { r.play(100); Object.assign(r.by.get("angle-3"), { choices: ["approve", "reject"], ask: "<p>Is this the <strong>right</strong> plan?</p>" }); } }, (r) => `/runs/${r.spec.id}`, async (page) => {
			await page.getByText("right").waitFor();
			const sent = page.waitForRequest((q) => q.url().endsWith("/approve"));
			await page.getByRole("button", { name: "Reject", exact: true }).click();
			assert.deepEqual((await sent).postDataJSON(), { step: "angle-3", choice: "reject" });
		});
	},
	async "a run is cancelled after a question, and says that it stops"() {
		await with_(live, (r) => `/runs/${r.spec.id}`, async (page) => {
			await page.getByRole("button", { name: "Cancel run" }).click();
			await page.getByText(/agents? running/).waitFor();
			await page.getByRole("button", { name: "Keep", exact: true }).click();
			assert.equal(await page.locator("dialog[open]").count(), 0);
			await page.getByRole("button", { name: "Cancel run" }).click();
			await page.locator("dialog").getByRole("button", { name: "Cancel run" }).click();
			await page.locator(".run-outcome.is-cancelled").waitFor();
			await page.getByText("cancelled by you").first().waitFor();
		});
	},
	async "a report comes by itself only to somebody who does nothing else"() {
		for (const busy of [false, true])
			await with_({ live: true, length: 400 }, (r) => `/runs/${r.spec.id}`, async (page, r) => {
				await page.locator(".agent-row").first().waitFor();
				if (busy) {
					await page.locator(".roster").hover();
					await page.mouse.wheel(0, 60);
				}
				while (!r.over) r.play(250);
				if (!busy) return void (await page.locator(".report-filters").waitFor());
				await page.getByRole("button", { name: "Read report" }).waitFor();
				assert.equal(await page.locator(".roster").count(), 1);
				await page.keyboard.press("r");
				await page.locator(".report-filters").waitFor();
			});
	},
	async "agents by keyboard alone"() {
		await with_(live, (r) => `/runs/${r.spec.id}`, async (page) => {
			await page.locator(".agent-row").first().waitFor();
			await page.locator("body").press("j");
			await page.keyboard.press("j");
			assert.equal(await page.evaluate(() => document.activeElement.dataset.step), "angle-2");
			await page.keyboard.press("Enter");
			await full(page);
			await page.keyboard.press("ArrowRight");
			await page.waitForFunction(() => document.activeElement.matches(".well-scroll"));
			await page.keyboard.press("Escape");
			assert.equal(await page.evaluate(() => document.activeElement.dataset.step), "angle-2");
			await page.keyboard.press("2");
			await page.locator(".gantt").waitFor();
			await page.keyboard.press("3");
			await page.locator(".node").first().waitFor();
		});
	},
	async "a row opens in its place on a phone"() {
		await with_({ ...live, device: PHONE }, (r) => `/runs/${r.spec.id}`, async (page) => {
			await page.locator('.agent-button[data-step="angle-2"]').tap();
			await page.locator(".agent-row.is-open .well-scroll").waitFor();
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
			await page.locator('.agent-button[data-step="angle-3"]').tap();
			await page.waitForFunction(() => document.querySelectorAll(".agent-row.is-open").length === 1);
			await page.locator('.agent-button[data-step="angle-3"]').tap();
			await page.waitForFunction(() => document.querySelectorAll(".agent-row.is-open").length === 0);
		});
	},
	async "citations of a report by pointer, by keyboard, and pinned"() {
		await with_({}, (r) => `/runs/${r.spec.id}?tab=report`, async (page) => {
			await page.locator(".report-filters").waitFor();
			const ref = page.locator(".report a.ref").first();
			await ref.scrollIntoViewIfNeeded();
			await ref.hover();
			await page.locator(".cite-pop mark").waitFor();
			await page.mouse.move(5, 300);
			await page.locator(".cite-pop").waitFor({ state: "hidden" });
			await ref.focus();
			await page.keyboard.press("Enter");
			await page.waitForFunction(() => document.activeElement.closest(".cite-pop"));
			await page.keyboard.press("Escape");
			assert.ok(await ref.evaluate((e) => e === document.activeElement));
			await page.keyboard.press("Enter");
			await page.getByRole("button", { name: "Pin", exact: true }).click();
			await page.locator(".pins mark").waitFor();
		});
	},
	async "code has colours, and says what it said"() {
		await with_({}, (r) => `/runs/${r.spec.id}?tab=report`, async (page) => {
			await page.locator(".report-filters").waitFor();
			const text = (of) => page.evaluate((of) => [...document.querySelectorAll(of)].map((e) => e.textContent).join("|"), of);
			const before = await text(".report pre");
			assert.equal(await page.locator(".report pre [class^=t-]").count(), 0); // none is in view
			const cite = page.locator(".report .card details.cite").first();
			await cite.evaluate((e) => { e.open = true; e.scrollIntoView(); });
			await cite.locator("pre .t-kw, pre .t-com, pre .t-type").first().waitFor();
			assert.equal(await text(".report pre"), before);
			await page.locator(".report a.ref").first().click();
			await page.locator(".cite-pop pre [class^=t-]").first().waitFor();
		});
		const said = "def f(x):\n    return 'a' # <b>\n", fenced = `<div class="block"><span class="lang">Python</span><pre tabindex="0" role="group" aria-label="Code"><code>${said.replace(/</g, "&lt;")}</code></pre></div>`;
		const who = (r) => r.agents.find((a) => a.text.includes("[E"));
		await with_({ before: (r) => who(r).block({ type: "message", html: fenced, from: who(r).bytes, to: who(r).bytes }) }, (r) => `/runs/${r.spec.id}?tab=agents&agent=${who(r).spec.step}`, async (page) => {
			const pre = page.locator(".well-scroll .block > pre").last();
			await pre.scrollIntoViewIfNeeded();
			await pre.locator(".t-str").waitFor();
			assert.equal(await pre.textContent(), said);
			await page.locator(".well-scroll a.cite").first().evaluate((e) => e.click());
			await page.locator(".cite-pop .t-kw").first().waitFor();
			assert.match(await page.locator(".cite-pop pre").innerText(), /static int claim\(struct store \*s/);
		});
	},
	async "evidence is put in order"() {
		await with_({}, (r) => `/runs/${r.spec.id}?tab=report`, async (page) => {
			await page.locator(".report-filters").waitFor();
			const ids = () => page.evaluate(() => [...document.querySelectorAll(".evidence > li")].map((e) => e.id));
			const places = () => page.evaluate(() => [...document.querySelectorAll(".evidence > li > details > summary code")].map((e) => e.textContent));
			const first = await ids();
			await page.locator(".evidence-sort .filter", { hasText: "Place" }).click();
			const path = (p) => p.replace(/:.*/, "");
			assert.deepEqual((await places()).map(path), (await places()).map(path).sort((a, b) => a.localeCompare(b, "en")));
			assert.notDeepEqual(await ids(), first);
			assert.deepEqual((await ids()).sort(), [...first].sort());
			await page.locator(".evidence-sort .filter", { hasText: "Number" }).click();
			assert.deepEqual(await ids(), first);
		});
		await with_({}, (r) => `/runs/${r.spec.id}?tab=agents&view=evidence&agent=${r.agents.find((a) => a.text.includes("[E")).spec.step}`, async (page) => {
			await page.locator(".is-order .filter", { hasText: "Check" }).click();
			assert.match(await page.locator(".cite-row").first().innerText(), /missing/);
			const place = await page.locator(".cite-row code").first().innerText();
			await page.locator(".cite-row").first().click();
			assert.equal(await page.locator(".cite-pop .cite-title code").innerText(), place);
		});
	},
	async "what is new to who read the report before is marked"() {
		await with_({ past: 0, live: false, before: (r, s) => {
			for (const [id, days] of [["r-old0aaaa", 2], ["r-new0aaaa", 1]]) s.add(id, days);
		} }, () => "/runs/r-new0aaaa?tab=report", async (page) => {
			const chip = page.locator(".report-filters .filter", { hasText: "since I was here" });
			await chip.click();
			assert.equal(await page.locator(".report .card:not([hidden])").count(), 2);
			assert.equal(await page.locator(".report .card .chip.new").count(), 2);
		});
	},
	async "findings are filtered and stepped through"() {
		await with_({}, (r) => `/runs/${r.spec.id}?tab=report`, async (page) => {
			await page.locator(".report-filters").waitFor();
			const all = await page.locator(".report .card").count();
			await page.locator(".report-filters .filter", { hasText: "low" }).click();
			const low = await page.locator(".report .card:not([hidden])").count();
			assert.ok(low > 0 && low < all);
			await page.locator("body").press("]");
			const first = await page.evaluate(() => document.activeElement.id);
			await page.keyboard.press("]");
			assert.notEqual(await page.evaluate(() => document.activeElement.id), first);
		});
	},
	async "what an address names is shown, and what it does not is said"() {
		await with_({}, (r) => `/runs/${r.spec.id}#E7`, async (page) => {
			await page.locator("#E7 .slice").waitFor({ state: "visible" });
			await page.waitForFunction(() => Math.abs(document.querySelector("#E7").getBoundingClientRect().top) < innerHeight);
		});
		await with_({}, (r) => `/runs/${r.spec.id}#F-nothing`, async (page) => {
			await page.getByText("nothing called").waitFor();
		});
		await with_({}, (r) => `/runs/${r.spec.id}?tab=agents&agent=${r.agents.find((a) => a.text).spec.step}#L2-L3`, async (page) => {
			await page.locator(".raw-page").first().waitFor();
			assert.ok(await page.evaluate(() => CSS.highlights.get("raw-lines")?.size > 0));
		});
	},
	async "a text that was searched for is shown in lines"() {
		await with_({}, (r) => `/runs/${r.spec.id}?tab=agents&agent=${r.agents.find((a) => a.text.includes("lock")).spec.step}&view=raw`, async (page) => {
			await page.locator(".raw-page").first().waitFor();
			await box(page).focus();
			await page.keyboard.press("Control+f");
			await page.locator(".find input").fill("lock");
			await page.locator(".find-count", { hasText: /1 of \d+/ }).waitFor();
			await page.keyboard.press("Enter");
			await page.locator(".find-count", { hasText: /2 of \d+|1 of 1/ }).waitFor();
			assert.ok(await page.evaluate(() => CSS.highlights.get("raw-current")?.size === 1));
			await page.keyboard.press("Escape");
			assert.ok(await box(page).evaluate((e) => e === document.activeElement));
		});
	},
	async "a pane of another program has all it needs"() {
		await with_({ ...live, device: { viewport: { width: 320, height: 700 } } }, (r) => `/runs/${r.spec.id}?embed=1`, async (page) => {
			await page.locator(".agent-row").first().waitFor();
			assert.equal(await page.locator(".rail, header.top").count(), 0);
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
		});
	},
};

tests["what agents and repositories wrote is text"] = async () => {
	const evil = "<img src=x onerror=\"window.bad = 1\"><script>window.bad = 1</script>\u202e\"'`";
	for (const view of ["", "?tab=agents&agent=structure", "?tab=timeline", "?tab=graph", "?tab=log", "?tab=input"])
		await with_({
			live: true,
			before: (r, s) => {
				for (let i = 0; i < 40; i++) r.play(250);
				for (const k of ["title", "question", "flow", "repo", "repo_name", "branch", "model", "agent", "focus", "commit"]) r.spec[k] = evil;
				for (const a of r.agents) {
					a.spec.label = a.spec.persona = a.activity = a.condition = a.reason = evil;
					for (const b of a.blocks)
						if (b.type === "tool") Object.assign(b, { name: evil, verb: evil, subject: evil, summary: evil, input: { [evil]: evil } });
						else if ("text" in b) b.text = evil;
				}
				s.hold();
			},
		}, (r) => `/runs/${r.spec.id}${view}`, async (page) => {
			await page.getByText("<script>").first().waitFor();
			for (const line of await page.locator(".tool-line").all()) await line.click();
			assert.deepEqual(await page.evaluate(() => [window.bad ?? 0, document.querySelectorAll("#app img, #app script").length]), [0, 0], view);
		});
};

for (const [name, fn] of Object.entries(tests)) {
	if (!name.includes(only)) continue;
	try {
		await fn();
		console.log(`ok ${name}`);
	} catch (e) {
		console.log(`not ok ${name}: ${String(e.message ?? e).split("\n").slice(0, 6).join(" | ")}`);
	}
}
await browser.close();
