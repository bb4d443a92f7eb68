/* An attempt as lines: only pages in view exist, each of them one text, and the end grows in place. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { setHash } from "../app/router";
import { get } from "../wire/api";
import { Button } from "../ui/button";
import { lineHash, target } from "./address";
import { useView } from "./context";
import { FindBar, type Hit } from "./findbar";
import { follow, firstOpen, NEAR_END, type Follow, type FollowEvent } from "./follow";
import { growth, LINE, LINES, numbers, pageCount, pageOf, topOf, windowOf } from "./lines";
import type { Step } from "./types";

interface RawPage {
	total: number;
	from: number;
	lines: string[];
}

const KEPT = 120; /* pages in memory */
const LOOK = 400; /* ms between looks at the end of what is live */

/* What is shown of one page. */
interface Shown {
	el: HTMLElement;
	text: Text;
	numbers: Text;
	rows: number;
}

/* The view without a framework: it is asked for a page, and to look again. */
export class RawView {
	total = 0;
	onTotal: (n: number) => void = () => {};
	onFollow: (f: Follow) => void = () => {};

	private readonly known = new Map<number, string[]>();
	private readonly shown = new Map<number, Shown>();
	private readonly asked = new Set<number>();
	private state: Follow = { mode: "follow" };
	private frame = 0;
	private timer = 0;
	private busy = false;
	private ours = false;
	private pushed = 0; /* as in scroller.ts */
	private down = false;
	private top = 0;
	private over = false;
	private marks = new Map<number, Hit[]>();
	private current = -1;
	private range: { from: number; to: number } | null = null;
	private readonly stop = new AbortController();

	constructor(
		private readonly box: HTMLElement,
		private readonly inside: HTMLElement,
		private readonly url: string,
	) {
		const o = { passive: true, signal: this.stop.signal };

		box.addEventListener("scroll", () => this.scrolled(), o);
		box.addEventListener("wheel", (e) => this.acts({ t: "wheel", up: -e.deltaY, anchor: null }), o);
		box.addEventListener("keydown", (e) => this.acts({ t: "key", key: e.key, anchor: null }), o);
		box.addEventListener("pointerdown", (e) => {
			this.down = e.target === box && e.offsetX >= box.clientWidth;
			if (this.down)
				this.acts({ t: "scrollbar", anchor: null });
		}, o);
		box.addEventListener("pointerup", () => (this.down = false), o);
		let y = 0;

		box.addEventListener("touchstart", (e) => (y = e.touches[0]?.clientY ?? 0), o);
		box.addEventListener("touchmove", (e) => {
			this.acts({ t: "drag", down: (e.touches[0]?.clientY ?? 0) - y, anchor: null });
		}, o);
		new ResizeObserver(() => this.later()).observe(box);
	}

	async begin(first: Follow, line: number): Promise<void> {
		this.state = first;
		this.onFollow(first);
		await this.read(line ? pageOf(line) : 0);
		if (first.mode === "follow" || line > this.total) {
			await this.read(Math.max(0, pageCount(this.total) - 1));
			this.end();
		}
		if (line)
			this.go(line);
		this.later();
	}

	live(yes: boolean): void {
		clearInterval(this.timer);
		if (yes)
			this.timer = window.setInterval(() => void this.look(), LOOK);
		else
			void this.look();
	}

	close(): void {
		this.over = true;
		this.stop.abort();
		clearInterval(this.timer);
		cancelAnimationFrame(this.frame);
	}

	/* --- what the server has --------------------------------------------------------------- */

	private async read(page: number): Promise<void> {
		if (this.asked.has(page))
			return;
		this.asked.add(page);
		try {
			const r = await get<RawPage>(`${this.url}&from=${page * LINES + 1}&lines=${LINES}`, this.stop.signal);

			if (this.over)
				return;
			this.known.delete(page);
			this.known.set(page, r.lines);
			this.trim();
			this.count(r.total);
			this.later();
		} catch {
			/* shown as nothing; scrolling asks again */
		} finally {
			this.asked.delete(page);
		}
	}

	/* The end has grown: the last page that is known is read again, and what is behind it. */
	private async look(): Promise<void> {
		if (this.busy || document.visibilityState !== "visible")
			return;
		this.busy = true;
		const before = this.total;
		const last = Math.max(0, pageCount(before) - 1);

		await this.read(last);
		if (this.state.mode === "follow" && pageCount(this.total) - 1 > last)
			await this.read(pageCount(this.total) - 1);
		if (this.total !== before)
			this.apply({ t: "content", fresh: this.total - before });
		this.busy = false;
	}

	private trim(): void {
		for (const page of this.known.keys()) {
			if (this.known.size <= KEPT)
				return;
			if (!this.shown.has(page))
				this.known.delete(page);
		}
	}

