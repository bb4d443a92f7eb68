/* All runs: found, filtered, compared. The address holds every filter. */
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { away, oldAt } from "../app/away";
import { now } from "../app/clock";
import { at, capital, clock, count, findingTotal, minute, outcome, resolved, short, sizeLetter, when } from "../app/format";
import { useFrame } from "../app/frame";
import { bind } from "../app/keys";
import { launchUrl, open } from "../app/layers";
import { Marked } from "../app/marks";
import { prefs, stored, store } from "../app/prefs";
import { go, leftAt, route, setQuery } from "../app/router";
import { isLive, onRuns, repairedBy, runs } from "../app/runs";
import { S } from "../app/strings";
import { When } from "../home";
import { catalogue, loadCatalogue } from "../launcher/catalogue";
import { announce } from "../ui/announce";
import { Button, LinkButton } from "../ui/button";
import { Chip, FilterChip } from "../ui/chip";
import { Dialog } from "../ui/dialog";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { useListKeys } from "../ui/list";
import { useLoad } from "../ui/load";
import { Menu, type Item } from "../ui/menu";
import { Skeleton } from "../ui/skeleton";
import { copy, toast, toastError } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import { asTrouble, get, query } from "../wire/api";
import type { List, RunSummary, Status } from "../wire/types";
import { families, fromQuery, isFiltered, matches, queryOf, SINCE, toServer, withView, type Family, type Filters, type View } from "./filters";
import { rowItems, useRemoval } from "./actions";
import { visited, type Visit } from "./visit";
import "./history.css";

const LIMIT = 50;
const STATUSES: Status[] = ["running", "failed", "completed", "cancelled"];

interface More {
	key: string;
	items: RunSummary[];
	next: string | null;
}

/* The pages read so far of one question, merged with what the socket says since. */
function useRuns(f: Filters) {
	const day = Math.floor(now.peek() / 60_000);
	const path = useMemo(() => "/runs" + query({ ...toServer(f, day * 60_000), limit: LIMIT }), [JSON.stringify(f)]);
	const first = useLoad<List<RunSummary>>(path);
	const [more, setMore] = useState<More>({ key: path, items: [], next: null });
	const [busy, setBusy] = useState(false);
	const [fresh, setFresh] = useState<RunSummary[]>([]);
	const rest = more.key === path ? more : { key: path, items: [], next: null };
	const next = more.key === path && more.items.length ? more.next : (first.data?.next ?? null);
	const items = [...(first.data?.items ?? []), ...rest.items];

	useEffect(() => {
		setFresh([]);
		return onRuns((changed) => {
			const by = new Map(changed.map((r) => [r.id, r]));
			const update = (r: RunSummary): RunSummary => {
				const n = by.get(r.id);
				return n ? { ...n, ...(r.snippet ? { snippet: r.snippet } : {}) } : r;
			};
			first.set((l) => ({ ...l, items: l.items.map(update) }));
			setMore((m) => ({ ...m, items: m.items.map(update) }));
			if (f.q) return;
			setFresh((was) => {
				const had = new Set([...known.current, ...was.map((r) => r.id)]);
				const add = changed.filter((r) => !had.has(r.id) && matches(f, r, Date.now()));
				return add.length ? [...add, ...was] : was;
			});
		});
	}, [path]);
	/* What changed while there was no connection is not told again. */
	const gone = useRef(false);
	useEffect(() => {
		if (gone.current && !away.value) first.reload();
		gone.current = away.value;
	}, [away.value]);
	const known = useRef(new Set<string>());
	known.current = new Set(items.map((r) => r.id));

	const load = async (): Promise<void> => {
		if (!next || busy) return;
		setBusy(true);
		try {
			const l = await get<List<RunSummary>>(path + "&cursor=" + encodeURIComponent(next));
			setMore({ key: path, items: [...rest.items, ...l.items.filter((r) => !known.current.has(r.id))], next: l.next });
			announce(count(l.items.length, "more run"));
		} catch (e) {
			toastError(asTrouble(e));
		} finally {
			setBusy(false);
		}
	};
	const showFresh = (): void => {
		first.set((l) => ({ ...l, items: [...fresh.filter((r) => !known.current.has(r.id)), ...l.items] }));
		setFresh([]);
	};
	return { first, items, next, busy, load, fresh, showFresh };
}

