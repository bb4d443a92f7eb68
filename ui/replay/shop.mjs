// A model that says what was written for it: the answers of a small team about a small shop, whose files are
// those of eval/ with their planted faults. The rest is real when it is recorded: agents, fence, checks, report.
import { createServer } from "node:http";

export const MODEL = "rehearsed-answers";
export const QUESTION = "What fails first under load: sessions, thumbnails, feed, orders or the ledger?";
export const sources = {
	"feed/feed.go": "go-price-feed/repo/feed.go", "ledger/export.go": "go-ledger-export/repo/export.go", "orders/orders.go": "go-order-list/repo/orders.go",
	"sessions/sessions.go": "go-session-store/repo/sessions.go", "thumbs/pool.go": "go-thumbnails/repo/pool.go", "download/download.go": "go-download/repo/download.go",
};

const finding = (id, title, severity, evidence, claim, scenario, suggestion) =>
	`### ${id}: ${title}\nSeverity: ${severity}\nEvidence: ${evidence.map(([at, q]) => `\`${at}\` "${q}"`).join(", ")}\nClaim: ${claim}\nFailure scenario: ${scenario}\nSuggestion: ${suggestion}\nConfidence: high\n`;
const verdict = (n, id, word, reason, at, quote) => `### V${n}: ${id} — ${word}\nStrategy: against the evidence\nSearched: every use of the name in its package\nReason: ${reason}\nEvidence: \`${at}\` "${quote}"\n`;
const read = (...paths) => paths.map((path) => ["read_file", { path }]);
const search = (pattern) => ["search", { pattern }];