	private count(total: number): void {
		if (total === this.total)
			return;
		this.total = total;
		this.inside.style.height = `${total * LINE}px`;
		this.inside.style.setProperty("--digits", String(Math.max(3, String(total).length)));
		this.onTotal(total);
	}

	/* --- what is in view ------------------------------------------------------------------- */

	private later(): void {
		if (!this.frame && !this.over)
			this.frame = requestAnimationFrame(() => {
				this.frame = 0;
				this.draw();
			});
	}

	private draw(): void {
		const w = windowOf(this.box.scrollTop, this.box.clientHeight, this.total);

		for (const [page, s] of this.shown)
			if (page < w.from || page >= w.to) {
				s.el.remove();
				this.shown.delete(page);
			}
		for (let p = w.from; p < w.to; p++) {
			const lines = this.known.get(p);

			if (!lines) {
				void this.read(p);
				continue;
			}
			if (lines.length < Math.min(LINES, this.total - p * LINES))
				void this.read(p);
			this.put(p, lines);
		}
		if (this.state.mode === "follow")
			this.end();
	}

	private put(page: number, lines: string[]): void {
		let s = this.shown.get(page);
		const text = lines.join("\n");

		if (!s) {
			s = this.make(page);
			this.shown.set(page, s);
		}
		if (s.text.data !== text) {
			const more = growth(s.text.data, text);

			if (more === null)
				s.text.data = text;
			else
				s.text.appendData(more);
			if (this.marks.size || this.range)
				this.repaint();
		}
		if (s.rows !== lines.length) {
			s.rows = lines.length;
			s.numbers.data = numbers(page, Math.min(this.total, page * LINES + lines.length));
		}
	}

	private make(page: number): Shown {
		const el = document.createElement("div"), gutter = document.createElement("div"), body = document.createElement("div");
		const s: Shown = { el, text: document.createTextNode(""), numbers: document.createTextNode(""), rows: 0 };

		el.className = "raw-page";
		gutter.className = "raw-numbers";
		body.className = "raw-text";
		el.style.top = `${page * LINES * LINE}px`;
		el.dataset.page = String(page);
		gutter.append(s.numbers);
		body.append(s.text);
		el.append(gutter, body);
		this.inside.append(el);
		return s;
	}

	/* --- marks: hits of a search, lines of an address -------------------------------------------- */

	private repaint(): void {
		if (!("highlights" in CSS))
			return;
		const found = new Highlight(), current = new Highlight(), lines = new Highlight();

		for (const [page, hits] of this.marks) {
			const s = this.shown.get(page), text = this.known.get(page);

			for (const h of s && text ? hits : [])
				this.mark(s!.text, text!, page, h, h.index === this.current ? current : found);
		}
		if (this.range)
			for (const [page, s] of this.shown) {
				const from = Math.max(this.range.from, page * LINES + 1), to = Math.min(this.range.to, (page + 1) * LINES);
				const text = this.known.get(page);

				if (text && from <= to) {
					const r = new Range(), a = offset(text, from - page * LINES - 1), b = offset(text, to - page * LINES) - 1;

					r.setStart(s.text, Math.min(a, s.text.length));
					r.setEnd(s.text, Math.min(Math.max(a, b), s.text.length));
					lines.add(r);
				}
			}
		CSS.highlights.set("raw-found", found);
		CSS.highlights.set("raw-current", current);
		CSS.highlights.set("raw-lines", lines);
	}

	private mark(node: Text, lines: string[], page: number, h: Hit, into: Highlight): void {
		const at = offset(lines, h.line - page * LINES - 1) + h.col;
		const r = new Range();

		if (at + h.len > node.length)
			return;
		r.setStart(node, at);
		r.setEnd(node, at + h.len);
		into.add(r);
	}

	hits(all: Hit[]): void {
		this.marks = new Map();
		for (const h of all) {
			const page = pageOf(h.line), had = this.marks.get(page);

			if (had)
				had.push(h);
			else
				this.marks.set(page, [h]);
		}
		this.later();
		requestAnimationFrame(() => this.repaint());
	}

	async show(h: Hit): Promise<void> {
		this.acts({ t: "find", anchor: null });
		this.current = h.index;
		this.go(h.line);
		await this.read(pageOf(h.line));
		this.draw();
		this.repaint();
	}

	select(from: number, to: number): void {
		this.range = { from, to };
		this.repaint();
	}

	/* --- following ------------------------------------------------------------------------------- */

	go(line: number): void {
		this.acts({ t: "permalink", anchor: null });
		this.set(Math.max(0, topOf(line) - this.box.clientHeight / 3));
		this.later();
	}

	acts(e: FollowEvent): void {
		if (e.t === "wheel" || e.t === "drag" || e.t === "key" || e.t === "scrollbar")
			this.pushed = performance.now();
		this.apply(e);
	}

