// replay/record.mjs TUTTI: what the catalogue, the doctor and one run of the rehearsal model really say,
// into fixtures/. Run it again when their shapes change.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tutti = process.argv[2] ?? "build/tutti";
const data = mkdtempSync(join(tmpdir(), "tutti-record-"));
const repo = new URL("../..", import.meta.url).pathname;
const env = { ...process.env, TUTTI_DATA: data };
const call = (...args) => {
	try {
		return execFileSync(tutti, args, { env, cwd: repo, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 28 });
	} catch (e) {
		if (e.stdout) return e.stdout; // doctor says by its exit code that no agent is ready
		throw e;
	}
};
const ask = (...args) => JSON.parse(call(...args, "--json"));
const save = (name, value) => writeFileSync(new URL("fixtures/" + name, import.meta.url), JSON.stringify(value, null, "\t") + "\n");

const flows = ask("flows", "list").flows.map(({ name, origin, title, summary, when_to_use, category, inputs, next, agents }) => ({
	name, title, category, summary, when_to_use, inputs, agents, origin, next, steps: ask("flows", "show", name).steps,
}));
save("flows.json", flows);

call("run", "architectural-analysis", "Where does the scheduler hold locks it does not need?", "--model", "rehearsal", "--size", "small", "--format", "quiet", "--output", join(data, "report.html"));
const html = readFileSync(join(data, "report.html"), "utf8");
const body = html.slice(html.indexOf("<body>") + 6, html.indexOf("</body>"));
const elsewhere = (s) => s.replaceAll(repo.replace(/\/$/, ""), "/home/ada/tutti");
writeFileSync(new URL("fixtures/report.html", import.meta.url), elsewhere(body));
writeFileSync(new URL("fixtures/report.md", import.meta.url), elsewhere(call("runs", "export", "last", "--as", "md")));
rmSync(data, { recursive: true });
