// openapi.js DIRECTORY: answers of the API (tests/unit/test_api.c) against its own OpenAPI document,
// which is one of them. No object may have a member that its schema does not name; every route that
// answers with JSON must have been asked once, and every error is held against Error.
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv/dist/2020");

const dir = process.argv[2];
const answers = fs.readdirSync(dir).filter((f) => f.endsWith(".json")).sort()
	.map((f) => ({ file: f, ...JSON.parse(fs.readFileSync(path.join(dir, f), "utf8")) }));
const doc = answers.find((a) => a.path === "/api/v1/openapi.json").answer;
const bad = [];

function close(node) {
	if (node === null || typeof node !== "object")
		return;
	if ([].concat(node.type).includes("object") && node.properties && node.additionalProperties === undefined)
		node.additionalProperties = false;
	Object.values(node).forEach(close);
}

close(doc.components.schemas);
const ajv = new Ajv({ strict: false, allErrors: true });
require("ajv-formats")(ajv);
ajv.addSchema({ $id: "tutti", components: doc.components });
const validators = new Map();

function validator(schema) {
	const ref = "tutti" + schema.$ref;

	if (!validators.has(ref))
		validators.set(ref, ajv.compile({ $ref: ref }));
	return validators.get(ref);
}

// "{step}" takes what is left of a path
function matches(pattern, p) {
	const re = pattern.replace(/[.]/g, "\\.").replace(/\{step\}/, ".+").replace(/\{[a-z]+\}/g, "[^/]+");

	return new RegExp(`^${re}$`).test(p);
}

const asked = new Set();
for (const a of answers) {
	const route = Object.keys(doc.paths).find((p) => matches(p, a.path));
	const operation = route && doc.paths[route][a.method];
	const answer = operation?.responses[a.status] ??
		(a.status >= 400 ? operation?.responses.default ?? { content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } } : null);

	if (a.status === 503 && route === "/healthz")
		continue;
	if (!answer) {
		bad.push(`${a.file}: ${a.method} ${a.path} answers ${a.status}, which is not told`);
		continue;
	}
	const schema = answer.content?.["application/json"]?.schema;
	if (!schema?.$ref)
		continue;
	if (a.status < 400)
		asked.add(`${a.method} ${route}`);
	const v = validator(schema);
	if (!v(a.answer))
		for (const e of v.errors.slice(0, 5))
			bad.push(`${a.file}: ${a.method} ${a.path} ${e.instancePath || "/"} ${e.message} ${JSON.stringify(e.params)}`);
}

// whoever has the connections answers these
const elsewhere = ["get /api/v1/runs/{run}/events"];
for (const [route, methods] of Object.entries(doc.paths))
	for (const [method, operation] of Object.entries(methods)) {
		const json = Object.values(operation.responses)[0].content?.["application/json"];

		if (json && !asked.has(`${method} ${route}`) && !elsewhere.includes(`${method} ${route}`))
			bad.push(`${method} ${route} was not asked`);
	}
bad.forEach((line) => console.error(line));
process.exit(bad.length || answers.length === 0 ? 1 : 0);
