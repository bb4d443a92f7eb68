// Every state that a part of the page can be in, and how to get there. A part says something of each column; null:
// that cannot be. `see` is what shows that it was reached. What is played is in stage.mjs and replay/.
export const COLUMNS = ["empty", "loading", "live", "error", "offline", "finished", "cancelled"];

const at = (tab, more = "") => (r) => `/runs/${r.spec.id}?tab=${tab}${more}`;
const run = (more) => (s) => s.run(more);
const finished = (s) => s.finished();
const failed = (s) => s.finished({ status: "failed", reason: "Validation: the validator returned nothing", outcome: "9 of 11 agents answered; 31 findings, not validated", steps: s.steps({ data: "failed", validator: "failed" }) });
const cancelled = (s) => { const r = s.run(); r.cancel("cancelled by you"); return r; };
const stopped = (s) => { const r = s.run({ report: true, outcome: "5 of 9 agents answered; 17 findings, not validated" }); r.cancel("cancelled by you"); return r; };
const resumed = (s) => { const r = s.run({ seconds: 60, played: 24 }); r.crash(28_000); for (let i = 0; i < 32; i++) r.play(250); return r; };
const never = (pattern) => [pattern, "never"];
const broken = (pattern) => [pattern, { status: 500, body: { error: { code: "internal", what: "the store could not be read", why: "disk I/O error (SQLITE_IOERR_READ)", fix: ["tutti db verify"] } } }];
const gone = (pattern) => [pattern, { status: 404, body: { error: { code: "not_found", what: "the frozen files of the run are gone", why: "", fix: ["run it again"], gone: true } } }];
const odd = (world, ...rules) => (s) => { const r = world?.(s); s.odd(...rules); return r; };
const lost = (wait) => async (page, s) => { await page.locator(wait).first().waitFor(); await s.lose(); };
const turn = (page, to) => page.evaluate((to) => { history.pushState(null, "", to); dispatchEvent(new PopStateEvent("popstate")); }, to);
const AGENT = "&agent=structure";
const STREAM = ".well-scroll .block";

const launcher = async (page, s) => {
	await page.click(s.phone ? ".bottom-new" : ".top-new");
	await page.locator("dialog .launch").waitFor();
};
const palette = async (page, text = "") => {
	await page.locator(".shell h1").first().waitFor({ state: "attached" });
	await page.keyboard.press("Control+k");
	await page.locator(".palette-field").fill(text);
};
const cited = async (page) => {
	await page.locator(STREAM).first().waitFor();
	await page.locator(".well-scroll a.cite").first().evaluate((e) => { e.scrollIntoView({ block: "center" }); e.click(); });
};
const evidence = async (page, state) => {
	await page.locator(`.cite-row:has-text("${state}")`).first().focus();
	await page.keyboard.press("Enter");
	await page.locator(".cite-pop").waitFor();
};

