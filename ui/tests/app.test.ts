import { describe, expect, it } from "vitest";
import { clock, fully, minute, outcome, resolved, short, span, when } from "../src/app/format";
import { canBind, KEYS, match, nameOf } from "../src/app/keys";
import { isOurs, parse } from "../src/app/router";
import { rank } from "../src/app/palette";
import { merge } from "../src/app/runs";
import { families, fromQuery, matches, queryOf, toServer, withView } from "../src/history/filters";
import { commandLine, complete, nearest, read } from "../src/launcher/command";
import { missing, toRequest } from "../src/launcher/form";
import { isEditorLink } from "../src/settings";
import type { Flow, RunSummary } from "../src/wire/types";
import catalogue from "../replay/fixtures/flows.json";
// @ts-expect-error it has no types
import { check } from "../tools/contrast.mjs";

const flows = catalogue as unknown as Flow[];

describe("addresses", () => {
	it("name a page", () => {
		const page = (p: string): string => {
			const r = parse(p, "", "");
			return r.id ? `${r.page} ${r.id}` : r.page;
		};
		expect(page("/")).toBe("home");
		expect(page("/runs")).toBe("runs");
		expect(page("/runs/")).toBe("runs");
		expect(page("/runs/r-7f3k")).toBe("run r-7f3k");
		expect(page("/runs/last~2")).toBe("run last~2");
		expect(page("/flows/code-review")).toBe("flow code-review");
		expect(page("/new")).toBe("new");
		for (const p of ["/nowhere", "/runs/a/b", "/runs/<b>", "/agents/x", "/runs/" + "x".repeat(65)]) expect(page(p)).toBe("missing");
	});

	it("keep filters, fragment and tab", () => {
		const r = parse("/runs/r-1", "?tab=agents&agent=a%20b", "#F-3");
		expect([r.query.get("tab"), r.query.get("agent"), r.hash]).toEqual(["agents", "a b", "F-3"]);
	});

	it("leave to the server what only it can answer", () => {
		for (const p of ["/api/v1/runs", "/assets/x.js", "/sign-in", "/runs/r-1/report.html", "/healthz"]) expect(isOurs(p)).toBe(false);
		for (const p of ["/", "/runs/r-1", "/flows/code-review", "/apiary"]) expect(isOurs(p)).toBe(true);
	});
});

describe("the keyboard", () => {
	it("binds no key twice in one place, and none that belongs to the browser", () => {
		for (const scope of ["any", "lists", "run", "well", "report"]) {
			const all = KEYS.filter((k) => k.scope === scope && !k.fixed).flatMap((k) => k.keys);
			expect(new Set(all).size, scope).toBe(all.length);
		}
		for (const k of KEYS) for (const key of k.keys) expect(canBind(key), `${k.id} ${key}`).toBe(true);
		expect(new Set(KEYS.map((k) => k.id)).size).toBe(KEYS.length);
		for (const key of ["mod+w", "mod+T", "mod+1", "alt+ArrowLeft", ""]) expect(canBind(key)).toBe(false);
	});

	it("destroys nothing with a single key", () => {
		for (const k of KEYS) expect(k.label).not.toMatch(/cancel|delete|discard|remove/i);
	});

	it("finds commands, also by two keys, also without single ones", () => {
		const ids = KEYS.map((k) => k.id);
		expect(match("", "mod+k", ids, false)).toBe("palette");
		expect(match("", "?", ids, true)).toBe("help");
		expect(match("", "?", ids, false)).toBe(null);
		expect(match("", "g", ids, true)).toBe("first");
		expect(match("g", "h", ids, true)).toBe("home");
		expect(match("g", "x", ids, true)).toBe(null);
		expect(match("g", "h", ids, false)).toBe(null);
		expect(match("", "h", ids, true)).toBe(null);
	});

	it("names a press as the table writes it", () => {
		const press = (key: string, of: Partial<KeyboardEvent> = {}): string => nameOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...of });
		expect(press("K", { ctrlKey: true, shiftKey: true })).toBe("mod+k");
		expect(press("k", { metaKey: true })).toBe("mod+k");
		expect(press("G", { shiftKey: true })).toBe("G");
		expect(press("Enter", { shiftKey: true })).toBe("shift+Enter");
	});
});

