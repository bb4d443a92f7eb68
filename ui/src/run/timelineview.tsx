/* When what ran, as bars; and the same as a table. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { away, oldAt } from "../app/away";
import { now } from "../app/clock";
import { Button, IconButton } from "../ui/button";
import { FilterChip } from "../ui/chip";
import { Glyph } from "../ui/glyph";
import { useView } from "./context";
import { bounds, critical, idle, lanes, ROW, scale, table, ticks, type Column, type Lane, type Scale } from "./timeline";
import type { RunDoc } from "./types";
import type { Break } from "./breaks";
import { brief, clock, isOver, span, time, tokens } from "./words";

const NAME = 200;
const LEAST = 2;

export function Timeline() {
	const view = useView();
	const doc = view.doc;
	const asTable = useSignal(false);
	const wide = useSignal(800);
	const zoom = useSignal<{ from: number; to: number } | null>(null);
	const opened = useSignal<ReadonlySet<number>>(new Set());
	const box = useRef<HTMLDivElement>(null);
	/* Once a second while it runs, and not at all afterwards. */
	const at = useComputed(() => (isOver(view.store.doc.value!.status) || view.store.paused.value ? time(view.store.doc.value!.ended) || now.peek() : oldAt.value || now.value));

	useEffect(() => {
		const seen = new ResizeObserver(([e]) => (wide.value = e!.contentRect.width));

		if (box.current)
			seen.observe(box.current);
		return () => seen.disconnect();
	}, [asTable.value]);
	useEffect(() => void view.store.older().catch(() => {}), []);
	void view.store.logTurn.value;
	const gone = view.store.breaks.value;
	const all = lanes(doc, view.store.log, at.value, "all", gone);
	const whole = bounds(doc, all, at.value);
	const range = zoom.value ?? whole;
	const gaps = idle(all, whole.from, whole.to).filter((g) => !opened.value.has(g.from));
	const name = wide.value < 700 ? 120 : NAME;
	const s = scale(range.from, range.to, Math.max(120, wide.value - name - 24), gaps);
	const move = (by: number, times: number): void => {
		const w = (range.to - range.from) * times, mid = (range.from + range.to) / 2 + by * (range.to - range.from);
		const width = Math.min(whole.to - whole.from, Math.max(500, w));
		const from = Math.min(Math.max(whole.from, mid - width / 2), whole.to - width);

		zoom.value = width >= whole.to - whole.from - 1 ? null : { from, to: from + width };
	};
	const key = (e: KeyboardEvent): void => {
		const does: Record<string, () => void> = {
			"+": () => move(0, 0.5), "=": () => move(0, 0.5), "-": () => move(0, 2),
			ArrowLeft: () => move(-0.25, 1), ArrowRight: () => move(0.25, 1),
			Home: () => move(-1e6, 1), End: () => move(1e6, 1), "0": () => (zoom.value = null),
		};

		if (does[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) {
			does[e.key]!();
			e.preventDefault();
			e.stopPropagation();
		}
	};

	const stale = away.value && !isOver(doc.status);

	if (!doc.steps.some((x) => x.started))
		return <p class="empty run-pad">Nothing has started.</p>;
	return (
		<div class="timeline">
			<div class="tool-bar">
				<FilterChip on={asTable.value} onClick={() => (asTable.value = !asTable.value)}>Show as table</FilterChip>
				<span class="legend" aria-hidden="true">
					<i class="key is-wait" />waiting <i class="key is-run" />running <i class="key is-failed" />failed <i class="key is-backoff" />pause before a retry <i class="key is-critical" />longest chain
				</span>
				<span class="grow" />
				{!asTable.value && (
					<>
						<IconButton icon="minus" label="Zoom out" onClick={() => move(0, 2)} disabled={!zoom.value} />
						<IconButton icon="plus" label="Zoom in" onClick={() => move(0, 0.5)} />
						<Button small kind="quiet" disabled={!zoom.value} onClick={() => (zoom.value = null)}>All</Button>
					</>
				)}
			</div>
			{stale && <p class="gantt-note gantt-stale num"><i class="key is-stale" aria-hidden="true" />As of {clock(oldAt.value)}: there is no connection.</p>}
			{gone.map((b) => (
				<p key={b.seq} class="gantt-note num"><i class="key is-break" aria-hidden="true" />Stopped {clock(b.stopped)}, continued {clock(b.continued)}</p>
			))}
			{asTable.value
				? <TimeTable doc={doc} all={all} />
				: (
					<div class="gantt" ref={box} tabIndex={0} role="group" aria-label="Timeline; + and - zoom, arrows move. The table has the same." onKeyDown={key}>
						<Axis s={s} from={range.from} start={time(doc.started)} name={name} opened={opened} />
						<div class="gantt-rows">
							<Backdrop s={s} doc={doc} at={at.value} stale={stale} breaks={gone} name={name} rows={all.length} />
							{all.map((l) => <LaneRow key={l.step.step} lane={l} s={s} range={range} name={name} critical={critical(doc).has(l.step.step)} />)}
						</div>
					</div>
				)}
		</div>
	);
}

