/* Finding in a whole attempt: the server knows where, here it is shown. Nothing moves by itself. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { asTrouble, get, query } from "../wire/api";
import { announce } from "../ui/announce";
import { IconButton } from "../ui/button";
import { useView } from "./context";
import type { RawView } from "./raw";
import type { Scroller } from "./scroller";
import type { Step } from "./types";

export interface Hit {
	line: number;
	col: number;
	len: number;
	index: number;
}

interface Found {
	total: number;
	hits: Array<Omit<Hit, "index">>;
	truncated: boolean;
}

interface Props {
	turn: Signal<number>;
	step: Step;
	attempt: number;
	box: { current: HTMLElement | null };
	raw?: RawView | null;
	scroller?: Scroller;
}

/* Ranges in what is mounted that read Q, for the stream, where lines have no place. */
export function rangesOf(root: HTMLElement, q: string, o: { case: boolean; word: boolean; regex: boolean }): Range[] {
	const flags = o.case ? "gu" : "giu";
	let source = o.regex ? q : q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
	let pattern: RegExp;

	if (o.word)
		source = `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])`;
	try {
		pattern = new RegExp(source, flags);
	} catch {
		return [];
	}
	const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
	const all: Range[] = [];

	for (let n = walker.nextNode(); n && all.length < 5000; n = walker.nextNode())
		for (const m of (n.nodeValue ?? "").matchAll(pattern)) {
			if (!m[0])
				break;
			const r = new Range();

			r.setStart(n, m.index);
			r.setEnd(n, m.index + m[0].length);
			all.push(r);
		}
	return all;
}

export function FindBar({ turn, step, attempt, box, raw, scroller }: Props) {
	const view = useView();
	const q = useSignal("");
	const o = useSignal({ case: false, word: false, regex: false, tools: false });
	const found = useSignal<Found | null>(null);
	const wrong = useSignal("");
	const at = useSignal(-1);
	const input = useRef<HTMLInputElement>(null);
	const ranges = useRef<Range[]>([]);

	useEffect(() => {
		input.current?.focus();
		input.current?.select();
	}, [turn.value]);
	useEffect(() => () => {
		for (const name of ["raw-found", "raw-current", "stream-found", "stream-current"])
			CSS.highlights?.delete(name);
		raw?.hits([]);
	}, []);
	useEffect(() => {
		const stop = new AbortController();

		at.value = -1;
		found.value = null;
		wrong.value = "";
		mark(-1);
		if (!q.value)
			return;
		const timer = setTimeout(() => void search(stop.signal), 150);

		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [q.value, o.value]);

	const search = async (signal: AbortSignal): Promise<void> => {
		const { case: c, word, regex, tools } = o.value;

		try {
			found.value = await get<Found>(
				`/runs/${view.store.id}/steps/${encodeURIComponent(step.step)}/find${query({
					attempt, q: q.value, case: c ? 1 : "", word: word ? 1 : "", regex: regex ? 1 : "", tools: tools ? 1 : "",
				})}`, signal);
			raw?.hits(found.value.hits.map((h, index) => ({ ...h, index })));
			announce(`${found.value.total} found`);
			move(1);
		} catch (e) {
			if (!signal.aborted)
				wrong.value = asTrouble(e).why || asTrouble(e).what;
		}
	};
	const mark = (current: number): void => {
		if (raw || !box.current || !CSS.highlights)
			return;
		ranges.current = q.value ? rangesOf(box.current, q.value, o.value) : [];
		CSS.highlights.set("stream-found", new Highlight(...ranges.current));
		if (ranges.current[current])
			CSS.highlights.set("stream-current", new Highlight(ranges.current[current]!));
		else
			CSS.highlights.delete("stream-current");
	};
	const total = (): number => (raw ? (found.value?.hits.length ?? 0) : ranges.current.length);
	const move = (by: number): void => {
		if (!raw)
			mark(at.value);
		const n = total();

		if (!n)
			return;
		at.value = (at.value + by + n) % n;
		if (raw) {
			void raw.show({ ...found.value!.hits[at.value]!, index: at.value });
			return;
		}
		mark(at.value);
		const item = ranges.current[at.value]?.startContainer.parentElement;

		if (item)
			scroller?.show(item, "find");
	};
	const close = (): void => {
		turn.value = 0;
		box.current?.focus();
	};
	const option = (name: keyof typeof o.value, label: string, sign: string) => (
		<button type="button" class="find-option" aria-pressed={o.value[name]} aria-label={label} data-tip={label}
			onClick={() => (o.value = { ...o.value, [name]: !o.value[name] })}>{sign}</button>
	);
	const n = found.value ? Math.max(found.value.total, 0) : 0;
	const here = !raw && found.value && ranges.current.length < n ? `, ${ranges.current.length} in view` : "";

	return (
		<div class="find" role="search" onKeyDown={(e) => {
			if (e.key === "Escape") {
				e.preventDefault();
				e.stopPropagation();
				close();
			}
		}}>
			<input ref={input} type="search" class="field" aria-label={`Find in ${step.label}`} placeholder="Find in this attempt"
				value={q.value} aria-invalid={!!wrong.value} onInput={(e) => (q.value = e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key === "Enter" && !e.isComposing) {
						e.preventDefault();
						move(e.shiftKey ? -1 : 1);
					}
				}} />
			{option("case", "Match case", "Aa")}
			{option("word", "Whole word", "W")}
			{option("regex", "Regular expression", ".*")}
			{option("tools", "In tool output, too", "▸")}
			<span class="find-count num" role="status">
				{wrong.value || (found.value ? (n ? `${at.value + 1} of ${n.toLocaleString("en")}${found.value.truncated ? "+" : ""}${here}` : "Nothing found") : "")}
			</span>
			<IconButton icon="up" label="Previous" onClick={() => move(-1)} />
			<IconButton icon="down" label="Next" onClick={() => move(1)} />
			<IconButton icon="close" label="Close" onClick={close} />
		</div>
	);
}
