/* DBOS: workflows are functions, steps are checkpoints in PostgreSQL; it recovers by itself when it is launched. */
import { DBOS } from "@dbos-inc/dbos-sdk";

export async function open({ url, work, steps, fan }) {
	DBOS.setConfig({ name: "peers", systemDatabaseUrl: url, logLevel: "error", runAdminServer: false });
	const chain = DBOS.registerWorkflow(
		async (run, length) => {
			for (let n = 0; n < length; n++) await DBOS.runStep(async () => work(run, n), { name: `step${n}` });
		},
		{ name: "chain" },
	);
	const fanout = DBOS.registerWorkflow(
		async (run) => {
			await DBOS.runStep(async () => work(run, 0), { name: "one" });
			await Promise.all(
				Array.from({ length: fan }, (_, i) =>
					DBOS.runStep(async () => work(run, i + 1), { name: `part${i}` }),
				),
			);
			await DBOS.runStep(async () => work(run, fan + 1), { name: "last" });
		},
		{ name: "fan" },
	);

	await DBOS.launch();
	const begin = async (workflow, run, ...more) => {
		const handle = await DBOS.startWorkflow(workflow, { workflowID: `r${run}` })(run, ...more);

		await handle.getResult();
	};

	return {
		chain: (run) => begin(chain, run, steps),
		job: (run) => begin(chain, run, 1),
		launch: (run) => DBOS.startWorkflow(chain, { workflowID: `r${run}` })(run, steps),
		fan: (run) => begin(fanout, run),
		unfinished: async () => (await DBOS.listWorkflows({ status: "PENDING" })).length,
		close: () => DBOS.shutdown(),
	};
}
