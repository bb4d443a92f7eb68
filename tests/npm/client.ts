// client.js URL TOKEN REPO: a whole day of a program that knows tutti by its OpenAPI document only. ./api is
// the client that a generator made of it; that this compiles is half of the test (tests/e2e/client.bats).
import * as api from "./api";
import { client } from "./api/client.gen";

declare const process: { argv: string[] };

const [url, token, repo] = process.argv.slice(2) as [string, string, string];

client.setConfig({ baseUrl: url, auth: (a) => (a.scheme === "bearer" ? token : undefined) });

function is<T>(got: T, want: T): void {
	const [g, w] = [JSON.stringify(got), JSON.stringify(want)];

	if (g !== w)
		throw new Error(`${g}, not ${w}`);
}

// what was answered, and that it was no error
async function ok<T>(asked: Promise<{ data?: T; error?: unknown }>): Promise<T> {
	const { data, error } = await asked;

	if (error !== undefined || data === undefined)
		throw new Error(JSON.stringify(error));
	return data;
}

async function refused(asked: Promise<{ error?: api.Error }>): Promise<api.Error["error"]["code"] | undefined> {
	return (await asked).error?.error.code;
}

const over: Record<api.RunStatus, boolean> = { running: false, completed: true, failed: true, cancelled: true };

// JSON lines that end with the run; their number
async function follow(run: string): Promise<number> {
	const lines = await ok(api.listEvents({
		path: { run }, query: { follow: 1 }, headers: { Accept: "application/x-ndjson" }, parseAs: "text",
	})) as unknown as string;
	const { status } = await ok(api.getRun({ path: { run } }));

	is(over[status], true);
	return lines.trim().split("\n").length;
}

// the log by pages, each from where the one before ended
async function readLog(run: string): Promise<api.Event[]> {
	const all: api.Event[] = [];

	for (let after: number | null = 0; after !== null; ) {
		const page: api.EventList = await ok(api.listEvents({ path: { run }, query: { after } }));

		all.push(...page.items);
		after = page.next;
	}
	return all;
}

async function launched(body: api.LaunchRequest, key?: string): Promise<api.Launched> {
	return ok(api.launchRun({ body, ...(key ? { headers: { "Idempotency-Key": key } } : {}) }));
}

// a run from its launch to its report
async function analyse(question: string, provided: string | null): Promise<string> {
	const body: api.LaunchRequest = {
		flow: "architectural-analysis", question, size: "small", model: "rehearsal", repo, provided,
	};
	const preview = await ok(api.previewRun({ body }));

	is(preview.size, "small");
	is(preview.warnings, []);
	is(preview.provided?.run ?? null, provided);
	is(preview.agents.filter((a) => a.included).map((a) => a.step).includes("structure"), true);

	const first = await launched(body, question), second = await launched(body, question);

	is([first.existed, second.existed], [false, true]);
	is(second.id, first.id);
	is(first.run.flow, "architectural-analysis");

	const seen = await follow(first.id), log = await readLog(first.id);

	is(log.length, seen);
	is(log.map((e) => e.seq), log.map((_, i) => i + 1));
	is(log.at(-1)?.type, "run");
	return first.id;
}

async function read(run: string): Promise<void> {
	const doc = await ok(api.getRun({ path: { run } }));
	const list = await ok(api.listRuns({ query: { status: "completed", limit: 1 } }));

	is(doc.status, "completed");
	is(list.items.map((r) => r.id), [run]);
	is(list.next !== null, true);
	is((await ok(api.listRuns({ query: { limit: 1, cursor: list.next! } }))).items.length, 1);
	is(doc.steps.filter((s) => s.kind === "agent" && s.status === "completed").length, doc.agents.completed);

	const last = await ok(api.getStep({ path: { run, step: "recommendation" } }));

	is(last.evidence.some((c) => c.class === "provided" && c.path.startsWith(doc.provided!.run + "#")), true);

	const step = await ok(api.getStep({ path: { run, step: "structure" } }));

	is(step.findings.length > 0 && step.evidence.some((c) => c.state === "resolves"), true);
	const cited = step.evidence.find((c) => c.state === "resolves")!;
	const lines = await ok(api.getFile({ path: { run }, query: { path: cited.path, from: cited.line!, to: cited.line! } }));

	is(lines.lines.length, 1);
	is((await ok(api.listBlocks({ path: { run, step: "structure" }, query: { limit: 2 } }))).items.length, 2);
	is((await ok(api.getLines({ path: { run, step: "structure" } }))).from, 1);
	is((await ok(api.findInStep({ path: { run, step: "structure" }, query: { q: cited.path } }))).total > 0, true);
	await ok(api.getCoverage({ path: { run } }));
	is((await ok(api.getProof({ path: { run }, parseAs: "text" }))).length > 1000, true);
}

