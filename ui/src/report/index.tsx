/*
 * The report. The server rendered it and it can be read as it came; here it learns to filter, to
 * show the lines behind a citation, and to say where in it the reader is.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { provide } from "../app/commands";
import { bindAll } from "../app/keys";
import { open as openLayer } from "../app/layers";
import type { Comparison } from "../compare/model";
import { When } from "../home";
import { asTrouble, get, getText, query } from "../wire/api";
import type { List, RunDocument, RunSummary, Trouble } from "../wire/types";
import { announce } from "../ui/announce";
import { Button } from "../ui/button";
import { FilterChip } from "../ui/chip";
import { serverHtml } from "../ui/html";
import { TroubleBox } from "../ui/trouble";
import { paintCode } from "../code";
import { sourceOf } from "../run/cites";
import { enhance, type Page, type Pin } from "./enhance";
import { ORDERS, type Order } from "../run/evidence";
import { AXES, nothing, tally, toggled, type Axis, type Choice } from "./filter";
import { createPortal } from "./portal";
import { before, newIds } from "./since";
import "./report.css";

/* Read once: reports do not change. */
const kept = new Map<string, string>();

function useHtml(id: string, served: DocumentFragment | null) {
	const [html, setHtml] = useState<DocumentFragment | string | null>(() => (served?.firstChild ? served : (kept.get(id) ?? null)));
	const [trouble, setTrouble] = useState<Trouble | null>(null);
	const [turn, again] = useState(0);

	useEffect(() => {
		const stop = new AbortController();

		if (html !== null)
			return;
		getText(`/runs/${id}/report?as=html&fragment=1`, stop.signal).then((s) => {
			kept.set(id, s);
			if (kept.size > 4)
				kept.delete(kept.keys().next().value!);
			setHtml(s);
		}, (e: unknown) => !stop.signal.aborted && setTrouble(asTrouble(e)));
		return () => stop.abort();
	}, [id, turn]);
	return { html, trouble, again: () => { setTrouble(null); again((n) => n + 1); } };
}

export default function Report({ run, served = null }: { run: RunDocument; served?: DocumentFragment | null }) {
	const { html, trouble, again } = useHtml(run.id, served);

	if (trouble)
		return <div class="page is-narrow"><TroubleBox trouble={trouble} retry={again} /></div>;
	if (html === null)
		return <div class="report-wait"><div class="skeleton is-late">{[1, 2, 3, 4, 5, 6].map((n) => <div key={n} />)}</div></div>;
	return <Shown key={run.id} run={run} html={html} />;
}

function Shown({ run, html }: { run: RunDocument; html: DocumentFragment | string }) {
	const root = useRef<HTMLDivElement>(null);
	const page = useSignal<Page | null>(null);
	const pins = useSignal<Pin[]>([]);
	const lost = useSignal("");
	const since = useSince(run, page);

	useEffect(() => {
		const el = root.current!;

		if (typeof html === "string") {
			const t = document.createElement("template");

			t.innerHTML = serverHtml(html).__html;
			el.replaceChildren(t.content);
		} else {
			el.replaceChildren(html.cloneNode(true));
		}
		const p = enhance(el, sourceOf(run), {
			pin: (x) => {
				if (!pins.value.some((o) => o.id === x.id))
					pins.value = [...pins.value, x].slice(-8);
				announce(`${x.id} pinned.`);
			},
			lost: (id) => (lost.value = id),
		});

		page.value = p;
		return () => p.end();
	}, []);
	useKeys(page);
	useEffect(() => provide(() => (page.value?.list() ?? []).map((f) => ({
		id: `finding.${f.id}`, group: "Findings", label: f.title, detail: f.id, run: f.go,
	}))), []);
	return (
		<div class={`report-layout${pins.value.length ? " has-pins" : ""}`}>
			{lost.value && (
				<p class="run-bar report-lost">
					This report has nothing called <code>{lost.value}</code>.
					<Button small kind="quiet" onClick={() => (lost.value = "")}>Close</Button>
				</p>
			)}
			<div class="report" ref={root} />
			{page.value?.filters && createPortal(<Filters page={page.value} since={since.value} />, page.value.filters)}
			{page.value?.sorting && createPortal(<Sorting of={page.value.sorting} />, page.value.sorting.place)}
			{page.value?.after && createPortal(<FollowUp run={run} />, page.value.after)}
			{pins.value.length > 0 && <Pins pins={pins} />}
		</div>
	);
}

/* --- what is new, what is first --------------------------------------------------------------------- */

interface Since {
	run: RunSummary; /* that was read before */
	now: string;
	n: number;
}

/* Asked for once the report stands there, and left out where nobody knows. */
function useSince(run: RunDocument, page: { value: Page | null }) {
	const since = useSignal<Since | null>(null);
	const p = page.value;

	useEffect(() => {
		const stop = new AbortController();
		const ask = async (): Promise<void> => {
			const l = await get<List<RunSummary>>(`/runs${query({ flow: run.flow, repo: run.repo, limit: 50 })}`, stop.signal);
			const one = before(run, l.items);

			if (!one)
				return;
			const c = await get<Comparison>(`/compare${query({ a: one.id, b: run.id })}`, stop.signal);

			since.value = { run: one, now: run.id, n: p!.fresh(newIds(c)) };
		};

		if (p && p.cards.length > 1)
			ask().catch(() => {});
		return () => stop.abort();
	}, [p]);
	return since;
}