// by a sentence of the task: what is said and called, turn after turn
const parts = {
	"Analyse the static structure": [
		["I begin with the layout and with who imports whom.", [["list_dir", { path: "." }], ["find_files", { pattern: "**/*.go" }]]],
		["Six packages, none of which imports another. What they share is how they reach the outside: HTTP, SQL, files.", read("feed/feed.go", "sessions/sessions.go", "orders/orders.go")],
		["Two ways to send a request in one package. I look for others.", [search("http.Client"), search("http.Get"), ...read("download/download.go")]],
		[finding("S1", "Two HTTP clients in one package, one of them without limits", "medium", [["feed/feed.go:19", "resp, err := http.Get(url)"], ["feed/feed.go:27", "var client = &http.Client{}"]],
			"`Current` takes the process-wide default client, `History` the package's own. A limit that is set on one does not hold for the other.", "Somebody sets a timeout on `client` after an outage; the call that caused the outage still has none.", "Send both through `client`, and make the default client unreachable in a linter.")
			+ "\n" + finding("S2", "Roles are a map in the source", "low", [["sessions/sessions.go:9", "var roles = map[string]string{"]],
				"Who may do what is compiled in, next to the code that answers with it.", "A new operator needs a release.", "Hand the map to `New`; it stays a map.")],
	],
	"Analyse the runtime behaviour": [
		["I follow each path that can fail to the place where somebody notices.", [["list_dir", { path: "." }], search("err")]],
		["Export promises that everything is there when it returns nil. I read what it does with each error.", read("ledger/export.go", "orders/orders.go")],
		["`Flush` returns an error and its result is dropped. I check that nothing else looks at the writer afterwards.", [search("Flush"), search("bufio"), ...read("feed/feed.go", "thumbs/pool.go")]],
		[finding("B1", "A full disk leaves a short ledger, and nobody is told", "high", [["ledger/export.go:28", "w.Flush()"], ["ledger/export.go:15", "Without an error they are all there."]],
			"The writer holds up to 4 KiB until `Flush`; its error is dropped and `Export` returns what `Close` says.", "The disk fills during the nightly export. The last entries are lost, the job is green, and the books differ by a day.", "Return the error of `Flush` before closing.")
			+ "\n" + finding("B2", "One exchange that does not answer holds every request", "high", [["feed/feed.go:18", "resp, err := http.Get(url)"], ["feed/feed.go:17", "Handlers call it for every request of a user."]],
				"`http.Get` has no timeout, and handlers call it in the way of a user.", "An exchange accepts connections and stays silent; after some minutes every handler waits for it.", "Give `Current` the context of its caller and three seconds, as `History` has.")
			+ "\n" + finding("B3", "The order page asks the database once per order", "medium", [["orders/orders.go:25-26", "for i := range all {"]],
				"`List` reads the ids and then the items of each order by a query of its own.", "500 orders are 501 round trips; at 2 ms each the page takes a second before it renders anything.", "One query with `WHERE order_id IN (…)`, grouped in memory.")
			+ "\n" + finding("B4", "Count drops the error of Close", "low", [["ledger/export.go:38", "defer f.Close()"]],
				"The error of `Close` is ignored.", "An error of the file system goes unnoticed.", "Check it.")],
	],
	"Analyse what happens at the same time": [
		["Handlers run at the same time, so every map and channel that two of them reach is of interest.", [search("sync."), search("make(chan"), search("go func")]],
		["`Store` has a mutex and two maps. I compare where each is touched with where the lock is held.", read("sessions/sessions.go", "thumbs/pool.go")],
		["`seen` is written one line above the lock. In `All`, both channels are unbuffered and the only reader comes after the loop that writes; I count who can go on when `n` workers hold a result.", [search("s.seen"), search("roles\\["), search("done <-")]],
		[finding("C1", "The session map is written without its lock", "critical", [["sessions/sessions.go:38", "s.seen[cookie.Value]++"], ["sessions/sessions.go:39", "s.mu.Lock()"]],
			"`Role` counts in `seen` one line before it takes the lock. Handlers run at the same time, and a concurrent write to a map ends the process.", "Two requests of any users arrive together: `fatal error: concurrent map writes`, and everybody is logged out.", "Move the line below `Lock`; run the tests with `-race`.")
			+ "\n" + finding("C2", "More pictures than twice the workers, and thumbnails wait for ever", "high", [["thumbs/pool.go:24", "jobs <- name"], ["thumbs/pool.go:29", "if thumb := <-done; thumb != \\\"\\\" {".replaceAll("\\", "")]],
				"Workers block on `done`, which is read only after every name was sent; the sender blocks on `jobs`.", "Four workers, nine pictures: each worker holds a result, the sender waits, nothing moves.", "Send from a goroutine of its own, or give `done` room for all names.")
			+ "\n" + finding("C3", "Roles are read without a lock", "medium", [["sessions/sessions.go:42", "role, ok := roles[user]"]],
				"`roles` is a map and is read by all handlers without a lock.", "A write at the same time ends the process.", "Guard it.")],
	],
	"Recommend structural changes": [
		["I read the places of the two worst findings again before I order anything.", read("sessions/sessions.go", "ledger/export.go", "feed/feed.go")],
		[`## How to read\nThree agents looked at structure, behaviour and concurrency; S, B and C say whose finding it is.\n\n## Summary\nThe first thing that fails is the session store: one write outside its lock ends the process as soon as two requests meet (C1). The next are quiet: an export that is short without saying so (B1), and handlers that wait for an exchange (B2). None of the repairs is longer than ten lines.\nConfidence: high — each place was read, and each has one owner.\n\n## Recommendations\n1. Take the lock before counting: \`sessions/sessions.go:38\` "s.seen[cookie.Value]++" (C1). Then run all tests with \`-race\`.\n2. Return the error of \`Flush\`: \`ledger/export.go:28\` "w.Flush()" (B1). Compare \`Count\` with what was handed in before a job calls itself done.\n3. One client with a limit for everything that leaves the process (B2, S1).\n4. Let a goroutine send the names in \`All\`: \`thumbs/pool.go:24\` "jobs <- name" (C2).\n5. Read the items of all orders at once (B3).\n\n## Left alone\nThe map of roles stays in the source until there is a second operator (S2).\n`],
	],
};
const judgement = [
	["I try to refute each finding: is there a lock, a reader or a limit that its author did not see?", [...read("sessions/sessions.go", "ledger/export.go", "feed/feed.go", "thumbs/pool.go", "orders/orders.go"), search("roles")]],
	[[
		verdict(1, "S1", "confirmed", "Both clients are used, and only one can be given a limit.", "feed/feed.go:37", "resp, err := client.Do(req)"),
		verdict(2, "S2", "confirmed", "The map has no other source.", "sessions/sessions.go:9", "var roles = map[string]string{"),
		verdict(3, "B1", "confirmed", "The error of Flush reaches nobody; Close does not repeat it.", "ledger/export.go:28", "w.Flush()"),
		verdict(4, "B2", "confirmed", "The default client has no timeout.", "feed/feed.go:19", "resp, err := http.Get(url)"),
		verdict(5, "B3", "confirmed", "One query per order, by the loop that is cited.", "orders/orders.go:26", "items(db, all[i].ID)"),
		verdict(6, "B4", "refuted", "The file was only read: closing it can lose nothing.", "ledger/export.go:34", "f, err := os.Open(path)"),
		verdict(7, "C1", "confirmed", "No caller holds the lock; the handler is the outermost function.", "sessions/sessions.go:38", "s.seen[cookie.Value]++"),
		verdict(8, "C2", "confirmed", "Both channels are unbuffered, and the reader comes after the loop.", "thumbs/pool.go:11", "done := make(chan string)"),
		verdict(9, "C3", "refuted", "Nothing writes to the map after it was made; reading needs no lock.", "sessions/sessions.go:8", "roles is filled here and only read afterwards."),
	].join("\n") + "\n## Summary\nSeven findings hold, two do not: a file that was only read, and a map that nobody writes to.\nConfidence: high — every cited place was read again, with what surrounds it.\n"],
];

