// validate.js SCHEMA FILE…: each JSON file against a JSON Schema (2020-12). Prints what is wrong.
// With --closed no object may have a member that the schema does not name: what we print is
// documented whole, though its readers must put up with more.
const fs = require("fs");
const Ajv = require("ajv/dist/2020");

const closed = process.argv[2] === "--closed";
const [schemaFile, ...files] = process.argv.slice(closed ? 3 : 2);
const schema = JSON.parse(fs.readFileSync(schemaFile, "utf8"));

function close(node) {
	if (node === null || typeof node !== "object")
		return;
	if ([].concat(node.type).includes("object") && node.properties && node.additionalProperties === undefined)
		node.additionalProperties = false;
	Object.values(node).forEach(close);
}

if (closed)
	close(schema);
const ajv = new Ajv({ strict: false, allErrors: true });
require("ajv-formats")(ajv);
if (!ajv.validateSchema(schema)) {
	console.error(`${schemaFile} is no schema:`, ajv.errorsText());
	process.exit(1);
}
const validate = ajv.compile(schema);
let bad = 0;
for (const file of files) {
	if (validate(JSON.parse(fs.readFileSync(file, "utf8"))))
		continue;
	bad++;
	for (const e of validate.errors.slice(0, 20))
		console.error(`${file}: ${e.instancePath || "/"} ${e.message} ${JSON.stringify(e.params)}`);
}
process.exit(bad || files.length === 0 ? 1 : 0);