function Sorting({ of }: { of: NonNullable<Page["sorting"]> }) {
	const by = useSignal<Order>("id");
	const sort = (o: Order, label: string): void => {
		by.value = o;
		of.by(o);
		announce(`Ordered by ${label.toLowerCase()}`);
	};

	return (
		<div class="filter-axis" role="group" aria-label="Order of the evidence">
			<span class="axis-name">Order</span>
			{ORDERS.filter(([o]) => of.orders.includes(o)).map(([o, label]) => <FilterChip key={o} on={by.value === o} onClick={() => sort(o, label)}>{label}</FilterChip>)}
		</div>
	);
}

/* --- filters --------------------------------------------------------------------------------------- */

const NAMES: Record<Axis, string> = { severity: "Severity", verdict: "Claim", state: "Citation", agent: "Agent" };

function Filters({ page, since }: { page: Page; since: Since | null }) {
	const choice = page.choice.value;
	const shown = page.shown.value;
	const any = AXES.some((a) => choice[a].size) || !!choice.text || choice.fresh;
	const set = (c: Choice): void => {
		page.choose(c);
		announce(`${page.shown.value} of ${page.cards.length} findings shown`);
	};

	if (page.cards.length < 2)
		return null;
	return (
		<div class="report-filters" role="group" aria-label="Show findings">
			{AXES.map((axis) => {
				const all = tally(page.cards, choice, axis);

				return all.length > 1 && (
					<div key={axis} class="filter-axis" role="group" aria-label={NAMES[axis]}>
						<span class="axis-name">{NAMES[axis]}</span>
						{all.map(({ value, n }) => (
							<FilterChip key={value} on={choice[axis].has(value)} count={n} onClick={() => set(toggled(choice, axis, value))}>
								{value}
							</FilterChip>
						))}
					</div>
				);
			})}
			{since && (
				<div class="filter-axis">
					<span class="axis-name">New</span>
					<FilterChip on={choice.fresh} count={since.n} onClick={() => set({ ...choice, fresh: !choice.fresh })}>since I was here</FilterChip>
					<span class="muted">The one that you read: <a href={`/compare?a=${since.run.id}&b=${since.now}`}><When at={since.run.started} /></a></span>
				</div>
			)}
			<div class="filter-axis">
				<input type="search" class="field" placeholder="Path or id" aria-label="Path or id" value={choice.text}
					onInput={(e) => set({ ...choice, text: e.currentTarget.value })} />
				<span class="muted num">{any ? `${shown} of ${page.cards.length} shown` : `${page.cards.length} findings`}</span>
				{any && <Button small kind="quiet" onClick={() => set(nothing())}>Show all</Button>}
			</div>
		</div>
	);
}

function FollowUp({ run }: { run: RunDocument }) {
	const go = (flow: string): void => openLayer("launch", { flow, q: run.question, repo: run.repo, provided: run.id });

	if (!run.next.length)
		return null;
	return (
		<section class="follow-up" aria-label="Follow up">
			<p>Go on from here, with this report as evidence:</p>
			<div>{run.next.map((f) => <Button key={f} icon="flows" onClick={() => go(f)}>{f}</Button>)}</div>
		</section>
	);
}

/* --- what was pinned -------------------------------------------------------------------------------- */

function Pins({ pins }: { pins: { value: Pin[] } }) {
	return (
		<aside class="pins" aria-label="Pinned evidence">
			<h2>Pinned evidence</h2>
			{[...pins.value].reverse().map((p) => <PinView key={p.id} pin={p} drop={() => (pins.value = pins.value.filter((x) => x.id !== p.id))} />)}
		</aside>
	);
}

function PinView({ pin, drop }: { pin: Pin; drop: () => void }) {
	const box = useRef<HTMLDivElement>(null);

	useEffect(() => {
		box.current!.replaceChildren(...pin.nodes());
		paintCode(box.current!);
	}, []);
	return (
		<section class="pin">
			<div ref={box} />
			<p><a href={`#${pin.id}`}>In the list</a> <Button small kind="quiet" onClick={drop}>Unpin</Button></p>
		</section>
	);
}

/* --- keys -------------------------------------------------------------------------------------------- */

const VERDICTS = ["", "refuted", "weakened", "not reviewed", "upheld"];

function useKeys(page: { value: Page | null }): void {
	useEffect(() => bindAll({
		"report.next": () => page.value?.step(1),
		"report.previous": () => page.value?.step(-1),
		"report.verdict": () => {
			const p = page.value;

			if (!p)
				return false;
			const had = [...p.choice.value.verdict][0] ?? "";
			const there = VERDICTS.filter((v) => !v || p.cards.some((c) => c.verdict === v));
			const next = there[(there.indexOf(had) + 1) % there.length]!;

			p.choose({ ...p.choice.value, verdict: new Set(next ? [next] : []) });
			announce(next ? `Only ${next}` : "All findings");
		},
	}), []);
}
