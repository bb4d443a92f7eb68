/* The page of one run. */
import { useComputed, useSignalEffect } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { markSeen } from "../app/attention";
import { away, shownAt } from "../app/away";
import { servedReport } from "../app/boot";
import { now } from "../app/clock";
import { useFrame } from "../app/frame";
import { provide, type Command } from "../app/commands";
import { bindAll, invoke } from "../app/keys";
import { Later } from "../app/later";
import { setQuery } from "../app/router";
import { runs } from "../app/runs";
import { Button, LinkButton } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { copy } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import { mayArrive } from "../report/filter";
import { TABS, target, type Tab } from "./address";
import { linkTo, useView, View, ViewContext } from "./context";
import { Actions, cancel, Header, isAbove } from "./header";
import { activity, progress, resumption, shows } from "./roster";
import { Roster } from "./rosterview";
import { RunStore } from "./store";
import { clock, flowTitle, isOver, plural, span, title } from "./words";
import { Well } from "./well";
import "./run.css";

const parts: Record<string, () => Promise<ComponentType<any>>> = {
	report: () => import("../report").then((m) => m.default),
	timeline: () => import("./timelineview").then((m) => m.Timeline),
	graph: () => import("./graphview").then((m) => m.GraphView),
	log: () => import("./logview").then((m) => m.Log),
	input: () => import("./inputview").then((m) => m.Input),
};
const LABELS: Record<Tab, string> = {
	report: "Report", agents: "Agents", timeline: "Timeline", graph: "Graph", log: "Log", input: "Input",
};

export default function RunPage({ id }: { id: string }) {
	const store = useMemo(() => new RunStore(id), [id]);
	const view = useMemo(() => new View(store), [store]);

	useMemo(() => {
		view.served = servedReport(location.pathname);
		void parts.report!();
	}, [view]);
	useEffect(() => () => store.close(), [store]);
	useFrame({ title: id, crumbs: [{ label: "Runs", href: "/runs" }, { label: id }] }, [id]);
	if (store.trouble.value && !store.doc.value)
		return (
			<div class="page is-narrow">
				<h1>Run {id}</h1>
				<TroubleBox trouble={store.trouble.value} retry={() => store.retry()} />
				<p><LinkButton href="/runs">All runs</LinkButton></p>
			</div>
		);
	if (!store.doc.value && view.served)
		return <Served html={view.served} />;
	if (!store.doc.value)
		return <Coming id={id} />;
	return (
		<ViewContext.Provider value={view}>
			<Run />
		</ViewContext.Provider>
	);
}

/* What a list of runs says of it already, until the run itself is there. */
function Coming({ id }: { id: string }) {
	const known = runs.value.items.find((r) => r.id === id);

	return (
		<div class="run is-loading" aria-busy="true">
			{known ? (
				<header class="run-head">
					<div class="run-first">
						<Glyph name={known.status} size={20} />
						<h1 tabIndex={-1}>{flowTitle(known)}<span class="run-size">{title(known.size)}{known.fast ? ", fast" : ""}</span></h1>
					</div>
					<p class="run-question"><span class="is-cut">{known.question}</span></p>
				</header>
			) : <h1 class="vh">Run {id}</h1>}
			<div class="skeleton is-late">{[1, 2, 3, 4, 5, 6].map((n) => <div key={n} />)}</div>
		</div>
	);
}

/* What the server wrote stays in sight until it is known what else there is. */
function Served({ html }: { html: DocumentFragment }) {
	const box = useRef<HTMLDivElement>(null);

	useLayoutEffect(() => box.current!.replaceChildren(html.cloneNode(true)), []);
	return <div class="run is-tab-report"><div class="report-layout"><div class="report" ref={box} /></div></div>;
}

function Run() {
	const view = useView();
	const doc = view.doc;
	const root = useRef<HTMLDivElement>(null);
	const embed = view.place.value.embed;
	const tab = view.tab.value;

	useRoom(root);
	useTitle();
	useRunKeys();
	useArrivals(root);
	useEffect(() => markSeen(doc.id), [doc.id]);
	useEffect(() => {
		if (doc.resumed && doc.status === "running")
			void view.store.older().catch(() => {});
	}, [doc.resumed > 0]);
	useEffect(() => provide(() => commands(view)), [view]);
	return (
		<div class={`run is-tab-${tab}${embed ? " is-embedded" : ""}${away.value && !isOver(doc.status) ? " is-stale" : ""}`} ref={root}>
			<Header />
			<Banners />
			<Tabs tab={tab} />
			<div class="run-body">
				{tab === "agents" ? <Agents /> : tab === "report" ? <ReportTab /> : <Later key={tab} load={parts[tab]!} wait={tab === "graph" ? <GraphWait /> : <div class="skeleton is-late run-pad"><div /><div /><div /></div>} />}
			</div>
		</div>
	);
}

function GraphWait() {
	return (
		<div class="graph is-loading is-late" role="status">
			<span class="vh">Loading…</span>
			<div class="tool-bar" />
			<div class="graph-box"><div class="graph-size graph-skeleton" aria-hidden="true"><i /><i /><i /><i /><i /></div></div>
		</div>
	);
}