export function History() {
	useFrame({ title: S.nav.runs, crumbs: [{ label: S.nav.runs }] }, []);
	useVisit();
	const f = fromQuery(route.value.query);
	const list = useRuns(f);
	const [chosen, setChosen] = useState<readonly string[]>([]);
	const removal = useRemoval();
	const items = list.items.filter((r) => !removal.gone.has(r.id));
	const toggle = (id: string): void => setChosen((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id]));
	const keys = useListKeys({ "list.select": (row) => row?.dataset.id && toggle(row.dataset.id) });

	useEffect(() => void loadCatalogue(), []);
	/* What came while the top is in view may show itself; nothing moves under a reader further down. */
	useEffect(() => {
		if (list.fresh.length && (document.getElementById("main")?.scrollTop ?? 0) < 40) list.showFresh();
	}, [list.fresh.length]);
	useEffect(() => {
		if (list.first.data) document.getElementById("main")?.scrollTo(0, leftAt());
	}, [list.first.data !== null]);

	return (
		<div class="page history">
			<div class="page-head">
				<h1>{S.nav.runs}</h1>
				{oldAt.value > 0 && list.first.data && <span class="muted num">{S.history.asOf} {minute(oldAt.value, prefs.value.times === "utc")}</span>}
				<Views f={f} />
			</div>
			<Search f={f} />
			<div class="history-bar">
				<Statuses f={f} items={items} whole={list.first.data !== null && !list.next} />
				{chosen.length > 0 && <Chosen ids={chosen} items={items} clear={() => setChosen([])} removal={removal} />}
			</div>
			{list.first.error && <TroubleBox trouble={list.first.error} retry={list.first.reload} />}
			{list.fresh.length > 0 && <p class="fresh"><Button small icon="up" onClick={() => { list.showFresh(); document.getElementById("main")?.scrollTo(0, 0); }}>{count(list.fresh.length, "new run")}</Button></p>}
			<div ref={keys} aria-busy={list.first.busy && list.first.data !== null}>
				{!list.first.data && !list.first.error && <Skeleton rows={6} />}
				{list.first.data && items.length === 0 && <Nothing f={f} />}
				{items.length > 0 && <Table items={items} chosen={chosen} toggle={toggle} removal={removal} />}
			</div>
			{list.next && <p class="more"><Button onClick={() => void list.load()} disabled={list.busy}>{list.busy ? S.words.loading : S.history.loadMore(LIMIT)}</Button></p>}
		</div>
	);
}

function Nothing({ f }: { f: Filters }) {
	if (isFiltered(f))
		return (
			<div class="empty">
				<p>{S.history.nothing(f.q)}</p>
				<LinkButton href="/runs">{S.history.clearFilters}</LinkButton>
			</div>
		);
	return (
		<div class="empty">
			<p><b>{S.words.noRuns}</b> {S.history.begin}</p>
			<pre class="line"><code>tutti run research "polling or webhooks?"</code></pre>
			<LinkButton href={launchUrl()} onClick={(e) => { e.preventDefault(); open("launch"); }}>{S.run.flow}</LinkButton>
		</div>
	);
}

/* --- filters ----------------------------------------------------------------------------------- */

function Search({ f }: { f: Filters }) {
	const ref = useRef<HTMLInputElement>(null);
	const timer = useRef(0);
	useEffect(() => bind("search", () => ref.current?.focus()), []);
	useEffect(() => {
		if (document.activeElement !== ref.current && ref.current) ref.current.value = f.q ?? "";
	}, [f.q]);
	const typed = (v: string): void => {
		clearTimeout(timer.current);
		timer.current = window.setTimeout(() => setQuery({ q: v.trim() || null }), 200);
	};
	const known = runs.value.items;
	const models = [...new Set(known.map((r) => r.model).filter(Boolean))].sort();
	const repos = [...new Map([...known.map((r) => [r.repo, r.repo_name] as const), ...catalogue.value.repositories.map((r) => [r.path, r.name] as const)]).entries()];
	return (
		<div class="history-filters" role="search">
			<label class="search-field">
				<Icon name="search" />
				<span class="vh">{S.history.search}</span>
				<input ref={ref} class="field" type="search" placeholder={S.history.search} defaultValue={f.q ?? ""} onInput={(e) => typed(e.currentTarget.value)} />
			</label>
			<Filter label={S.words.flow} name="flow" value={f.flow} options={catalogue.value.flows.map((x) => [x.name, x.name])} />
			<Filter label={S.words.size} name="size" value={f.size} options={["small", "medium", "large"].map((s) => [s, capital(s)])} />
			<Filter label={S.history.repo} name="repo" value={f.repo} options={repos} />
			<Filter label={S.words.model} name="model" value={f.model} options={models.map((m) => [m, m])} />
			<Filter label={S.history.since} name="since" value={f.since} options={since(f, visit.value.before)} />
		</div>
	);
}