describe("numbers and times", () => {
	it("are short", () => {
		expect([0, 42_900, 725_000, 3_725_000].map(clock)).toEqual(["0:00", "0:42", "12:05", "1:02:05"]);
		expect([0, 950, 1000, 1234, 9960, 48_000, 412_400, 999_499, 1_200_000].map(short)).toEqual(["0", "950", "1k", "1.2k", "10k", "48k", "412k", "999k", "1.2M"]);
		expect(span(240_000, 420_000)).toBe("about 4–7 min");
		expect(span(40_000, 70_000)).toBe("about 40–70 s");
		expect(span(100_000, 110_000)).toBe("about 2 min");
	});

	it("say the day when it is not today's", () => {
		const now = Date.parse("2026-11-26T18:00:00Z");
		const at = (s: string): string => when(Date.parse(s), now, true);
		expect(at("2026-11-26T09:14:00Z")).toBe("09:14");
		expect(at("2026-11-25T18:20:00Z")).toBe("yesterday 18:20");
		expect(at("2026-11-23T09:14:00Z")).toBe("Mon 09:14");
		expect(at("2026-11-03T09:14:00Z")).toBe("3 Nov");
		expect(at("2024-11-03T09:14:00Z")).toBe("3 Nov 2024");
	});

	it("have two digits of each hour", () => {
		const at = Date.parse("2026-11-26T02:04:09Z");
		expect(fully(at, true)).toBe("2026-11-26 02:04:09 UTC");
		expect(minute(at, true)).toBe("02:04");
	});

	it("never round up to all citations", () => {
		const c = { resolves: 199, moved: 0, changed: 0, missing: 1, not_checked: 9 };
		expect(resolved(c)).toBe(99);
		expect(resolved({ ...c, resolves: 0, missing: 0 })).toBe(null);
	});

	it("say what became of a run", () => {
		const r = { status: "cancelled", reason: "cancelled by you", outcome: null } as RunSummary;
		expect(outcome(r)).toBe("cancelled by you");
		expect(outcome({ ...r, status: "failed", reason: "timed out" })).toBe("failed: timed out");
	});
});

describe("the composer", () => {
	it("reads prose, commands and their options", () => {
		expect(read("", flows).kind).toBe("empty");
		expect(read(" why? ", flows)).toMatchObject({ kind: "prose", question: "why?" });
		expect(read("/research polling or webhooks? --size large --focus start-up order --fast", flows)).toMatchObject({
			kind: "command", flow: "research", question: "polling or webhooks?", size: "large", focus: "start-up order", fast: true,
		});
		expect(read('/research "a -- b" --focus "x y"', flows)).toMatchObject({ question: '"a -- b"', focus: "x y" });
		expect(read("/research", flows).problem).toMatch(/question/);
		expect(read("/research q --size huge", flows).problem).toMatch(/--size/);
		expect(read("/research q --fast --colour red", flows).problem).toMatch(/--colour/);
	});

	it("never takes an unknown command for prose", () => {
		const w = read("/reserch polling", flows);
		expect(w.kind).toBe("unknown");
		expect(w.near).toContain("research");
		expect(nearest("code-reviw", flows.map((f) => f.name))[0]).toBe("code-review");
		expect(nearest("qqqqq", flows.map((f) => f.name))).toEqual([]);
	});

	it("completes names, options and their values", () => {
		const values = (t: string): string[] => complete(t, flows, (c) => c).map((x) => x.value);
		expect(values("/rese")[0]).toBe("/research ");
		expect(values("/").length).toBe(flows.length);
		expect(values("/research q --s")).toEqual(["--size "]);
		expect(values("/research q --size m")).toEqual(["medium "]);
		expect(values("/research q --size small --")).not.toContain("--size ");
		expect(values("words")).toEqual([]);
	});

	it("shows each category once", () => {
		const groups = complete("/re", flows, (c) => c).map((x) => x.group);
		expect(groups.filter((g, i) => g !== groups[i - 1]).length).toBe(new Set(groups).size);
	});

	it("writes the same launch for a terminal, safely quoted", () => {
		expect(commandLine({ flow: "research", question: "it's; $(rm) `x`", size: "small", fast: true, repo: "/home/a b" })).toBe(
			`tutti run research 'it'\\''s; $(rm) \`x\`' --size small --fast --repo '/home/a b'`,
		);
	});
});

