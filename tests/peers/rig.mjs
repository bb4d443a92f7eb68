/*
 * rig.mjs ENGINE WHAT OPTIONS: one engine (engines/ENGINE.mjs) in a process of its own, measured as WHAT says;
 * OPTIONS is JSON. Prints one line of JSON.
 *
 * An engine's open({dir, url, work, steps, width, …}) gives
 *   chain(run)    resolves when the run and its STEPS steps are durable; they call `await work(run, n)` in a row
 *   fan(run)      the same for 1 step, 100 at once, 1 step; left out where there is nothing to wait for many with
 *   job(run)      one step alone
 *   launch(run)   begins a chain and resolves when it is durable; left out where its first step says so
 *   recover()     after a kill -9: goes on with whatever is unfinished; left out where that happens by itself
 *   unfinished()  how many runs the engine itself holds for unfinished
 *   close()
 */
import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [, , name, what, text] = process.argv;
const options = JSON.parse(text);
const PAD = "x".repeat(180);
const FAN = 100;

const now = () => Number(process.hrtime.bigint()) / 1e6;

function median(list) {
	return at(list, 0.5);
}

function at(list, part) {
	if (!list.length) return null;
	const sorted = [...list].sort((a, b) => a - b);
	return sorted[Math.floor(part * (sorted.length - 1) + 0.5)];
}

function say(result) {
	writeSync(1, JSON.stringify(result) + "\n");
}

/* --- the work of a step ------------------------------------------------------------------ */

const seen = { steps: 0, last: new Map(), dispatch: [] };

/* 200 bytes of JSON, and how long after the step before it. */
function answer(run, n) {
	const before = seen.last.get(run);
	const begun = now();

	if (before !== undefined) seen.dispatch.push(begun - before);
	seen.steps++;
	const output = { n, pad: PAD };

	seen.last.set(run, now());
	return output;
}

function child(argv) {
	return new Promise((resolve, reject) => {
		const process = spawn(argv[0], argv.slice(1), { stdio: "ignore" });

		process.on("error", reject);
		process.on("exit", resolve);
	});
}

async function answerOfChild(run, n) {
	await child(["/usr/bin/true"]);
	return answer(run, n);
}

/* --- in turns ---------------------------------------------------------------------------- */

let runs = 1000000; // numbers that nothing else has

/* PARALLEL at once, one after the other, for SECONDS; how many steps a second. */
async function pace(begin, parallel, seconds, least) {
	seen.steps = 0;
	seen.dispatch = [];
	const begun = now();
	let launched = 0;

	async function lane() {
		do {
			const run = ++runs;

			launched++;
			await begin(run);
			seen.last.delete(run);
		} while (now() - begun < seconds * 1000 || launched < least);
	}
	await Promise.all(Array.from({ length: parallel }, lane));
	const took = now() - begun;

	return {
		steps: (seen.steps / took) * 1000,
		runs: launched,
		p50: median(seen.dispatch),
		p99: at(seen.dispatch, 0.99),
	};
}

/* --- what is measured -------------------------------------------------------------------- */

async function open(more) {
	const engine = await import(`./engines/${name}.mjs`);

	return engine.open({ ...options, fan: FAN, steps: 10, width: 100, ...more });
}

async function bench() {
	let work = answer;
	const engine = await open({ work: (run, n) => work(run, n) });
	const result = { ready: now() - options.began };
	const { seconds } = options;

	await engine.chain(++runs); // the first one pays for what is loaded late
	say({ resting: true }); // who started us looks at us meanwhile
	await sleep(options.rest * 1000);
	await pace(engine.chain, 1, seconds / 3, 1);
	result.alone = await pace(engine.chain, 1, seconds, 1);
	await pace(engine.chain, 20, 0, 20);
	result.crowd = await pace(engine.chain, 100, seconds, 100);
	if (engine.fan) result.fan = await pace(engine.fan, 1, seconds, 1);
	work = answerOfChild;
	result.spawn1 = await pace(engine.job, 1, seconds, 1);
	result.spawn8 = await pace(engine.job, 8, seconds, 8);
	result.loaded = process.memoryUsage().rss;
	say(result);
	await engine.close();
}