const VISIT = "tutti.visit";
const visit = signal(visited(stored<Visit | null>(VISIT, null), Date.now()));

/* As long as somebody looks: the clock stands still when nobody does. */
function useVisit(): void {
	const minute = Math.floor(now.value / 60_000);
	useEffect(() => {
		visit.value = visited(visit.value, Date.now());
		store(VISIT, visit.value);
	}, [minute]);
}

function since(f: Filters, before: number): [string, string][] {
	const utc = prefs.value.times === "utc";
	const at = (ms: number): string => new Date(Math.floor(ms / 60_000) * 60_000).toISOString();
	const out = Object.entries(SINCE).map(([k, v]): [string, string] => [k, v.label]);
	if (before) out.unshift([at(before), S.history.wasHere(when(before, Date.now(), utc))]);
	const other = f.since && !out.some(([k]) => k === f.since) ? Date.parse(f.since) : NaN;
	if (!Number.isNaN(other)) out.push([f.since!, when(other, Date.now(), utc)]);
	return out;
}

function Filter({ label, name, value, options }: { label: string; name: string; value: string | undefined; options: readonly (readonly [string, string])[] }) {
	const said = options.find(([v]) => v === value)?.[1] ?? value;
	const items = (): Item[] => [
		{ label: S.history.any, checked: !value, go: () => setQuery({ [name]: null }) },
		...options.map(([v, l]): Item => ({ label: l, ...(name === "repo" ? { detail: v } : {}), checked: v === value, go: () => setQuery({ [name]: v }) })),
	];
	return <Menu small kind={value ? "plain" : "quiet"} label={<span class="clip">{said ? `${label}: ${said}` : label}</span>} items={items} class={"filter-menu" + (value ? " is-on" : "")} />;
}

/* Counts are shown when the whole list is here; a number of what was loaded would say something else. */
function Statuses({ f, items, whole }: { f: Filters; items: readonly RunSummary[]; whole: boolean }) {
	const n = (s: Status): number | null => (whole && !f.status ? items.filter((r) => r.status === s).length : null);
	return (
		<div class="filters" role="group" aria-label={S.words.status}>
			<FilterChip on={!f.status} count={whole && !f.status ? items.length : null} onClick={() => setQuery({ status: null })}>{S.history.all}</FilterChip>
			{STATUSES.map((s) => (
				<FilterChip key={s} on={f.status === s} count={n(s)} onClick={() => setQuery({ status: f.status === s ? null : s })}>{capital(s)}</FilterChip>
			))}
		</div>
	);
}

function Views({ f }: { f: Filters }) {
	const [views, setViews] = useState(() => stored<View[]>("tutti.views", []));
	const [naming, setNaming] = useState(false);
	const keep = (v: View[]): void => {
		setViews(v);
		store("tutti.views", v);
	};
	const here = queryOf(f);
	const items = (): Item[] => [
		...views.map((v): Item => ({ label: v.name, checked: v.query === here, go: () => go("/runs?" + v.query) })),
		{ label: S.history.saveView, icon: "plus", rule: views.length > 0, disabled: here ? undefined : S.history.filterFirst, go: () => setNaming(true) },
		{ label: S.history.copyView, icon: "link", go: () => void copy(location.origin + "/runs" + (here ? "?" + here : ""), S.words.linkCopied) },
		...(views.some((v) => v.query === here)
			? [{ label: S.history.removeView, icon: "trash" as const, go: () => {
				const was = views;
				keep(views.filter((v) => v.query !== here));
				toast(S.history.viewRemoved, { undo: () => keep(was) });
			} }]
			: []),
	];
	return (
		<>
			<Menu kind="quiet" label={S.history.views} items={items} />
			{naming && <Name close={() => setNaming(false)} save={(name) => { keep(withView(views, { name, query: here })); setNaming(false); }} />}
		</>
	);
}

