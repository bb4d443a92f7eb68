/* The run's log: what changed its state, in order, each with an address. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { setHash } from "../app/router";
import { API } from "../wire/api";
import { LinkButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { target } from "./address";
import { useView } from "./context";
import { firstOpen } from "./follow";
import { Scroller } from "./scroller";
import { Json } from "./tools";
import type { LogEvent } from "./types";
import { clock, failure } from "./words";

const SHOWN = 1000;

function says(e: LogEvent): string {
	const d = e.data ?? {};

	switch (e.type) {
	case "started":
		return `${d.flow ?? "run"}${d.size ? `, ${d.size}` : ""}${Array.isArray(d.steps) ? `, ${d.steps.length} steps` : ""}`;
	case "run":
	case "step":
		return d.status === "failed" ? failure(d.ending, d.reason) : [d.status, d.attempt > 1 ? `attempt ${d.attempt}` : "", d.reason].filter(Boolean).join(", ");
	case "attempt":
		return [d.agent, d.model].filter(Boolean).join(", model ");
	case "notice":
		return String(d.text ?? "");
	case "answer":
		return `answered: ${d.choice ?? ""}`;
	default:
		return typeof d.text === "string" ? d.text : "";
	}
}

export function Log() {
	const view = useView();
	const box = useRef<HTMLDivElement>(null);
	const inside = useRef<HTMLOListElement>(null);
	const scroller = useRef(new Scroller());
	const open = useSignal<number>(target(location.hash)?.t === "event" ? (target(location.hash) as { seq: number }).seq : 0);
	const ready = useSignal(false);

	useEffect(() => {
		void view.store.older().catch(() => {}).finally(() => {
			ready.value = true;
			const at = open.value && box.current?.querySelector(`#e${open.value}`);

			if (at)
				requestAnimationFrame(() => at.scrollIntoView({ block: "center" }));
		});
		scroller.current.attach(box.current!, inside.current!, `tutti.log.${view.store.id}`,
			firstOpen(view.doc.status === "running", open.value > 0));
		return () => scroller.current.detach();
	}, []);
	const turn = view.store.logTurn.value;

	useEffect(() => scroller.current.happens({ t: "content", fresh: 0 }), [turn]);
	const all = view.store.log;
	const rows = all.slice(-SHOWN);

	return (
		<div class="log">
			<div class="tool-bar">
				<span>{all.length > rows.length ? `The newest ${SHOWN.toLocaleString("en")} of ` : ""}<span class="num">{all.length.toLocaleString("en")}</span> events that changed the run</span>
				<span class="grow" />
				<LinkButton small kind="quiet" icon="download" href={`${API}/runs/${view.store.id}/events?after=0`} download>All events</LinkButton>
			</div>
			<div class="log-scroll" ref={box} tabIndex={0} role="log" aria-live="off" aria-label="Log of the run">
				<ol class="log-rows" ref={inside}>
					{rows.map((e) => (
						<li key={e.seq} id={`e${e.seq}`} class={`log-row${open.value === e.seq ? " is-open" : ""}`}>
							<button type="button" class="log-line" aria-expanded={open.value === e.seq} onClick={() => {
								open.value = open.value === e.seq ? 0 : e.seq;
								setHash(open.value ? `e${e.seq}` : "");
							}}>
								<Icon name={open.value === e.seq ? "down" : "right"} size={12} />
								<span class="num log-seq">{e.seq}</span>
								<span class="num">{clock(e.at)}</span>
								<span class="log-step clip">{label(view.doc.steps, e.data?.step)}</span>
								<span class="log-type">{e.type}</span>
								<span class="clip">{says(e)}</span>
							</button>
							{open.value === e.seq && <Json value={e.data} />}
						</li>
					))}
				</ol>
				{ready.value && !rows.length && <p class="empty run-pad">Nothing yet.</p>}
			</div>
		</div>
	);
}

function label(steps: Array<{ step: string; label: string }>, name: unknown): string {
	return name ? (steps.find((s) => s.step === name)?.label ?? String(name)) : "";
}
