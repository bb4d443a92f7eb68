/* The catalogue, and one flow of it: when to use it, what it asks, who works at which size. */
import { useEffect, useRef, useState } from "preact/hooks";
import { capital, clock, count, short, span } from "../app/format";
import { useFrame } from "../app/frame";
import { bind } from "../app/keys";
import { launchUrl, open } from "../app/layers";
import { route, setQuery } from "../app/router";
import { runs } from "../app/runs";
import { S } from "../app/strings";
import { When } from "../home";
import { catalogue, categories, loadCatalogue } from "../launcher/catalogue";
import { commandLine, score } from "../launcher/command";
import { Button, LinkButton } from "../ui/button";
import { Chip } from "../ui/chip";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { useListKeys } from "../ui/list";
import { useLoad } from "../ui/load";
import { Skeleton } from "../ui/skeleton";
import { copy } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import type { Flow, FlowStep, Size } from "../wire/types";
import "./flows.css";

const SIZES: Size[] = ["small", "medium", "large"];

export function Flows() {
	useFrame({ title: S.nav.flows, crumbs: [{ label: S.nav.flows }] }, []);
	useEffect(() => void loadCatalogue(), []);
	const c = catalogue.value;
	const q = route.value.query.get("q") ?? "";
	const field = useRef<HTMLInputElement>(null);
	const keys = useListKeys();
	useEffect(() => bind("search", () => field.current?.focus()), []);
	const hits = q ? c.flows.filter((f) => score(q.toLowerCase(), f) > 0) : c.flows;
	return (
		<div class="page flows">
			<div class="page-head">
				<h1>{S.nav.flows}</h1>
				<label class="search-field">
					<Icon name="search" />
					<span class="vh">{S.words.filterFlows}</span>
					<input ref={field} class="field" type="search" placeholder={S.words.filterFlows} value={q} onInput={(e) => setQuery({ q: e.currentTarget.value || null })} />
				</label>
			</div>
			{c.error && <TroubleBox trouble={c.error} retry={() => void loadCatalogue()} />}
			{!c.loaded && !c.error && <Skeleton rows={8} />}
			{c.loaded && hits.length === 0 && <div class="empty"><p>{S.words.noFlowMatches(q)}</p><Button onClick={() => setQuery({ q: null })}>{S.words.clearSearch}</Button></div>}
			<div ref={keys} class="flows-groups">
				{categories.value.map((k) => {
					const of = hits.filter((f) => f.category === k);
					if (of.length === 0) return null;
					return (
						<section key={k} aria-labelledby={"c-" + k}>
							<h2 id={"c-" + k} class="list-head">{capital(k)} <span>{of.length}</span></h2>
							<ul class="rows">{of.map((f) => <FlowRow key={f.name} f={f} />)}</ul>
						</section>
					);
				})}
			</div>
		</div>
	);
}

function FlowRow({ f }: { f: Flow }) {
	return (
		<li class="row is-flow">
			<a href={"/flows/" + f.name} class="row-main">
				<b>{f.name}{f.origin !== "built in" && <Chip>{f.origin}</Chip>}</b>
				<span class="row-sub">{f.summary}</span>
			</a>
			<span class="flow-sizes num">
				<span class="vh">{S.nav.agents}: </span>
				{SIZES.map((s) => <span key={s} title={`${s}: ${count(f.agents[s], "agent")}`}><small>{capital(s).slice(0, 1)}</small>{f.agents[s]}</span>)}
			</span>
			<Button small onClick={() => open("launch", { flow: f.name })}>{S.run.short}<span class="vh"> {f.name}</span></Button>
		</li>
	);
}

/* --- one --------------------------------------------------------------------------------------- */