/* Every step leaves a line in a file before it ends: that is what it has done to the world. */
function marking(file, then) {
	const fd = openSync(file, "a");

	return (run, n) => {
		writeSync(fd, `${run} ${n}\n`);
		return then(run, n);
	};
}

function marks(file) {
	const count = new Map();

	for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : [])
		if (line) count.set(line, (count.get(line) ?? 0) + 1);
	return count;
}

/*
 * RUNS runs at once, until STOP steps have been done; then the process is killed. No step goes on before all runs
 * are in the engine's hands.
 */
async function untilKilled() {
	const accepted = new Set();
	const mark = marking(options.marks, answer);
	let steps = 0;
	let all;
	const together = new Promise((resolve) => (all = resolve));

	function accept(run) {
		accepted.add(run);
		if (accepted.size === options.runs) all();
	}
	const engine = await open({
		async work(run, n) {
			if (!engine?.launch) accept(run);
			await together;
			const output = mark(run, n);

			if (++steps === options.stop) process.kill(process.pid, "SIGKILL");
			return output;
		},
	});

	for (let run = 1; run <= options.runs; run++)
		if (engine.launch) engine.launch(run).then(() => accept(run));
		else engine.chain(run);
	await sleep(options.limit * 1000);
	say({ error: "was not killed in time" });
}

/* The process after it: until every run has done its last step, or the time is over. */
async function resume() {
	const before = marks(options.marks);
	const finished = new Set();
	const moved = new Map();

	for (let run = 1; run <= options.runs; run++) if (before.has(`${run} 9`)) finished.add(run);
	const open0 = options.runs - finished.size;
	let all;
	const done = new Promise((resolve) => (all = resolve));
	const mark = marking(options.marks, answer);
	let end = 0;
	const engine = await open({
		work(run, n) {
			const output = mark(run, n);

			end = now();
			if (!moved.has(run)) moved.set(run, end);
			if (n === 9) {
				finished.add(run);
				if (finished.size === options.runs) all();
			}
			return output;
		},
	});
	const opened = now();

	await engine.recover?.();
	if (finished.size < options.runs) await Promise.race([done, sleep(options.limit * 1000)]);
	let left = await engine.unfinished();

	for (let i = 0; left > 0 && i < 40 && finished.size === options.runs; i++) {
		await sleep(50);
		left = await engine.unfinished();
	}
	const after = marks(options.marks);
	const woken = [...moved.values()].sort((a, b) => a - b);
	let twice = 0;

	for (const count of after.values()) twice += count - 1;
	say({
		open: open0,
		opened: opened - options.began,
		going: woken.length >= open0 ? woken[open0 - 1] - options.began : null,
		half: woken.length >= open0 / 2 ? woken[Math.ceil(open0 / 2) - 1] - options.began : null,
		finished: finished.size === options.runs ? end - options.began : null,
		unfinished: Math.max(left, options.runs - finished.size),
		twice,
		never: options.runs * 10 - after.size,
	});
	process.exit(0);
}

/* RUNS runs of one step each, whose child does not end by itself; said when all are there. */
async function children() {
	let started = 0;
	const mark = marking(options.marks, () => null);
	const engine = await open({
		async work(run, n) {
			mark(run, n);
			started++;
			await child(options.argv);
			return { n };
		},
		steps: 1,
		long: true, // what takes its time does not belong into a batch
		width: options.runs,
	});

	if (options.again) await engine.recover?.();
	else for (let i = 0; i < options.runs; i++) engine.chain(i + 1);
	for (let i = 0; i < options.limit * 20 && started < options.runs; i++) await sleep(50);
	say({ started });
	if (options.again) process.exit(0);
	await sleep(600000);
}

const all = { bench, resume, children, "until-killed": untilKilled };

try {
	await all[what]();
	process.exit(0);
} catch (error) {
	say({ error: String(error?.stack ?? error) });
	process.exit(1);
}
