// What is worth a picture: a name, an address, and what somebody does there.
const press = (...keys) => async (page) => {
	for (const k of keys) await page.keyboard.press(k);
};
const launcher = async (page, _, width) => {
	if (width < 500) await page.click(".bottom-new");
	else await page.click(".top-new");
	await page.waitForSelector(".flow-row");
	await page.waitForTimeout(400);
};
const broken = ["Failed to load resource", "WebSocket connection", "ERR_"];

export const shots = [
	{ name: "home", path: "/", wait: 2500 },
	{ name: "home-empty", path: "/", scenario: "empty", live: false },
	{ name: "home-loading", path: "/", scenario: "slow", wait: 700 },
	{ name: "home-error", path: "/", scenario: "error", expect: broken },
	{ name: "home-offline", path: "/", wait: 1200, expect: broken, act: async (page, d) => { d.state.scenario = "offline"; for (const t of d.tabs) t.peer.close(); await page.waitForTimeout(4500); } },
	{ name: "home-not-ready", path: "/", scenario: "not-ready" },
	{ name: "home-commands", path: "/", act: async (page) => { await page.click(".composer-field"); await page.keyboard.type("/re"); } },
	{ name: "home-unknown", path: "/", act: async (page) => { await page.click(".composer-field"); await page.keyboard.type("/reserch polling"); await page.keyboard.press("Escape"); } },
	{ name: "launch", path: "/", act: launcher },
	{ name: "launch-errors", path: "/", act: async (page, d, w) => { await launcher(page, d, w); await page.click("dialog .is-filled"); } },
	{ name: "new", path: "/new?flow=code-review&size=medium" },
	{ name: "runs", path: "/runs" },
	{ name: "runs-search", path: "/runs?q=citation&size=small", settle: 500 },
	{ name: "runs-none", path: "/runs?q=zzz" },
	{ name: "runs-selected", path: "/runs", widths: [1440, 1024], act: async (page) => { await page.check("tr.run:nth-child(1) >> nth=1 >> input"); await page.check("tbody:nth-of-type(4) input"); } },
	{ name: "runs-menu", path: "/runs", act: async (page) => { await page.click("tbody:nth-of-type(3) .c-menu button"); } },
	{ name: "runs-error", path: "/runs", scenario: "error", expect: broken },
	{ name: "flows", path: "/flows" },
	{ name: "flow", path: "/flows/architectural-analysis" },
	{ name: "agents", path: "/agents" },
	{ name: "agents-not-ready", path: "/agents", scenario: "not-ready" },
	{ name: "settings", path: "/settings" },
	{ name: "palette", path: "/", act: press("Control+k") },
	{ name: "palette-typed", path: "/runs", act: async (page) => { await page.keyboard.press("Control+k"); await page.waitForSelector(".palette-field"); await page.keyboard.type("lock"); await page.waitForTimeout(500); } },
	{ name: "keys", path: "/agents", act: press("?") },
	{ name: "attention", path: "/", act: async (page) => { await page.click(".flag"); } },
	{ name: "more", path: "/", widths: [390], act: async (page) => { await page.click(".bottom > button"); } },
	{ name: "missing", path: "/nowhere" },
	{ name: "sign-in", path: "/sign-in" },
	{ name: "signed-out", path: "/runs", act: async (page, d) => { d.state.scenario = "signed-out"; await page.click(".filter >> nth=1"); }, expect: broken },
];
