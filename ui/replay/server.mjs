// The built page and a played daemon behind it: replay/server.mjs [--port N] [--dist DIR] [--live]
// [--agents N] [--rate N] [--length N] [--scenario NAME]. Nothing but Node is needed.
//
// Scenarios, also set while it runs by GET /replay?scenario=NAME:
//   normal · empty (no run yet) · slow (answers after 3 s) · error (all lists fail) · offline (no
//   answer at all) · no-socket (WebSockets are refused, SSE works) · signed-out (401)
//   not-ready (no agent can work)
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { answer } from "./api.mjs";
import { Tab } from "./hub.mjs";
import { Run } from "./run.mjs";
import { agents, htmlOf, liveSpec, World } from "./world.mjs";
import { accept } from "./ws.mjs";

export const POLICY =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types tutti";
const STRICTEST = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";
const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };
const escape = (s) => s.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// as the daemon says it
const signIn = `<h1>Sign in</h1>
<p>This page belongs to the person who runs tutti on this machine. Ask the daemon for a link that signs you in:</p>
<pre>tutti serve --link</pre>
<p>It works once and for ten minutes. Its code can be put in here, too:</p>
<form method="get" action="/sign-in"><label>Code <input name="code" autocomplete="off" spellcheck="false" required></label> <button>Sign in</button></form>
`;

function page(dist, path, world) {
	const run = path.match(/^\/runs\/([^/]+)$/)?.[1];
	const r = run ? world.run(run) : null;
	const body = path === "/sign-in" ? signIn : r?.over && r.status === "completed" ? htmlOf(r) : "";
	let head = "";
	if (r && body) {
		const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
		for (const css of ["src/run/index.tsx", "src/report/index.tsx"].flatMap((part) => manifest[part]?.css ?? [])) head += `<link rel="stylesheet" href="/${css}">`;
	}
	return readFileSync(join(dist, "index.html"), "utf8")
		.replace("<!--title-->", () => escape(r ? `${r.spec.title} · tutti` : "tutti"))
		.replace("<!--head-->", () => head)
		.replace("<!--body-->", () => body);
}

async function body(req) {
	let s = "";
	for await (const chunk of req) s += chunk;
	return s ? JSON.parse(s) : null;
}

function stream(world, req, res, id, q) {
	const run = world.run(id);
	if (!run) return false;
	res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
	let seq = Number(req.headers["last-event-id"] ?? q.get("after") ?? 0);
	const pass = () => {
		for (const e of run.log) {
			if (e.seq <= seq) continue;
			res.write(`id: ${e.seq}\ndata: ${JSON.stringify(e)}\n\n`);
			seq = e.seq;
		}
	};
	res.write(":\n\n");
	pass();
	const timer = setInterval(pass, 250);
	req.on("close", () => clearInterval(timer));
	return true;
}

