/* Two runs, A the older one unless somebody swapped them. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useFrame } from "../app/frame";
import { go, route, setQuery } from "../app/router";
import { runs } from "../app/runs";
import { API, getText, query } from "../wire/api";
import type { List, RunDocument, RunSummary } from "../wire/types";
import { Button, LinkButton } from "../ui/button";
import { FilterChip } from "../ui/chip";
import { Glyph } from "../ui/glyph";
import { useLoad } from "../ui/load";
import { tip } from "../ui/tip";
import { TroubleBox } from "../ui/trouble";
import { bounds, lanes } from "../run/timeline";
import { brief, flowTitle, isOver, plural, place, time, title, tokens } from "../run/words";
import { diffLines, diffWords, type Part } from "./diff";
import { agents, bySection, CHANGES, deltas, inputs, sampling, type Change, type Comparison, type Pair, type Side } from "./model";
import "../run/run.css";
import "./compare.css";

export default function ComparePage({ a, b }: { a: string; b: string }) {
	useFrame({ title: "Compare", crumbs: [{ label: "Runs", href: "/runs" }, { label: "Compare" }] }, []);
	if (!a || !b)
		return <Pick have={a || b} as={a ? "b" : "a"} />;
	return <Both key={`${a} ${b}`} a={a} b={b} />;
}

/* --- choosing ---------------------------------------------------------------------------------------- */

function Pick({ have, as }: { have: string; as: "a" | "b" }) {
	const one = useLoad<RunDocument>(have ? `/runs/${have}` : null);
	const list = useLoad<List<RunSummary>>(one.data ? `/runs${query({ flow: one.data.flow, limit: 30 })}` : have ? null : "/runs?limit=30");
	const others = (list.data?.items ?? (have ? [] : runs.value.items)).filter((r) => r.id !== one.data?.id);

	return (
		<div class="page is-narrow">
			<h1>{have ? "Pick a second run." : "Pick a run."}</h1>
			{one.data && <p class="lead">To compare with {flowTitle(one.data)}, “{one.data.question}”.</p>}
			{list.error && <TroubleBox trouble={list.error} retry={list.reload} />}
			{list.data && !others.length && <p>There is no other run of this flow yet.</p>}
			<ul class="pick">
				{others.map((r) => (
					<li key={r.id}>
						<a href={`/compare?${have ? (as === "a" ? `a=${r.id}&b=${have}` : `a=${have}&b=${r.id}`) : `b=${r.id}`}`}>
							<Glyph name={r.status} />
							<span class="clip">{r.question || r.title}</span>
							<span class="muted">{title(r.size)} · {r.repo_name}{r.commit ? `@${r.commit.slice(0, 7)}` : ""} · {r.model}</span>
							<span class="muted num">{day(r.started)}</span>
						</a>
					</li>
				))}
			</ul>
		</div>
	);
}

function day(iso: string | null): string {
	return iso ? new Date(iso).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : "";
}

/* --- both ------------------------------------------------------------------------------------------------ */

type Tab = "findings" | "report" | "agents" | "timeline";
const TABS: Tab[] = ["findings", "report", "agents", "timeline"];

function Both({ a, b }: { a: string; b: string }) {
	const x = useLoad<RunDocument>(`/runs/${a}`), y = useLoad<RunDocument>(`/runs/${b}`);
	const c = useLoad<Comparison>(`/compare${query({ a, b })}`);
	const named = route.value.query.get("tab") as Tab;
	const tab = TABS.includes(named) ? named : "findings";
	const anyway = useSignal(false);
	const trouble = x.error ?? y.error;

	if (trouble)
		return <div class="page is-narrow"><h1>Compare</h1><TroubleBox trouble={trouble} retry={() => { x.reload(); y.reload(); }} /></div>;
	const known = (id: string): RunSummary | undefined => runs.value.items.find((r) => r.id === id);
	const heads: [RunSummary | undefined, RunSummary | undefined] = [x.data ?? known(a), y.data ?? known(b)];

	if (!x.data || !y.data)
		return (
			<div class="page compare" aria-busy="true">
				{heads[0] && heads[1] ? <Heads a={heads[0]} b={heads[1]} /> : <h1>Compare</h1>}
				<div class="skeleton is-late">{[1, 2, 3].map((n) => <div key={n} />)}</div>
			</div>
		);
	if (x.data.flow !== y.data.flow && !anyway.value)
		return (
			<div class="page compare">
				<Heads a={x.data} b={y.data} />
				<div class="trouble">
					<Glyph name="attention" silent />
					<div><p><strong>Cannot compare: different flows</strong></p><p>{x.data.flow} and {y.data.flow} answer different questions.</p></div>
					<Button small onClick={() => { anyway.value = true; setQuery({ tab: "report" }); }}>Compare anyway as text</Button>
				</div>
			</div>
		);
	return (
		<div class="page compare">
			<Heads a={x.data} b={y.data} />
			<div class="compare-first">
				<Inputs a={x.data} b={y.data} more={c.data?.inputs} />
				<LinkButton small icon="download" href={`${API}/compare${query({ a, b })}`} download={`compare-${a}-${b}.json`}>Export as JSON</LinkButton>
			</div>
			<Deltas a={x.data} b={y.data} />
			<nav class="run-tabs" aria-label="Views of the comparison">
				<div>
					{TABS.map((t) => <button key={t} type="button" class="view-tab" aria-current={t === tab ? "page" : undefined} onClick={() => setQuery({ tab: t === "findings" ? null : t })}>{title(t)}</button>)}
				</div>
			</nav>
			{tab === "findings" && (c.error ? <TroubleBox trouble={c.error} retry={c.reload} />
				: c.data ? <Findings all={c.data.findings} a={x.data} b={y.data} /> : <div class="skeleton is-late"><div /><div /></div>)}
			{tab === "report" && <Reports a={x.data} b={y.data} />}
			{tab === "agents" && <Agents a={x.data} b={y.data} />}
			{tab === "timeline" && <Times a={x.data} b={y.data} />}
		</div>
	);
}

