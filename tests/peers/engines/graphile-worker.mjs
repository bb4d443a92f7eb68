/*
 * graphile-worker: jobs in PostgreSQL, woken by NOTIFY; each step is a job that adds the next one. It has nothing
 * that waits for many jobs. Jobs of a worker that is gone stay locked for four hours, unless they are unlocked.
 */
import { run as startWorker, makeWorkerUtils, Logger } from "graphile-worker";
import pg from "pg";

export async function open({ url, work, steps, width }) {
	const pgPool = new pg.Pool({ connectionString: url, max: 10 });

	pgPool.on("error", () => {});
	pgPool.on("connect", (client) => client.on("error", () => {}));
	const waiting = new Map();
	const logger = new Logger(() => () => {});
	let runner;

	async function step({ run, n, length }, helpers) {
		const output = await work(run, n);

		if (n + 1 >= length) return;
		await helpers.addJob("step", { run, n: n + 1, length, output }, { jobKey: `${run}-${n + 1}` });
	}
	const start = async () => {
		runner = await startWorker({
			pgPool,
			logger,
			concurrency: width,
			noHandleSignals: true,
			taskList: { step },
		});
		runner.events.on("job:complete", ({ job }) => {
			const { run, n, length } = job.payload;

			if (n + 1 < length) return;
			waiting.get(run)?.();
			waiting.delete(run);
		});
	};
	const utils = await makeWorkerUtils({ pgPool, logger });

	await utils.migrate();
	const { rows } = await pgPool.query(
		"SELECT DISTINCT locked_by FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL",
	);

	if (rows.length) await utils.forceUnlockWorkers(rows.map((row) => row.locked_by));
	await start();
	const begin = (run, length) =>
		new Promise((resolve, reject) => {
			waiting.set(run, resolve);
			utils.addJob("step", { run, n: 0, length }).catch(reject);
		});

	return {
		chain: (run) => begin(run, steps),
		job: (run) => begin(run, 1),
		launch: (run) => utils.addJob("step", { run, n: 0, length: steps }),
		unfinished: async () =>
			Number((await pgPool.query("SELECT count(*) FROM graphile_worker._private_jobs")).rows[0].count),
		async close() {
			await runner.stop();
			await utils.release();
			await pgPool.end();
		},
	};
}
