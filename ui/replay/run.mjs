// A run that is played: its events, roster and conversations grow as time is handed to it. The same
// seed plays the same run; played to its end at once it is a finished one.
import { random } from "./random.mjs";
import { files, patterns, sentences } from "./words.mjs";

const iso = (t) => new Date(t).toISOString();
const size = (s) => Buffer.byteLength(s);
const escape = (s) => s.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const html = (s) =>
	s.trim().split("\n\n").map((p) =>
		p.startsWith("### ") ? `<h4>${escape(p.slice(4))}</h4>`
			: `<p>${escape(p).replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\[(E\d+)\] ([\w/.]+):(\d+)-(\d+)/g, '<a class="cite" data-e="$1" href="#$1">$2:$3-$4</a>')}</p>`).join("\n");

class Agent {
	constructor(run, spec, at) {
		this.run = run;
		this.spec = spec;
		this.status = "pending";
		this.attempt = 0;
		this.epoch = 0; // how often it was begun: the attempt of the log
		this.started = this.ended = this.reason = this.ending = this.activity = this.condition = null;
		this.tokens = this.findings = this.citations = this.hold = null;
		this.denied = 0;
		this.beats = 0;
		this.last = null;
		this.random = random(run.seed + spec.step);
		this.fate = spec.fate ?? null; // "failed": ends so, once and for all; "retry": its first attempt does
		this.at = at;
		this.clear();
	}
	clear() {
		this.blocks = [];
		this.text = "";
		this.bytes = 0;
		this.open = 0; // where the open message begins: characters
		this.openBytes = 0;
		this.fresh = []; // blocks not sent yet
		this.tool = null;
		this.owed = 0;
		this.left = this.spec.length ?? 2600 + this.random.int(0, 3000); // characters to write
		this.wait = 400 + this.random.int(0, 1800); // ms until the first token
		this.tail = "";
	}
	block(of) {
		const b = { n: this.blocks.length + 1, at: iso(this.run.now), seq: ++this.run.seq, ...of };
		this.blocks.push(b);
		this.fresh.push(b);
		this.beats++;
		return b;
	}
	begin() {
		this.attempt++;
		if (++this.epoch > 1) this.clear();
		this.status = "running";
		this.started ??= iso(this.run.now);
		this.tokens ??= 0;
		this.condition = "waiting for model";
		this.run.event("step", { step: this.spec.step, status: "running", attempt: this.attempt, epoch: this.epoch });
		if (this.spec.kind === "agent") this.run.event("attempt", { step: this.spec.step, epoch: this.epoch, agent: "native", model: this.run.spec.model });
	}
	message() {
		if (this.open === this.text.length) return;
		this.block({ type: "message", html: html(this.text.slice(this.open)), from: this.openBytes, to: this.bytes });
		this.open = this.text.length;
		this.openBytes = this.bytes;
	}
	call() {
		this.message();
		const r = this.random;
		const kind = r.int(0, 9);
		const file = r.of(files);
		const word = r.of(patterns);
		if (kind === 9) {
			this.denied++;
			this.block({ type: "tool", id: "t" + this.blocks.length, name: "shell", verb: "ran", subject: "touch " + file, input: { command: "touch " + file }, state: "denied", summary: "writing is not allowed here", ms: 2 });
			return;
		}
		const t = kind < 5 ? { name: "read_file", verb: "read", subject: file, input: { path: file }, summary: `${r.int(80, 620)} lines` }
			: kind < 8 ? { name: "search", verb: "searched", subject: word, input: { pattern: word, path: "src" }, summary: `${r.int(1, 60)} hits` }
				: { name: "list", verb: "listed", subject: "src/engine", input: { path: "src/engine" }, summary: "14 entries" };
		this.tool = this.block({ type: "tool", id: "t" + this.blocks.length, ...t, state: "running", summary: null, ms: null });
		this.tool.done = t.summary;
		this.wait = r.int(60, 900);
		this.tool.took = this.wait;
		this.activity = `${t.verb === "searched" ? "search" : t.verb === "listed" ? "list" : "read"} ${t.subject}`;
		this.condition = null;
	}
	write(chars) {
		const n = Math.min(chars, this.left);
		this.left -= n;
		while (this.tail.length < n) this.tail += this.sentence();
		let cut = n;
		if (/[\ud800-\udbff]/.test(this.tail[cut - 1] ?? "")) cut++;
		const s = this.tail.slice(0, cut);
		this.tail = this.tail.slice(cut);
		this.text += s;
		this.bytes += size(s);
		this.tokens += Math.max(1, Math.round(cut / 4.5));
		this.beats++;
		this.last = this.text.slice(-160).split("\n").filter(Boolean).pop()?.slice(-120) ?? null;
		this.activity = this.last;
		this.condition = null;
		if (this.text.length - this.open > 520 && this.text.endsWith("\n\n")) this.message();
	}
	sentence() {
		const r = this.random;
		const n = r.int(0, 11);
		if (n === 0) return `.\n\n### ${r.of(sentences).split(",")[0]}\n\n`;
		if (n < 3) return ".\n\n";
		const from = r.int(10, 400);
		return ` ${r.of(sentences)}${n < 6 ? ` [E${r.int(1, 9)}] ${r.of(files)}:${from}-${from + r.int(0, 9)}` : ""}.`;
	}
	end(status, reason) {
		this.message();
		this.status = status;
		this.reason = reason;
		this.ending = status === "failed" ? "timed_out" : status === "cancelled" ? "cancelled" : "answered";
		this.ended = iso(this.run.now);
		this.activity = this.condition = null;
		if (status === "completed" && this.spec.kind === "agent") {
			this.findings = this.random.int(2, 14);
			this.citations = this.findings * 2;
			this.hold = this.citations - this.random.int(0, 2);
		}
		this.run.event("step", { step: this.spec.step, status, attempt: this.attempt, epoch: this.epoch, ending: this.ending, ...(reason ? { reason } : {}) });
	}
	// its process is gone
	lose() {
		this.message();
		this.attempt = 0;
		this.status = "pending";
		this.started = this.activity = this.condition = null;
		this.run.event("step", { step: this.spec.step, status: "pending", attempt: 0, epoch: this.epoch, ending: "lost", reason: "lost: the process that ran it is gone" });
	}
	play(ms) {
		if (this.wait > 0) {
			this.wait -= ms;
			if (this.wait > 0) return;
			if (this.tool) {
				const { done, took, ...b } = this.tool;
				Object.assign(b, { state: "done", summary: done, ms: took });
				this.blocks[b.n - 1] = b;
				this.fresh.push(b);
				this.tool = null;
				this.beats++;
			} else if (this.blocks.length === 0) this.block({ type: "thinking", text: "Where is the lock taken, who else takes it, and what would be seen without it? First the headers, then the callers.", ms: this.random.int(900, 14000) });
		}
		this.owed += (this.run.rate * 4.5 * ms) / 1000;
		const chars = Math.floor(this.owed);
		if (chars < 1) return;
		this.owed -= chars;
		this.write(chars);
		if (this.left <= 0) {
			if (this.fate === "failed") return this.end("failed", "timed out after 5:00");
			if (this.fate === "retry" && this.attempt === 1) {
				this.block({ type: "notice", level: "warning", text: "The model closed the connection; attempt 2 of 3 begins." });
				return this.begin();
			}
			return this.end("completed", null);
		}
		if (this.random() < chars / 700) this.call();
	}
	step() {
		const s = this.spec;
		return {
			step: s.step, label: s.label, kind: s.kind, role: s.role, persona: s.persona, status: this.status, ending: this.ending, reason: this.reason,
			attempt: this.attempt, epoch: this.epoch, agent: s.kind === "agent" ? "native" : null, model: s.kind === "agent" ? this.run.spec.model : null,
			needs: s.needs, started: this.started, ended: this.ended, took_ms: this.ended ? Date.parse(this.ended) - Date.parse(this.started) : null,
			tokens: this.tokens, findings: this.findings, citations: this.citations, hold: this.hold, denied: this.denied, partial: false, kept: this.kept ?? false,
			activity: this.activity, condition: this.condition, child: null, choices: this.choices ?? null, ask_html: this.ask ?? null,
		};
	}
}

