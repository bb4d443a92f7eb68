/* The follow machine on an element that scrolls: what readers do comes in, positions go out. */
import { signal } from "@preact/signals";
import { follow, loadFollow, NEAR_END, saveFollow, type Anchor, type Follow, type FollowEvent } from "./follow";

const KEYS = new Set(["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", "G", " "]);

const MOVING = 250; /* ms that a scroll may go on after its last event */
const SAVE = 300; /* ms after which a place is kept: a tab may end without a word */

/* The first of ALL, which stand below one another, that reaches below TOP; else the last. */
function firstBelow(all: NodeListOf<HTMLElement>, top: number): HTMLElement | null {
	let lo = 0, hi = all.length - 1;

	while (lo < hi) {
		const mid = (lo + hi) >> 1;

		if (all[mid]!.getBoundingClientRect().bottom > top)
			hi = mid;
		else
			lo = mid + 1;
	}
	return all[lo] ?? null;
}

export class Scroller {
	readonly state = signal<Follow>({ mode: "follow" });

	private el: HTMLElement | null = null;
	private ours = false; /* the next scroll event is of our doing */
	private went = 0; /* where that takes us */
	private pushed = -Infinity; /* when the reader last did something that scrolls */
	private top = 0; /* at the last event */
	private scrolledAt = -Infinity;
	private touchY = 0;
	private down = false;
	private seen: ResizeObserver | null = null;
	private key = "";
	private saving = 0;
	private ends: Array<() => void> = [];

	/* EL scrolls CONTENT, in which [data-key] are the items; KEY is where the place is kept. */
	attach(el: HTMLElement, content: HTMLElement, key: string, first: Follow): void {
		this.detach();
		this.el = el;
		this.key = key;
		this.state.value = loadFollow(this.stored()) ?? first;
		const on = <K extends keyof HTMLElementEventMap>(
			type: K, fn: (e: HTMLElementEventMap[K]) => void): void => {
			el.addEventListener(type, fn, { passive: true });
			this.ends.push(() => el.removeEventListener(type, fn));
		};

		on("wheel", (e) => this.acts({ t: "wheel", up: -e.deltaY, anchor: this.anchor() }));
		on("touchstart", (e) => (this.touchY = e.touches[0]?.clientY ?? 0));
		on("touchmove", (e) => {
			const y = e.touches[0]?.clientY ?? 0;

			this.acts({ t: "drag", down: y - this.touchY, anchor: this.anchor() });
			this.touchY = y;
		});
		on("keydown", (e) => {
			if (KEYS.has(e.key) && !e.ctrlKey && !e.metaKey && !e.altKey && e.target === el)
				this.acts({ t: "key", key: e.key, anchor: this.anchor() });
		});
		on("pointerdown", (e) => {
			/* Beside the content: the scrollbar. */
			this.down = e.target === el && e.offsetX >= el.clientWidth;
			if (this.down)
				this.acts({ t: "scrollbar", anchor: this.anchor() });
		});
		on("pointerup", () => (this.down = false));
		on("scroll", () => this.scrolled());
		const selecting = (): void => {
			const s = getSelection();

			if (s && !s.isCollapsed && s.anchorNode && el.contains(s.anchorNode) && this.state.value.mode === "follow")
				this.acts({ t: "select", anchor: this.anchor() });
		};

		const leaving = (): void => this.save();

		addEventListener("pagehide", leaving);
		this.ends.push(() => removeEventListener("pagehide", leaving));
		document.addEventListener("selectionchange", selecting);
		this.ends.push(() => document.removeEventListener("selectionchange", selecting));
		this.seen = new ResizeObserver(() => this.happens({ t: "resize" }));
		this.seen.observe(content);
		this.seen.observe(el);
		this.happens({ t: "resize" });
	}

	detach(): void {
		if (!this.el)
			return;
		this.save();
		for (const end of this.ends)
			end();
		this.ends = [];
		this.seen?.disconnect();
		this.el = null;
	}

	private stored(): string | null {
		try {
			return sessionStorage.getItem(this.key);
		} catch {
			return null;
		}
	}