function Tabs({ tab }: { tab: Tab }) {
	const view = useView();
	const doc = view.doc;
	const tabs = TABS.filter((t) => t === tab || view.tabs().includes(t));
	const n = doc.agents.all;

	return (
		<div class="run-tabs">
			<nav aria-label="Views of this run">
				{tabs.map((t) => (
					<a key={t} class="view-tab" href={tabUrl(t)} aria-current={t === tab ? "page" : undefined}
						onClick={(e) => {
							if (e.metaKey || e.ctrlKey || e.shiftKey)
								return;
							e.preventDefault();
							view.goTab(t);
						}}>
						{LABELS[t]}{t === "agents" && n > 0 && <span class="tab-count">{n}</span>}
					</a>
				))}
			</nav>
			{!doc.report && doc.status === "running" && <span class="tabs-note">Report appears here when ready</span>}
		</div>
	);
}

function tabUrl(t: Tab): string {
	const q = new URLSearchParams(location.search);

	q.set("tab", t);
	for (const k of ["agent", "attempt", "view"])
		q.delete(k);
	return `?${q}`;
}

function Agents() {
	const view = useView();
	const agent = view.agent.value;
	const beside = view.room.value !== "phone";

	return (
		<div class={`crew${agent && beside ? " has-well" : ""}`}>
			<Roster />
			{beside && agent && <aside class="well-side" aria-label="Agent"><Well key={agent} name={agent} /></aside>}
		</div>
	);
}

function ReportTab() {
	const view = useView();
	const doc = view.doc;

	const n = doc.agents;

	if (doc.report)
		return (
			<>
				{n.completed < n.all - n.skipped && (
					<p class="run-bar is-attention">
						<Glyph name="attention" silent />
						Partial report: {n.completed} of {plural(n.all - n.skipped, "agent")}
					</p>
				)}
				<Later load={parts.report!} props={{ run: doc, served: view.served }} />
			</>
		);
	return (
		<div class="page is-narrow">
			{isOver(doc.status)
				? <p class="lead">No report{doc.reason ? `: ${doc.reason.replace(/\.$/, "")}` : ""}.{n.completed > 0 && " What the agents found is below."}</p>
				: <p class="lead">The report is written when validation ends. {progress(doc).text}.</p>}
			<SoFar />
		</div>
	);
}

/* Who has answered, while there is no report to say it. */
function SoFar() {
	const view = useView();
	const doc = view.doc;
	const done = doc.steps.filter((s) => shows(s) && s.kind === "agent" && isOver(s.status) && s.status !== "skipped");

	if (!done.length)
		return null;
	return (
		<ul class="sofar">
			{done.map((s) => (
				<li key={s.step}>
					<Glyph name={s.status} />
					<a href={`?tab=agents&agent=${encodeURIComponent(s.step)}&view=output`}>{s.label}</a>
					<span class={s.status === "failed" ? "is-failed tone" : "muted"}>{activity(s, doc).text}</span>
				</li>
			))}
		</ul>
	);
}

/* --- lines across the page ------------------------------------------------------------------------ */

function Banners() {
	const view = useView();
	const store = view.store;
	const doc = view.doc;
	const back = resumption(doc);
	const gap = store.breaks.value[store.breaks.value.length - 1];
	const mark = store.caughtUp.value;
	const recent = useComputed(() => !!store.caughtUp.value && now.value - store.caughtUp.value.at < 12_000);

	return (
		<>
			{store.paused.value && (
				<div class="run-bar" role="status">
					<span>Paused · <span class="num">{plural(store.waiting.value, "event")}</span> waiting</span>
					<Button small onClick={() => store.pause(false)} command="run.pause">Resume updates</Button>
				</div>
			)}
			{store.otherHistory.value && (
				<div class="run-bar is-attention">
					<Glyph name="attention" silent />
					<span>This run's history changed on the server.</span>
					<Button small onClick={() => location.reload()}>Reload view</Button>
				</div>
			)}
			{store.arrived.value > 0 && view.tab.value !== "report" && (
				<div class="run-bar">
					<Glyph name="completed" silent />
					<span>Report ready</span>
					<Button small onClick={() => view.goTab("report")} command="run.report">Read report</Button>
				</div>
			)}
			{back && doc.status === "running" && (
				<div class="run-bar is-continued">
					<span>
						{gap ? <>{gap.lost ? "The daemon" : "The run"} stopped at <span class="num">{clock(gap.stopped)}</span> and continued at <span class="num">{clock(gap.continued)}</span>.</> : "This run was continued."}
						{" "}Kept {plural(back.kept.length, "finished agent")}
						{back.restarted.length > 0 && (
							<>, restarted {back.restarted.map((s, i) => (
								<>{i > 0 && ", "}<a key={s.step} href={`?tab=agents&agent=${encodeURIComponent(s.step)}`}>{s.label}</a></>
							))}</>
						)}.
					</span>
				</div>
			)}
			{mark && recent.value && <p class="run-mark" role="note">{mark.text}</p>}
		</>
	);
}

