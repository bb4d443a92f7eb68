/*
 * Citations: a chip where one stands, and the lines behind it in a popover. Lines come from the
 * run's own frozen files, never from the working tree as it is now.
 */
import { prefs } from "../app/prefs";
import { paintCode } from "../code";
import { asTrouble, get, query } from "../wire/api";
import { copy } from "../ui/toast";
import type { Trouble } from "../wire/types";
import type { Cite } from "./types";
import { citeSentence, citeSign, middle, place, readPlace } from "./words";

export interface Lines {
	path: string;
	from: number;
	to: number;
	total: number;
	lines: string[];
}

const AROUND = 5;

/* --- making elements ------------------------------------------------------------------------ */

type Child = Node | string | null | undefined | false;

export function el<K extends keyof HTMLElementTagNameMap>(
	tag: K, of: Record<string, string | boolean | (() => void)> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
	const e = document.createElement(tag);

	for (const [k, v] of Object.entries(of)) {
		if (typeof v === "function")
			e.addEventListener(k, v);
		else if (v === true)
			e.setAttribute(k, "");
		else if (v !== false)
			e.setAttribute(k, v);
	}
	for (const c of children)
		if (c)
			e.append(c);
	return e;
}

export function stateChip(state: string): HTMLElement {
	const { sign, tone, word } = citeSign(state);

	return el("span", { class: `mark ${tone}` }, el("span", { "aria-hidden": "true" }, sign), ` ${word}`);
}

/* --- lines ---------------------------------------------------------------------------------- */

export function codeLines(l: Lines, line: number, end: number): HTMLElement {
	const code = el("code");

	l.lines.forEach((text, i) => {
		const n = l.from + i, hit = n >= line && n <= end;
		const row = el(hit ? "mark" : "span", { class: "l" }, el("b", {}, String(n)), el("span", {}, text || " "));

		code.append(row);
	});
	return el("pre", { class: "lines", "data-path": l.path, tabindex: "0", role: "group", "aria-label": `${l.path}, lines ${l.from} to ${l.to}` }, code);
}

/* Whose files: a run, and the commit they were frozen from. */
export interface Source {
	run: string;
	commit: string | null;
}

export function sourceOf(doc: { id: string; commit: string | null }): Source {
	return { run: doc.id, commit: doc.commit };
}

async function readLines(run: string, c: Cite): Promise<Lines> {
	const line = c.found_line || c.line || 1;
	const end = Math.max(line, (c.end ?? line) + line - (c.line || line));

	return get<Lines>(`/runs/${run}/files${query({
		path: c.path, from: Math.max(1, line - AROUND), to: end + AROUND,
	})}`);
}

/* Indentation that all lines have says nothing here. */
export function dedent(text: string): string {
	const lines = text.replace(/^\n+|\s+$/g, "").split("\n");
	const least = Math.min(...lines.filter((l) => l.trim()).map((l) => /^[\t ]*/.exec(l)![0].length));

	return lines.map((l) => l.slice(Math.min(least, /^[\t ]*/.exec(l)![0].length))).join("\n");
}

/* "RUN#ID" as an address. */
export function findingAt(path: string): string {
	const [run = "", id = ""] = path.split("#");

	return `/runs/${run}?tab=report#f-${id.toLowerCase().replace(/[^a-z0-9]/g, "-")}`;
}

function quoteBox(text: string, how = "Quoted"): HTMLElement {
	return el("div", { class: "cite-quote" }, el("p", { class: "how" }, how), el("pre", { class: "quote" }, dedent(text)));
}

async function body(of: Source, c: Cite): Promise<HTMLElement> {
	const box = el("div", { class: "slice" });

	if (c.class === "web" || /^https?:/.test(c.path)) {
		box.append(el("p", { class: "how" }, "A source on the web; nobody can check it here."));
		if (c.quote)
			box.append(quoteBox(c.quote));
		return box;
	}
	if (c.class === "provided") {
		box.append(el("p", { class: "how" }, "Said by the report that was handed on: ", el("a", { href: findingAt(c.path) }, c.path)));
		return box;
	}
	try {
		const l = await readLines(of.run, c), line = c.found_line || c.line || 0;

		if (c.state === "changed" && c.quote)
			box.append(quoteBox(c.quote), el("p", { class: "how" }, "What stands there"));
		box.append(codeLines(l, line, line + (c.end ?? line) - (c.line || line)));
	} catch (e) {
		const why = missing(asTrouble(e));

		box.append(c.quote ? quoteBox(c.quote, `${why} This is the stored quote:`) : el("p", { class: "how" }, why));
	}
	return box;
}

function missing(t: Trouble): string {
	if (t.gone)
		return "What was frozen of that commit is no longer here.";
	const said = (t.code === "not_found" && t.why) || t.what;

	return /[.!?]$/.test(said) ? said : `${said}.`;
}

/* --- the popover ---------------------------------------------------------------------------- */

export interface Shown {
	title: HTMLElement;
	body: () => Promise<HTMLElement> | HTMLElement;
	text: string; /* what is copied */
	path: string;
	line: number;
	wait?: string; /* while BODY is read */
	pin?: (() => void) | undefined;
}

