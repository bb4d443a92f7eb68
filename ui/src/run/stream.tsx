/* A conversation: closed blocks as the server rendered them, and the open end as plain text. */
import { signal, useComputed, useSignal, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { oldAt } from "../app/away";
import { now } from "../app/clock";
import { Later } from "../app/later";
import { announce } from "../ui/announce";
import { Button } from "../ui/button";
import { serverHtml } from "../ui/html";
import { Icon } from "../ui/icon";
import { useComputedOnce } from "./hooks";
import { isOfInterest, items, keeps, runTitle, type Item, type ToolFilter } from "./blocks";
import { attachCites, sourceOf } from "./cites";
import { useView } from "./context";
import { firstOpen } from "./follow";
import { target } from "./address";
import { Scroller } from "./scroller";
import type { Conversation, TailSink } from "./talk";
import { Fold, Json, Tool } from "./tools";
import { isRestarted } from "./roster";
import type { Block, MessageBlock, RunDoc, Step } from "./types";
import { brief, clock, failure, isOver, plural, span, time } from "./words";

const findBar = () => import("./findbar").then((m) => m.FindBar);

/* Blocks that were opened or closed by hand, in this visit. */
export class Folds {
	private readonly by = new Map<string, Signal<boolean>>();

	of(key: string, first: boolean): Signal<boolean> {
		let s = this.by.get(key);

		if (!s)
			this.by.set(key, (s = signal(first)));
		return s;
	}
}

interface Ways {
	folds: Folds;
	tools: Signal<ToolFilter>;
	scroller: Scroller;
}

export function Stream({ step, attempt }: { step: Step; attempt: number }) {
	const view = useView();
	const talk = useMemo(() => view.store.talk(step.step, attempt), []);
	const ways = useMemo<Ways>(() => ({ folds: new Folds(), tools: signal<ToolFilter>("all"), scroller: new Scroller() }), []);
	const finding = useSignal(0);
	const box = useRef<HTMLDivElement>(null);
	const inside = useRef<HTMLDivElement>(null);
	const tail = useRef<HTMLDivElement>(null);

	useEffect(() => () => view.store.drop(talk), []);
	useEffect(() => {
		const link = target(location.hash), live = step.status === "running";

		ways.scroller.attach(box.current!, inside.current!,
			`tutti.place.${view.store.id}.${step.step}.${attempt || step.epoch}`,
			firstOpen(live, link?.t === "event"));
		talk.sink = new TailView(tail.current!, ways.scroller);
		talk.sink.tail(talk.tail);
		const stopCites = attachCites(inside.current!, sourceOf(view.doc));

		return () => {
			stopCites();
			ways.scroller.detach();
		};
	}, []);
	useEvents(box, talk, ways, finding);
	usePermalink(box, talk, ways.scroller);
	const state = ways.scroller.state.value;
	const away = state.mode === "detached";

	return (
		<div class="stream">
			{finding.value > 0 && (
				<Later load={findBar} props={{ turn: finding, step, attempt: talk.attempt.value || step.epoch, box, scroller: ways.scroller }} />
			)}
			<div class="well-scroll" ref={box} tabIndex={0} role="log" aria-live="off" aria-label={`What ${step.label} does`}>
				<div ref={inside} class="blocks">
					<Older talk={talk} scroller={ways.scroller} box={box} />
					{!talk.older.value && talk.attempt.value > 1 && <p class="rule">{attemptBegins(step, talk.attempt.value)}</p>}
					{talk.pages.value.map((p, i, all) => <Page key={`${talk.attempt.value}.${p}`} n={p} last={i === all.length - 1} talk={talk} ways={ways} />)}
					<div class="tail" ref={tail} />
					{step.status === "cancelled" && <p class="rule">{cancelled(step, view.doc)}</p>}
					<Empty step={step} talk={talk} />
				</div>
			</div>
			<Foot step={step} talk={talk} away={away} fresh={away ? state.fresh : 0} scroller={ways.scroller} />
		</div>
	);
}

function attemptBegins(step: Step, n: number): string {
	return `${n === step.epoch && isRestarted(step) ? "Resumed; attempt" : "Attempt"} ${n} begins`;
}

/* "Cancelled by you 18:07:40": the run says who, its steps only that they stopped with it. */
function cancelled(step: Step, doc: RunDoc): string {
	const why = doc.status === "cancelled" ? doc.reason : step.reason;
	const said = why && /^cancelled/i.test(why) ? why.charAt(0).toUpperCase() + why.slice(1) : `Cancelled${why ? `, ${why}` : ""}`;

	return `${said} ${clock(step.ended)}`;
}

/* --- the open end ------------------------------------------------------------------------------ */

const CHUNK = 4096; /* characters after which the next line begins another element */

/* Text nodes that are only ever appended to; the last one alone is laid out again. */
class TailView implements TailSink {
	private shown = "";
	private node: Text | null = null;
	private size = 0;

	constructor(
		private readonly box: HTMLElement,
		private readonly scroller: Scroller,
	) {}

	tail(all: string): void {
		const text = all.replace(/^\n+/, "");

		if (!text.startsWith(this.shown) || (this.shown && !text)) {
			this.box.textContent = "";
			this.node = null;
			this.shown = "";
		}
		this.append(text.slice(this.shown.length));
		this.shown = text;
	}

	private append(more: string): void {
		while (more) {
			if (!this.node) {
				const div = document.createElement("div");

				div.className = "chunk";
				this.node = document.createTextNode("");
				this.size = 0;
				div.append(this.node);
				this.box.append(div);
			}
			const nl = this.size + more.length > CHUNK ? more.indexOf("\n", Math.max(0, CHUNK - this.size)) : -1;
			const piece = nl < 0 ? more : more.slice(0, nl);

			this.node.appendData(piece);
			this.size += piece.length;
			more = nl < 0 ? "" : more.slice(nl + 1);
			if (nl >= 0)
				this.node = null;
		}
	}

	grew(fresh: number): void {
		this.scroller.happens({ t: "content", fresh });
	}
}

/* --- blocks ------------------------------------------------------------------------------------ */

function Older({ talk, scroller, box }: { talk: Conversation; scroller: Scroller; box: { current: HTMLElement | null } }) {
	if (!talk.older.value)
		return null;
	const more = async (): Promise<void> => {
		scroller.acts({ t: "open", anchor: null });
		const el = box.current!, height = el.scrollHeight, top = el.scrollTop;

		await talk.more();
		requestAnimationFrame(() => (el.scrollTop = top + el.scrollHeight - height));
	};

	return (
		<div class="older">
			<Button small kind="quiet" disabled={talk.busy.value} onClick={() => void more()}>
				{talk.busy.value ? "Loading\u2026" : "Load earlier"}
			</Button>
		</div>
	);
}

function Page({ n, last, talk, ways }: { n: number; last: boolean; talk: Conversation; ways: Ways }) {
	const turn = talk.turn(n);
	const list = useComputed(() => {
		void turn.value;
		return items(talk.blocksOf(n).filter((b) => keeps(b, ways.tools.value)));
	});

	return (
		<div class={last ? "block-page is-last" : "block-page"}>
			{list.value.map((i) => <ItemView key={i.key} item={i} ways={ways} />)}
		</div>
	);
}

/* Nothing of an item changes but its block, which is another object then. */
function ItemView({ item, ways }: { item: Item; ways: Ways }) {
	const open = ways.folds.of(item.key, item.t === "block" && startsOpen(item.block));
	const flip = (): void => {
		if (!open.value)
			ways.scroller.acts({ t: "open", anchor: null });
		open.value = !open.value;
	};
	const block = item.t === "block" ? item.block : item.blocks;

	return useComputedOnce([block, open.value, item.t === "run" ? item.blocks.length : 0], () => (
		<div class={`block is-${item.t === "run" ? "run" : item.block.type}`} data-key={item.key}
			data-seq={item.t === "block" ? item.block.seq : item.blocks[0]!.seq}>
			{item.t === "run"
				? <Run item={item} open={open.value} flip={flip} ways={ways} />
				: <BlockView block={item.block} open={open.value} flip={flip} />}
		</div>
	));
}

function startsOpen(b: Block): boolean {
	return b.type === "notice" || (b.type === "tool" && (b.state === "failed" || b.state === "denied"));
}

function Run({ item, open, flip, ways }: { item: Extract<Item, { t: "run" }>; open: boolean; flip: () => void; ways: Ways }) {
	const ms = item.blocks.reduce((n, b) => n + (b.ms ?? 0), 0);

	return (
		<Fold label={<b>{runTitle(item.kind, item.blocks)}</b>} side={ms ? brief(ms) : ""} open={open} flip={flip}>
			{item.blocks.map((b) => <RunTool key={b.n} block={b} ways={ways} />)}
		</Fold>
	);
}

function RunTool({ block, ways }: { block: Extract<Block, { type: "tool" }>; ways: Ways }) {
	const open = ways.folds.of(`t${block.n}`, false);

	return <Tool block={block} open={open.value} flip={() => (open.value = !open.value)} />;
}

function BlockView({ block: b, open, flip }: { block: Block; open: boolean; flip: () => void }) {
	switch (b.type) {
	case "message":
		return <Message block={b} />;
	case "thinking":
		return (
			<Fold label={<span class="muted">Thinking</span>} side={b.ms ? brief(b.ms) : ""} open={open} flip={flip}>
				<p class="thinking">{b.text}</p>
			</Fold>
		);
	case "tool":
		return <Tool block={b} open={open} flip={flip} />;
	case "notice":
		return <Notice level={b.level} text={b.text} />;
	default:
		return (
			<Fold label={<span class="muted">event <code>{b.name ?? (b as { type: string }).type}</code></span>} open={open} flip={flip}>
				<Json value={b.data ?? b} />
			</Fold>
		);
	}
}

function Message({ block: b }: { block: MessageBlock }) {
	return <div class="prose" dangerouslySetInnerHTML={serverHtml(b.html)} />;
}

function Notice({ level, text }: { level: string; text: string }) {
	const rule = level === "rule";

	return (
		<div class={`notice is-${level || "info"}`}>
			{rule ? <span>{text}</span> : <><Icon name="flag" size={12} /><p>{text}</p></>}
		</div>
	);
}

/* --- around ------------------------------------------------------------------------------------ */

function Empty({ step, talk }: { step: Step; talk: Conversation }) {
	const since = useComputed(() => (step.started ? span(now.value - time(step.started)) : ""));

	if (talk.pages.value.length || talk.tail)
		return null;
	if (step.child)
		return <p class="empty">This step is a run of its own. <a href={`/runs/${step.child}`}>Open {step.child}</a></p>;
	if (step.kind !== "agent" && isOver(step.status))
		return <p class="empty">{step.reason || `A step of the flow itself: ${step.status}, and no agent took part.`}</p>;
	if (step.status === "pending")
		return <p class="empty">It has not begun. {step.condition ?? ""}</p>;
	if (talk.loading.value)
		return <p class="empty is-late">Reading what it did…</p>;
	if (step.status === "running")
		return <p class="empty">No output yet. Waiting for the first token, <span class="num">{since}</span>.</p>;
	if (step.status === "skipped")
		return <p class="empty">It was skipped{step.reason ? `: ${step.reason}` : "."}</p>;
	return <p class="empty">{step.status === "failed" ? failure(step.ending, step.reason) : "It said nothing."}</p>;
}

function Foot({ step, talk, away, fresh, scroller }: {
	step: Step; talk: Conversation; away: boolean; fresh: number; scroller: Scroller;
}) {
	const view = useView();
	const live = step.status === "running" && (!talk.attempt.value || talk.attempt.value === step.epoch);
	const store = view.store, paused = store.paused.value;
	const ended = isOver(step.status)
		? `${step.status === "cancelled" ? "Cancelled" : "Ended"} ${clock(step.ended)}` : "";

	const back = store.caughtUp.value;
	const caughtUp = useComputed(() => !!store.caughtUp.value && now.value - store.caughtUp.value.at < 12_000);

	return (
		<footer class="well-foot">
			{live && oldAt.value > 0 ? <span class="num">Paused at {clock(oldAt.value)} — catching up</span>
				: live && back && caughtUp.value ? <span class="num">Caught up (+{back.n.toLocaleString("en")})</span>
				: paused && live ? <span>Paused</span> : live && !away
				? <span class="following"><i aria-hidden="true" />Following</span> : <span>{ended}</span>}
			<span class="grow" />
			{live && <Button small kind="quiet" onClick={() => announce(speak(talk))}>Read new output</Button>}
			{away && live && (
				<Button small class="to-live" onClick={() => scroller.live()} command="well.live">
					Jump to live ↓{fresh ? <span class="num"> {plural(fresh, "new", "new")}</span> : null}
				</Button>
			)}
		</footer>
	);
}

/* The last thing that was said, for those who listen and ask for it. */
function speak(talk: Conversation): string {
	const b = talk.last;

	if (talk.tail)
		return talk.tail.slice(-600);
	if (!b)
		return "Nothing yet.";
	if (b.type === "message") {
		const div = document.createElement("template");

		div.innerHTML = serverHtml(b.html).__html as string;
		return (div.content.textContent ?? "").slice(-600);
	}
	return b.type === "tool" ? `${b.verb} ${b.subject}: ${b.summary ?? b.state}` : "text" in b ? b.text : b.type;
}

/* --- keys and links ---------------------------------------------------------------------------- */

function useEvents(box: { current: HTMLElement | null }, talk: Conversation, ways: Ways, finding: Signal<number>): void {
	useEffect(() => {
		const el = box.current!;
		const on = (e: Event): void => {
			switch ((e as CustomEvent<string>).detail) {
			case "live":
				ways.scroller.live();
				break;
			case "start":
				ways.scroller.start();
				break;
			case "next":
			case "previous":
				jump(el, talk, ways.scroller, (e as CustomEvent<string>).detail === "next" ? 1 : -1);
				break;
			case "tools":
				ways.tools.value = ways.tools.value === "all" ? "failed" : ways.tools.value === "failed" ? "none" : "all";
				announce(`Tool calls: ${ways.tools.value}`);
				break;
			case "wrap":
				el.classList.toggle("is-unwrapped");
				break;
			case "find":
				if (finding.value && document.activeElement?.closest(".find"))
					return; /* the second time it is the browser's */
				finding.value++;
				break;
			default:
				return;
			}
			e.preventDefault();
		};

		el.addEventListener("well", on);
		return () => el.removeEventListener("well", on);
	}, []);
}

function jump(el: HTMLElement, talk: Conversation, scroller: Scroller, by: number): void {
	const top = el.getBoundingClientRect().top + 8;
	const wanted = new Set(talk.pages.value.flatMap((p) => talk.blocksOf(p)).filter(isOfInterest).map((b) => `b${b.n}`));
	const all = [...el.querySelectorAll<HTMLElement>("[data-key]")].filter((b) => wanted.has(b.dataset.key!));
	const to = by > 0
		? all.find((b) => b.getBoundingClientRect().top > top + 4)
		: all.reverse().find((b) => b.getBoundingClientRect().top < top - 12);

	if (to)
		scroller.show(to, "open");
}

function usePermalink(box: { current: HTMLElement | null }, talk: Conversation, scroller: Scroller): void {
	const done = useRef(false);
	const pages = talk.pages.value;

	useEffect(() => {
		const link = target(location.hash);

		if (done.current || link?.t !== "event" || !pages.length)
			return;
		const all = [...(box.current?.querySelectorAll<HTMLElement>("[data-seq]") ?? [])];
		const at = all.reverse().find((b) => Number(b.dataset.seq) <= link.seq);

		if (!at)
			return;
		done.current = true;
		scroller.show(at, "permalink");
		at.classList.add("is-target");
	}, [pages]);
}

