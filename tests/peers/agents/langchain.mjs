/*
 * langchain.mjs N: N agents at once in one process, as LangChain makes them (a graph of LangGraph's each). Not
 * streaming: it would fetch a tokenizer from the network first.
 */
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { readFile } from "node:fs/promises";
import { z } from "zod";

const { REPO, URL_OF_MODEL } = process.env;
const read = tool(({ path }) => readFile(`${REPO}/${path}`, "utf8"), {
	name: "read_file",
	description: "Reads a file of the repository.",
	schema: z.object({ path: z.string() }),
});

async function look(part) {
	const model = new ChatOpenAI({
		model: "scripted",
		apiKey: "none",
		configuration: { baseURL: URL_OF_MODEL },
	});
	const agent = createAgent({ model, tools: [read], systemPrompt: "You explore code and answer with sections." });
	const state = await agent.invoke({ messages: [{ role: "user", content: `Look at part ${part}.` }] });

	return state.messages.at(-1).content.length > 0;
}

const answers = await Promise.all(Array.from({ length: Number(process.argv[2]) }, (_, i) => look(i + 1)));

console.log(JSON.stringify({ answers: answers.filter(Boolean).length }));