	private save(): void {
		clearTimeout(this.saving);
		this.saving = 0;
		if (!this.el)
			return;
		try {
			sessionStorage.setItem(this.key, saveFollow(this.state.value));
		} catch {
			/* then it begins anew */
		}
	}

	/* The first item in view: the page of it first, so that no other page has to be laid out. */
	private anchor(): Anchor | null {
		const el = this.el;

		if (!el)
			return null;
		const top = el.getBoundingClientRect().top;
		const page = firstBelow(el.querySelectorAll<HTMLElement>(".block-page"), top);
		const first = firstBelow((page ?? el).querySelectorAll<HTMLElement>("[data-key]"), top);

		if (!first)
			return null;
		return { key: first.dataset.key!, offset: first.getBoundingClientRect().top - top };
	}

	/* The reader does something. */
	acts(e: FollowEvent): void {
		if (e.t === "wheel" || e.t === "drag" || e.t === "key" || e.t === "scrollbar")
			this.pushed = performance.now();
		this.apply(e);
	}

	/* Something happens by itself. */
	happens(e: FollowEvent): void {
		this.apply(e);
	}

	private apply(e: FollowEvent): void {
		const { state, effect } = follow(this.state.value, e);

		if (state !== this.state.value) {
			this.state.value = state;
			this.saving ||= window.setTimeout(() => this.save(), SAVE);
		}
		if (effect === "end")
			this.toEnd();
		else if (effect === "anchor" && state.mode === "detached")
			this.keep(state);
	}

	/* While the reader moves, what is in view is what counts; else it stays where it is. */
	private keep(state: Extract<Follow, { mode: "detached" }>): void {
		if (performance.now() - this.scrolledAt < MOVING)
			this.state.value = { ...state, anchor: this.anchor() };
		else
			this.hold(state.anchor);
	}

	private set(top: number): void {
		const el = this.el!, before = el.scrollTop;

		el.scrollTop = top;
		this.went = el.scrollTop;
		if (this.went !== before)
			this.ours = true;
	}

	private toEnd(): void {
		if (this.el)
			this.set(this.el.scrollHeight);
	}

	private hold(a: Anchor | null): void {
		const el = this.el;
		const item = a && el?.querySelector<HTMLElement>(`[data-key="${CSS.escape(a.key)}"]`);

		if (!el || !a || !item)
			return;
		const off = item.getBoundingClientRect().top - el.getBoundingClientRect().top - a.offset;

		if (Math.abs(off) >= 1)
			this.set(el.scrollTop + off);
	}

	private scrolled(): void {
		const el = this.el;

		if (!el)
			return;
		const top = el.scrollTop, down = top > this.top;
		/* Ours and the reader's may come as one event: then it does not end where we went. */
		const own = this.ours && Math.abs(top - this.went) < 2;

		this.top = top;
		this.ours = false;
		/* With nothing of the reader's before it, it is the browser's: a clamp, a focus. */
		if (own || (!this.down && performance.now() - this.pushed > 1500))
			return;
		this.scrolledAt = performance.now();
		const toEnd = el.scrollHeight - top - el.clientHeight;

		/* Whoever turns away by a few pixels has not come back. */
		this.apply({ t: "scrolled", toEnd: down ? toEnd : Math.max(toEnd, NEAR_END + 1), anchor: this.anchor() });
	}

	live(): void {
		this.acts({ t: "live" });
	}

	start(): void {
		this.acts({ t: "key", key: "Home", anchor: null });
		if (this.el)
			this.set(0);
		this.state.value = { mode: "detached", anchor: null, fresh: 0 };
		this.apply({ t: "scrolled", toEnd: Infinity, anchor: this.anchor() });
	}

	/* Shows ITEM; WHY says what made the reader leave the end. */
	show(item: Element, why: "find" | "open" | "permalink"): void {
		this.acts({ t: why, anchor: this.anchor() });
		item.scrollIntoView({ block: "center" });
		this.went = this.el?.scrollTop ?? 0;
		this.ours = true;
		this.apply({ t: "scrolled", toEnd: Infinity, anchor: this.anchor() });
	}
}
