/*
 * The wire as docs/api.md says it: what /api/v1 answers and what the socket's frames hold. Times are
 * ISO 8601 with milliseconds, durations milliseconds; an unknown count is null, never 0.
 */
export type Status = "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";
export type Size = "small" | "medium" | "large";
export type Severity = "critical" | "high" | "medium" | "low" | "note";

/* A failure in its four parts: what, why, what to do, where to read on. */
export interface Trouble {
	code: string;
	what: string;
	why?: string;
	fix?: string[];
	docs?: string;
	gone?: boolean; /* the frozen files are not kept any more */
}

export interface List<T> {
	items: T[];
	next: string | null;
}

export interface AgentCounts {
	all: number;
	completed: number;
	failed: number;
	skipped: number;
	cancelled: number;
	running: number;
	pending: number;
}
export type FindingCounts = Record<Severity, number>;
export interface CitationCounts {
	resolves: number;
	moved: number;
	changed: number;
	missing: number;
	not_checked: number;
}

export interface RunSummary {
	id: string;
	flow: string;
	title: string;
	question: string;
	status: Status;
	reason: string | null;
	size: Size | "auto"; /* auto: until the repository is frozen */
	focus: string | null;
	fast: boolean;
	repo: string;
	repo_name: string;
	commit: string | null;
	branch: string | null;
	dirty: number | null;
	agent: string;
	model: string;
	started: string | null;
	ended: string | null;
	took_ms: number | null;
	tokens_in: number | null;
	tokens_out: number | null;
	outcome: string | null;
	resumed: number;
	parent: string | null;
	agents: AgentCounts;
	findings: FindingCounts | null;
	citations: CitationCounts | null;
	partial: boolean;
	seen: boolean;
	snippet?: string;
}

export type StepKind = string;
export type StepRole = string;

export interface Step {
	step: string;
	label: string;
	kind: StepKind;
	role: StepRole;
	persona: string | null;
	status: Status;
	ending: string | null;
	reason: string | null;
	attempt: number;
	epoch: number;
	agent: string | null;
	model: string | null;
	needs: string[];
	started: string | null;
	ended: string | null;
	took_ms: number | null;
	tokens: number | null;
	findings: number | null;
	citations: number | null;
	hold: number | null;
	denied: number | null;
	partial: boolean;
	kept: boolean;
	activity: string | null;
	condition: string | null;
	child: string | null;
	choices: string[] | null;
	ask_html: string | null;
}

export interface Estimate {
	low_ms: number;
	high_ms: number;
	tokens: number;
	runs: number;
}

/* The report of an earlier run that was handed on. */
export interface Provided {
	run: string;
	flow: string;
	question: string;
	started: string;
	commit: string | null;
	bytes: number;
	cut: boolean;
}

export interface RunDocument extends RunSummary {
	seq: number;
	epoch: string;
	options: Record<string, unknown>;
	command: string;
	size_reason: string | null;
	signals: Record<string, unknown> | null;
	proof: string | null;
	proof_ok: boolean;
	estimate: Estimate | null;
	report: boolean;
	next: string[];
	provided: Provided | null;
	steps: Step[];
}

/* A block of a conversation. A type that nobody knows is shown, too. */
interface BlockBase {
	n: number;
	at: string;
	seq: number;
	cut?: number;
}
export interface MessageBlock extends BlockBase {
	type: "message";
	html: string;
	from: number;
	to: number;
}
export interface ThinkingBlock extends BlockBase {
	type: "thinking";
	text: string;
	ms: number | null;
}
export interface ToolBlock extends BlockBase {
	type: "tool";
	id: string;
	name: string;
	verb: string;
	subject: string;
	input: unknown;
	state: "running" | "done" | "failed" | "denied";
	summary: string | null;
	ms: number | null;
}
export interface NoticeBlock extends BlockBase {
	type: "notice";
	level: string;
	text: string;
}
export interface EventBlock extends BlockBase {
	type: "event";
	name: string;
	data: unknown;
}
export type Block = MessageBlock | ThinkingBlock | ToolBlock | NoticeBlock | EventBlock;

