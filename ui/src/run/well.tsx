/* One agent in full: its stream, what it passed on, what it was told, what it cited. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { shownAt } from "../app/away";
import { bindAll } from "../app/keys";
import { Later } from "../app/later";
import { asTrouble, API } from "../wire/api";
import type { StepDocument } from "../wire/types";
import { IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Glyph } from "../ui/glyph";
import { useLoad } from "../ui/load";
import { Menu, type Item } from "../ui/menu";
import { copy, toast, toastError } from "../ui/toast";
import { TroubleBox } from "../ui/trouble";
import type { Place } from "./address";
import { sourceOf } from "./cites";
import { linkTo, useView } from "./context";
import { chips, elapsed } from "./roster";
import { retryStep, StepChip } from "./stepchip";
import { focusRow } from "./rosterview";
import { Stream } from "./stream";
import { silence } from "./live";
import type { Step } from "./types";
import { DOT, failure, isOver, tokens } from "./words";

type Tab = Place["well"];

const parts = {
	raw: () => import("./raw").then((m) => m.Raw),
	output: () => import("./papers").then((m) => m.Output),
	prompt: () => import("./papers").then((m) => m.Prompt),
	evidence: () => import("./papers").then((m) => m.Evidence),
};

const TABS: Array<[Tab, string]> = [
	["stream", "Stream"], ["output", "Output"], ["prompt", "Prompt"], ["evidence", "Evidence"],
];

/* Reads the step again when it has ended or began anew. */
export function useStep(name: string, attempt: number) {
	const view = useView();
	const step = view.step(name);
	const q = attempt ? `?attempt=${attempt}` : "";
	const doc = useLoad<StepDocument>(`/runs/${view.store.id}/steps/${encodeURIComponent(name)}${q}`);
	const state = `${step?.status} ${step?.attempt}`;
	const was = useRef(state);

	useEffect(() => {
		if (was.current !== state)
			doc.reload();
		was.current = state;
	}, [state]);
	return doc;
}

export function Well({ name, inline = false, full = false }: { name: string; inline?: boolean; full?: boolean }) {
	const view = useView();
	const step = view.step(name);
	const at = view.place.value;
	const attempt = at.attempt;
	const root = useRef<HTMLElement>(null);
	const wide = useSignal(false);
	const doc = useStep(name, attempt);

	useWellKeys(root, name);
	if (!step)
		return (
			<section class="well" id="well"><p class="empty">This run has no agent “{name}”.</p></section>
		);
	const tab = at.well;
	return (
		<section class={`well${inline ? " is-inline" : ""}${full ? " is-full" : ""}`} id={full ? undefined : "well"}
			ref={root} aria-label={`${step.label}, details`}>
			<Head step={step} attempts={doc.data?.attempts ?? []} tab={tab} close={inline || full ? null : () => view.open(null)} />
			<nav class="well-tabs" aria-label={`Views of ${step.label}`}>
				{TABS.map(([t, label]) => (
					<button key={t} type="button" class="view-tab" aria-current={tab === t || (t === "stream" && tab === "raw") ? "page" : undefined}
						onClick={() => view.well(t)}>
						{label}
						{t === "evidence" && !!step.citations && <span class="tab-count">{step.citations}</span>}
					</button>
				))}
				<span class="grow" />
				{(tab === "stream" || tab === "raw") && (
					<button type="button" class="view-tab is-quiet" aria-pressed={tab === "raw"}
						onClick={() => view.well(tab === "raw" ? "stream" : "raw")}>Raw</button>
				)}
				{inline && <IconButton icon="external" label="Full screen" onClick={() => (wide.value = true)} />}
			</nav>
			{doc.error && tab !== "stream" && tab !== "raw" && <TroubleBox trouble={doc.error} retry={doc.reload} />}
			{tab === "stream" && <Stream key={`${name}/${attempt}`} step={step} attempt={attempt} />}
			{tab === "raw" && <Later key={`${name}/${attempt || step.epoch}`} load={parts.raw} props={{ step, attempt }} />}
			{(tab === "output" || tab === "prompt" || tab === "evidence") && (
				<Later key={tab} load={parts[tab]} props={{ step, doc: doc.data, of: sourceOf(view.doc) }} />
			)}
			{wide.value && (
				<Dialog title={step.label} class="is-sheet is-full" onClose={() => (wide.value = false)}>
					<Well name={name} full />
				</Dialog>
			)}
		</section>
	);
}

/* --- head ------------------------------------------------------------------------------------ */

