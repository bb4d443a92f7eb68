/*
 * pg-boss: jobs in PostgreSQL, fetched in batches by workers that NOTIFY wakes; each step is a job that sends the
 * next one. Its own flows look only every few seconds for what has become ready, so there is no fan-out here.
 */
import { PgBoss } from "pg-boss";
import pg from "pg";

const WORKERS = 8;

export async function open({ url, work, steps, width, long }) {
	const boss = new PgBoss({ connectionString: url, useListenNotify: true, max: 10 });
	const client = new pg.Pool({ connectionString: url, max: 1 });
	const waiting = new Map();

	boss.on("error", () => {});
	await boss.start();
	await boss.createQueue("steps", { notify: true });

	async function step({ data: { run, n, length } }) {
		const output = await work(run, n);

		if (n + 1 < length) return { data: { run, n: n + 1, length, output } };
		setImmediate(ended, run);
		return null;
	}

	function ended(run) {
		waiting.get(run)?.();
		waiting.delete(run);
	}

	await boss.work(
		"steps",
		{
			localConcurrency: long ? width : WORKERS,
			batchSize: long ? 1 : Math.ceil(width / WORKERS),
			burstWhenBatchFull: true,
			pollingIntervalSeconds: 0.5,
		},
		async (jobs) => {
			const next = (await Promise.all(jobs.map(step))).filter(Boolean);

			if (next.length) await boss.insert("steps", next);
		},
	);
	const begin = (run, length) =>
		new Promise((resolve, reject) => {
			waiting.set(run, resolve);
			boss.send("steps", { run, n: 0, length }).catch(reject);
		});

	return {
		chain: (run) => begin(run, steps),
		job: (run) => begin(run, 1),
		launch: (run) => boss.send("steps", { run, n: 0, length: steps }),
		async unfinished() {
			const sql = "SELECT count(*) FROM pgboss.job WHERE name = 'steps' AND state < 'completed'";

			return Number((await client.query(sql)).rows[0].count);
		},
		async close() {
			await client.end();
			await boss.stop({ graceful: false });
		},
	};
}
