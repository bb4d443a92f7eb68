// A machine with a past: a catalogue as recorded, three repositories, some sixty runs.
import { readFileSync } from "node:fs";
import { random } from "./random.mjs";
import { Run } from "./run.mjs";
import { labels } from "./words.mjs";

const fixture = (name) => readFileSync(new URL("fixtures/" + name, import.meta.url), "utf8");
export const flows = JSON.parse(fixture("flows.json"));
export const report = { html: fixture("report.html"), md: fixture("report.md") };
const few = (html, pattern, n) => html.replace(pattern, (s) => (n-- > 0 ? s : ""));
// of the same report not all: enough where it is not what is looked at
export const brief = few(few(few(report.html, /<article class="card[\s\S]*?<\/article>/g, 3), /<li id="E\d+">[\s\S]*?(?=<li id="E|<\/ul>\n<\/section>)/g, 6), /<li><span class="chip[\s\S]*?<\/details>\n<\/li>/g, 3);
export const htmlOf = (run) => run.spec.html ?? report.html;
export const agents = JSON.parse(fixture("agents.json"));

export const repositories = [
	{ path: "/home/ada/tutti", name: "tutti", branch: "main", commit: "4be1c2a90f3d7e5516bb0c7d3b1f6a2c9e8d7f60", changed: 3 },
	{ path: "/home/ada/ledger", name: "ledger", branch: "release/2.4", commit: "9d02c11b7a6e4f0f8c3d5e2a1b0c9d8e7f6a5b4c", changed: 0 },
	{ path: "/home/ada/weather-station", name: "weather-station", branch: "main", commit: "71f0e3d2c4b5a69788f7e6d5c4b3a29180ffeedd", changed: 0 },
];

const questions = {
	"architectural-analysis": ["Where does the scheduler hold locks it does not need?", "How does a run survive a crash, and what is lost?", "Is the gateway the only way to a model?"],
	investigate: ["Runs of more than ten minutes lose their last event", "The balance is off by one cent after a reversal"],
	research: ["Polling or webhooks for the status page?", "SQLite or PostgreSQL for a single machine?"],
	"risk-analysis": ["What can go wrong when the store moves to another disk?"],
	"code-review": ["The changes on this branch", "src/gateway after the rewrite"],
	"gap-analysis": ["What the security model promises and what the code does"],
	"test-planning": ["Which behaviour of the importer is held by no test?"],
	"security-review": ["The sign-in of the web interface", "Parsing of uploads"],
	"code-overview": ["How a reading gets from the sensor into the database"],
	"plan-a-feature": ["Alerts by mail when a sensor is silent for an hour"],
	"ops-readiness": ["The nightly export"],
	"docs-review": ["README and the first five minutes"],
	runbook: ["The disk of the primary is full"],
};

const at = { small: 0, medium: 1, large: 2 };
export function steps(flow, size) {
	const f = flows.find((x) => x.name === flow);
	const in_ = f.steps.filter((s) => at[s.size || "small"] <= at[size]);
	const names = new Set(in_.map((s) => s.id));
	return in_.map((s) => ({ step: s.id, label: s.label, kind: s.kind, role: s.role, persona: s.persona, needs: s.needs.filter((n) => names.has(n)) }));
}

function spec(i, now, past) {
	const r = random("run" + i);
	const name = r.of(Object.keys(questions));
	const flow = flows.find((f) => f.name === name);
	const question = r.of(questions[name]);
	const repo = repositories[r.int(0, 9) < 6 ? 0 : r.int(1, 2)];
	const fate = r();
	const status = i === 1 ? "failed" : fate < 0.78 ? "completed" : fate < 0.9 ? "failed" : "cancelled";
	const n = r.int(3, 34);
	const high = Math.floor(n * 0.15), medium = Math.floor(n * 0.4);
	const findings = { critical: r() < 0.08 ? 1 : 0, high, medium, low: n - high - medium, note: r.int(0, 4) };
	const cites = n * 2;
	const moved = r() < 0.3 ? r.int(1, 3) : 0, missing = r() < 0.2 ? 1 : 0;
	const size = r.of(["small", "small", "medium", "large"]);
	const reason = status === "failed" ? r.of(["validator returned nothing", "Data: timed out after 5:00", "the model server closed the connection three times"]) : status === "cancelled" ? "cancelled by you" : null;
	const bad = missing ? "one citation is missing" : moved ? `${moved} citations moved` : "all citations resolve";
	return {
		id: "r-" + (Math.floor(r() * 36 ** 6).toString(36) + "000000").slice(0, 6) + i.toString(36).padStart(2, "0"),
		flow: name, title: `${flow.title}: ${question}`, question, status, reason, size, focus: r() < 0.2 ? "locking" : null, fast: r() < 0.15,
		repo: repo.path, repo_name: repo.name, commit: repo.commit, branch: repo.branch, dirty: i % 4 ? 0 : 3, agent: "native", model: r.of(["qwen3.6-35b", "qwen3.6-35b", "glm-5-air"]),
		started: new Date(now - past).toISOString(), resumed: r() < 0.06 ? 1 : 0, parent: null, seen: i > 3,
		outcome: status === "completed" ? `${n} findings, ${high ? `${high} high; ` : ""}${bad}.` : status === "failed" ? `failed: ${reason}; ${r.int(3, 14)} findings kept` : null,
		findings: status === "completed" ? findings : null,
		citations: status === "completed" ? { resolves: cites - moved - missing, moved, changed: 0, missing, not_checked: r.int(0, 6) } : null,
		steps: steps(name, size).map((s, j) => ({ ...s, ...(status === "failed" && j === 1 ? { fate: "failed" } : {}), length: 900 + r.int(0, 2600) })),
		rate: 60,
	};
}

export function liveSpec({ id = "r-7f3k20aa", agents: n = 0, rate = 50, now = Date.now(), length }) {
	const flow = flows.find((f) => f.name === "architectural-analysis");
	const base = n === 0 ? steps("architectural-analysis", "medium") : [
		...Array.from({ length: n }, (_, i) => ({ step: "angle-" + (i + 1), label: i < labels.length ? labels[i] : `${labels[i % labels.length]} ${Math.floor(i / labels.length) + 1}`, kind: "agent", role: "angle", persona: "concurrency-analyst", needs: [] })),
		{ step: "fold", label: "Fold", kind: "code", role: "fold", persona: null, needs: Array.from({ length: n }, (_, i) => "angle-" + (i + 1)) },
		{ step: "recommendation", label: "Recommendation", kind: "agent", role: "synthesizer", persona: "software-architect", needs: ["fold"] },
		{ step: "validator", label: "Validation", kind: "agent", role: "validator", persona: "adversarial-validator", needs: ["recommendation"] },
	];
	const [r] = repositories;
	const fates = { data: "failed", concurrency: "retry" };
	return {
		id, flow: flow.name, title: `${flow.title}: ${questions[flow.name][0]}`, question: questions[flow.name][0], status: "running", reason: null, size: n ? "large" : "medium", focus: null, fast: false,
		repo: r.path, repo_name: r.name, commit: r.commit, branch: r.branch, dirty: 3, agent: "native", model: "qwen3.6-35b", started: new Date(now).toISOString(),
		resumed: 0, parent: null, seen: true, outcome: "31 findings, 4 high; two citations moved, one is missing; the Data angle timed out.",
		findings: { critical: 0, high: 4, medium: 12, low: 15, note: 0 }, citations: { resolves: 44, moved: 2, changed: 0, missing: 1, not_checked: 3 },
		steps: base.map((s) => ({ ...s, ...(length ? { length } : {}), ...(n === 0 && fates[s.step] ? { fate: fates[s.step] } : {}) })), rate,
	};
}

export class World {
	constructor({ now = Date.now(), past = 60 } = {}) {
		this.specs = [];
		let back = 0;
		for (let i = 0; i < past; i++) {
			const r = random("gap" + i);
			back += i === 0 ? 3_600_000 : r.int(1, 20) * 3_600_000;
			this.specs.push(spec(i, now, back));
		}
		const failed = this.specs.filter((s) => s.status === "failed")[1];
		const later = this.specs.find((s) => failed && s.status === "completed" && s.started > failed.started);
		if (failed && later) {
			Object.assign(later, { parent: failed.id, flow: failed.flow, question: failed.question, title: failed.title });
			later.steps = steps(failed.flow, later.size).map((s) => ({ ...s, length: 1400 }));
		}
		this.played = new Map();
	}
	run(id) {
		if (this.played.has(id)) return this.played.get(id);
		const s = this.specs.find((x) => x.id === id);
		if (!s) return null;
		const run = new Run(s).toEnd();
		this.played.set(id, run);
		return run;
	}
	// a live one, or one that was just launched
	add(run) {
		this.played.set(run.spec.id, run);
		this.specs.unshift(run.spec);
		return run;
	}
	remove(id) {
		this.played.delete(id);
		this.specs = this.specs.filter((s) => s.id !== id);
	}
	ids() {
		return this.specs.map((s) => s.id);
	}
	summaries() {
		return this.ids().map((id) => this.run(id).summary());
	}
}
