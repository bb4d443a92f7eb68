/* What needs what. The layout is made once for a plan; states only restyle it. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Button, IconButton } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { useView } from "./context";
import { away, oldAt } from "../app/away";
import { DRAWN, layout, NODE_H, NODE_W, walk, type Graph, type Node } from "./graph";
import { activity, groupOf } from "./roster";
import type { Status, Step } from "./types";
import { clock, isOver } from "./words";

const MOST = 2, LEAST = 0.3, READABLE = 0.6, PAD = 24;
const NARROW = 0.85; /* on a phone it is moved about rather than made small */

/* The state of a stack: what is worst or most alive in it. */
function statusOf(steps: Step[]): Status {
	for (const s of ["failed", "running", "cancelled", "pending"] as const)
		if (steps.some((x) => x.status === s))
			return s;
	return steps.every((x) => x.status === "skipped") ? "skipped" : "completed";
}

export function GraphView() {
	const view = useView();
	const doc = view.doc;
	const opened = useSignal<ReadonlySet<string>>(new Set());
	const plan = doc.steps.map((s) => `${s.step}<${s.needs.join()}`).join(";");
	const g = useMemo(() => drawn(doc.steps, opened.value), [plan, opened.value]);
	const stale = away.value && !isOver(doc.status);

	return (
		<div class="graph">
			{g ? <Drawing g={g} opened={opened} stale={stale} /> : (
				<div class="tool-bar">
					<span>Too many steps for a drawing. What needs what, as a list:</span>
					{opened.value.size > 0 && <Button small kind="quiet" onClick={() => (opened.value = new Set())}>Back to the drawing</Button>}
				</div>
			)}
			<EdgeList steps={doc.steps} all={!g} />
		</div>
	);
}

/* Nothing, where a drawing would say less than a list. */
function drawn(steps: Step[], opened: ReadonlySet<string>): Graph | null {
	try {
		const g = layout(steps, opened);

		return g.nodes.length > DRAWN ? null : g;
	} catch {
		return null;
	}
}

function EdgeList({ steps, all }: { steps: Step[]; all: boolean }) {
	const by = new Map(steps.map((s) => [s.step, s]));

	return (
		<details class={`edges${all ? " is-all" : ""}`} open={all}>
			<summary>As a list</summary>
			<ul>
				{steps.map((s) => (
					<li key={s.step}>
						{s.label} ({groupOf(s)}, {s.status}){s.needs.length ? ` needs ${s.needs.map((n) => by.get(n)?.label ?? n).join(", ")}` : " needs nothing"}
					</li>
				))}
			</ul>
		</details>
	);
}

function Drawing({ g, opened, stale }: { g: Graph; opened: { value: ReadonlySet<string> }; stale: boolean }) {
	const view = useView();
	const doc = view.doc;
	const zoom = useSignal(1);
	const at = useSignal<string | null>(null);
	const box = useRef<HTMLDivElement>(null);
	const by = new Map(doc.steps.map((s) => [s.step, s]));

	const fit = (): void => {
		const el = box.current;

		if (el)
			zoom.value = Math.min(1, Math.max(el.clientWidth < 600 ? NARROW : READABLE, Math.min((el.clientWidth - 2 * PAD) / g.width, (el.clientHeight - 2 * PAD) / g.height)));
	};

	useEffect(fit, [g]);
	useEffect(() => {
		const el = box.current!;
		const wheel = (e: WheelEvent): void => {
			if (!e.ctrlKey)
				return;
			e.preventDefault();
			zoom.value = Math.min(MOST, Math.max(LEAST, zoom.value * (e.deltaY < 0 ? 1.1 : 0.9)));
		};

		el.addEventListener("wheel", wheel, { passive: false });
		return () => el.removeEventListener("wheel", wheel);
	}, []);
	const open = (n: Node): void => {
		if (n.steps.length > 1)
			opened.value = new Set([...opened.value, n.id]);
		else
			view.open(n.steps[0]!, true);
	};
	const key = (e: KeyboardEvent): void => {
		if (!e.key.startsWith("Arrow"))
			return;
		const to = walk(g, at.value ?? g.nodes[0]?.id ?? "", e.key);

		e.preventDefault();
		e.stopPropagation();
		if (to)
			box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(to)}"]`)?.focus();
	};
	const steps = (n: Node): Step[] => n.steps.map((s) => by.get(s)!).filter(Boolean);
	const taken = (id: string): boolean => {
		const n = g.nodes.find((x) => x.id === id);

		return !!n && steps(n).every((s) => isOver(s.status)) && statusOf(steps(n)) === "completed";
	};

	return (
		<>
			<div class="tool-bar">
				{stale && <span class="graph-stale num"><i class="key is-stale" aria-hidden="true" />as of {clock(oldAt.value)}</span>}
				<span class="grow" />
				<Button small kind="quiet" onClick={fit}>Fit</Button>
				<IconButton icon="minus" label="Zoom out" onClick={() => (zoom.value = Math.max(LEAST, zoom.value / 1.25))} />
				<IconButton icon="plus" label="Zoom in" onClick={() => (zoom.value = Math.min(MOST, zoom.value * 1.25))} />
				<Button small kind="quiet" onClick={() => { opened.value = new Set(); zoom.value = 1; }}>Reset</Button>
			</div>
			<div class="graph-box" ref={box} onKeyDown={key}>
				<div class="graph-size" style={{ width: `${g.width * zoom.value + 2 * PAD}px`, height: `${g.height * zoom.value + 2 * PAD}px` }}>
					<div class="graph-inside" style={{ width: `${g.width}px`, height: `${g.height}px`, transform: `translate(${PAD}px, ${PAD}px) scale(${zoom.value})` }}>
						<svg width={g.width} height={g.height} aria-hidden="true">
							{g.edges.map((e) => <path key={e.from + e.to} d={e.path} class={taken(e.from) ? "is-taken" : ""} />)}
						</svg>
						{g.nodes.map((n) => {
							const list = steps(n), status = statusOf(list);
							const words = list.length > 1
								? `${list.filter((s) => isOver(s.status)).length} of ${list.length} finished`
								: list[0] ? activity(list[0], doc).text || status : status;

							return (
								<button key={n.id} type="button" class={`node is-${status}${list.length > 1 ? " is-stack" : ""}`} data-node={n.id}
									tabIndex={(at.value ?? g.nodes[0]?.id) === n.id ? 0 : -1} onFocus={() => (at.value = n.id)}
									style={{ left: `${n.x}px`, top: `${n.y}px`, width: `${NODE_W}px`, height: `${NODE_H}px` }} onClick={() => open(n)}>
									<Glyph name={status} />
									<span><b class="clip">{n.label}</b><small class="clip">{words}</small></span>
								</button>
							);
						})}
					</div>
				</div>
			</div>
		</>
	);
}