export function FlowPage({ id }: { id: string }) {
	useFrame({ title: id, crumbs: [{ label: S.nav.flows, href: "/flows" }, { label: id }] }, [id]);
	const { data: f, error, reload } = useLoad<Flow>("/flows/" + id);
	if (error && !f) return <div class="page is-narrow"><h1>{id}</h1><TroubleBox trouble={error} retry={reload} /></div>;
	if (!f) return <div class="page is-narrow"><h1>{id}</h1><Skeleton rows={6} /></div>;
	const asks = f.inputs.find((i) => i.name === "question");
	return (
		<div class="page is-narrow flow">
			<div class="page-head">
				<h1>{f.title}</h1>
				<LinkButton kind="filled" href={launchUrl({ flow: f.name })} onClick={(e) => { e.preventDefault(); open("launch", { flow: f.name }); }}>{S.flows.run}</LinkButton>
			</div>
			<p class="flow-lead">{f.summary}</p>
			<p class="lead">{f.when_to_use}</p>
			<dl class="facts">
				<div><dt>{S.words.name}</dt><dd><code>{f.name}</code></dd></div>
				<div><dt>{S.flows.category}</dt><dd>{capital(f.category)}</dd></div>
				<div><dt>{S.flows.from}</dt><dd>{f.origin}</dd></div>
				<div><dt>{S.flows.past}</dt><dd>{f.past ? S.flows.pastRuns(f.past.runs, span(f.past.low_ms, f.past.high_ms).replace("about ", ""), clock(f.past.median_ms), short(f.past.tokens)) : S.words.noHistory}</dd></div>
			</dl>
			<section aria-labelledby="asks">
				<h2 id="asks">{S.flows.asks}</h2>
				<table class="plain">
					<thead><tr><th scope="col">{S.flows.input}</th><th scope="col">{S.flows.example}</th><th scope="col">{S.flows.kind}</th></tr></thead>
					<tbody>{f.inputs.map((i) => <tr key={i.name}><td>{i.label}{!i.required && <span class="muted"> {S.words.optional}</span>}<br /><code class="muted">{i.name}</code></td><td>{i.placeholder}</td><td>{i.type}</td></tr>)}</tbody>
				</table>
			</section>
			<Roster f={f} />
			<section aria-labelledby="line">
				<h2 id="line">{S.flows.terminal}</h2>
				<div class="flow-line">
					<pre class="line"><code>{commandLine({ flow: f.name, question: asks?.placeholder ?? "…" })}</code></pre>
					<Button small kind="quiet" icon="copy" onClick={() => void copy(commandLine({ flow: f.name, question: asks?.placeholder ?? "" }), S.words.commandCopied)}>{S.flows.copy}</Button>
				</div>
			</section>
			<Past flow={f.name} />
			{f.next.length > 0 && (
				<section aria-labelledby="next">
					<h2 id="next">{S.flows.next}</h2>
					<ul class="flow-next">{f.next.map((n) => <li key={n}><a href={"/flows/" + n}>{n}</a></li>)}</ul>
				</section>
			)}
		</div>
	);
}

const rank: Record<Size, number> = { small: 0, medium: 1, large: 2 };

function Roster({ f }: { f: Flow }) {
	const [size, setSize] = useState<Size>("medium");
	const steps = f.steps ?? [];
	const label = new Map(steps.map((s) => [s.id, s.label || s.id]));
	const inside = (s: FlowStep): boolean => rank[s.size || "small"] <= rank[size];
	const shown = steps.filter(inside);
	return (
		<section aria-labelledby="who">
			<div class="page-head flow-who">
				<h2 id="who">{S.flows.who}</h2>
				<div class="segments" role="radiogroup" aria-label={S.words.size}>
					{SIZES.map((s) => (
						<label key={s} class="segment">
							<input type="radio" class="vh" name="flow-size" checked={s === size} onChange={() => setSize(s)} />
							<span>{capital(s)}<small>{f.agents[s]}</small></span>
						</label>
					))}
				</div>
			</div>
			<table class="plain">
				<thead><tr><th scope="col">{S.flows.step}</th><th scope="col">{S.flows.persona}</th><th scope="col">{S.flows.waits}</th></tr></thead>
				<tbody>
					{shown.map((s) => {
						const needs = s.needs.filter((n) => shown.some((x) => x.id === n)).map((n) => label.get(n) ?? n);
						return (
							<tr key={s.id}>
								<td>{s.label || s.id}{s.size && s.size !== "small" && <Chip>{s.size}</Chip>}{s.kind !== "agent" && <Chip>{s.kind}</Chip>}{s.if && <small class="muted"> if {s.if}</small>}</td>
								<td class="muted">{s.persona ?? "–"}</td>
								<td class="muted">{needs.length > 4 ? `${needs.length} steps` : needs.join(", ") || "–"}</td>
							</tr>
						);
					})}
				</tbody>
			</table>
		</section>
	);
}

function Past({ flow }: { flow: string }) {
	const of = runs.value.items.filter((r) => r.flow === flow).slice(0, 5);
	if (of.length === 0) return null;
	return (
		<section aria-labelledby="past">
			<h2 id="past">{S.flows.recent}</h2>
			<ul class="rows">
				{of.map((r) => (
					<li key={r.id} class="row is-past">
						<Glyph name={r.status} />
						<a class="row-main" href={"/runs/" + r.id}><b class="clip">{r.question}</b></a>
						<span class="row-time num"><When at={r.started} /></span>
					</li>
				))}
			</ul>
			<p><a href={"/runs?flow=" + flow}>{S.flows.all}</a></p>
		</section>
	);
}
