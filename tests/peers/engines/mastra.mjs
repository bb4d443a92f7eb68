/* Mastra: workflows whose snapshot is stored after each step, in libsql. It sets synchronous = NORMAL; we set FULL. */
import { createClient } from "@libsql/client";
import { Mastra } from "@mastra/core";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { z } from "zod";

const one = z.object({ run: z.number(), output: z.any().optional(), n: z.number().optional() });

export async function open({ dir, work, steps, fan }) {
	const client = createClient({ url: `file:${dir}/mastra.db` });
	const storage = new LibSQLStore({ id: "peers", client });
	const step = (id, n) =>
		createStep({
			id,
			inputSchema: one,
			outputSchema: one,
			execute: async ({ inputData }) => ({
				run: inputData.run,
				output: await work(inputData.run, n ?? inputData.n),
			}),
		});

	function line(id, length) {
		let workflow = createWorkflow({ id, inputSchema: one, outputSchema: one });

		for (let n = 0; n < length; n++) workflow = workflow.then(step(`step${n}`, n));
		return workflow.commit();
	}
	const fanout = createWorkflow({ id: "fan", inputSchema: one, outputSchema: one })
		.then(step("one", 0))
		.map(async ({ inputData }) => Array.from({ length: fan }, (_, i) => ({ run: inputData.run, n: i + 1 })))
		.foreach(step("part"), { concurrency: fan })
		.map(async ({ inputData }) => ({ run: inputData[0].run }))
		.then(step("last", fan + 1))
		.commit();
	const mastra = new Mastra({
		storage,
		logger: false,
		workflows: { chain: line("chain", steps), single: line("single", 1), fan: fanout },
	});

	await storage.init();
	await new Promise((resolve) => setTimeout(resolve, 50)); // its own PRAGMAs come late
	await client.execute("PRAGMA synchronous = FULL");
	const begin = async (name, run) => {
		const handle = await mastra.getWorkflow(name).createRun({ runId: `r${run}` });
		const result = await handle.start({ inputData: { run } });

		if (result.status !== "success") throw result.error ?? new Error(result.status);
	};

	return {
		chain: (run) => begin("chain", run),
		job: (run) => begin("single", run),
		fan: (run) => begin("fan", run),
		/* restartAllActiveWorkflowRuns() takes one run after the other */
		async recover() {
			const chain = mastra.getWorkflow("chain");

			for (const { runId } of (await chain.listActiveWorkflowRuns()).runs)
				void chain.createRun({ runId }).then((run) => run.restart());
		},
		unfinished: async () => (await mastra.getWorkflow("chain").listActiveWorkflowRuns()).runs.length,
		close: () => client.close(),
	};
}