let pop: HTMLElement | null = null;
let owner: HTMLElement | null = null;
let timer = 0;

function isPhone(): boolean {
	return matchMedia("(max-width: 767px)").matches;
}

export function closeCite(back = false): void {
	clearTimeout(timer);
	const was = owner;

	owner = null;
	was?.removeAttribute("aria-expanded");
	if (pop?.matches(":popover-open"))
		pop.hidePopover();
	if (back)
		was?.focus();
}

function settle(at: Element): void {
	if (!pop)
		return;
	pop.classList.toggle("is-sheet", isPhone());
	if (isPhone()) {
		pop.style.left = pop.style.top = "";
		return;
	}
	const a = at.getBoundingClientRect(), p = pop.getBoundingClientRect();
	const below = a.bottom + 6 + p.height <= innerHeight - 8 || a.top < p.height + 14;

	pop.style.left = `${Math.max(8, Math.min(a.left, innerWidth - p.width - 8))}px`;
	pop.style.top = `${below ? Math.min(a.bottom + 6, innerHeight - 80) : a.top - p.height - 6}px`;
}

function editorLink(path: string, line: number): HTMLElement | null {
	const template = prefs.value.editor;

	if (!template || !path)
		return null;
	const href = template.replaceAll("{path}", encodeURI(path)).replaceAll("{line}", String(line || 1));

	if (!/^[a-z][a-z0-9+.-]*:/i.test(href) || /^(javascript|data):/i.test(href))
		return null;
	return el("a", { class: "button is-plain is-small", href }, "Open in editor");
}

export async function showCite(at: HTMLElement, s: Shown, enter: boolean): Promise<void> {
	if (owner === at && pop?.matches(":popover-open")) {
		if (enter)
			enterPop();
		return;
	}
	closeCite();
	owner = at;
	if (!pop) {
		pop = el("div", { class: "cite-pop", popover: "manual", role: "dialog", "aria-label": "Citation", tabindex: "-1" });
		pop.addEventListener("keydown", (e) => {
			if (e.key === "Escape") {
				e.stopPropagation();
				e.preventDefault();
				closeCite(true);
			}
		});
		pop.addEventListener("pointerenter", () => clearTimeout(timer));
		pop.addEventListener("pointerleave", () => leave());
		document.addEventListener("pointerdown", (e) => {
			const t = e.target as Node;

			if (owner && !pop!.contains(t) && !owner.contains(t))
				closeCite();
		});
	}
	const host = at.closest("dialog[open]") ?? document.body;

	if (pop.parentNode !== host)
		host.append(pop);
	const place = el("div", { class: "cite-body" }, el("p", { class: "how" }, s.wait ?? "Reading\u2026"));

	pop.replaceChildren(
		el("div", { class: "cite-head" }, s.title),
		place,
		el("div", { class: "cite-foot" },
			editorLink(s.path, s.line),
			el("button", { type: "button", class: "button is-plain is-small", click: () => void copy(s.text) }, "Copy"),
			s.pin && el("button", { type: "button", class: "button is-plain is-small", click: () => { s.pin!(); closeCite(true); } }, "Pin"),
			el("span", { class: "grow" }),
			el("button", { type: "button", class: "button is-quiet is-small cite-close", click: () => closeCite(true) }, "Close")),
	);
	at.setAttribute("aria-expanded", "true");
	const made = s.body();

	if (made instanceof HTMLElement)
		place.replaceChildren(made);
	pop.showPopover();
	paintCode(place);
	settle(at);
	if (!(made instanceof HTMLElement)) {
		const box = await made;

		if (owner !== at)
			return;
		place.replaceChildren(box);
		paintCode(place);
		settle(at);
	}
	pop.querySelector("mark")?.scrollIntoView({ block: "nearest" });
	if (enter)
		enterPop();
}

function enterPop(): void {
	const lines = pop?.querySelector<HTMLElement>("pre");

	if (lines)
		lines.tabIndex = 0;
	(lines ?? pop)?.focus();
}

function leave(): void {
	clearTimeout(timer);
	timer = window.setTimeout(() => {
		if (!pop?.contains(document.activeElement))
			closeCite();
	}, 250);
}