function Name({ close, save }: { close: () => void; save: (name: string) => void }) {
	const [name, setName] = useState("");
	return (
		<Dialog title={S.history.saveTitle} class="is-narrow" onClose={close}>
			<form onSubmit={(e) => { e.preventDefault(); if (name.trim()) save(name.trim()); }}>
				<div class="dialog-text">
					<label for="view-name">{S.words.name}</label>
					<input id="view-name" class="field" data-focus maxLength={60} value={name} onInput={(e) => setName(e.currentTarget.value)} />
				</div>
				<footer class="dialog-foot"><Button onClick={close}>{S.cancel}</Button><Button kind="filled" type="submit" disabled={!name.trim()}>{S.history.save}</Button></footer>
			</form>
		</Dialog>
	);
}

/* --- what was selected -------------------------------------------------------------------------- */

function Chosen({ ids, items, clear, removal }: { ids: readonly string[]; items: readonly RunSummary[]; clear: () => void; removal: ReturnType<typeof useRemoval> }) {
	const of = items.filter((r) => ids.includes(r.id));
	const [older, newer] = [...of].sort((a, b) => ((a.started ?? "") < (b.started ?? "") ? -1 : 1));
	const ended = of.filter((r) => !isLive(r));
	const exportItems: Item[] = (["md", "html", "json"] as const).map((as) => ({
		label: S.history.forms[as],
		go: () => { for (const r of of) download(r.id, as); },
	}));
	return (
		<div class="chosen" role="group" aria-label={S.history.selectedRuns}>
			<span>{S.history.selected(of.length)}</span>
			{of.length === 2
				? <LinkButton small kind="filled" icon="compare" href={`/compare?a=${older!.id}&b=${newer!.id}`}>{S.history.compare}</LinkButton>
				: <Button small icon="compare" disabled>{S.history.compare}</Button>}
			<Menu small label={S.words.export} items={exportItems} />
			<Button small icon="trash" disabled={ended.length === 0} onClick={() => void removal.remove(ended).then((yes) => yes && clear())}>{S.history.deleteAsk}</Button>
			<Button small kind="quiet" onClick={clear}>{S.history.clear}</Button>
		</div>
	);
}

function download(id: string, as: string): void {
	const a = document.createElement("a");
	a.href = `/api/v1/runs/${id}/report?as=${as}&download=1`;
	a.download = "";
	a.click();
}

/* --- the table ---------------------------------------------------------------------------------- */

interface TableProps {
	items: readonly RunSummary[];
	chosen: readonly string[];
	toggle: (id: string) => void;
	removal: ReturnType<typeof useRemoval>;
}

function Table({ items, chosen, toggle, removal }: TableProps) {
	return (
		<table class="runs">
			<thead>
				<tr>
					<th class="c-select"><span class="vh">{S.history.select}</span></th>
					<th class="c-status"><span class="vh">{S.words.status}</span></th>
					<th class="c-question" scope="col">{S.words.question}</th>
					<th class="c-commit" scope="col">{S.words.commit}</th>
					<th class="c-model" scope="col">{S.words.model}</th>
					<th class="c-started" scope="col">{S.history.started}</th>
					<th class="c-took is-right" scope="col">{S.history.took}</th>
					<th class="c-agents is-right" scope="col">{S.nav.agents}</th>
					<th class="c-findings is-right" scope="col"><span title={S.history.findingsMean}>{S.history.findings}</span></th>
					<th class="c-cites is-right" scope="col">{S.history.cites}</th>
					<th class="c-menu"><span class="vh">{S.history.actions}</span></th>
				</tr>
			</thead>
			{families(items).map((f) => <FamilyRows key={f.head.id} f={f} items={items} chosen={chosen} toggle={toggle} removal={removal} />)}
		</table>
	);
}