function Heads({ a, b }: { a: RunSummary; b: RunSummary }) {
	const head = (name: string, d: RunSummary) => (
		<a class="side-head" href={`/runs/${d.id}`}>
			<b>{name}</b>
			<Glyph name={d.status} />
			<span>
				<span class="clip">{flowTitle(d)} · {title(d.size)}</span>
				<small class="clip">{[isOver(d.status) ? (d.status === "completed" ? "" : d.status) : "still running", day(d.started), d.commit?.slice(0, 7), d.id].filter(Boolean).join(" · ")}</small>
			</span>
		</a>
	);

	return (
		<div class="heads">
			<h1 class="vh">Compare two runs</h1>
			{head("A", a)}
			<Button icon="compare" onClick={() => go(`/compare?a=${b.id}&b=${a.id}`, true)} {...tip("A becomes B")}>Swap</Button>
			{head("B", b)}
		</div>
	);
}

function Inputs({ a, b, more }: { a: RunDocument; b: RunDocument; more: Comparison["inputs"] }) {
	const rows = inputs(a, b, more);

	return (
		<section class="inputs" aria-label="Inputs">
			{rows.length
				? <p>Inputs differ: {rows.map((r, i) => <span key={r.name}>{i > 0 && "; "}<b>{r.name}</b> {r.a} → {r.b}</span>)}</p>
				: <p>The inputs are the same.</p>}
			{sampling(a, b) && <p class="muted">Differences may come from sampling: the models are not the same.</p>}
			{!rows.length && <p class="muted">What differs comes from the model.</p>}
		</section>
	);
}

function Deltas({ a, b }: { a: RunDocument; b: RunDocument }) {
	return (
		<dl class="deltas">
			{deltas(a, b).map((d) => (
				<div key={d.name}>
					<dt>{d.name}</dt>
					<dd class="num">{d.a} → {d.b} {d.text && d.text !== "same" && <span class={d.tone ? `is-${d.tone}` : ""}>{d.text}</span>}</dd>
				</div>
			))}
		</dl>
	);
}

/* --- findings ------------------------------------------------------------------------------------------------ */

const WORDS: Record<Change, string> = { new: "New", changed: "Changed", gone: "Gone", same: "Same" };

function Findings({ all, a, b }: { all: Pair[]; a: RunDocument; b: RunDocument }) {
	const on = useSignal<ReadonlySet<Change>>(new Set<Change>(["new", "changed", "gone"]));
	const text = useSignal("");
	const flip = (c: Change): void => {
		const next = new Set(on.value);

		if (!next.delete(c))
			next.add(c);
		on.value = next;
	};
	const hit = (p: Pair): boolean => {
		const s = `${p.old?.title ?? ""} ${p.now?.title ?? ""} ${p.old?.path ?? ""} ${p.now?.path ?? ""} ${p.old?.id ?? ""} ${p.now?.id ?? ""}`.toLowerCase();

		return on.value.has(p.change) && s.includes(text.value.trim().toLowerCase());
	};
	const rows = CHANGES.flatMap((c) => all.filter((p) => p.change === c && hit(p)));

	return (
		<>
			<div class="tool-bar">
				{CHANGES.map((c) => <FilterChip key={c} on={on.value.has(c)} count={all.filter((p) => p.change === c).length} onClick={() => flip(c)}>{WORDS[c]}</FilterChip>)}
				<span class="grow" />
				<input type="search" class="field is-short" placeholder="Filter" aria-label="Filter findings" value={text.value} onInput={(e) => (text.value = e.currentTarget.value)} />
			</div>
			{!rows.length && <p class="empty">{all.length ? "Nothing of this kind." : "Neither run has findings."}</p>}
			<ul class="pairs">{rows.map((p, i) => <PairRow key={`${p.change}${p.old?.id}${p.now?.id}${i}`} p={p} a={a} b={b} />)}</ul>
		</>
	);
}