/* FIND says what an element under ROOT cites. */
export function listenCites(root: HTMLElement, find: (t: Element) => { at: HTMLElement; shown: Shown } | null): () => void {
	const over = (e: PointerEvent): void => {
		const hit = e.pointerType === "mouse" ? find(e.target as Element) : null;

		clearTimeout(timer);
		if (hit)
			timer = window.setTimeout(() => void showCite(hit.at, hit.shown, false), owner ? 80 : 300);
		else if (owner)
			leave();
	};
	const focus = (e: FocusEvent): void => {
		const hit = (e.target as Element).matches(":focus-visible") ? find(e.target as Element) : null;

		if (hit)
			void showCite(hit.at, hit.shown, false);
	};
	const click = (e: MouseEvent): void => {
		const hit = find(e.target as Element);

		if (!hit || e.metaKey || e.ctrlKey || e.shiftKey)
			return;
		e.preventDefault();
		clearTimeout(timer);
		void showCite(hit.at, hit.shown, e.detail === 0 || owner === hit.at);
	};
	const key = (e: KeyboardEvent): void => {
		if (e.key === "Escape" && owner && root.contains(document.activeElement)) {
			e.stopPropagation();
			e.preventDefault();
			closeCite();
		}
		const hit = e.key === "Enter" || e.key === " " ? find(e.target as Element) : null;

		if (hit && e.target === hit.at && hit.at.tagName !== "BUTTON" && !hit.at.hasAttribute("href")) {
			e.preventDefault();
			void showCite(hit.at, hit.shown, true);
		}
	};

	root.addEventListener("pointerover", over);
	root.addEventListener("pointerleave", leave);
	root.addEventListener("focusin", focus);
	root.addEventListener("click", click);
	root.addEventListener("keydown", key);
	return () => {
		root.removeEventListener("pointerover", over);
		root.removeEventListener("pointerleave", leave);
		root.removeEventListener("focusin", focus);
		root.removeEventListener("click", click);
		root.removeEventListener("keydown", key);
		if (owner && root.contains(owner))
			closeCite();
	};
}

/* --- citations in a conversation -------------------------------------------------------------- */

export function shownOf(of: Source, c: Cite): Shown {
	return {
		path: c.path, line: c.found_line || c.line || 0, text: place(c), body: () => body(of, c),
		wait: `Reading ${middle(c.path, 60)}${of.commit ? ` at ${of.commit.slice(0, 7)}` : ""}\u2026`,
		title: el("div", { class: "cite-title" },
			c.id ? el("span", { class: "eid" }, c.id) : null,
			el("code", { title: place(c) }, middle(place(c), 60)),
			c.state ? stateChip(c.state) : null,
			c.state ? el("p", {}, citeSentence(c.state)) : null),
	};
}

/* Places that stand alone in code, "`src/a.c:5`", can be opened. */
function decorate(root: HTMLElement): void {
	for (const a of root.querySelectorAll<HTMLElement>("a.cite[data-at]:not([href]):not([tabindex])")) {
		a.tabIndex = 0;
		a.setAttribute("role", "button");
	}
	for (const code of root.querySelectorAll<HTMLElement>("code:not([data-place]):not(pre code)")) {
		if (!readPlace(code.textContent ?? "") || code.closest("a"))
			continue;
		code.dataset.place = "";
		code.tabIndex = 0;
		code.setAttribute("role", "button");
	}
}

/* Every block of code can be copied. */
export function addCopies(root: HTMLElement): void {
	for (const pre of root.querySelectorAll<HTMLElement>(".block > pre:not([data-copy])")) {
		pre.dataset.copy = "";
		pre.after(el("button", {
			type: "button", class: "button is-plain is-small pre-copy", click: () => void copy(pre.textContent ?? ""),
		}, "Copy"));
	}
}

export function attachCites(root: HTMLElement, of: Source): () => void {
	const look = (): void => {
		decorate(root);
		addCopies(root);
		paintCode(root);
	};
	const seen = new MutationObserver(look);

	look();
	seen.observe(root, { childList: true, subtree: true });
	const end = listenCites(root, (t) => {
		const at = t.closest<HTMLElement>("[data-place], a.ref, a.cite");
		const c = at?.dataset.at ? readPlace(at.dataset.at) : at ? readPlace((at.textContent ?? "").replace(/\s+[^\s:]*\s*(resolves|moved|changed|missing|not checked)?$/u, "")) ?? readPlace(at.textContent ?? "") : null;

		return at && c ? { at, shown: shownOf(of, { ...c, state: "" }) } : null;
	});

	return () => {
		seen.disconnect();
		end();
	};
}

/* --- a list of them --------------------------------------------------------------------------- */

/* ORDER: which of them stands where. */
export function CiteList({ cites, of, order }: { cites: Cite[]; of: Source; order: readonly number[] }) {
	const attach = (root: HTMLElement | null): void => {
		if (!root || root.dataset.attached)
			return;
		root.dataset.attached = "1";
		listenCites(root, (t) => {
			const at = t.closest<HTMLElement>("[data-i]");
			const c = at ? cites[Number(at.dataset.i)] : undefined;

			return at && c ? { at, shown: shownOf(of, c) } : null;
		});
	};

	return (
		<ul class="cites" ref={attach}>
			{order.map((i) => {
				const c = cites[i]!;
				const { sign, tone, word } = citeSign(c.state);

				return (
					<li key={c.id ?? i}>
						<button type="button" class="cite-row" data-i={i}>
							<span class="eid">{c.id ?? `E${i + 1}`}</span>
							<code title={place(c)}>{middle(place(c), 72)}</code>
							<span class={`mark ${tone}`}><span aria-hidden="true">{sign}</span> {word}</span>
							{c.verdict && c.verdict !== "none" && <span class="cite-verdict">{c.verdict}</span>}
						</button>
					</li>
				);
			})}
		</ul>
	);
}