// OpenAPI has one status, and no words for "which form depends on the query"
async function exported(run: string): Promise<void> {
	const text = async (as: "md" | "html" | "junit"): Promise<string> =>
		await ok(api.getReport({ path: { run }, query: { as }, parseAs: "text" })) as unknown as string;

	is((await ok(api.getReport({ path: { run }, query: { as: "json" } }))).schema, "tutti.report/1");
	is((await ok(api.getReport({ path: { run }, query: { as: "sarif" } }))).version as unknown, "2.1.0");
	is((await text("md")).startsWith("# "), true);
	is((await text("html")).toLowerCase().startsWith("<!doctype html>"), true);
	is((await text("junit")).includes("<testsuite"), true);
}

// ends once the step of a run is as wanted
async function until(run: string, step: string, status: api.StepStatus): Promise<api.Step> {
	for (;;) {
		const found = (await ok(api.getRun({ path: { run } }))).steps.find((s) => s.step === step);

		if (found?.status === status)
			return found;
		await new Promise((r) => setTimeout(r, 20));
	}
}

// a person is asked, and a run that nobody answers is stopped and taken out
async function answer(): Promise<void> {
	const body: api.LaunchRequest = { flow: "asks", question: "a xylophone" };
	const asked = (await launched(body)).id, left = (await launched(body)).id;
	const gate = await until(asked, "enough", "running");

	is(gate.choices, ["so-be-it", "not-yet"]);
	is(await refused(api.approveStep({ path: { run: asked }, body: { step: "enough", choice: "perhaps" } })), "conflict");
	await ok(api.approveStep({ path: { run: asked }, body: { step: "enough", choice: "so-be-it" } }));
	await follow(asked);
	is((await ok(api.getRun({ path: { run: asked } }))).status, "completed");
	is((await ok(api.getStep({ path: { run: asked, step: "parts/1" } }))).output, "second");

	await until(left, "enough", "running");
	is(await refused(api.deleteRun({ path: { run: left } })), "conflict");
	await ok(api.cancelRun({ path: { run: left }, body: { why: "nobody is here" } }));
	await follow(left);
	is((await ok(api.getRun({ path: { run: left } }))).reason, "nobody is here");

	const found = async (): Promise<string[]> =>
		[...new Set((await ok(api.searchRuns({ query: { q: "xylophone" } }))).items.map((h) => h.run))].sort();

	is(await found(), [asked, left].sort());
	is((await api.deleteRun({ path: { run: left } })).response?.status, 204);
	is(await found(), [asked]);
}

async function compare(a: string, b: string): Promise<void> {
	const c = await ok(api.compareRuns({ query: { a, b } }));

	is([c.old.run, c.now.run], [a, b]);
	is(c.inputs.map((i) => i.name), ["question", "provided"]);
	is(c.findings.length, c.counts.new + c.counts.gone + c.counts.changed + c.counts.same);
}

async function house(): Promise<void> {
	is((await ok(api.getHealth())).status, "ok");
	is((await ok(api.getMetrics({ parseAs: "text" }))).includes("tutti_runs"), true);
	is((await ok(api.listFlows())).items.some((f) => f.name === "asks"), true);
	is((await ok(api.getFlow({ path: { name: "asks" } }))).steps.map((s) => s.kind).includes("approval"), true);
	is((await ok(api.listRepositories())).items[0]?.path, repo);
	is((await ok(api.getDoctor())).ready, true);
	is((await ok(api.makeLink({ body: {} }))).sign_in.startsWith(url), true);
	is(await refused(api.launchRun({ body: { flow: "nope", question: "q" } })), "not_found");
	is(await refused(api.getRun({ path: { run: "r-nothing" } })), "not_found");
}

async function day(): Promise<void> {
	const a = await analyse("the engine", null), b = await analyse("the engine, again", a);

	await read(b);
	await exported(b);
	await compare(a, b);
	await answer();
	await house();
}

void day();