export class Run {
	// SPEC: a summary's fields, steps [{step, label, kind, role, persona, needs, fate?, length?}], rate in tokens a second
	constructor(spec) {
		this.spec = spec;
		this.seed = spec.id;
		this.rate = spec.rate ?? 50;
		this.now = Date.parse(spec.started);
		this.seq = 0;
		this.log = [];
		this.status = "running";
		this.ended = null;
		this.over = false;
		this.agents = spec.steps.map((s) => new Agent(this, s, this.now));
		this.by = new Map(this.agents.map((a) => [a.spec.step, a]));
		this.event("started", { flow: spec.flow, size: spec.size });
	}
	event(type, data) {
		this.log.push({ seq: ++this.seq, at: iso(this.now), type, data });
	}
	play(ms) {
		if (this.over) return;
		this.now += ms;
		for (const a of this.agents) if (a.status === "running") a.play(ms);
		for (const a of this.agents) {
			if (a.status !== "pending") continue;
			const open = a.spec.needs.map((n) => this.by.get(n)).filter((n) => n && (n.status === "pending" || n.status === "running"));
			if (open.length) {
				a.condition = open.length === 1 ? `waiting for ${open[0].spec.label}` : `waits for ${open.length} agents`;
				continue;
			}
			a.begin();
			if (a.spec.kind === "code") a.end("completed", null);
		}
		if (this.agents.every((a) => a.status !== "pending" && a.status !== "running")) this.finish();
	}
	finish() {
		this.over = true;
		this.status = this.spec.status && this.spec.status !== "running" ? this.spec.status : "completed";
		this.ended = iso(this.now);
		this.event("run", { status: this.status, reason: this.spec.reason ?? "" });
	}
	// All of it at once.
	toEnd() {
		for (let i = 0; i < 100_000 && !this.over; i++) this.play(2000);
		return this;
	}
	// The daemon dies, and is there again after MS.
	crash(ms) {
		const lost = this.agents.filter((a) => a.status === "running");
		this.now += ms;
		this.spec = { ...this.spec, resumed: this.spec.resumed + 1 };
		for (const a of this.agents) a.kept = a.status === "completed";
		for (const a of lost) a.lose();
		for (const a of lost) a.begin();
	}
	cancel(why) {
		for (const a of this.agents) if (a.status === "pending" || a.status === "running") a.end("cancelled", why ?? "cancelled by you");
		this.spec = { ...this.spec, status: "cancelled", reason: why ?? "cancelled by you" };
		this.finish();
	}
	counts() {
		const c = { all: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0, running: 0, pending: 0 };
		for (const a of this.agents) {
			if (a.spec.kind !== "agent") continue;
			c.all++;
			c[a.status]++;
		}
		return c;
	}
	summary() {
		const { steps, rate, report, html, provided, ...s } = this.spec;
		const done = this.over;
		const tokens = this.agents.reduce((n, a) => n + (a.tokens ?? 0), 0);
		return {
			...s,
			status: this.status,
			ended: this.ended,
			took_ms: done ? Date.parse(this.ended) - Date.parse(s.started) : null,
			tokens_in: tokens * 6, tokens_out: tokens,
			agents: this.counts(),
			partial: done && this.counts().failed + this.counts().cancelled > 0,
			outcome: done ? s.outcome : null, findings: done ? s.findings : null, citations: done ? s.citations : null,
		};
	}
	document() {
		const s = this.summary();
		return {
			...s,
			seq: this.seq, epoch: "e-replay", options: { size: s.size, fast: s.fast }, size_reason: "asked for",
			command: `tutti run ${s.flow} ${JSON.stringify(s.question)} --size ${s.size}`,
			signals: null, proof: "read-only, mode A: proof of 3 kinds read back for each agent", proof_ok: true,
			estimate: this.over ? null : { low_ms: 240_000, high_ms: 420_000, tokens: 410_000, runs: 8 },
			report: this.over && (this.spec.report ?? this.status === "completed"),
			next: ["plan-implementation", "risk-analysis"], provided: this.spec.provided ?? null,
			steps: this.agents.map((a) => a.step()),
		};
	}
}
