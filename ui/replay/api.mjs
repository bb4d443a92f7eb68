// The answers of /api/v1 over a world that is played.
import { Run } from "./run.mjs";
import { code } from "./words.mjs";
import { agents, flows, htmlOf, report, repositories, steps } from "./world.mjs";

const no = (status, code, what, why, fix) => ({ status, body: { error: { code, what, why, fix: fix ? [fix] : [] } } });
const ok = (body, status = 200) => ({ status, body });
const text = (type, body) => ({ status: 200, type, body });

function find(world, id) {
	const ids = world.ids();
	if (id === "last") return world.run(ids[0]);
	const hits = ids.filter((x) => x === id || (id.length >= 4 && x.startsWith(id)));
	return hits.length === 1 ? world.run(hits[0]) : null;
}

function mark(s, q) {
	const i = s.toLowerCase().indexOf(q.toLowerCase());
	return i < 0 ? null : s.slice(0, i) + "\u0002" + s.slice(i, i + q.length) + "\u0003" + s.slice(i + q.length);
}

function list(world, q) {
	const is = (name, v) => !q.get(name) || q.get(name).split(",").includes(v);
	const word = q.get("q") ?? "";
	let items = world.summaries().filter((r) =>
		is("status", r.status) && is("flow", r.flow) && is("size", r.size) && is("repo", r.repo) && is("model", r.model) && (!q.get("since") || r.started >= q.get("since")));
	if (word)
		items = items.flatMap((r) => {
			const s = mark(r.question, word) ?? mark(r.outcome ?? "", word) ?? mark(r.title, word);
			return s ? [{ ...r, snippet: s }] : [];
		});
	const from = Number(q.get("cursor") ?? 0);
	const limit = Number(q.get("limit") ?? 50);
	return ok({ items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null });
}

function provided(world, id) {
	const run = id ? find(world, id) : null;
	const s = run?.spec;
	return s ? { run: s.id, flow: s.flow, question: s.question, started: s.started, commit: s.commit, bytes: 90_000, cut: true } : null;
}

function preview(world, b) {
	const flow = flows.find((f) => f.name === b.flow);
	if (!flow) return no(404, "not_found", `there is no flow "${b.flow}"`, "The catalogue has no such name.", "tutti flows list");
	const size = !b.size || b.size === "auto" ? "small" : b.size;
	const at = { small: 0, medium: 1, large: 2 };
	const list = flow.steps.filter((s) => s.kind === "agent").map((s) => {
		const own = s.size || "small";
		const included = at[own] <= at[size];
		return { step: s.id, label: s.label, persona: s.persona, size: own, included, reason: included ? null : `from ${own} on` };
	});
	const n = list.filter((a) => a.included).length;
	const past = b.flow === "architectural-analysis";
	return ok({
		flow: b.flow, size, size_reason: b.size === "auto" ? "3 changed files in one directory" : "asked for", agents: list,
		estimate: past ? { low_ms: n * 28_000, high_ms: n * 56_000, tokens: n * (b.fast ? 11_000 : 20_000), runs: 8 } : null,
		provided: provided(world, b.provided),
		warnings: b.repo === repositories[0].path || !b.repo ? ["3 changed files are part of the snapshot"] : [],
	});
}

function launch(world, b) {
	if (!b.question) return no(400, "bad_request", "a run needs a question", "The flow has a required input that is empty.");
	const flow = flows.find((f) => f.name === b.flow);
	if (!flow) return no(404, "not_found", `there is no flow "${b.flow}"`, "The catalogue has no such name.", "tutti flows list");
	const size = !b.size || b.size === "auto" ? "small" : b.size;
	const repo = repositories.find((r) => r.path === b.repo) ?? repositories[0];
	const id = "r-" + Math.random().toString(36).slice(2, 10);
	const run = world.add(new Run({
		id, flow: flow.name, title: `${flow.title}: ${b.question}`, question: b.question, status: "running", reason: null, size, focus: b.focus ?? null, fast: !!b.fast,
		repo: repo.path, repo_name: repo.name, commit: repo.commit, branch: repo.branch, dirty: repo.changed, agent: "native", model: b.model ?? "qwen3.6-35b",
		started: new Date().toISOString(), resumed: 0, parent: null, seen: true, outcome: "9 findings, 2 high; all citations resolve.",
		findings: { critical: 0, high: 2, medium: 4, low: 3, note: 0 }, citations: { resolves: 18, moved: 0, changed: 0, missing: 0, not_checked: 0 },
		steps: steps(flow.name, size), rate: 60, provided: provided(world, b.provided),
	}));
	return ok({ id, url: "/runs/" + id, run: run.summary(), existed: false }, 201);
}

