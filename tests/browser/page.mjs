// The page in a browser, over a played daemon (ui/replay): prints "ok NAME" or "not ok NAME: why" for each thing that
// has to hold, or only those whose name contains the argument. What the console says counts against the page everywhere:
// its policy allows no inline script, no inline style and no markup but the server's.
import { serve } from "../../ui/replay/server.mjs";
import { launch } from "./chromium.mjs";

const browser = await launch();

function must(holds, what) {
	if (!holds) throw new Error(what);
}

// FN gets the page at PATH of a daemon of its own; nothing may be said on its console but ALLOWED.
async function check(name, path, fn, { daemon: of = {}, context: how = {}, allowed = [] } = {}) {
	if (!name.includes(process.argv[2] ?? "")) return;
	const daemon = await serve({ live: true, past: 12, ...of });
	const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...how });
	const page = await context.newPage();
	const said = [];
	page.setDefaultTimeout(60_000);
	page.on("pageerror", (e) => said.push(e.message));
	page.on("console", (m) => ["error", "warning"].includes(m.type()) && said.push(m.text()));
	try {
		await page.goto(daemon.url + path);
		await page.waitForSelector(path === "/sign-in" ? "form" : ".shell");
		await fn(page, daemon, context);
		const bad = said.filter((s) => !allowed.some((a) => s.includes(a)));
		must(bad.length === 0, "the console said: " + bad.join(" | "));
		console.log(`ok ${name}`);
	} catch (e) {
		console.log(`not ok ${name}: ${e.message.split("\n").slice(0, 6).join(" | ")}`);
	}
	await context.close();
	daemon.close();
}

const type = async (page, ...keys) => {
	for (const k of keys) await page.keyboard.press(k);
};
const path = (page) => new URL(page.url()).pathname + new URL(page.url()).search;
const heading = (page) => page.evaluate(() => document.activeElement?.textContent ?? "");

