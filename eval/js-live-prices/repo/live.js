"use strict";

const prices = new Map();
let requests = 0;

const report = setInterval(() => {
	if (requests > 0) console.log(`${requests} requests`);
	requests = 0;
}, 60_000);
report.unref();

function set(name, value) {
	prices.set(name, value);
}

/* Sends the price of NAME to a client once a second, as long as it listens. */
function follow(name, request, response) {
	requests++;
	response.writeHead(200, { "content-type": "text/event-stream" });
	setInterval(() => {
		response.write(`data: ${prices.get(name) ?? "?"}\n\n`);
	}, 1000);
	request.on("close", () => {
		response.end();
	});
}

module.exports = { set, follow };
