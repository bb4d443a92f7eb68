/* Steps and runs with nothing special about them. */
import type { RunDoc, Step } from "../../src/run/types";

export function step(name: string, more: Partial<Step> = {}): Step {
	return {
		step: name, label: name, kind: "agent", role: "angle", persona: null, status: "pending",
		ending: null, reason: null, attempt: 1, epoch: 1, agent: null, model: null, needs: [],
		started: null, ended: null, took_ms: null, tokens: null, findings: null, citations: null,
		hold: null, denied: null, partial: false, kept: false, activity: null, condition: null,
		child: null, choices: null, ask_html: null, ...more,
	};
}

export function doc(steps: Step[], more: Partial<RunDoc> = {}): RunDoc {
	return {
		id: "r-1", flow: "f", title: "F: q", question: "q", status: "running", reason: null,
		size: "small", focus: null, fast: false, repo: "/r", repo_name: "r", commit: null,
		branch: null, dirty: 0, agent: "native", model: "m", started: null, ended: null,
		took_ms: null, tokens_in: null, tokens_out: null, outcome: null, resumed: 0, parent: null,
		agents: { all: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0, running: 0, pending: 0 },
		findings: null, citations: null, partial: false, seen: true, seq: 1, epoch: "e",
		options: {}, command: "tutti run f q", size_reason: null, signals: null, proof: null,
		proof_ok: true, estimate: null, report: false, next: [], provided: null, steps, ...more,
	};
}
