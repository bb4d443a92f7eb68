/* OpenWorkflow: workflows with steps on SQLite (node:sqlite, WAL, FULL); its worker polls. */
import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";

export async function open({ dir, work, steps, fan, width }) {
	const backend = BackendSqlite.connect(`${dir}/openworkflow.db`);
	const ow = new OpenWorkflow({ backend });
	const chain = ow.defineWorkflow({ name: "chain" }, async ({ input, step }) => {
		for (let n = 0; n < input.length; n++) await step.run({ name: `step${n}` }, async () => work(input.run, n));
	});
	const fanout = ow.defineWorkflow({ name: "fan" }, async ({ input: { run }, step }) => {
		await step.run({ name: "one" }, async () => work(run, 0));
		await Promise.all(
			Array.from({ length: fan }, (_, i) => step.run({ name: `part${i}` }, async () => work(run, i + 1))),
		);
		await step.run({ name: "last" }, async () => work(run, fan + 1));
	});
	const worker = ow.newWorker({ concurrency: width });

	await worker.start();
	const begin = async (workflow, input) => {
		const handle = await workflow.run(input);

		await handle.result();
	};

	return {
		chain: (run) => begin(chain, { run, length: steps }),
		job: (run) => begin(chain, { run, length: 1 }),
		launch: (run) => chain.run({ run, length: steps }),
		fan: (run) => begin(fanout, { run }),
		async unfinished() {
			const { pending, running, sleeping } = await backend.countWorkflowRuns();

			return pending + running + (sleeping ?? 0);
		},
		close: () => worker.stop(),
	};
}