await check("a flow is launched with the keyboard alone", "/agents", async (page) => {
	await page.waitForSelector("h1");
	await type(page, "n");
	await page.waitForSelector("dialog .flow-row");
	await page.keyboard.type("Who holds the lock?");
	await type(page, "Tab", "Tab", "Tab"); // repository, commit, categories
	await type(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight");
	await page.waitForSelector('[role=tab][aria-selected=true]:has-text("Review")');
	await type(page, "Tab", "Tab", "Space");
	await page.waitForSelector("dialog .flow-row:has(:checked)");
	await type(page, "Control+Enter");
	await page.waitForURL(/\/runs\/r-/);
	must(!(await page.$("dialog[open]")), "the dialog is still there");
});

await check("a command in the question runs at once", "/", async (page, daemon) => {
	await page.waitForSelector(".row");
	await page.click(".composer-field");
	await page.keyboard.type("/rese");
	await page.waitForSelector("[role=option]");
	await type(page, "Tab");
	await page.keyboard.type("polling or webhooks? --size large --fast");
	await page.waitForSelector('.composer-under:has-text("research · large · 8 agents · fast")');
	await type(page, "Control+Enter");
	await page.waitForURL(/\/runs\/r-/);
	const run = daemon.state.world.summaries()[0];
	must(run.flow === "research" && run.size === "large" && run.fast && run.question === "polling or webhooks?", JSON.stringify(run));
});

await check("a finished report is handed on to the next flow", "/runs?status=completed", async (page, daemon) => {
	await page.locator("a.run-link, .run a").first().click();
	await page.waitForURL(/\/runs\/r-/);
	const earlier = page.url().match(/r-[0-9a-z]+/)[0], of = daemon.state.world.run(earlier).spec;
	await page.locator(".follow-up button").first().click();
	const note = page.locator("dialog .launch-note", { hasText: "Handed on as evidence" });
	await note.getByText(`${of.flow}: ${of.question}`).waitFor();
	await page.locator("dialog .launch-roster").waitFor();
	await page.locator("dialog .is-filled").click();
	await page.waitForURL((u) => u.pathname.startsWith("/runs/r-") && !u.pathname.endsWith(earlier));
	must(daemon.state.world.summaries()[0].flow === "plan-implementation", "another flow");
	await page.locator(".run-facts").getByText("with an earlier report").click();
	await page.waitForURL((u) => u.pathname.endsWith(earlier));
	await page.locator(".follow-up button").first().click();
	await note.getByRole("button", { name: "Leave it out" }).click();
	must((await note.count()) === 0, "it is not left out");
});

await check("what is typed right behind a completion stands there", "/", async (page) => {
	await page.waitForSelector(".row");
	await page.click(".composer-field");
	await page.keyboard.type("/rese");
	await page.waitForSelector("[role=option]");
	await page.evaluate(() => {
		document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
		document.execCommand("insertText", false, "po");
	});
	await page.waitForTimeout(100);
	await page.keyboard.type("lling");
	must((await page.inputValue(".composer-field")) === "/research polling", await page.inputValue(".composer-field"));
});

await check("a draft outlives the page", "/", async (page) => {
	await page.waitForSelector(".row");
	await page.fill(".composer-field", "half a question");
	await page.waitForFunction(() => Object.keys(localStorage).some((k) => k.startsWith("tutti.draft.")));
	await page.reload();
	await page.waitForFunction(() => document.querySelector(".composer-field")?.value === "half a question");
});

await check("keys lead everywhere, and the focus to the heading", "/", async (page) => {
	await page.waitForSelector(".row");
	await page.evaluate(() => document.activeElement.blur());
	for (const [keys, to, title] of [[["g", "r"], "/runs", "Runs"], [["g", "f"], "/flows", "Flows"], [["g", "a"], "/agents", "Agents and doctor"]]) {
		await type(page, ...keys);
		await page.waitForURL("**" + to);
		await page.waitForFunction((t) => document.activeElement?.textContent === t, title);
	}
	must((await page.title()) === "Agents · tutti", await page.title());
	await page.goBack();
	await page.waitForURL("**/flows");
	await type(page, "?");
	await page.waitForSelector("dialog[open] .help");
	await type(page, "Escape");
	await page.waitForFunction(() => !document.querySelector("dialog[open]"));
});

await check("single keys can be switched off, and do nothing in a field", "/runs", async (page) => {
	await page.waitForSelector(".run");
	await type(page, "/");
	await page.keyboard.type("ng");
	await page.waitForURL(/q=ng/);
	must(!(await page.$("dialog[open]")), "a key of a field opened something");
	await page.evaluate(() => localStorage.setItem("tutti.prefs", '{"singleKeys":false}'));
	await page.goto(page.url());
	await page.waitForSelector("h1");
	await type(page, "n", "?", "g", "h");
	must(path(page).startsWith("/runs") && !(await page.$("dialog[open]")), "a single key did something");
	await type(page, "Control+k");
	await page.waitForSelector(".palette-field");
});

await check("the palette finds runs, flows and actions", "/", async (page) => {
	await page.waitForSelector(".row");
	await type(page, "Control+k");
	await page.waitForSelector(".palette-field");
	await page.keyboard.type("sett");
	await page.waitForSelector('[role=option][aria-selected=true]:has-text("Settings")');
	await type(page, "Enter");
	await page.waitForURL("**/settings");
});

await check("filters are in the address, and Back finds them", "/runs", async (page) => {
	await page.waitForSelector(".run");
	await page.click('.filter:has-text("Completed")');
	await page.waitForURL(/status=completed/);
	await page.waitForFunction(() => document.querySelectorAll(".run").length > 0 && [...document.querySelectorAll("td.c-status .vh")].every((e) => e.textContent === "completed"));
	await page.click(".run-link");
	await page.waitForURL(/\/runs\/r-/);
	await page.goBack();
	await page.waitForURL(/status=completed/);
	await page.waitForSelector('.filter[aria-pressed=true]:has-text("Completed")');
});

await check("two runs are selected and compared", "/runs", async (page) => {
	await page.waitForSelector(".run");
	await type(page, "j", "j", "x", "j", "x");
	await page.waitForSelector('.chosen:has-text("2 selected")');
	await page.click('.chosen a:has-text("Compare")');
	await page.waitForURL(/\/compare\?a=r-.*&b=r-/);
});

await check("a deleted run can be taken back", "/runs", async (page, daemon) => {
	await page.waitForSelector(".run");
	const before = daemon.state.world.ids().length;
	const rows = await page.locator(".run").count();
	await page.locator(".c-menu button").nth(2).click();
	await page.click('[role=menuitem]:has-text("Delete")');
	await page.click('dialog button:has-text("Delete")');
	await page.waitForFunction((n) => document.querySelectorAll(".run").length === n - 1, rows);
	await page.click('.toast button:has-text("Undo")');
	await page.waitForFunction((n) => document.querySelectorAll(".run").length === n, rows);
	must(daemon.state.world.ids().length === before, "it was deleted all the same");
});

await check("a lost connection is told, and heals without a reload", "/", async (page, daemon) => {
	await page.waitForSelector(".pill.is-live");
	await page.evaluate(() => (window.same = true));
	daemon.state.scenario = "offline";
	for (const t of daemon.tabs) t.peer.close();
	await page.waitForSelector(".bar");
	await page.waitForSelector('.composer-under:has-text("Will not be sent")');
	must((await page.locator(".row").count()) > 3, "what was shown is gone");
	daemon.state.scenario = "normal";
	await page.evaluate(() => document.querySelector(".bar button")?.click()); // it may be back by itself
	await page.waitForSelector(".pill.is-live");
	await page.waitForFunction(() => !document.querySelector(".bar"));
	must(await page.evaluate(() => window.same), "the page was loaded again");
}, { allowed: ["WebSocket", "ERR_", "Failed to load"] });

await check("without WebSockets it is live over SSE", "/", async (page) => {
	await page.waitForSelector('.pill.is-live:has-text("Live, slower")');
	await page.waitForSelector(".row.is-live");
}, { daemon: { scenario: "no-socket" }, allowed: ["WebSocket"] });

await check("who is not signed in finds out how to", "/sign-in", async (page) => {
	must((await page.textContent("h1")) === "Sign in", "it was taken away");
	must(!(await page.$(".shell")), "the page started");
});

await check("a report is there before any script", "/runs", async (page, daemon, context) => {
	const plain = await browser.newContext({ javaScriptEnabled: false });
	const other = await plain.newPage();
	const done = daemon.state.world.summaries().find((r) => r.status === "completed");
	await other.goto(`${daemon.url}/runs/${done.id}`);
	must((await other.textContent("main")).includes("Answer"), "no report in the document");
	await plain.close();
});

await check("a theme that was chosen is there at the first paint", "/settings", async (page) => {
	await page.click('.segment:has-text("Dark")');
	await page.reload({ waitUntil: "commit" });
	await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
	must((await page.evaluate(() => getComputedStyle(document.body).backgroundColor)) === "rgb(18, 18, 23)", "it is not dark");
});

await check("at 320 pixels and with large text nothing scrolls sideways", "/", async (page, daemon) => {
	for (const size of ["100%", "200%"])
		for (const to of ["/", "/runs", "/flows", "/flows/research", "/agents", "/settings", "/new"]) {
			await page.goto(daemon.url + to);
			await page.waitForSelector("#main h1, #main .composer");
			await page.evaluate((s) => (document.documentElement.style.fontSize = s), size);
			await page.waitForTimeout(150);
			const over = await page.evaluate(() => Math.max(document.documentElement.scrollWidth - innerWidth, document.getElementById("main").scrollWidth - document.getElementById("main").clientWidth));
			must(over <= 0, `${to} at ${size} by ${over} pixels`);
		}
}, { context: { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true } });

await browser.close();