function Head({ step, attempts, tab, close }: {
	step: Step; attempts: StepDocument["attempts"]; tab: Tab; close: (() => void) | null;
}) {
	const view = useView();
	const row = view.store.row(step);
	const beats = view.store.turn(step.step);
	const quiet = useComputed(() => {
		const m = view.store.state;

		return m ? silence(m, row.value, shownAt.value) : 0;
	});
	const facts = useComputed(() => {
		const s = row.value;

		return [
			s.status === "failed" ? failure(s.ending, s.reason)
				: s.status === "running" ? s.condition || "running" : s.status,
			s.tokens ? `${tokens(s.tokens)} tokens` : "",
			elapsed(s, s.status === "running" ? shownAt.value : 0),
		].filter(Boolean).join(DOT);
	});
	const who = [step.persona, step.agent, step.model].filter(Boolean).join(DOT);

	return (
		<header class="well-head">
			<HeadGlyph step={step} beats={beats} />
			<div class="well-title">
				<h3>{step.label} {who && <small>{who}</small>}</h3>
				<p class={`well-facts${step.status === "failed" ? " is-failed" : ""}`}>
					<span class="num">{facts}</span>
					{chips(step, quiet.value).filter((c) => !c.attempt).map((c) => <StepChip key={c.text} of={c} />)}
				</p>
			</div>
			<Attempts step={step} attempts={attempts} />
			<WellMenu step={step} tab={tab} />
			{close && <IconButton icon="close" label="Close" command="run.out" onClick={() => {
				close();
				requestAnimationFrame(() => focusRow(step.step));
			}} />}
		</header>
	);
}

function HeadGlyph({ step, beats }: { step: Step; beats: { value: number } }) {
	return <Glyph name={step.status} beats={step.status === "running" ? beats.value : 0} />;
}

/*
 * Each attempt is a stream of its own; the list says how the others ended. They are numbered as in the
 * log: by how often the step was begun (its epoch).
 */
function Attempts({ step, attempts }: { step: Step; attempts: StepDocument["attempts"] }) {
	const view = useView();
	const shown = view.place.value.attempt || step.epoch;
	const all = [...new Set([...attempts.map((a) => a.attempt), step.epoch])].filter((n) => n > 0).sort((a, b) => b - a);

	if (all.length < 2)
		return null;
	const items = all.map((n): Item => {
		const a = attempts.find((x) => x.attempt === n);
		const status = n === step.epoch ? step.status : a?.status;

		return {
			label: `Attempt ${n}`, detail: status === "failed" ? failure(a?.ending, a?.reason) : status, checked: n === shown,
			go: () => view.attempt(n === step.epoch ? 0 : n),
		};
	});

	return <Menu label={`attempt ${shown}`} name={`Attempt ${shown} of ${all[0]}`} items={items} kind="quiet" small />;
}

function WellMenu({ step, tab }: { step: Step; tab: Tab }) {
	const view = useView();
	const base = `${API}/runs/${view.store.id}/steps/${encodeURIComponent(step.step)}`;
	const items = (): Item[] => [
		{
			label: "Retry this step", icon: "repeat", go: () => void retryStep(view.store.id, step),
			disabled: isOver(view.doc.status) ? undefined : "Once the run is over",
		},
		{ label: "Copy link", icon: "link", command: "run.copy", go: () => void copy(linkTo({ agent: step.step })), rule: true },
		{ label: "Copy output", icon: "copy", go: () => void copyOutput(base) },
		{ label: tab === "raw" ? "Open stream" : "Open raw", icon: "runs", go: () => view.well(tab === "raw" ? "stream" : "raw") },
		...(tab === "stream" ? [{
			label: "Tool calls: all, failed, none", icon: "filter" as const, command: "well.tools",
			go: () => void document.querySelector(".well-scroll")?.dispatchEvent(new CustomEvent("well", { detail: "tools", cancelable: true })),
		}] : []),
		{ label: "Events of this agent", icon: "download", href: `${API}/runs/${view.store.id}/events?step=${encodeURIComponent(step.step)}`, rule: true },
		...(step.child ? [{ label: "Open the run it started", icon: "external" as const, href: `/runs/${step.child}` }] : []),
	];

	return <Menu label="" name="More" icon="more" caret={false} kind="quiet" small items={items} />;
}

async function copyOutput(base: string): Promise<void> {
	try {
		const r = await fetch(base, { headers: { Accept: "application/json" } });
		const doc = (await r.json()) as StepDocument;

		if (doc.output)
			await copy(doc.output);
		else
			toast("It passed nothing on.");
	} catch (e) {
		toastError(asTrouble(e));
	}
}

/* --- keys ------------------------------------------------------------------------------------ */

function useWellKeys(root: { current: HTMLElement | null }, name: string): void {
	const view = useView();

	useEffect(() => {
		const fire = (what: string): void | false => {
			const e = new CustomEvent("well", { detail: what, cancelable: true });

			return root.current?.querySelector(".well-scroll")?.dispatchEvent(e) === false ? undefined : false;
		};
		const within = (): Element | null => root.current;
		const stop = bindAll({
			"well.live": () => fire("live"), "well.start": () => fire("start"),
			"well.previous": () => fire("previous"), "well.next": () => fire("next"),
			"well.tools": () => fire("tools"), "well.wrap": () => fire("wrap"),
			"well.find": () => fire("find"),
		}, within);
		const escape = (e: KeyboardEvent): void => {
			if (e.key !== "Escape" || e.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open"))
				return;
			focusRow(name);
		};

		root.current?.addEventListener("keydown", escape);
		return () => {
			stop();
			root.current?.removeEventListener("keydown", escape);
		};
	}, [name, view]);
}