function PairRow({ p, a, b }: { p: Pair; a: RunDocument; b: RunDocument }) {
	const s = (p.change === "gone" ? p.old : p.now) ?? p.old ?? p.now;
	const run = p.change === "gone" ? a : b;

	if (!s)
		return null;
	return (
		<li class={`pair is-${p.change}`}>
			<span class="pair-change">{WORDS[p.change]}</span>
			<div>
				<p>
					<a class="id" href={`/runs/${run.id}?tab=report#f-${s.id.toLowerCase()}`}>{s.id}</a>{" "}
					{p.change === "changed" && p.old && p.now && p.old.title !== p.now.title ? <Words parts={diffWords(p.old.title, p.now.title)} /> : <strong><Phrase text={s.title} /></strong>}
				</p>
				<p class="muted">
					{p.change === "changed" && p.old && p.now
						? <Changed old={p.old} now={p.now} differs={p.differs} />
						: <>{s.severity} · {s.verdict}{s.path ? <> · <code>{place(s)}</code></> : null}{p.change === "gone" && p.now ? ` · ${p.now.disposition || p.now.verdict} now` : ""}</>}
				</p>
				{p.change === "changed" && (p.old?.body ?? p.old?.claim) && (p.now?.body ?? p.now?.claim) && (
					<details><summary>What it says</summary><p class="body-diff"><Words parts={diffWords((p.old!.claim ?? p.old!.body)!, (p.now!.claim ?? p.now!.body)!)} /></p></details>
				)}
			</div>
		</li>
	);
}

function Changed({ old, now, differs }: { old: Side; now: Side; differs: string[] }) {
	const parts = [
		old.severity !== now.severity ? `severity ${old.severity} → ${now.severity}` : "",
		old.verdict !== now.verdict ? `claim ${old.verdict} → ${now.verdict}` : "",
		place(old) !== place(now) ? `${place(old)} → ${place(now)}` : place(now),
		differs.includes("text") ? "said in other words" : "",
	].filter(Boolean);

	return <>{parts.join(" · ")}</>;
}

/* What stands between backticks is code. */
function Phrase({ text }: { text: string }) {
	const parts = text.split("`");

	return <>{parts.map((p, i) => (i % 2 && i < parts.length - 1 ? <code key={i}>{p}</code> : i % 2 ? `\`${p}` : p))}</>;
}

function Words({ parts }: { parts: Part[] }) {
	return <>{parts.map((p, i) => (p.t === "same" ? p.text : p.t === "add" ? <ins key={i}>{p.text}</ins> : <del key={i}>{p.text}</del>))}</>;
}

/* --- report -------------------------------------------------------------------------------------------------- */

function Reports({ a, b }: { a: RunDocument; b: RunDocument }) {
	const texts = useSignal<[string, string] | null>(null);
	const wrong = useSignal("");
	const all = useSignal(false);

	useEffect(() => {
		const stop = new AbortController();
		const read = (d: RunDocument): Promise<string> => getText(`/runs/${d.id}/report?as=md`, stop.signal);

		Promise.all([read(a), read(b)]).then(([x, y]) => (texts.value = [x, y]), (e: Error) => !stop.signal.aborted && (wrong.value = e.message));
		return () => stop.abort();
	}, []);
	if (wrong.value)
		return <p class="empty">There are not two reports to compare: {wrong.value}.</p>;
	if (!texts.value)
		return <p class="empty is-late">Reading both reports…</p>;
	const parts = bySection(...texts.value);
	const different = parts.filter((s) => s.a !== s.b).length;
	const shown = parts.filter((s) => all.value || s.a !== s.b);

	return (
		<>
			<div class="tool-bar">
				<FilterChip on={all.value} onClick={() => (all.value = !all.value)}>Show what is the same</FilterChip>
				<span class="muted num">{different ? `${different} of ${plural(parts.length, "section")} ${different === 1 ? "is" : "are"} different` : "Both reports say the same."}</span>
			</div>
			{shown.map((s) => (
				<details key={s.title} class="section" open={shown.length < 8}>
					<summary>{s.title} {s.a === null ? <em class="is-new">only in B</em> : s.b === null ? <em>only in A</em> : s.a === s.b ? <em>same</em> : null}</summary>
					<Split parts={diffLines(s.a ?? "", s.b ?? "")} />
				</details>
			))}
		</>
	);
}