function FamilyRows({ f, ...rest }: { f: Family } & TableProps) {
	const [shown, show] = useState(false);
	return (
		<tbody>
			<Row r={f.head} {...rest} more={f.earlier.length > 0 ? { n: f.earlier.length, shown, toggle: () => show(!shown) } : null} />
			{shown && f.earlier.map((r) => <Row key={r.id} r={r} {...rest} child more={null} />)}
		</tbody>
	);
}

function Findings({ r }: { r: RunSummary }) {
	if (!r.findings) return <span class="muted">–</span>;
	const f = r.findings;
	return <span title={`${f.critical} critical, ${f.high} high, ${f.medium} medium, ${f.low} low, ${f.note} notes`}><span class="vh">{findingTotal(f)} findings: </span>{f.critical + f.high}/{f.medium}/{f.low}</span>;
}

function Row({ r, items, chosen, toggle, removal, more, child }: { r: RunSummary; more: { n: number; shown: boolean; toggle: () => void } | null; child?: boolean } & TableProps) {
	const on = chosen.includes(r.id);
	const pct = r.citations ? resolved(r.citations) : null;
	const fixed = r.status === "failed" ? repairedBy(r, items) : null;
	const took = r.took_ms ?? (r.started && isLive(r) ? now.value - Date.parse(r.started) : null);
	return (
		<tr class={"run" + (on ? " is-on" : "") + (child ? " is-child" : "")}>
			<td class="c-select"><label><span class="vh">{S.history.select}: {r.question}</span><input type="checkbox" checked={on} onChange={() => toggle(r.id)} /></label></td>
			<td class="c-status"><Glyph name={r.status} beats={r.tokens_out ?? 0} /></td>
			<td class="c-question">
				<a data-row data-id={r.id} class="run-link" href={"/runs/" + r.id}><span class="clip">{r.question || r.title}</span></a>
				<span class="run-sub">
					<span class="clip"><span class="run-flow">{r.flow}</span> · {r.size}{r.fast ? " · fast" : ""}{r.status === "failed" || r.status === "cancelled" ? <span class={"tone is-" + r.status}> · {outcome(r)}</span> : ""}<span class="run-only-phone"> · <When at={r.started} /></span></span>
					{r.partial && r.status === "completed" && <Chip tone="attention">{S.words.partial}</Chip>}
					{fixed && <a class="chip is-completed" href={"/runs/" + fixed.id}>{S.history.repairedBy(fixed.id.slice(0, 6))}</a>}
					{more && <button type="button" class="run-more" aria-expanded={more.shown} onClick={more.toggle}><Icon name={more.shown ? "down" : "right"} size={12} />{count(more.n, "earlier run")}</button>}
				</span>
				{r.snippet && !r.snippet.replace(/[\u0002\u0003]/g, "").includes(r.question) && <span class="run-snippet">… <Marked text={r.snippet} /></span>}
			</td>
			<td class="c-commit"><span class="mono" title={r.repo}>{at(r)}{!!r.dirty && <span title={count(r.dirty, "changed file")}>*</span>}</span></td>
			<td class="c-model">{r.model}</td>
			<td class="c-started"><When at={r.started} /></td>
			<td class="c-took is-right" title={r.tokens_in === null ? undefined : `${short(r.tokens_in + (r.tokens_out ?? 0))} tokens`}>{took === null ? "–" : clock(took)}</td>
			<td class="c-agents is-right">
				<span class="vh">{r.agents.completed} of {r.agents.all} completed, {r.agents.failed} failed</span>
				<span aria-hidden="true">{r.agents.completed}<span class="tone is-completed">✓</span>{r.agents.failed > 0 && <> {r.agents.failed}<span class="tone is-failed">✕</span></>}{isLive(r) && <span class="muted"> /{r.agents.all}</span>}</span>
			</td>
			<td class="c-findings is-right"><Findings r={r} /></td>
			<td class="c-cites is-right">{pct === null ? <span class="muted">–</span> : `${pct} %`}</td>
			<td class="c-menu"><Menu kind="quiet" small caret={false} name={S.history.actionsFor(`${sizeLetter(r.size)} ${r.flow}`)} label={<Icon name="more" />} items={() => rowItems(r, items, removal)} /></td>
		</tr>
	);
}