export const table = {
	"Run list": {
		empty: { past: 0, path: "/runs", see: ["text=No runs yet.", ".empty a.button", ".empty code"] },
		loading: { world: odd(null, never(/^GET \/runs$/)), path: "/runs", see: ".history .skeleton > div:nth-of-type(6)" },
		live: {
			past: 30, world: run(), path: "/runs", see: ["text=2 new runs"],
			async act(page, s) {
				await page.locator(".run").nth(20).scrollIntoViewIfNeeded();
				for (const id of ["r-new1aaaa", "r-new2aaaa"]) s.run({ id, seconds: 1 });
			},
		},
		error: {
			path: "/runs", see: [".trouble", ".run"],
			async act(page, s) {
				await lost(".run")(page, s);
				s.odd(broken(/^GET \/runs$/));
				await s.find();
			},
		},
		offline: { path: "/runs", act: lost(".run"), see: ["text=/as of \\d\\d:\\d\\d/", ".run", ".bar"] },
		finished: null, cancelled: null,
	},
	Roster: {
		empty: { world: run({ steps: [] }), path: at("agents"), see: "text=This flow has no agents in this size." },
		loading: { world: run({ seconds: 0 }), path: at("agents"), see: ".agent-row.is-pending" },
		live: { world: run(), path: at("agents"), see: [".agent-row.is-running", ".agent-row.is-completed"] },
		error: { world: failed, path: at("agents"), see: [".agent-row.is-failed .agent-activity.is-failed", ".agent-row.is-failed .row-retry"] },
		offline: { world: run(), path: at("agents"), act: lost(".agent-row.is-running"), see: [".run.is-stale .agent-row.is-running"] },
		finished: { world: finished, path: at("agents"), see: ".agent-row.is-completed .agent-activity:has-text('finding')" },
		cancelled: { world: cancelled, path: at("agents"), see: ".agent-row.is-cancelled" },
		resumed: { world: resumed, path: at("agents"), see: [".agent-row:has-text('kept')", ".agent-row:has-text('attempt 2')"] },
	},
	Stream: {
		empty: { world: run({ seconds: .5 }), path: at("agents", AGENT), see: "text=Waiting for the first token" },
		loading: {
			world: odd((s) => { const r = s.run({ seconds: 4, length: 400_000 }), a = r.by.get("structure"); while (a.blocks.length < 260) a.play(250); return r; }, never(/\/blocks$/)), path: at("agents", AGENT), see: ".older .button:has-text('Loading')",
			async act(page) {
				await page.locator(STREAM).first().waitFor();
				await page.locator(".well-scroll").evaluate((e) => e.focus());
				await page.keyboard.press("Home");
				await page.locator(".older .button").evaluate((e) => e.click());
			},
		},
		live: { world: run(), path: at("agents", AGENT), see: [STREAM, ".tail .chunk", "text=Following"] },
		error: {
			world(s) {
				const r = s.run(), a = r.by.get("structure");
				a.block({ type: "tool", id: "x", name: "shell", verb: "ran", subject: "touch src/a.c", input: { command: "touch src/a.c" }, state: "denied", summary: "writing is not allowed here", ms: 2 });
				a.block({ type: "notice", level: "warning", text: "The model server closed the connection; asked again in 8 s, 2 of 3." });
				return r;
			},
			path: at("agents", AGENT), see: [".block .notice.is-warning", ".tool.is-denied .tool-detail"],
		},
		offline: { world: run(), path: at("agents", AGENT), act: lost(STREAM), see: ".well-foot:has-text('Paused at')" },
		"offline, then back": {
			world: run({ length: 400_000 }), path: at("agents", AGENT), see: ".well-foot:has-text('Caught up (+')",
			async act(page, s) {
				await lost(STREAM)(page, s);
				for (let i = 0; i < 20; i++) s.shown.play(500);
				await s.find();
			},
		},
		finished: { world: finished, path: at("agents", AGENT), see: ".well-foot:has-text('Ended')" },
		cancelled: { world: cancelled, path: at("agents", AGENT), see: ".rule:has-text('Cancelled by you')", act: async (page) => { await page.locator(".well-scroll .rule").first().waitFor(); await page.evaluate(() => [...document.querySelectorAll(".well-scroll .rule")].pop().scrollIntoView()); } },
		resumed: { world: resumed, path: at("agents", "&agent=behaviour"), see: ".rule:has-text('Resumed; attempt 2 begins')" },
	},
	Report: {
		empty: { world: run(), path: at("report"), see: ["text=The report is written when validation ends", ".sofar .is-completed"] },
		loading: { world: odd(finished, never(/\/report$/)), path: "/settings", act: async (page, s) => { await page.locator(".part").first().waitFor(); await turn(page, at("report")(s.shown)); }, see: ".report-wait .skeleton > div" },
		live: null,
		error: { world: failed, path: at("report"), see: ["text=No report", ".sofar .is-completed"] },
		offline: { world: finished, path: at("report"), act: lost(".report-filters"), see: [".report .card", ".bar"] },
		finished: { world: (s) => s.finished({ html: undefined }), path: at("report"), see: [".report-filters", ".report .card"] },
		"finished, after another one": { world: (s) => { s.finished({ id: "r-older0aa", started: new Date(Date.now() - 86_400_000).toISOString() }); return s.finished(); }, path: at("report"), act: async (page) => { await page.locator(".filter:has-text('since I was here')").click(); }, see: [".report .chip.new", ".report-filters:has-text('2 of')"] },
		cancelled: { world: stopped, path: at("report"), see: ["text=/Partial report: \\d+ of \\d+ agents/", ".report .card"] },
	},
	Timeline: {
		empty: { world: run({ seconds: 0 }), path: at("timeline"), see: "text=Nothing has started." },
		loading: { world: odd(run({ seconds: 2 }), never(/\/events$/)), path: at("timeline"), see: [".gantt-axis .tick", ".lane .is-pending"] },
		live: { world: run(), path: at("timeline"), see: [".gantt .now", ".seg.is-run"] },
		error: { world: failed, path: at("timeline"), see: ".seg.is-failed" },
		offline: { world: run(), path: at("timeline"), act: lost(".gantt .now"), see: [".gantt .now.is-stale", ".gantt-stale"] },
		finished: { world: finished, path: at("timeline"), see: ".seg.is-critical" },
		"finished, as a table": { world: finished, path: at("timeline"), act: async (page) => { await page.click("text=Show as table"); }, see: ".time-table td" },
		cancelled: { world: cancelled, path: at("timeline"), see: ".seg.is-cancelled" },
		resumed: { world: resumed, path: at("timeline"), see: [".gantt .break", "text=/continued/"] },
	},
	Launcher: {
		empty: { path: "/agents", act: async (page, s) => { await launcher(page, s); await page.locator("dialog .flow-row").first().waitFor(); await page.locator("dialog .search-field input").fill("zzz"); }, see: ["text=No flow matches “zzz”.", "text=Clear search"] },
		loading: { world: odd(null, never(/^GET \/flows$/)), path: "/agents", act: launcher, see: "dialog .skeleton > div" },
		live: {
			world: odd(null, never(/^POST \/runs$/)), path: "/agents", see: "dialog .is-filled:disabled:has-text('Starting')",
			async act(page, s) {
				await launcher(page, s);
				await page.locator("dialog .launch-roster").waitFor();
				await page.locator("dialog textarea").fill("Who holds the lock?");
				await page.locator("dialog .is-filled").click();
			},
		},
		error: { path: "/agents", act: async (page, s) => { await launcher(page, s); await page.locator("dialog .launch-roster").waitFor(); await page.locator("dialog .is-filled").click(); }, see: ["dialog textarea[aria-invalid=true]:focus", "dialog .problem"] },
		"error, of the daemon": {
			world: odd(null, broken(/^POST \/runs$/)), path: "/agents", see: "dialog .trouble",
			async act(page, s) {
				await launcher(page, s);
				await page.locator("dialog .launch-roster").waitFor();
				await page.locator("dialog textarea").fill("Who holds the lock?");
				await page.locator("dialog .is-filled").click();
				await page.locator("dialog .trouble").scrollIntoViewIfNeeded();
			},
		},
		offline: { path: "/agents", act: async (page, s) => { await launcher(page, s); await page.locator("dialog .flow-row").first().waitFor(); await s.lose(); }, see: ["dialog .is-filled:disabled", "text=Cannot be sent while there is no connection."] },
		finished: null, cancelled: null,
	},
	"Evidence popover": {
		empty: null,
		loading: { world: odd(finished, never(/\/files$/)), path: at("agents", AGENT), act: cited, see: ".cite-pop:has-text('Reading src/'):has-text('at 4be1c2a')" },
		live: null,
		error: { world: odd(finished, gone(/\/files$/)), path: at("agents", AGENT + "&view=evidence"), act: (page) => evidence(page, "resolves"), see: [".cite-pop:has-text('no longer here')", ".cite-pop .quote"] },
		offline: { world: finished, path: at("agents", AGENT + "&view=evidence"), act: async (page, s) => { await lost(".cite-row")(page, s); await evidence(page, "resolves"); }, see: [".cite-pop .quote", ".cite-pop:has-text('does not answer')"] },
		finished: { world: finished, path: at("agents", AGENT), act: cited, see: [".cite-pop mark", ".cite-pop .t-kw"] },
		"finished, changed": { world: finished, path: at("agents", AGENT + "&view=evidence"), act: (page) => evidence(page, "changed"), see: [".cite-pop mark", ".cite-pop .quote", ".cite-pop .t-kw"] },
		"finished, of a report": { world: finished, path: at("report"), act: async (page) => { await page.locator(".report-filters").waitFor(); await page.locator(".report a.ref[href='#E1']").first().evaluate((e) => { e.scrollIntoView({ block: "center" }); e.click(); }); }, see: ".cite-pop mark" },
		cancelled: null,
	},
	Graph: {
		empty: { world: (s) => s.run({ seconds: 2, steps: s.steps().slice(1, 2).map((x) => ({ ...x, needs: [] })) }), path: at("graph"), see: ".node" },
		loading: { world: run(), path: at("graph"), before: (page) => page.route(/graphview/, () => {}), see: ".graph.is-loading .graph-skeleton > i" },
		live: { world: run(), path: at("graph"), see: [".node.is-running", ".node.is-completed"] },
		error: { world: run({ seconds: 0, crew: 320 }), path: at("graph"), act: async (page) => { await page.locator(".node.is-stack").first().click(); }, see: [".edges.is-all li", "text=Too many steps for a drawing"] },
		offline: { world: run(), path: at("graph"), act: lost(".node"), see: [".run.is-stale .graph-stale"] },
		finished: { world: finished, path: at("graph"), see: ".node.is-completed" },
		cancelled: null,
	},
	Composer: {
		empty: { path: "/", see: ".composer-field[placeholder*='/']" },
		loading: null,
		live: {
			world: odd(null, never(/^POST \/runs$/)), path: "/", see: ".composer-run:disabled:has-text('Starting')",
			async act(page) {
				await page.locator(".composer-under:has-text('agents')").waitFor();
				await page.locator(".composer-field").fill("Who holds the lock?");
				await page.locator(".composer-run").click();
			},
		},
		error: { path: "/", act: async (page) => { await page.locator(".composer-under:has-text('agents')").waitFor(); await page.locator(".composer-field").pressSequentially("/reserch polling"); await page.keyboard.press("Escape"); }, see: [".composer .problem button:has-text('research')"] },
		"live, commands": { path: "/", act: async (page) => { await page.locator(".composer-under:has-text('agents')").waitFor(); await page.locator(".composer-field").pressSequentially("/re"); }, see: ".suggestions [aria-selected=true]" },
		offline: { path: "/", act: async (page, s) => { await lost(".row")(page, s); await page.locator(".composer-field").fill("Who holds the lock?"); }, see: [".composer-under:has-text('Will not be sent')", ".composer-run:disabled"] },
		finished: null, cancelled: null,
	},
	Palette: {
		empty: { path: "/runs", act: (page) => palette(page, "zzzzq"), see: ".palette-none" },
		loading: { world: odd(null, never(/^GET \/search$/)), path: "/runs", act: async (page) => { await page.locator(".run").first().waitFor(); await palette(page); }, see: ".palette-group:has-text('Runs')" },
		live: null,
		error: { world: odd(null, broken(/^GET \/search$/)), path: "/runs", act: async (page) => { await page.locator(".run").first().waitFor(); await palette(page, "re"); }, see: [".palette-note", ".palette-item"] },
		offline: { path: "/runs", act: async (page, s) => { await lost(".run")(page, s); await palette(page, "re"); }, see: [".palette-note", ".palette-item"] },
		finished: null, cancelled: null,
	},
	Compare: {
		empty: { world: finished, path: (r) => `/compare?b=${r.spec.id}`, see: "text=Pick a second run." },
		loading: { world: odd((s) => [s.finished({ id: "r-older0aa" }), s.finished()], never(/^GET \/runs\/./)), path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}`, see: [".side-head >> nth=1", ".compare .skeleton > div"] },
		live: { world: (s) => [s.finished({ id: "r-older0aa" }), s.run()], path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}&tab=agents`, see: ["text=still running", ".time-table td"] },
		error: { past: 12, path: (_, s) => `/compare?a=${s.past().spec.id}&b=${s.finished().spec.id}`, see: ["text=Cannot compare: different flows", "text=Compare anyway as text"] },
		offline: null,
		finished: { world: (s) => [s.finished({ id: "r-older0aa" }), s.finished({ model: "glm-5-air" })], path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}`, see: [".pair.is-new", ".pair.is-gone"] },
		"finished, reports": { world: (s) => [s.finished({ id: "r-older0aa" }), s.finished()], path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}&tab=report`, see: ".split pre" },
		"finished, timelines": { world: (s) => [s.finished({ id: "r-older0aa" }), s.finished()], path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}&tab=timeline`, see: ".overlay-row" },
		cancelled: { world: (s) => [s.finished({ id: "r-older0aa" }), stopped(s)], path: ([a, b]) => `/compare?a=${a.spec.id}&b=${b.spec.id}`, see: ".side-head:has-text('cancelled')" },
	},
	Header: {
		empty: null,
		loading: { world: odd(run(), never(/^GET \/runs\/./)), path: at("agents"), see: [".run.is-loading h1:has-text('Architectural analysis')", ".run.is-loading .skeleton > div"] },
		live: { world: run(), path: at("input"), see: [".run-meter", ".run-progress:has-text('min left')"] },
		error: { world: failed, path: at("input"), see: ".run-outcome.is-failed .outcome-text" },
		offline: { world: run(), path: at("input"), act: lost(".run-meter"), see: ".pill.is-lost:has-text('Reconnecting')" },
		"offline, for a minute": { world: run(), path: at("input"), act: async (page, s) => { await lost(".run-meter")(page, s); await s.later(60); }, see: [".bar:has-text('may have stopped')", ".bar code"] },
		finished: { world: finished, path: at("input"), see: [".run-outcome.is-completed .outcome-text", ".run-counts"] },
		cancelled: { world: stopped, path: at("input"), see: [".run-outcome.is-cancelled", ".run-counts:has-text('partial')"] },
		resumed: { world: resumed, path: at("log"), see: "text=/stopped at .* and continued at/" },
	},
};

// What has no such columns: pages, and what opens above them.
const views = {
	home: { past: 12, world: run(), path: "/", see: ".row.is-live" },
	"home, empty": { past: 0, path: "/", see: "text=No runs yet." },
	flows: { path: "/flows", see: ".row" },
	"a flow": { path: "/flows/research", see: ".plain" },
	agents: { path: "/agents", see: ".doctor-line" },
	"agents, not ready": { before: (_, s) => (s.server.state.scenario = "not-ready"), path: "/agents", see: "text=Not ready" },
	settings: { path: "/settings", see: ".part" },
	"the launcher as a page": { path: "/new?flow=code-review&size=medium", see: ".launch-roster" },
	nowhere: { path: "/nowhere", see: "text=There is nothing at this address" },
	"sign in": { path: "/sign-in", see: "form" },
	"signed out": { path: "/runs", act: async (page, s) => { await page.locator(".run").first().waitFor(); s.server.state.scenario = "signed-out"; await page.locator(".filter >> nth=1").click(); }, see: ".bar:has-text('not signed in')" },
	keys: { path: "/agents", act: async (page) => { await page.locator(".doctor-line").first().waitFor(); await page.keyboard.press("?"); }, see: ".help" },
	attention: { path: "/", act: async (page) => { await page.locator(".flag").click(); }, see: "dialog .row" },
	more: { phone: true, path: "/", act: async (page) => { await page.locator(".bottom > button").click(); }, see: "dialog .sheet" },
	"runs, found": { past: 12, path: "/runs?q=citation&size=small", see: ".run-snippet mark" },
	"runs, none": { path: "/runs?q=zzz", see: "text=Clear filters" },
	"runs, selected": { past: 12, path: "/runs", act: async (page) => { await page.locator(".run").first().waitFor(); for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key); }, see: ".chosen:has-text('2 selected')" },
	"runs, a menu": { path: "/runs", act: async (page) => { await page.locator(".c-menu button").nth(1).click(); }, see: ".menu [role=menuitem]" },
	"runs, to be deleted": { path: "/runs", act: async (page) => { await page.locator(".c-menu button").nth(1).click(); await page.locator("[role=menuitem]:has-text('Delete')").click(); }, see: "dialog .is-danger" },
	"a run's actions": { world: run(), path: at("agents"), act: async (page, s) => { await page.locator(s.phone ? ".top-actions .button" : ".run-actions .button").last().click(); }, see: ".menu [role=menuitem]" },
	"a run to be cancelled": { world: run(), path: at("agents"), act: async (page, s) => { await page.locator(s.phone ? ".top-actions .button" : ".run-actions .button").last().click(); await page.locator("[role=menuitem]:has-text('Cancel run')").click(); }, see: "dialog .is-danger" },
	"a question": { world: (s) => { const r = s.run(); Object.assign(r.by.get("security"), { choices: ["approve", "reject"], ask: "<p>Is this the <strong>right</strong> plan?</p>" }); return r; }, path: at("agents"), see: ".gate .is-filled" },
	paused: { world: run(), path: at("agents", AGENT), act: async (page, s) => { await page.locator(STREAM).first().waitFor(); await page.keyboard.press("p"); s.shown.play(2000); }, see: ["text=/Paused · \\d/"] },
	log: { world: run(), path: at("log"), act: async (page) => { await page.locator(".log-line").first().click(); }, see: ".log-row.is-open .code" },
	output: { world: finished, path: at("agents", AGENT + "&view=output"), see: ".paper .prose" },
	prompt: { world: finished, path: at("agents", AGENT + "&view=prompt"), see: ".paper .plain-text" },
	"raw, found": { world: finished, path: at("agents", AGENT + "&view=raw"), act: async (page) => { await page.locator(".raw-page").first().waitFor(); await page.locator(".well-scroll").focus(); await page.keyboard.press("Control+f"); await page.locator(".find input").fill("the"); }, see: ".find-count:has-text('of')" },
	embedded: { world: run(), path: at("agents", "&embed=1"), see: ".run.is-embedded .agent-row" },
};

// One of each: [part, state, cell].
export const cells = Object.entries({ ...table, Views: views }).flatMap(([part, of]) => Object.entries(of).filter(([, c]) => c).map(([state, c]) => ({ part, state, ...c })));
