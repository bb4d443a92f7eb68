// A real daemon for a test in the browser: a home, a repository and a data directory of its own, the rehearsal
// model with a script, and links to sign in by.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const top = new URL("../..", import.meta.url).pathname;

export class House {
	// below DIR, which is nobody else's. FILES: path to text; SOURCES: directories of this repository; SCRIPT: lines
	constructor(tutti, dir, { files = {}, sources = [], script = "", config = {}, name = "repo", env = {} }) {
		this.tutti = tutti;
		this.dir = dir;
		this.repo = join(dir, name);
		this.data = join(dir, "data");
		this.env = { ...process.env, HOME: join(dir, "home"), XDG_CONFIG_HOME: join(dir, "config"), TUTTI_DATA: this.data, OPENAI_BASE_URL: "", ...env };
		for (const d of [this.repo, this.env.HOME, this.env.XDG_CONFIG_HOME]) mkdirSync(d, { recursive: true });
		mkdirSync(this.data, { mode: 0o700 });
		for (const s of sources) cpSync(join(top, s), join(this.repo, s), { recursive: true });
		const put = (below, of) => {
			for (const [path, text] of Object.entries(of)) {
				mkdirSync(dirname(join(below, path)), { recursive: true });
				writeFileSync(join(below, path), text);
			}
		};
		put(this.repo, files);
		put(join(this.env.XDG_CONFIG_HOME, "tutti"), config);
		writeFileSync(join(dir, "script"), script);
		const git = (...a) => execFileSync("git", ["-C", this.repo, "-c", "user.name=tests", "-c", "user.email=tests@example.org", ...a], { env: this.env });
		git("init", "-q", "-b", "main");
		git("add", "-A");
		git("commit", "-qm", "as it came");
	}
	async start(port = 0) {
		this.child = spawn(this.tutti, ["serve", "--bind", `127.0.0.1:${port}`, "--json", "--repo", this.repo, "--rehearsal-script", join(this.dir, "script"), "--grace", "0s"], { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
		let said = "", errors = "";
		this.child.stderr.on("data", (b) => (errors += b));
		for await (const b of this.child.stdout) {
			said += b;
			if (said.includes("\n")) break;
		}
		if (!said) throw new Error("the daemon did not start: " + errors);
		Object.assign(this, JSON.parse(said));
		this.port = Number(new URL(this.url).port);
	}
	// kill -9, and all of it is gone
	async kill() {
		const over = once(this.child, "exit");
		this.child.kill("SIGKILL");
		await over;
	}
	async stop() {
		if (this.child.exitCode !== null || this.child.signalCode) return;
		const over = once(this.child, "exit");
		this.child.kill("SIGTERM");
		await over;
	}
	link(next = "/") {
		const said = JSON.parse(execFileSync(this.tutti, ["serve", "--link", "--json"], { env: this.env, encoding: "utf8" }));
		return `${said.sign_in}&next=${encodeURIComponent(next)}`;
	}
	async ask(path, accept = "application/json") {
		const r = await fetch(`${this.url}/api/v1${path}`, { headers: { Authorization: "Bearer " + readFileSync(join(this.data, "token"), "utf8").trim(), Accept: accept } });
		const text = await r.text();
		if (!r.ok) throw new Error(`${path}: ${r.status} ${text}`);
		return accept === "application/json" ? JSON.parse(text) : text;
	}
	async post(path, body) {
		const r = await fetch(`${this.url}/api/v1${path}`, { method: "POST", body: JSON.stringify(body), headers: { Authorization: "Bearer " + readFileSync(join(this.data, "token"), "utf8").trim(), "Content-Type": "application/json" } });
		if (!r.ok) throw new Error(`${path}: ${r.status} ${await r.text()}`);
		return r.json();
	}
}
