// A page that is brought from state to state: one context of the browser and one played daemon for all of them.
// table.mjs says what the states are. A phone is a device of its own; the other widths are one window.
import { serve } from "../replay/server.mjs";
import { Run } from "../replay/run.mjs";
import { brief, liveSpec, World } from "../replay/world.mjs";

const SIZES = { 390: { width: 390, height: 844 }, 1024: { width: 1024, height: 768 }, 1440: { width: 1440, height: 900 } };
export const DEVICES = [[390], [1440, 1024]];
export const WIDTHS = DEVICES.flat();
export const THEMES = ["light", "dark"];

// Nothing is left of the state before, and the clock can be moved.
const begin = () => {
	localStorage.clear();
	sessionStorage.clear();
	const real = Date.now.bind(Date);
	window.ahead = 0;
	Date.now = () => real() + window.ahead;
};

export class Stage {
	// WIDTHS: one of DEVICES
	static async open(browser, widths) {
		const s = new Stage();
		s.widths = widths;
		s.phone = widths[0] < 768;
		s.server = await serve({ past: 0 });
		s.server.hold(); // time passes when a state says so
		s.context = await browser.newContext({ viewport: SIZES[widths[0]], hasTouch: s.phone, isMobile: s.phone, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
		await s.context.addInitScript(begin);
		s.page = await s.context.newPage();
		s.page.setDefaultTimeout(20_000);
		s.said = [];
		s.page.on("pageerror", (e) => s.said.push(String(e)));
		s.page.on("console", (m) => /Trusted|Content Security|Refused/.test(m.text()) && s.said.push(m.text()));
		return s;
	}
	async close() {
		await this.context.close();
		this.server.close();
	}

	// is CELL one for this device?
	has(cell) {
		return cell.phone === undefined || cell.phone === this.phone;
	}

	// --- worlds ------------------------------------------------------------------------------------

	get world() {
		return this.server.state.world;
	}
	// a run that began SECONDS ago and was played for PLAYED, until now if not said; MORE is of its spec
	run({ seconds = 16, played = seconds, crew = 0, length, ...more } = {}) {
		const spec = { ...liveSpec({ now: Date.now() - seconds * 1000, agents: crew, length }), html: brief, ...more };
		const run = this.world.add(new Run(spec));
		for (let ms = 0; ms < played * 1000; ms += 250) run.play(250);
		return run;
	}
	// the plan of such a run; FATES of its steps
	steps(fates = {}) {
		return liveSpec({}).steps.map((s) => ({ ...s, ...(fates[s.step] ? { fate: fates[s.step] } : {}) }));
	}
	finished(more = {}) {
		const run = this.world.add(new Run({ ...liveSpec({ now: Date.now() - 900_000 }), html: brief, ...more }));
		return run.toEnd();
	}
	// of those that are over: the first that is STATUS
	past(status = "completed") {
		return this.world.ids().map((id) => this.world.run(id)).find((r) => r.status === status);
	}
	odd(...rules) {
		this.server.state.odd = rules;
	}

	// --- what happens --------------------------------------------------------------------------------

	async show(cell) {
		const { state } = this.server;
		state.world = new World({ past: cell.past ?? 4 });
		state.scenario = "normal";
		state.odd = [];
		this.said.length = 0;
		this.cell = cell;
		this.shown = await cell.world?.(this);
		await this.theme("light");
		await this.page.setViewportSize(SIZES[this.widths[0]]);
		await this.page.unrouteAll();
		await cell.before?.(this.page, this);
		await this.page.goto(this.server.url + (typeof cell.path === "function" ? cell.path(this.shown, this) : cell.path));
		await cell.act?.(this.page, this);
		await this.seen();
	}
	async seen() {
		for (const what of [this.cell.see].flat())
			await this.page.locator(what).first().waitFor({ state: "visible" }).catch(() => {
				throw new Error(`${what} is not to be seen`);
			});
		await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
	}
	// FN at each width, in the light theme; the state has to outlive the change
	async each(fn) {
		for (const width of this.widths) {
			await this.theme("light");
			await this.page.setViewportSize(SIZES[width]);
			if (width !== this.widths[0]) await this.seen();
			await fn(width);
		}
	}
	async theme(name) {
		await this.page.emulateMedia({ colorScheme: name });
	}
	// The daemon is away, since SECONDS as far as the page can tell.
	async lose(seconds = 12) {
		await this.page.locator(".pill.is-live").first().waitFor({ state: "attached" });
		this.server.state.scenario = "offline";
		for (const t of this.server.tabs) t.peer.close();
		await this.page.waitForFunction(() => !document.querySelector(".pill.is-live"));
		await this.later(seconds);
	}
	async find() {
		this.server.state.scenario = "normal";
		await this.later(0);
	}
	// SECONDS pass, and somebody looks again.
	async later(seconds) {
		await this.page.evaluate((ms) => {
			window.ahead += ms;
			document.dispatchEvent(new Event("visibilitychange"));
		}, seconds * 1000);
	}

	// --- what is looked at -----------------------------------------------------------------------------

	// pixels by which the page, or its main part, is wider than there is room
	overflow() {
		return this.page.evaluate(() => {
			const main = document.getElementById("main");
			return Math.max(document.documentElement.scrollWidth - innerWidth, main ? main.scrollWidth - main.clientWidth : 0);
		});
	}
	picture(path) {
		return this.page.screenshot({ path });
	}
}