	private apply(e: FollowEvent): void {
		const { state, effect } = follow(this.state, e);

		if (state !== this.state) {
			this.state = state;
			this.onFollow(state);
		}
		if (effect === "end")
			this.end();
	}

	private end(): void {
		this.set(this.box.scrollHeight);
	}

	private set(top: number): void {
		const before = this.box.scrollTop;

		this.box.scrollTop = top;
		this.ours = this.ours || this.box.scrollTop !== before;
	}

	private scrolled(): void {
		const top = this.box.scrollTop, down = top > this.top;

		this.top = top;
		this.later();
		if (this.ours || (!this.down && performance.now() - this.pushed > 1500)) {
			this.ours = false;
			return;
		}
		const toEnd = this.box.scrollHeight - top - this.box.clientHeight;

		this.apply({ t: "scrolled", toEnd: down ? toEnd : Math.max(toEnd, NEAR_END + 1), anchor: null });
	}

	/* The line that a click into the numbers means. */
	lineAt(e: MouseEvent): number {
		const top = this.inside.getBoundingClientRect().top;

		return Math.max(1, Math.min(this.total, Math.floor((e.clientY - top) / LINE) + 1));
	}
}

function offset(lines: string[], n: number): number {
	let at = 0;

	for (let i = 0; i < n && i < lines.length; i++)
		at += lines[i]!.length + 1;
	return at;
}

export function Raw({ step, attempt }: { step: Step; attempt: number }) {
	const view = useView();
	const box = useRef<HTMLDivElement>(null);
	const inside = useRef<HTMLDivElement>(null);
	const raw = useRef<RawView | null>(null);
	const total = useSignal(-1);
	const state = useSignal<Follow>({ mode: "follow" });
	const finding = useSignal(0);
	const anchor = useRef(0);
	const live = step.status === "running" && (!attempt || attempt === step.epoch);
	const url = useMemo(() => `/runs/${view.store.id}/steps/${encodeURIComponent(step.step)}/raw?attempt=${attempt || step.epoch}`, []);

	useEffect(() => {
		const v = new RawView(box.current!, inside.current!, url);
		const link = target(location.hash);
		const lines = link?.t === "lines" ? link : null;

		raw.current = v;
		v.onTotal = (n) => (total.value = n);
		v.onFollow = (f) => (state.value = f);
		void v.begin(firstOpen(live, !!lines), lines?.from ?? 0).then(() => {
			if (total.value < 0)
				total.value = v.total;
			if (lines)
				v.select(lines.from, lines.to);
		});
		return () => v.close();
	}, []);
	useEffect(() => raw.current?.live(live && !view.store.paused.value), [live, view.store.paused.value]);
	useEffect(() => {
		const el = box.current!;
		const on = (e: Event): void => {
			const what = (e as CustomEvent<string>).detail;

			if (what === "live")
				raw.current?.acts({ t: "live" });
			else if (what === "start")
				raw.current?.go(1);
			else if (what === "wrap")
				el.classList.toggle("is-wrapped");
			else if (what === "find" && !(finding.value && document.activeElement?.closest(".find")))
				finding.value++;
			else
				return;
			e.preventDefault();
		};

		el.addEventListener("well", on);
		return () => el.removeEventListener("well", on);
	}, []);
	const pick = (e: MouseEvent): void => {
		if (!(e.target as Element).closest(".raw-numbers") || !raw.current)
			return;
		const n = raw.current.lineAt(e);
		const from = e.shiftKey && anchor.current ? Math.min(anchor.current, n) : n;
		const to = e.shiftKey && anchor.current ? Math.max(anchor.current, n) : n;

		if (!e.shiftKey)
			anchor.current = n;
		setHash(lineHash(from, to).slice(1));
		raw.current.select(from, to);
	};
	const s = state.value;

	return (
		<div class="stream is-raw">
			{finding.value > 0 && <FindBar turn={finding} step={step} attempt={attempt || step.epoch} box={box} raw={raw.current} />}
			<div class="well-scroll raw" ref={box} tabIndex={0} role="log" aria-live="off" aria-label={`${step.label}, as lines`} onClick={pick}>
				{total.value === 0 && <p class="empty">No text yet.</p>}
				<div class="raw-inside" ref={inside} />
			</div>
			<footer class="well-foot">
				<span class="num">{total.value > 0 ? `${total.value.toLocaleString("en")} lines` : ""}</span>
				<span class="grow" />
				{s.mode === "detached" && live && (
					<Button small class="to-live" onClick={() => raw.current?.acts({ t: "live" })}>
						Jump to live ↓{s.fresh > 0 ? <span class="num"> {s.fresh.toLocaleString("en")} new</span> : null}
					</Button>
				)}
			</footer>
		</div>
	);
}
