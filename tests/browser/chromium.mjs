// Debian's Chromium for everything here. Its build without windows draws the same pages with a third to a half less of a
// processor, which the tests need for themselves; CHROMIUM names another one. No page lives long enough for code that is
// compiled to run faster later: without that it takes a quarter less again.
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)("playwright-core");

// MORE: further arguments of the browser
const how = (more) => ({
	executablePath: process.env.CHROMIUM || "/usr/bin/chromium-headless-shell",
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--js-flags=--no-opt --no-maglev", ...more],
});
export const launch = (more = []) => chromium.launch(how(more));

// A browser that can be put to sleep with all its processes, as with the lid of a laptop.
export async function launchSleeper() {
	const server = await chromium.launchServer(how([]));
	const browser = await chromium.connect(server.wsEndpoint());
	const all = (signal) => process.kill(-server.process().pid, signal); // a group of its own
	return { browser, sleep: () => all("SIGSTOP"), wake: () => all("SIGCONT"), close: () => server.close() };
}