/* --- what the page does by itself ----------------------------------------------------------------- */

function useRoom(root: { current: HTMLElement | null }): void {
	const view = useView();

	useEffect(() => {
		const seen = new ResizeObserver(([e]) => {
			const w = e!.contentRect.width;

			view.room.value = w < 700 ? "phone" : w < 1050 ? "laptop" : "desktop";
		});

		seen.observe(root.current!);
		return () => seen.disconnect();
	}, [view]);
}

function useTitle(): void {
	const view = useView();
	const doc = view.doc;
	const p = progress(doc);
	const name = flowTitle(doc);
	const short = useComputed(() => span(view.store.took(shownAt.value)));
	const above = isAbove(view);
	const mark = doc.status === "running" ? `● ${p.done}/${p.all}`
		: doc.status === "completed" ? (doc.report ? "✓ Report ready" : "✓") : doc.status === "failed" ? "✕ Failed" : "■ Cancelled";

	useFrame({
		title: name, mark,
		icon: doc.status === "running" ? "running" : doc.status === "completed" ? "completed" : doc.status === "failed" ? "failed" : undefined,
		crumbs: [{ label: "Runs", href: "/runs" }, { label: `${name} ${doc.id}` }],
		short: <><Glyph name={doc.status} /><span class="num">{doc.status === "running" ? `${p.done}/${p.all} · ` : ""}{short}</span></>,
		actions: above ? <ViewContext.Provider value={view}><Actions /></ViewContext.Provider> : undefined,
	}, [name, mark, doc.status, doc.id, above]);
}

function useRunKeys(): void {
	const view = useView();

	useEffect(() => bindAll({
		...Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`run.tab.${n}`, () => {
			const t = view.tabs()[n - 1];

			if (!t)
				return false;
			view.goTab(t);
		}])),
		"run.report": () => {
			if (!view.doc.report)
				return false;
			view.goTab("report");
		},
		"run.pause": () => {
			if (view.doc.status !== "running")
				return false;
			view.store.pause(!view.store.paused.value);
		},
		"run.copy": () => void copy(linkOfFocus(view)),
	}), [view]);
}

/* For the palette: what the menus of this page have, and every agent by name. */
function commands(view: View): Command[] {
	const doc = view.doc, live = doc.status === "running";
	const here = (id: string, label: string, key: string, run = (): void => invoke(key)): Command => ({ id: `run.${id}`, group: "Actions here", label, key, run });

	return [
		...view.tabs().map((t, i) => here(`to.${t}`, `Show ${LABELS[t].toLowerCase()}`, `run.tab.${i + 1}`)),
		...(live ? [
			here("pause", view.store.paused.value ? "Resume live updates" : "Pause live updates", "run.pause"),
			{ id: "run.cancel", group: "Actions here" as const, label: "Cancel run…", run: () => void cancel(view) },
		] : []),
		here("export", "Export…", "run.export"),
		here("actions", "Actions of this run…", "run.actions"),
		here("copy", "Copy link", "run.copy"),
		{ id: "run.command", group: "Actions here", label: "Copy as command", run: () => void copy(doc.command) },
		...doc.steps.filter(shows).map((s): Command => ({
			id: `agent.${s.step}`, group: "Agents of this run", label: s.label, detail: s.status, run: () => view.open(s.step, true),
		})),
	];
}

/* The most specific thing that has the focus. */
function linkOfFocus(view: View): string {
	const at = document.activeElement;
	const card = at?.closest<HTMLElement>("[id].card, .evidence > li[id]");
	const row = at?.closest<HTMLElement>(".agent-button");

	if (card)
		return linkTo({ tab: "report", hash: card.id });
	if (row)
		return linkTo({ agent: row.dataset.step! });
	const hash = target(location.hash) ? location.hash.slice(1) : "";
	return linkTo(view.agent.value && view.tab.value === "agents" ? { agent: view.agent.value, hash } : { tab: view.tab.value, hash });
}

/* The report comes by itself only to somebody who is in the middle of nothing. */
function useArrivals(root: { current: HTMLElement | null }): void {
	const view = useView();

	useEffect(() => {
		const touch = (): void => void (view.touched = Date.now());

		for (const type of ["wheel", "touchmove", "keydown", "pointerdown"] as const)
			root.current!.addEventListener(type, touch, { passive: true });
	}, [view]);
	useSignalEffect(() => {
		if (!view.store.arrived.value || view.tab.peek() === "report")
			return;
		if (mayArrive({ opened: !!view.agent.peek(), scrolledAt: view.touched, now: Date.now() }))
			setQuery({ tab: "report", agent: null });
	});
	useEffect(() => {
		const t = target(location.hash);

		const at = view.place.peek();

		if (t?.t === "lines" && at.agent && at.well !== "raw")
			setQuery({ tab: "agents", view: "raw" });
		else if (t?.t === "event" && !at.tab)
			setQuery({ tab: at.agent ? "agents" : "log" });
		else if (t && !at.tab && !at.agent && view.doc.report)
			setQuery({ tab: "report" });
	}, [view]);
}