/* Beside each other where there is room; the lines that were taken and put in stand together. */
function Split({ parts }: { parts: Part[] }) {
	return (
		<div class="split" tabIndex={0} role="group" aria-label="Difference">
			{parts.map((p, i) => <Lines key={i} part={p} />)}
		</div>
	);
}

function Lines({ part }: { part: Part }) {
	const lines = part.text.replace(/\n$/, "").split("\n");
	const cut = part.t === "same" && lines.length > 8;
	const text = cut ? [...lines.slice(0, 3), `… ${lines.length - 6} lines are the same`, ...lines.slice(-3)].join("\n") : lines.join("\n");
	const name = part.t === "add" ? "Only in B" : part.t === "del" ? "Only in A" : "";

	return <pre class={`is-${part.t}`}>{name && <span class="vh">{name}: </span>}{text}</pre>;
}

/* --- agents --------------------------------------------------------------------------------------------------- */

function Agents({ a, b }: { a: RunDocument; b: RunDocument }) {
	const delta = (x: number | null | undefined, y: number | null | undefined, say: (n: number) => string): string => {
		if (x === null || x === undefined || y === null || y === undefined)
			return "";
		return x === y ? "" : `${y > x ? "+" : "−"}${say(Math.abs(y - x))}`;
	};

	return (
		<div class="time-table" tabIndex={0} role="group" aria-label="Agents of both runs">
			<table>
				<thead>
					<tr><th scope="col">Agent</th><th scope="col">A</th><th scope="col">B</th><th scope="col">Took</th><th scope="col">Tokens</th><th scope="col">Findings</th></tr>
				</thead>
				<tbody>
					{agents(a, b).map((r) => (
						<tr key={r.step}>
							<th scope="row">{r.label}</th>
							<td>{r.a ? <Glyph name={r.a.status} /> : <span class="muted">only in B</span>}</td>
							<td>{r.b ? <Glyph name={r.b.status} /> : <span class="muted">only in A</span>}</td>
							<td class="num">{r.b?.took_ms ? brief(r.b.took_ms) : r.a?.took_ms ? brief(r.a.took_ms) : ""} <small>{delta(r.a?.took_ms, r.b?.took_ms, brief)}</small></td>
							<td class="num">{tokens(r.b?.tokens ?? r.a?.tokens ?? 0)} <small>{delta(r.a?.tokens, r.b?.tokens, tokens)}</small></td>
							<td class="num">{r.b?.findings ?? r.a?.findings ?? ""} <small>{delta(r.a?.findings, r.b?.findings, String)}</small></td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

/* --- timelines -------------------------------------------------------------------------------------------------- */

function Times({ a, b }: { a: RunDocument; b: RunDocument }) {
	const t = Date.now();
	const la = lanes(a, [], t), lb = lanes(b, [], t);
	const wa = bounds(a, la, t), wb = bounds(b, lb, t);
	const whole = Math.max(wa.to - wa.from, wb.to - wb.from);
	const names = [...new Set([...lb, ...la].map((l) => l.step.step))];
	const bars = (l: (typeof la)[number] | undefined, zero: number, side: string) => (
		<div class={`overlay-track is-${side}`}>
			{l?.spans.filter((s) => s.kind !== "wait" && s.kind !== "backoff").map((s, i) => (
				<i key={i} class={`is-${s.kind}`} data-tip={`${side.toUpperCase()}: ${brief(s.to - s.from)}`}
					style={{ left: `${(100 * (s.from - zero)) / whole}%`, width: `max(2px, ${(100 * (s.to - s.from)) / whole}%)` }} />
			))}
		</div>
	);

	return (
		<div class="overlay">
			<p class="legend"><i class="key is-a" />A <i class="key is-b" />B · both begin at 0:00, the whole width is {brief(whole)}</p>
			{names.map((n) => {
				const x = la.find((l) => l.step.step === n), y = lb.find((l) => l.step.step === n);

				return (
					<div key={n} class="overlay-row">
						<span class="clip">{(y ?? x)!.step.label}</span>
						<div>{bars(x, time(a.started) || wa.from, "a")}{bars(y, time(b.started) || wb.from, "b")}</div>
					</div>
				);
			})}
		</div>
	);
}

