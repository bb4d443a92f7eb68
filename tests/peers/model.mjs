/*
 * model.mjs DELAY: a model server that speaks chat completions and follows a script: each agent is asked to read
 * main.c three times and then answers, every time after DELAY milliseconds. Prints its port, and at the end of its
 * input how many requests there were and how many at once.
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const DELAY = Number(process.argv[2]);
const READS = 3;
const ANSWER =
	"## Summary\n\nmain returns 0 and does nothing else; there is nothing to change.\n\n" +
	"## Findings\n\nNone: the whole program is `return 0;` (`main.c:3`).\n";
const seen = { requests: 0, now: 0, most: 0 };

/* What TOOL wants to be asked with, so that it reads main.c. */
function wanted(tool) {
	const { properties = {}, required = Object.keys(properties) } = tool.function.parameters ?? {};
	const values = {};

	for (const name of required)
		values[name] = properties[name]?.type === "number" ? 1 : /abs|file_path/.test(name) ? place(tool) : "main.c";
	return values;
}

function place() {
	return `${process.env.REPO}/main.c`;
}

function turn({ messages, tools = [] }) {
	const done = messages.filter((message) => message.role === "tool").length;
	const reader = tools.find((tool) => /read/i.test(tool.function.name) && !/many|media/i.test(tool.function.name));

	if (!reader || done >= READS) return { role: "assistant", content: ANSWER };
	const call = { name: reader.function.name, arguments: JSON.stringify(wanted(reader)) };

	return {
		role: "assistant",
		content: null,
		tool_calls: [{ index: 0, id: `call_${done}`, type: "function", function: call }],
	};
}

function answer(body, response) {
	const message = turn(body);
	const reason = message.tool_calls ? "tool_calls" : "stop";
	const base = { id: `chatcmpl-${seen.requests}`, created: 1700000000, model: body.model };
	const usage = { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050 };

	if (!body.stream) {
		response.writeHead(200, { "content-type": "application/json" });
		const choices = [{ index: 0, message, finish_reason: reason }];

		return response.end(JSON.stringify({ ...base, object: "chat.completion", choices, usage }));
	}
	response.writeHead(200, { "content-type": "text/event-stream" });
	const chunk = (part) =>
		response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...part })}\n\n`);

	chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] });
	chunk({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
	chunk({ choices: [], usage });
	response.end("data: [DONE]\n\n");
}

async function take(request, response) {
	const parts = [];

	for await (const part of request) parts.push(part);
	if (request.method !== "POST") {
		response.writeHead(200, { "content-type": "application/json" });
		return response.end(JSON.stringify({ object: "list", data: [{ id: "scripted", object: "model" }] }));
	}
	seen.requests++;
	seen.most = Math.max(seen.most, ++seen.now);
	await sleep(DELAY);
	seen.now--;
	answer(JSON.parse(Buffer.concat(parts).toString()), response);
}

const server = createServer((request, response) => void take(request, response));

server.listen(0, "127.0.0.1", 1024, () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.resume().on("end", () => {
	console.log(JSON.stringify(seen));
	process.exit(0);
});
