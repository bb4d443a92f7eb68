"use strict";

const http = require("node:http");

const entries = [];

function escape(text) {
	return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function entry(e) {
	return `<li><b>${escape(e.name)}</b>: ${escape(e.text)}</li>`;
}

function page(query) {
	const greeting = query.get("from");
	return [
		"<!doctype html><title>Guests</title>",
		greeting ? `<p>Welcome, ${greeting}!</p>` : "",
		`<ul>${entries.map(entry).join("")}</ul>`,
	].join("\n");
}

const server = http.createServer((request, response) => {
	const url = new URL(request.url, "http://localhost");
	if (request.method === "POST") {
		if (entries.length >= 1000) entries.shift();
		entries.push({ name: url.searchParams.get("name"), text: url.searchParams.get("text") });
		response.writeHead(204).end();
		return;
	}
	response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
	response.end(page(url.searchParams));
});

module.exports = { server, page };
