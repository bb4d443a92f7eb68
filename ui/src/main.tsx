import { render } from "preact";
import "./tokens/tokens.css";
import "./ui/base.css";
import "./ui/parts.css";
import "./app/shell.css";
import { App } from "./app/app";
import { startAttention } from "./app/attention";
import { startBars } from "./app/bars";
import { takeServed } from "./app/boot";
import { startClock } from "./app/clock";
import { startCommands } from "./app/commands";
import { startKeys } from "./app/keys";
import { warm } from "./app/layers";
import { startNotices } from "./app/notices";
import { startPrefs } from "./app/prefs";
import { startRouter } from "./app/router";
import { startRuns } from "./app/runs";
import { startTitle } from "./app/title";
import { startTips } from "./ui/tip";
import { startWire, wire } from "./wire/socket";

const root = document.getElementById("app")!;
const main = root.querySelector("main")!;

function start(): void {
	startPrefs();
	startClock(() => wire.hurry());
	startRouter();
	startKeys();
	startCommands();
	startTips();
	startTitle();
	startBars();
	startRuns();
	startAttention();
	startNotices();
	startWire();

	takeServed(main);
	root.textContent = "";
	render(<App />, root);
	(window.requestIdleCallback ?? ((fn: () => void) => setTimeout(fn, 500)))(() => warm());
}

/* Where the server asks somebody to sign in, there is nothing yet that this could show. */
if (main.querySelector("form")) main.classList.add("served");
else start();
