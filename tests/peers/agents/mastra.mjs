/* mastra.mjs N: N agents at once in one process, as Mastra makes them. */
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { readFile } from "node:fs/promises";
import { z } from "zod";

const { REPO, URL_OF_MODEL } = process.env;
const read = createTool({
	id: "read_file",
	description: "Reads a file of the repository.",
	inputSchema: z.object({ path: z.string() }),
	execute: ({ path }) => readFile(`${REPO}/${path}`, "utf8"),
});

async function look(part) {
	const agent = new Agent({
		id: `agent-${part}`,
		name: `agent ${part}`,
		instructions: "You explore code and answer with sections.",
		model: { id: "local/scripted", url: URL_OF_MODEL, apiKey: "none" },
		tools: { read_file: read },
	});
	const stream = await agent.stream(`Look at part ${part}.`, { maxSteps: 8 });

	return (await stream.text).length > 0;
}

const answers = await Promise.all(Array.from({ length: Number(process.argv[2]) }, (_, i) => look(i + 1)));

console.log(JSON.stringify({ answers: answers.filter(Boolean).length }));