function Axis({ s, from, start, name, opened }: {
	s: Scale; from: number; start: number; name: number; opened: { value: ReadonlySet<number> };
}) {
	return (
		<div class="gantt-axis" style={{ paddingLeft: `${name}px` }}>
			<div class="gantt-track">
				{ticks(s, from, start).map((t) => <span key={t.text} class="tick num" style={{ left: `${t.x}px` }}>{t.text}</span>)}
				{s.pieces.filter((p) => p.idle).map((p) => (
					<button key={p.from} type="button" class="gap num" style={{ left: `${p.x}px`, width: `${p.w}px` }}
						data-tip={`Nothing ran for ${span(p.to - p.from)}`}
						onClick={() => (opened.value = new Set([...opened.value, p.from]))}>
						{p.to - p.from < 60_000 ? brief(p.to - p.from) : `${Math.round((p.to - p.from) / 60_000)} m`}<span class="vh"> in which nothing ran: show it</span>
					</button>
				))}
			</div>
		</div>
	);
}

function Backdrop({ s, doc, at, stale, breaks, name, rows }: {
	s: Scale; doc: RunDoc; at: number; stale: boolean; breaks: readonly Break[]; name: number; rows: number;
}) {
	return (
		<div class="gantt-back" style={{ left: `${name}px`, height: `${rows * ROW}px` }} aria-hidden="true">
			{s.pieces.filter((p) => p.idle).map((p) => <i key={p.from} class="idle" style={{ left: `${p.x}px`, width: `${p.w}px` }} />)}
			{breaks.map((b) => <i key={b.seq} class="break" style={{ left: `${s.x(b.stopped)}px`, width: `${Math.max(2, s.x(b.continued) - s.x(b.stopped))}px` }} />)}
			{doc.status === "running" && <i class={stale ? "now is-stale" : "now"} style={{ left: `${s.x(at)}px` }} />}
		</div>
	);
}

function LaneRow({ lane, s, range, name, critical: on }: {
	lane: Lane; s: Scale; range: { from: number; to: number }; name: number; critical: boolean;
}) {
	const view = useView();
	const { step } = lane;
	const ran = lane.spans.filter((x) => x.kind !== "wait");
	const words = ran.length
		? `${step.label}, ${step.status}, ${span(ran[ran.length - 1]!.to - ran[0]!.from)}` : `${step.label}, ${step.status}`;

	return (
		<div class="lane">
			<button type="button" class="lane-name" style={{ width: `${name}px` }} aria-label={words} onClick={() => view.open(step.step, true)}>
				<Glyph name={step.status} size={12} silent />
				<span class="clip">{step.label}</span>
			</button>
			<div class="gantt-track">
				{lane.spans.filter((x) => x.to >= range.from && x.from <= range.to).map((x, i) => {
					const left = s.x(Math.max(x.from, range.from)), w = s.x(Math.min(x.to, range.to)) - left;
					const dot = w < LEAST && x.kind !== "wait";

					return (
						<i key={i} class={`seg is-${x.kind}${dot ? " is-dot" : ""}${on && x.kind === "run" ? " is-critical" : ""}`}
							data-tip={`${step.label}: ${x.kind === "wait" ? "waited" : x.kind === "backoff" ? "paused" : x.kind === "run" ? "ran" : x.kind} ${brief(x.to - x.from)}${x.attempt > 1 ? `, attempt ${x.attempt}` : ""}`}
							style={dot ? { left: `${left - 4}px` } : { left: `${left}px`, width: `${Math.max(1, w)}px` }} />
					);
				})}
			</div>
		</div>
	);
}

/* --- the table ------------------------------------------------------------------------------------ */

const COLUMNS: Array<[Column, string]> = [
	["plan", "Agent"], ["start", "Start"], ["end", "End"], ["wait", "Waited"], ["took", "Ran"], ["tokens", "Tokens"],
];

function TimeTable({ doc, all }: { doc: RunDoc; all: Lane[] }) {
	const view = useView();
	const by = useSignal<Column>("plan");
	const down = useSignal(true);
	const rows = table(doc, all, by.value, down.value);
	const sort = (c: Column): void => {
		down.value = by.value === c ? !down.value : true;
		by.value = c;
	};

	return (
		<div class="time-table" tabIndex={0} role="group" aria-label="Times of all agents">
			<table>
				<thead>
					<tr>
						{COLUMNS.map(([c, label]) => (
							<th key={c} scope="col" aria-sort={by.value === c && c !== "plan" ? (down.value ? "descending" : "ascending") : undefined}>
								<button type="button" onClick={() => sort(c)}>{label}{by.value === c && c !== "plan" ? (down.value ? " ↓" : " ↑") : ""}</button>
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((r) => (
						<tr key={r.step.step}>
							<th scope="row">
								<button type="button" class="text-link" onClick={() => view.open(r.step.step, true)}>
									<Glyph name={r.step.status} size={12} /> {r.step.label}
								</button>
							</th>
							<td class="num">{r.start < 0 ? "" : span(r.start)}</td>
							<td class="num">{r.end < 0 || !isOver(r.step.status) ? "" : span(r.end)}</td>
							<td class="num">{r.wait ? brief(r.wait) : ""}</td>
							<td class="num">{r.took ? brief(r.took) : ""}</td>
							<td class="num">{r.step.tokens ? tokens(r.step.tokens) : ""}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