export interface Attempt {
	attempt: number;
	status: Status;
	ending: string | null;
	reason: string | null;
	started: string | null;
	ended: string | null;
	agent: string | null;
	model: string | null;
	tokens: number | null;
}
export interface StepDocument {
	step: string;
	output: string | null;
	output_html: string | null;
	prompt: string | null;
	evidence: unknown[];
	findings: unknown[];
	attempts: Attempt[];
}

export interface FlowInput {
	name: string;
	label: string;
	placeholder: string;
	type: string;
	required: boolean;
}
export interface FlowStep {
	id: string;
	label: string;
	kind: string;
	role: string;
	size: Size;
	persona: string | null;
	if: string;
	needs: string[];
}
export interface PastRuns {
	runs: number;
	median_ms: number;
	low_ms: number;
	high_ms: number;
	tokens: number;
}
export interface Flow {
	name: string;
	title: string;
	category: string;
	summary: string;
	when_to_use: string;
	inputs: FlowInput[];
	agents: Record<Size, number>;
	origin: string;
	next: string[];
	steps?: FlowStep[];
	past?: PastRuns | null;
}

export interface LaunchRequest {
	flow: string;
	question: string;
	inputs?: Record<string, string>;
	size?: Size | "auto";
	focus?: string;
	fast?: boolean;
	repo?: string;
	at?: string;
	base?: string;
	model?: string;
	agent?: string;
	validators?: number;
	validator_models?: string[];
	budget?: number;
	timeout_ms?: number;
	trust_repo?: boolean;
	provided?: string;
}
export interface PreviewAgent {
	step: string;
	label: string;
	persona: string | null;
	size: Size;
	included: boolean | null; /* null: that is decided when the repository is frozen */
	reason: string | null;
}
export interface Preview {
	flow: string;
	size: Size | "auto";
	size_reason: string | null;
	agents: PreviewAgent[];
	estimate: Estimate | null;
	provided: Provided | null;
	warnings: string[];
}
export interface Launched {
	id: string;
	url: string;
	run: RunSummary;
	existed: boolean;
}

export interface Check {
	group: string;
	ok: boolean;
	text: string;
	fix: string;
}
export interface Doctor {
	ready: boolean;
	agents: number;
	checks: Check[];
}
export interface Repository {
	path: string;
	name: string;
	branch: string | null;
	commit: string | null;
	changed: number;
}
export interface Session {
	version: string;
	build: string;
	epoch: string;
	user: string;
	loopback: boolean;
}
export interface SearchHit {
	run: string;
	step: string | null;
	kind: "question" | "finding" | "output" | "report";
	title: string;
	snippet: string;
}

/* --- frames of the socket ---------------------------------------------------------------------- */

export interface LogEvent {
	seq: number;
	at: string;
	type: string;
	data: Record<string, unknown>;
}
export interface TailRow {
	step: string;
	activity: string | null;
	condition: string | null;
	tokens: number | null;
	beats: number;
	last: string | null;
}

export type ClientFrame =
	| { t: "list" }
	| { t: "unlist" }
	| { t: "sub"; run: string; after: number; epoch: string }
	| { t: "unsub"; run: string }
	| { t: "watch"; run: string; step: string; attempt: number; off: number; block: number }
	| { t: "unwatch"; run: string; step: string }
	| { t: "ping"; id: number };

export interface EvFrame {
	t: "ev";
	run: string;
	after: number;
	seq: number;
	items: LogEvent[];
}
export interface BlocksFrame {
	t: "blocks";
	run: string;
	step: string;
	attempt: number;
	first: number;
	items: Block[];
}
export interface TextFrame {
	t: "text";
	run: string;
	step: string;
	attempt: number;
	off: number;
	s: string;
}
export type ServerFrame =
	| { t: "hello"; version: string; build: string; time: string; heartbeat_ms: number }
	| { t: "runs"; items: RunSummary[] }
	| { t: "snap"; run: RunDocument }
	| EvFrame
	| { t: "tail"; run: string; rows: TailRow[] }
	| BlocksFrame
	| TextFrame
	| { t: "report"; run: string }
	| { t: "trim"; run: string }
	| { t: "error"; error: Trouble }
	| { t: "pong"; id: number; time: string };