function flow(f, full) {
	const past = f.name === "architectural-analysis" ? { runs: 8, median_ms: 402_000, low_ms: 240_000, high_ms: 662_000, tokens: 412_000 } : null;
	const { steps: all, ...rest } = f;
	return full ? { ...rest, steps: all, past } : { ...rest, past };
}

// Splitting a long text for every page of it would be the slowest part of the page.
const split = new WeakMap();
function linesOf(a) {
	const had = split.get(a);
	if (had && had.size === a.text.length) return had.lines;
	const lines = had && a.text.length > had.size && had.size > 0 ? [...had.lines.slice(0, -1), ...a.text.slice(had.last).split("\n")] : a.text.split("\n");
	split.set(a, { size: a.text.length, lines, last: a.text.lastIndexOf("\n") + 1 });
	return lines;
}

function lines(a, q) {
	const all = linesOf(a);
	const from = Math.max(1, Number(q.get("from") ?? 1));
	const n = Number(q.get("lines") ?? 50);
	return ok({ total: all.length, from, lines: all.slice(from - 1, from - 1 + n) });
}

function search(a, q) {
	const word = (q.get("q") ?? "").toLowerCase();
	const hits = [];
	if (word)
		linesOf(a).forEach((l, i) => {
			for (let c = l.toLowerCase().indexOf(word); c >= 0; c = l.toLowerCase().indexOf(word, c + 1)) hits.push({ line: i + 1, col: c, len: word.length });
		});
	return ok({ total: hits.length, hits: hits.slice(0, 500), truncated: hits.length > 500 });
}

// What an agent cites: of its first citations one of each kind.
function cited(a) {
	const states = ["resolves", "moved", "changed", "missing", "resolves", "not_checked"];
	return [...a.text.matchAll(/([\w/.]+):(\d+)-(\d+)/g)].slice(0, 12).map(([, path, from, to], i) => ({
		path, line: Number(from), end: Number(to), quote: `	if (!claim(job, ${i}))`, state: states[i % states.length], class: "codebase", used_by: [],
		...(states[i % states.length] === "moved" ? { found_line: Number(from) + 3, found_end: Number(to) + 3 } : {}),
	}));
}

function step(run, rest, q) {
	const a = run.by.get(decodeURIComponent(rest[0]));
	if (!a) return no(404, "not_found", `the run has no step "${rest[0]}"`, "");
	if (rest[1] === "raw") return lines(a, q);
	if (rest[1] === "find") return search(a, q);
	if (rest[1] === "blocks") {
		const before = Number(q.get("before") ?? 1e9);
		const items = a.blocks.filter((b) => b.n < before).slice(-Number(q.get("limit") ?? 200));
		return ok({ items, next: items.length && items[0].n > 1 ? String(items[0].n) : null, attempt: a.epoch, first: 1 });
	}
	const s = a.step();
	return ok({
		step: s.step, output: a.status === "completed" ? a.text : null,
		output_html: a.status === "completed" ? a.blocks.filter((b) => b.type === "message").map((b) => b.html).join("\n") : null,
		prompt: `# ${s.label}\n\nYou look at one side of the question.\n\n${run.spec.question}\n`, evidence: a.status === "completed" ? cited(a) : [], findings: [],
		attempts: Array.from({ length: s.epoch }, (_, i) => ({ attempt: i + 1, status: i + 1 < s.epoch ? "failed" : s.status, ending: i + 1 < s.epoch ? "broken off" : s.ending, reason: i + 1 < s.epoch ? "The model closed the connection." : s.reason, started: s.started, ended: s.ended, agent: s.agent, model: s.model, tokens: s.tokens })),
	});
}

function oneRun(world, method, parts, q, body) {
	const run = find(world, parts[0]);
	if (!run) return no(404, "not_found", `there is no run "${parts[0]}"`, "No id begins like this.", "tutti runs list");
	const [, what, ...rest] = parts;
	if (method === "DELETE") {
		if (!run.over) return no(409, "conflict", "the run is not over", "It has agents that are running.", `tutti runs cancel ${run.spec.id}`);
		world.remove(run.spec.id);
		return { status: 204, body: null };
	}
	if (method === "POST") {
		if (what === "cancel") run.cancel(body?.why);
		return ok({ run: run.summary() }, 202);
	}
	switch (what) {
		case undefined: return ok(run.document());
		case "steps": return step(run, rest, q);
		case "events": {
			const after = Number(q.get("after") ?? 0);
			return ok({ items: run.log.filter((e) => e.seq > after), next: null });
		}
		case "report":
			if (!run.document().report) return no(404, "not_found", "there is no report yet", "It is written when validation ends.");
			if (q.get("as") === "md") return text("text/markdown; charset=utf-8", report.md.replaceAll("13 findings", `${run.spec.findings.low + 7} findings`).replace("## Gaps", `## Gaps\n\n- seen only in ${run.spec.id}`));
			if (q.get("as") === "json") return ok({ title: run.spec.title });
			return text("text/html; charset=utf-8", htmlOf(run));
		case "files": {
			const from = Number(q.get("from") ?? 1), to = Number(q.get("to") ?? from + 40);
			return ok({ path: q.get("path"), from, to, total: 640, bytes: 21_000, lines: Array.from({ length: to - from + 1 }, (_, i) => code[(from + i) % code.length]) });
		}
		case "coverage": case "proof": return ok({});
	}
	return null;
}