function turnOf(messages) {
	const all = messages.map((m) => (typeof m.content === "string" ? m.content : JSON.stringify(m.content ?? ""))).join("\n");
	const part = Object.entries(parts).find(([task]) => all.includes(task) && !all.includes("### V1:"))?.[1];
	const turns = /attack|refut/i.test(messages[0]?.content ?? "") && !part ? judgement : (part ?? judgement);

	return turns[Math.min(messages.filter((m) => m.role === "assistant").length, turns.length - 1)];
}

// A server for it; PACE milliseconds between two pieces.
export async function serveModel(pace) {
	const wait = (ms) => new Promise((done) => setTimeout(done, ms));
	const server = createServer(async (req, res) => {
		let text = "";
		for await (const b of req) text += b;
		if (req.method === "GET") return res.end(JSON.stringify({ object: "list", data: [{ id: MODEL, object: "model" }] }));
		const { messages } = JSON.parse(text);
		const [said, calls = []] = turnOf(messages);
		const n = messages.length;
		res.writeHead(200, { "Content-Type": "text/event-stream" });
		const send = (delta, more = {}) => res.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: MODEL, choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`);
		send({ role: "assistant" });
		for (let i = 0; i < said.length; i += 18) {
			await wait(pace.ms);
			send({ content: said.slice(i, i + 18) });
		}
		calls.forEach(([name, args], i) => send({ tool_calls: [{ index: i, id: `call_${n}_${i}`, type: "function", function: { name, arguments: JSON.stringify(args) } }] }));
		send({}, { choices: [{ index: 0, delta: {}, finish_reason: calls.length ? "tool_calls" : "stop" }], usage: { prompt_tokens: Math.round(text.length / 4), completion_tokens: Math.round(said.length / 4), total_tokens: Math.round((text.length + said.length) / 4) } });
		res.end("data: [DONE]\n\n");
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	return { url: `http://127.0.0.1:${server.address().port}/v1`, close: () => (server.close(), server.closeAllConnections()) };
}
