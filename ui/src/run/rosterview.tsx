/* The roster: what every agent does, in an order that never changes under the reader. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { bindAll } from "../app/keys";
import { shownAt } from "../app/away";
import { stored, store as keep } from "../app/prefs";
import { FilterChip } from "../ui/chip";
import { Button, IconButton } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { Icon } from "../ui/icon";
import { Menu } from "../ui/menu";
import { tip } from "../ui/tip";
import { useView } from "./context";
import { Gate } from "./gate";
import { silence } from "./live";
import { activity, chips, countFilters, elapsed, neighbour, nextFailed, shownGroups, tokenText,
	type Filter, type Shown, type Sort } from "./roster";
import type { Step } from "./types";
import { DOT, isOver } from "./words";
import { retryStep, StepChip } from "./stepchip";
import { Well } from "./well";

const FILTERS: Array<[Filter, string]> = [
	["all", "All"], ["running", "Running"], ["failed", "Failed"], ["cancelled", "Cancelled"], ["completed", "Completed"],
	["pending", "Pending"],
];
const SORTS: Array<[Sort, string]> = [
	["plan", "Plan order"], ["duration", "Duration"], ["tokens", "Tokens"], ["findings", "Findings"],
];

export function Roster() {
	const view = useView();
	const key = `tutti.roster.${view.store.id}`;
	const filter = useSignal<Filter>("all");
	const text = useSignal("");
	const sort = useSignal<Sort>("plan");
	const kept = useMemo(() => stored<{ closed?: string[]; unfolded?: string[] }>(key, {}), [key]);
	const closed = useSignal<ReadonlySet<string>>(new Set(kept.closed));
	const unfolded = useSignal<ReadonlySet<string>>(new Set(kept.unfolded));
	const root = useRef<HTMLDivElement>(null);
	const search = useRef<HTMLInputElement>(null);

	const shown = useComputed(() => shownGroups(view.doc, {
		filter: filter.value, text: text.value, sort: sort.value, closed: closed.value,
		unfolded: unfolded.value,
	}, view.store.over));

	const remember = (): void => keep(key, {
		closed: [...closed.value], unfolded: [...unfolded.value],
	});
	const flip = (set: typeof closed, name: string): void => {
		const next = new Set(set.value);

		if (!next.delete(name))
			next.add(name);
		set.value = next;
		remember();
	};

	useRosterKeys(shown, search);
	const doc = view.doc;
	const isLive = doc.status === "running";
	const none = !doc.steps.length;

	return (
		<div class="roster" ref={root}>
			<h2 class="vh">Agents</h2>
			<div class="roster-bar">
				<Filters filter={filter} />
				<div class="roster-tools">
					<label class="roster-search">
						<Icon name="search" />
						<span class="vh">Filter agents</span>
						<input ref={search} type="search" placeholder="Filter" value={text.value}
							onInput={(e) => (text.value = e.currentTarget.value)}
							onKeyDown={(e) => {
								if (e.key !== "Escape")
									return;
								text.value = "";
								focusRow(view.focused.value ?? firstRow(shown.value));
							}} />
					</label>
					{isLive && (
						<IconButton icon={view.store.paused.value ? "play" : "pause"} command="run.pause"
							label={view.store.paused.value ? "Resume live updates" : "Pause live updates"}
							aria-pressed={view.store.paused.value}
							onClick={() => view.store.pause(!view.store.paused.value)} />
					)}
					<Menu label={<Icon name="filter" />} name="Order" caret={false} kind="quiet" small
						items={SORTS.map(([s, label]) => ({
							label, checked: (isLive ? "plan" : sort.value) === s,
							disabled: isLive && s !== "plan" ? "Once the run is over" : undefined,
							go: () => (sort.value = s),
						}))} />
				</div>
			</div>
			{none && <p class="empty">This flow has no agents in this size.</p>}
			{!none && !shown.value.length && (
				<p class="empty">
					Nothing matches. <Button small kind="quiet" onClick={() => {
						text.value = "";
						filter.value = "all";
					}}>Show all</Button>
				</p>
			)}
			{shown.value.map((g) => (
				<Group key={g.name} group={g} closed={closed.value.has(g.name)}
					flip={() => flip(closed, g.name)} unfold={() => flip(unfolded, g.name)} />
			))}
		</div>
	);
}

function Filters({ filter }: { filter: { value: Filter } }) {
	const view = useView();
	const n = countFilters(view.doc.steps);

	return (
		<div class="roster-filters" role="group" aria-label="Show agents">
			{FILTERS.filter(([f]) => f === "all" || n[f] > 0 || filter.value === f).map(([f, label]) => (
				<FilterChip key={f} on={filter.value === f} count={n[f]} onClick={() => (filter.value = f)}>
					{label}
				</FilterChip>
			))}
		</div>
	);
}

function Group({ group, closed, flip, unfold }: {
	group: Shown; closed: boolean; flip: () => void; unfold: () => void;
}) {
	const id = `group-${group.name}`;

	return (
		<section class="group" aria-labelledby={id}>
			<h3 id={id}>
				<button type="button" class="group-head" aria-expanded={!closed} onClick={flip}>
					<Icon name={closed ? "right" : "down"} size={12} />
					<span>{group.name}</span>
					<span class="group-rule" />
					<span class="num">{group.all}</span>
				</button>
			</h3>
			{!closed && (
				<ul class="agent-rows">
					{group.folded > 0 && (
						<li>
							<button type="button" class="fold-row" onClick={unfold}>
								<Glyph name="completed" silent size={12} />{group.folded} finished before
								<span class="fold-show">Show</span>
							</button>
						</li>
					)}
					{group.rows.map((s) => <Row key={s.step} step={s} />)}
				</ul>
			)}
		</section>
	);
}

/* --- one row -------------------------------------------------------------------------------- */

