/* LangGraph: a graph with a checkpointer on SQLite, each superstep's checkpoint durable before the next (sync). */
import { Annotation, END, Send, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const State = Annotation.Root({
	run: Annotation(),
	output: Annotation(),
	n: Annotation(),
	parts: Annotation({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

export async function open({ dir, work, steps, fan }) {
	const saver = SqliteSaver.fromConnString(`${dir}/langgraph.db`);

	saver.setup();
	saver.db.pragma("synchronous = FULL");

	function line(length) {
		const graph = new StateGraph(State);

		for (let n = 0; n < length; n++) {
			graph.addNode(`step${n}`, async ({ run }) => ({ output: await work(run, n) }));
			graph.addEdge(n ? `step${n - 1}` : START, `step${n}`);
		}
		return graph.addEdge(`step${length - 1}`, END).compile({ checkpointer: saver });
	}
	const chain = line(steps);
	const single = line(1);
	const fanout = new StateGraph(State)
		.addNode("one", async ({ run }) => ({ output: await work(run, 0) }))
		.addNode("part", async ({ run, n }) => ({ parts: [await work(run, n)] }))
		.addNode("last", async ({ run }) => ({ output: await work(run, fan + 1) }))
		.addEdge(START, "one")
		.addConditionalEdges("one", ({ run }) =>
			Array.from({ length: fan }, (_, i) => new Send("part", { run, n: i + 1 })),
		)
		.addEdge("part", "last")
		.addEdge("last", END)
		.compile({ checkpointer: saver });
	const config = (run) => ({ configurable: { thread_id: `r${run}` }, durability: "sync" });
	/* whose last checkpoint is not that of an ended graph; there is nothing of its own that knows */
	async function open() {
		const threads = saver.db.prepare("SELECT DISTINCT thread_id FROM checkpoints").all();
		const runs = threads.map(({ thread_id }) => Number(thread_id.slice(1)));
		const states = await Promise.all(runs.map((run) => chain.getState(config(run))));

		return runs.filter((_, i) => states[i].next.length);
	}

	return {
		chain: (run) => chain.invoke({ run }, config(run)),
		job: (run) => single.invoke({ run }, config(run)),
		fan: (run) => fanout.invoke({ run }, config(run)),
		async recover() {
			for (const run of await open()) void chain.invoke(null, config(run));
		},
		unfinished: async () => (await open()).length,
		close: () => saver.db.close(),
	};
}
