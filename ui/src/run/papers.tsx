/* What an agent passed on, what it was told, what it cited: texts that do not move. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button";
import { FilterChip } from "../ui/chip";
import { serverHtml } from "../ui/html";
import { copy } from "../ui/toast";
import type { StepDocument } from "../wire/types";
import { CiteList, type Source } from "./cites";
import { useCites } from "./usecites";
import type { Cite, Step } from "./types";
import { ordered, ORDERS, orders, type Order } from "./evidence";
import { isOver, place } from "./words";

export function Output({ step, doc }: { step: Step; doc: StepDocument | null }) {
	const root = useCites();

	if (!doc)
		return <p class="empty">Reading…</p>;
	if (!doc.output && !doc.output_html)
		return (
			<p class="empty">
				{isOver(step.status) ? "It passed nothing on." : "Its output is passed on when it ends."}
			</p>
		);
	return (
		<div class="paper" tabIndex={0}>
			<div class="paper-bar">
				<span>Exactly this was handed on.</span>
				<Button small kind="quiet" icon="copy" onClick={() => void copy(doc.output ?? "")}>Copy</Button>
			</div>
			{doc.output_html
				? <div class="prose" ref={root} dangerouslySetInnerHTML={serverHtml(doc.output_html)} />
				: <pre class="plain-text">{doc.output}</pre>}
		</div>
	);
}

interface PromptPart {
	name: string;
	text: string;
}

/* One text, or several with names. */
function promptParts(p: unknown): PromptPart[] {
	if (!p)
		return [];
	if (typeof p === "string")
		return [{ name: "", text: p }];
	if (Array.isArray(p))
		return p.map((x, i) => ({
			name: String(x?.role ?? x?.name ?? i + 1),
			text: typeof x === "string" ? x : String(x?.text ?? x?.content ?? JSON.stringify(x, null, 2)),
		}));
	return Object.entries(p as Record<string, unknown>).map(([name, v]) => ({
		name, text: typeof v === "string" ? v : JSON.stringify(v, null, 2),
	}));
}

export function Prompt({ step, doc }: { step: Step; doc: StepDocument | null }) {
	const parts = promptParts(doc?.prompt);

	if (!doc)
		return <p class="empty">Reading…</p>;
	if (!parts.length)
		return <p class="empty">{step.status === "pending" ? "It has not been asked yet." : "No prompt is stored."}</p>;
	return (
		<div class="paper" tabIndex={0}>
			<div class="paper-bar">
				<span>{[step.persona, step.agent, step.model].filter(Boolean).join(" \u00b7 ")}</span>
				<Button small kind="quiet" icon="copy"
					onClick={() => void copy(parts.map((p) => p.text).join("\n\n"))}>Copy</Button>
			</div>
			{parts.map((p) => (
				<section key={p.name}>
					{p.name && <h4 class="part-name">{p.name}</h4>}
					<pre class="plain-text">{p.text}</pre>
				</section>
			))}
		</div>
	);
}

export function Evidence({ step, doc, of }: { step: Step; doc: StepDocument | null; of: Source }) {
	const cites = (doc?.evidence ?? []) as Cite[];
	const by = useSignal<Order>("id");

	if (!doc)
		return <p class="empty">Reading…</p>;
	if (!cites.length)
		return (
			<p class="empty">
				{isOver(step.status) ? "It cited nothing." : "Citations are checked when it ends."}
			</p>
		);
	const rows = cites.map((c, i) => ({
		i, id: c.id ?? `E${i + 1}`, place: place(c), state: c.state.replace(/_/g, " "), trust: c.class ?? "",
		verdict: c.verdict && c.verdict !== "none" ? c.verdict : "", uses: c.used_by?.length ?? 0,
	}));
	const which = orders(rows);

	return (
		<div class="paper" tabIndex={0}>
			{which.length > 1 && (
				<div class="paper-bar is-order" role="group" aria-label="Order of the evidence">
					{ORDERS.filter(([o]) => which.includes(o)).map(([o, label]) => (
						<FilterChip key={o} on={by.value === o} onClick={() => (by.value = o)}>{label}</FilterChip>
					))}
				</div>
			)}
			<CiteList cites={cites} of={of} order={ordered(rows, by.value).map((r) => r.i)} />
		</div>
	);
}