function Row({ step }: { step: Step }) {
	const view = useView();
	const open = view.agent.value === step.step;
	const inline = view.room.value === "phone" && open;
	const name = step.step;
	const again = step.status === "failed" && isOver(view.doc.status);

	const row = useRef<HTMLLIElement>(null);

	/* Who came by an address sees what it names; who tapped stays where that was. */
	useEffect(() => {
		if (inline && !view.touched)
			row.current?.scrollIntoView({ block: "start" });
	}, [inline]);
	return (
		<li ref={row} class={`agent-row is-${step.status}${open ? " is-open" : ""}`}>
			<RowButton step={step} open={open} again={again} />
			{again && <RetryStep step={step} />}
			{step.choices && <Gate step={step} />}
			{inline && <div class="agent-well"><Well key={name} name={name} inline /></div>}
		</li>
	);
}

/* Beside its message, in the room that RowChips leaves for it. */
function RetryStep({ step }: { step: Step }) {
	const view = useView();
	const busy = useSignal(false);
	const retry = async (): Promise<void> => {
		busy.value = true;
		await retryStep(view.store.id, step);
		busy.value = false;
	};

	return (
		<Button small class="row-retry" disabled={busy.value} aria-label={`Retry ${step.label}`} onClick={() => void retry()}>
			Retry
		</Button>
	);
}