const inReport = [...report.html.matchAll(/<article class="card[^"]*" id="f-(\w+)"/g)].map(([, id]) => id.toUpperCase());

// Two runs of one flow: something of each kind.
function compared(x, y) {
	const side = (id, title, severity, path, line, more = {}) => ({ id, step: "concurrency", title, severity, verdict: "upheld", disposition: "kept", fingerprint: id, path, line, ...more });
	const pair = (change, old, now, differs = []) => ({ change, differs, old, now });
	const findings = [
		...inReport.slice(0, 2).map((id) => pair("new", null, side(id, "One of the report", "medium", "src/core/step.c", 96))),
		pair("new", null, side("F3", "Two threads take run and store in opposite order", "high", "src/engine/engine.c", 214)),
		pair("new", null, side("F12", "The queue's length is read without its lock", "low", "src/core/ready.c", 88)),
		pair("changed", side("F9", "The lease of a worker may end while it answers", "medium", "src/store/sqlite.c", 88), side("F9", "The lease of a worker ends while it still answers", "high", "src/store/sqlite.c", 102), ["severity", "text"]),
		pair("gone", side("F4", "Nothing bounds the queue of the dispatcher", "medium", "src/core/queue.c", 51), null),
		pair("gone", side("F7", "A timer is armed twice", "low", "src/worker/attempt.c", 30), side("F7", "A timer is armed twice", "low", "src/worker/attempt.c", 30, { verdict: "refuted", disposition: "refuted" })),
		...["The run lock is held across a write", "An error path returns without unlocking", "A name says the opposite of what is done"].map((t, i) => pair("same", side("S" + i, t, "low", "src/worker/slots.c", 10 + i), side("S" + i, t, "low", "src/worker/slots.c", 10 + i))),
	];
	const run = (r) => ({ run: r.spec.id, flow: r.spec.flow, started: r.spec.started, model: r.spec.model, commit: r.spec.commit, snapshot: "" });
	const counts = Object.fromEntries(["new", "gone", "changed", "same"].map((k) => [k, findings.filter((p) => p.change === k).length]));
	return { schema: "tutti.compare/1", old: run(x), now: run(y), counts, findings, inputs: [], summary: {}, agents: [] };
}

export function answer(world, method, path, q, body) {
	const parts = path.split("/").filter(Boolean);
	const [a, b] = parts;
	switch (a) {
		case "session":
			return b ? ok({}) : ok({ version: "0.1.0", build: "replay", epoch: "e-replay", user: "ada", loopback: true });
		case "agents": return ok(agents);
		case "repositories": return ok({ items: repositories, next: null });
		case "flows": {
			if (!b) return ok({ items: flows.map((f) => flow(f, false)), next: null });
			const f = flows.find((x) => x.name === b);
			return f ? ok(flow(f, true)) : no(404, "not_found", `there is no flow "${b}"`, "The catalogue has no such name.", "tutti flows list");
		}
		case "preview": return preview(world, body ?? {});
		case "search": {
			const word = q.get("q") ?? "";
			const items = !word ? [] : world.summaries().flatMap((r) => {
				const s = mark(r.question, word) ?? mark(r.outcome ?? "", word);
				return s ? [{ run: r.id, step: null, kind: "question", title: r.question, snippet: s }] : [];
			});
			return ok({ items: items.slice(0, Number(q.get("limit") ?? 20)), next: null });
		}
		case "compare": {
			const x = find(world, q.get("a") ?? ""), y = find(world, q.get("b") ?? "");
			if (!x || !y) return no(404, "not_found", "one of the runs is not there", "");
			return ok(compared(x, y));
		}
		case "runs":
			if (!b) return method === "POST" ? launch(world, body ?? {}) : list(world, q);
			return oneRun(world, method, parts.slice(1), q, body);
	}
	return null;
}
