/*
 * BullMQ: jobs in Redis (appendfsync always). A run is a job in steps, whose data says which is next; a fan-out is a
 * job that adds its children and waits for them. Both as in its documentation ("Process Step Jobs").
 */
import { Queue, WaitingChildrenError, Worker } from "bullmq";

export async function open({ redis, work, steps, fan, width }) {
	const connection = { host: "127.0.0.1", port: redis, maxRetriesPerRequest: null };
	const queue = new Queue("runs", { connection });
	const parts = new Queue("parts", { connection });
	const waiting = new Map();

	async function chain(job) {
		const { run, length } = job.data;

		for (let n = job.data.n; n < length; n++) {
			const output = await work(run, n);

			if (n + 1 < length) await job.updateData({ run, length, n: n + 1, outputs: [...job.data.outputs, output] });
			else return output;
		}
	}

	async function fanout(job, token) {
		const { run, n } = job.data;

		if (n === 0) {
			await work(run, 0);
			await parts.addBulk(
				Array.from({ length: fan }, (_, i) => ({
					name: "part",
					data: { run, n: i + 1 },
					opts: { parent: { id: job.id, queue: job.queueQualifiedName } },
				})),
			);
			await job.updateData({ run, n: fan + 1 });
			if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
		}
		return work(run, fan + 1);
	}

	const options = { connection, concurrency: width };
	const worker = new Worker("runs", (job, token) => (job.name === "fan" ? fanout(job, token) : chain(job)), options);
	const helper = new Worker("parts", async (job) => work(job.data.run, job.data.n), options);

	worker.on("completed", (job) => {
		waiting.get(job.data.run)?.();
		waiting.delete(job.data.run);
	});
	await Promise.all([worker.waitUntilReady(), helper.waitUntilReady(), queue.waitUntilReady()]);
	const begin = (name, run, data) =>
		new Promise((resolve, reject) => {
			waiting.set(run, resolve);
			queue.add(name, { run, n: 0, ...data }).catch(reject);
		});

	return {
		chain: (run) => begin("chain", run, { length: steps, outputs: [] }),
		job: (run) => begin("chain", run, { length: 1, outputs: [] }),
		launch: (run) => queue.add("chain", { run, n: 0, length: steps, outputs: [] }),
		fan: (run) => begin("fan", run, {}),
		unfinished: async () => queue.getJobCountByTypes("active", "waiting", "delayed", "waiting-children", "paused"),
		async close() {
			await Promise.all([worker.close(true), helper.close(true), queue.close(), parts.close()]);
		},
	};
}