function RowButton({ step, open, again }: { step: Step; open: boolean; again: boolean }) {
	const view = useView();
	const row = view.store.row(step);
	const beats = view.store.turn(step.step);
	const words = useComputed(() => activity(row.value, view.store.doc.peek()!));
	const quiet = useComputed(() => {
		const m = view.store.state;

		return row.value.status === "running" && m ? silence(m, row.value, shownAt.value) : 0;
	});
	const time = useComputed(() => elapsed(row.value, row.value.status === "running" ? shownAt.value : 0));
	const tok = useComputed(() => tokenText(row.value));
	const said = useComputed(() => words.value.text);
	const kind = useComputed(() => `agent-activity${words.value.tone ? ` is-${words.value.tone}` : ""}`);
	const s = step;
	const detail = [s.persona, s.agent, s.model].filter(Boolean).join(DOT);

	return (
		<button type="button" class="agent-button" data-step={s.step} aria-expanded={open}
			aria-controls={open ? "well" : undefined}
			onFocus={() => (view.focused.value = s.step)}
			onClick={() => view.open(open && view.room.peek() === "phone" ? null : open ? null : s.step)}>
			<RowGlyph step={s} beats={beats} quiet={quiet} />
			<span class="agent-name" title={s.label} {...(detail ? tip(detail) : {})}>{s.label}</span>
			<span class={kind}>{said}</span>
			<RowChips step={s} quiet={quiet} room={again} />
			<span class="agent-tokens num" {...(s.tokens ? tip(`${s.tokens.toLocaleString("en")} tokens`) : {})}>{tok}</span>
			<span class="agent-time num">{time}</span>
			<Icon name={open && view.room.value === "phone" ? "down" : "right"} size={12} />
		</button>
	);
}

function RowGlyph({ step, beats, quiet }: {
	step: Step; beats: { value: number }; quiet: { value: number };
}) {
	if (quiet.value)
		return <Glyph name="attention" />;
	return <Glyph name={step.status} beats={step.status === "running" ? beats.value : 0} />;
}

function RowChips({ step, quiet, room }: { step: Step; quiet: { value: number }; room: boolean }) {
	const all = chips(step, quiet.value);
	const kind = `agent-chips${room ? " has-room" : ""}`;

	if (!all.length)
		return <span class={kind} />;
	const rest = all.slice(2).map((c) => c.text).join(", ");
	return (
		<span class={kind} {...(rest ? tip(rest) : {})}>
			{all.slice(0, 2).map((c) => <StepChip key={c.text} of={c} />)}
		</span>
	);
}

/* --- keys ----------------------------------------------------------------------------------- */

export function focusRow(name: string | null): void {
	if (name)
		document.querySelector<HTMLElement>(`.agent-button[data-step="${CSS.escape(name)}"]`)?.focus();
}

function firstRow(groups: Shown[]): string | null {
	return groups[0]?.rows[0]?.step ?? null;
}

function useRosterKeys(shown: { value: Shown[] }, search: { current: HTMLInputElement | null }): void {
	const view = useView();

	useEffect(() => {
		let timer = 0;
		const names = (): string[] => shown.value.flatMap((g) => g.rows.map((s) => s.step));
		const move = (by: number): void | false => {
			if (document.activeElement?.closest(".well-scroll, [role=tablist], dialog"))
				return false;
			const to = neighbour(names(), view.focused.value ?? view.agent.value, by);

			/* The row at once; its stream once the keys rest on it. */
			focusRow(to);
			clearTimeout(timer);
			if (to && to !== view.agent.value && view.agent.value && view.room.value !== "phone")
				timer = window.setTimeout(() => view.open(to), 140);
		};

		return bindAll({
			"run.next": () => move(1),
			"run.previous": () => move(-1),
			"run.into": () => {
				const name = view.focused.value;

				if (!document.activeElement?.closest(".agent-button"))
					return false;
				if (name && view.agent.value !== name)
					view.open(name);
				requestAnimationFrame(() => document.querySelector<HTMLElement>(".well-scroll")?.focus());
			},
			"run.out": () => {
				if (!document.activeElement?.closest(".well"))
					return false;
				focusRow(view.agent.value);
			},
			"run.failed": () => {
				const to = nextFailed(view.doc.steps, view.agent.value);

				if (!to)
					return false;
				view.open(to);
				requestAnimationFrame(() => focusRow(to));
			},
			search: () => search.current?.focus(),
		});
	}, [view]);
}