describe("the launcher", () => {
	const v = { question: " q ", flow: "code-review", size: "small", fast: false, focus: "", repo: "", at: "", base: " main ", model: "", inputs: {}, provided: "" } as const;
	it("sends what was said and nothing else", () => {
		const flow = flows.find((f) => f.name === "code-review")!;
		expect(toRequest(v, flow)).toEqual({ flow: "code-review", question: "q", size: "small", base: "main" });
	});
	it("hands on the report it was opened with", () => {
		const r = toRequest({ ...v, provided: "r-6v4e0q2m8k" }, flows.find((f) => f.name === "code-review")!);
		expect(r.provided).toBe("r-6v4e0q2m8k");
		expect(commandLine(r)).toBe("tutti run code-review q --size small --base main --provided r-6v4e0q2m8k");
	});
	it("says what is missing where it is", () => {
		const flow = flows.find((f) => f.name === "architectural-decision-record")!;
		expect(Object.keys(missing({ ...v, question: "" }, flow))).toEqual(["question", "because"]);
		expect(Object.keys(missing(v, null))).toEqual(["flow"]);
	});
});

describe("the history", () => {
	const run = (id: string, of: Partial<RunSummary> = {}): RunSummary => ({ id, status: "completed", flow: "research", size: "small", repo: "/r", model: "m", started: `2026-11-${id}T00:00:00Z`, parent: null, ...of }) as RunSummary;

	it("keeps its filters in the address", () => {
		const f = fromQuery(new URLSearchParams("q=a+b&size=small&since=7d&evil=1"));
		expect(f).toEqual({ q: "a b", size: "small", since: "7d" });
		expect(fromQuery(new URLSearchParams(queryOf(f)))).toEqual(f);
	});

	it("asks the server for a time, by whole minutes", () => {
		expect(toServer({ since: "1d" }, Date.parse("2026-11-26T18:00:31Z")).since).toBe("2026-11-25T18:00:00.000Z");
		expect(toServer({ since: "nonsense" }, 0).since).toBe(undefined);
	});

	it("knows which new runs belong to it", () => {
		const r = run("20");
		expect(matches({ status: "completed", size: "small" }, r, 0)).toBe(true);
		expect(matches({ size: "large" }, r, 0)).toBe(false);
		expect(matches({ since: "1d" }, r, Date.parse("2026-11-26T00:00:00Z"))).toBe(false);
	});

	it("folds what was run again under the newest", () => {
		const all = [run("25", { parent: "24" }), run("24", { parent: "22" }), run("23"), run("22"), run("21", { parent: "gone" })];
		expect(families(all).map((f) => [f.head.id, ...f.earlier.map((r) => r.id)])).toEqual([["25", "24", "22"], ["23"], ["21"]]);
	});

	it("keeps twenty views, one a name", () => {
		let views = Array.from({ length: 25 }, (_, i) => ({ name: "v" + i, query: "" })).reduce<{ name: string; query: string }[]>((a, v) => withView(a, v), []);
		expect(views).toHaveLength(20);
		views = withView(views, { name: "v20", query: "x=1" });
		expect(views.filter((v) => v.name === "v20")).toEqual([{ name: "v20", query: "x=1" }]);
	});

	it("merges what changed, newest first", () => {
		expect(merge([run("22"), run("21")], [run("23"), run("21", { status: "failed" })]).map((r) => r.id + r.status)).toEqual(["23completed", "22completed", "21failed"]);
	});
});

it("ranks what begins with the word before what contains it", () => {
	expect(rank("set", "Settings")).toBeGreaterThan(rank("set", "Go to settings"));
	expect(rank("set", "Go to settings")).toBeGreaterThan(rank("set", "a reset"));
	expect(rank("zzz", "Settings")).toBe(0);
});

it("opens editors, and neither scripts nor pages of others", () => {
	for (const s of ["", "vscode://file{path}:{line}", "jetbrains://idea/navigate/reference?path={path}:{line}"]) expect(isEditorLink(s)).toBe(true);
	for (const s of ["javascript:alert({path})", "https://x.test/{path}", "data:text/html,{path}", "vscode://file", "{path}"]) expect(isEditorLink(s)).toBe(false);
});

it("has colours that can be read", () => {
	const all = check() as { theme: string; what: string; least: number; ratio: number }[];
	expect(all.length).toBeGreaterThan(100);
	expect(all.filter((r) => r.ratio < r.least)).toEqual([]);
});