export async function serve({ port = 0, dist = new URL("../dist", import.meta.url).pathname, live = false, agents: n = 0, rate = 50, length, scenario = "normal", speed = 1, step = 50, past = 60, now } = {}) {
	// odd: [[pattern of METHOD PATH, {status, body} or "never"]], answered otherwise
	const state = { scenario, odd: [], world: new World({ past: scenario === "empty" ? 0 : past, ...(now ? { now } : {}) }) };
	const tabs = new Set();
	if (live || n) state.world.add(new Run(liveSpec({ agents: n, rate, length, ...(now ? { now } : {}) })));

	const timer = setInterval(() => {
		for (const run of state.world.played.values()) if (!run.over) run.play(step * speed);
	}, step);

	async function api(req, res, url) {
		const path = url.pathname.slice("/api/v1".length);
		const s = state.scenario;
		const give = (status, type, text) => {
			res.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
			res.end(req.method === "HEAD" ? "" : text);
		};
		const json = (status, doc) => give(status, "application/json", doc === null ? "" : JSON.stringify(doc));
		if (s === "signed-out") return json(401, { error: { code: "unauthorized", what: "not signed in", why: "The session has ended.", fix: ["tutti serve --link"] } });
		const [, odd] = state.odd.find(([pattern]) => pattern.test(`${req.method} ${path}`)) ?? [];
		if (odd === "never") return;
		if (odd) return json(odd.status, odd.body);
		if (s === "slow") await wait(3000);
		if (s === "error" && path !== "/session")
			return json(500, { error: { code: "internal", what: "the store could not be read", why: "disk I/O error (SQLITE_IOERR_READ)", fix: ["tutti db verify"], docs: "tutti help store" } });
		if (s === "not-ready" && path === "/agents")
			return json(200, { ...agents, ready: false, agents: 0, checks: agents.checks.map((c) => (c.group === "Agents" || c.group === "Models" ? { ...c, ok: false, text: c.group === "Models" ? "no model server was found" : c.text, fix: c.fix || "ollama serve, or OPENAI_BASE_URL=…, or --model rehearsal to see how it works" } : c)) });
		const events = path.match(/^\/runs\/([^/]+)\/events$/);
		if (events && /event-stream/.test(req.headers.accept ?? "") && stream(state.world, req, res, events[1], url.searchParams)) return;
		const a = answer(state.world, req.method, path, url.searchParams, await body(req));
		if (!a) return json(404, { error: { code: "not_found", what: `there is no ${path}`, why: "" } });
		if (a.type) return give(a.status, a.type, a.body);
		json(a.status, a.body);
	}

	const server = createServer(async (req, res) => {
		const url = new URL(req.url, "http://x");
		if (url.pathname === "/replay") {
			const next = url.searchParams.get("scenario") ?? state.scenario;
			if (next === "empty") state.world = new World({ past: 0 });
			state.scenario = next;
			if (next === "offline" || next === "no-socket") for (const t of tabs) t.peer.close();
			return res.end(next + "\n");
		}
		if (state.scenario === "offline") return req.socket.destroy();
		try {
			if (url.pathname.startsWith("/api/v1/")) return await api(req, res, url);
		} catch (e) {
			if (e.code === "ECONNRESET") return; // the page went away
			console.error(e);
			res.writeHead(500).end();
			return;
		}
		const file = join(dist, normalize(url.pathname));
		if (url.pathname.startsWith("/assets/") && existsSync(file) && statSync(file).isFile()) {
			res.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": STRICTEST });
			return createReadStream(file).pipe(res);
		}
		if (extname(url.pathname) || url.pathname.startsWith("/assets/")) return res.writeHead(404).end();
		res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache", "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff" });
		res.end(page(dist, url.pathname, state.world));
	});
	server.on("upgrade", (req, socket) => {
		if (state.scenario === "offline" || state.scenario === "no-socket" || !req.url.startsWith("/api/v1/ws")) return socket.destroy();
		const peer = accept(req, socket, "tutti.v1");
		const tab = new Tab(state.world, (f) => peer.send(f));
		tab.peer = peer;
		tabs.add(tab);
		peer.onmessage = (f) => tab.frame(f);
		peer.onclose = () => {
			tab.close();
			tabs.delete(tab);
		};
	});
	await new Promise((done) => server.listen(port, "127.0.0.1", done));
	return {
		url: `http://127.0.0.1:${server.address().port}`,
		state,
		tabs,
		/* the world as it is, without anybody playing it: for pictures */
		hold: () => clearInterval(timer),
		close() {
			clearInterval(timer);
			for (const t of tabs) t.peer.close();
			server.close();
			server.closeAllConnections();
		},
	};
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	const args = process.argv.slice(2);
	const value = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
	const number = (name, otherwise) => Number(value(name, otherwise));
	const s = await serve({
		port: number("--port", 7799), live: args.includes("--live"), agents: number("--agents", 0), rate: number("--rate", 50), speed: number("--speed", 1),
		scenario: value("--scenario", "normal"), ...(args.includes("--length") ? { length: number("--length", 0) } : {}), ...(args.includes("--dist") ? { dist: value("--dist") } : {}),
	});
	console.log(s.url);
}
