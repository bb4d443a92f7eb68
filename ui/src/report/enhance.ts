/* What script adds to the report's HTML. Everything here works on what is there, and breaks nothing. */
import { signal, type Signal } from "@preact/signals";
import { paintCode } from "../code";
import { copy } from "../ui/toast";
import { linkTo } from "../run/context";
import { addCopies, el, listenCites, shownOf, type Shown, type Source } from "../run/cites";
import { target } from "../run/address";
import { readPlace } from "../run/words";
import { orders, ordered, type Order, type Row } from "../run/evidence";
import { nothing, passes, type Card, type Choice } from "./filter";

export interface Pin {
	id: string;
	nodes: () => Node[];
}

export interface Page {
	cards: Card[];
	filters: HTMLElement | null; /* where they go */
	sorting: { place: HTMLElement; orders: Order[]; by: (o: Order) => void } | null; /* of the evidence */
	after: HTMLElement;
	choice: Signal<Choice>;
	shown: Signal<number>;
	choose: (c: Choice) => void;
	fresh: (ids: ReadonlySet<string>) => number; /* these findings are new; how many of them are here */
	step: (by: number) => void;
	list: () => Array<{ id: string; title: string; go: () => void }>;
	end: () => void;
}

interface Told {
	pin: (p: Pin) => void;
	lost: (id: string) => void;
}

/*
 * The one-file form has a page's landmarks; inside a page they would be there twice. What the run's
 * header says already is left out.
 */
function settle(root: HTMLElement): void {
	for (const e of root.querySelectorAll(".skip, .kicker, h1, .question, .outcome, :scope > footer, style, .top > .outcome"))
		e.remove();
	const swap = (from: Element | null, tag: string, name: string): void => {
		if (!from || from.classList.contains(name))
			return;
		const to = document.createElement(tag);

		to.className = name;
		to.append(...from.childNodes);
		from.replaceWith(to);
	};

	swap(root.querySelector("header.top"), "div", "report-top");
	swap(root.querySelector("main"), "div", "report-main");
	swap(root.querySelector(".page"), "div", "report-page");
}

/* --- findings ---------------------------------------------------------------------------------------- */

function wordOf(chip: Element | null | undefined): string {
	return (chip?.lastChild?.textContent ?? "").trim();
}

function readCard(card: HTMLElement): Card {
	const meta = card.querySelector(".meta")?.textContent ?? "";
	const place = card.querySelector(".cite summary code")?.textContent ?? "";

	return {
		id: card.querySelector("h4 .id")?.textContent?.trim() ?? card.id,
		severity: [...card.classList].find((c) => c !== "card" && !c.startsWith("is-")) ?? "",
		verdict: card.dataset.verdict ?? wordOf(card.querySelector(".meta .chip")),
		agent: card.dataset.step ?? /raised by (.+?)(?: \u00b7 |$)/.exec(meta)?.[1]?.trim() ?? "",
		states: [...card.querySelectorAll(".cite > summary .chip")].map(wordOf),
		path: place,
	};
}

function addActions(card: HTMLElement, c: Card): void {
	const head = card.querySelector("h4");
	const title = (head?.textContent ?? "").replace(c.id, "").trim();
	const link = (): string => linkTo({ tab: "report", hash: card.id });
	const issue = (): string => {
		const texts = [...card.querySelectorAll(":scope > p:not(.meta)")].map((p) => p.textContent?.trim()).filter(Boolean);
		const places = [...card.querySelectorAll(".cite > summary code")].map((x) => `- \`${x.textContent}\``);

		return `## ${title}\n\nSeverity: ${c.severity}. Claim: ${c.verdict}. Found by ${c.agent}.\n\n${texts.join("\n\n")}\n\n${places.join("\n")}\n\n${link()}\n`;
	};

	if (!card.id || card.querySelector(".card-actions"))
		return;
	card.append(el("p", { class: "card-actions" },
		el("button", { type: "button", class: "button is-quiet is-small", click: () => void copy(link()) }, "Copy link"),
		el("button", { type: "button", class: "button is-quiet is-small", click: () => void copy(issue()) }, "Copy as issue")));
}

/* --- evidence ---------------------------------------------------------------------------------------- */

function cloned(li: Element): HTMLElement {
	const box = el("div");
	const slice = li.querySelector(".slice")?.cloneNode(true) as HTMLElement | undefined;
	const meta = li.querySelector(":scope > .meta")?.cloneNode(true) as HTMLElement | undefined;

	if (slice)
		box.append(slice);
	if (meta)
		box.append(meta);
	for (const e of box.querySelectorAll("[id]"))
		e.removeAttribute("id");
	for (const e of box.querySelectorAll("[data-painted]"))
		e.removeAttribute("data-painted");
	return box;
}

function titleOf(li: Element): HTMLElement {
	const summary = li.querySelector("summary");
	const box = el("div", { class: "cite-title" });

	for (const n of summary?.childNodes ?? [])
		if (!(n as Element).classList?.contains("seen"))
			box.append(n.cloneNode(true));
	return box;
}

function evidence(root: HTMLElement, of: Source, told: Told): () => void {
	return listenCites(root, (t) => {
		const a = t.closest<HTMLElement>("a.ref, a.cite");

		if (!a || a.closest(".evidence > li"))
			return null;
		const id = a.dataset.e ?? (a.getAttribute("href") ?? "").replace(/^#/, "");
		const li = id ? root.querySelector(`#${CSS.escape(id)}`) : null;
		const at = readPlace(a.dataset.at ?? "") ?? null;

		if (!li?.querySelector(".slice"))
			return at ? { at: a, shown: shownOf(of, { ...at, state: "" }) } : null;
		const place = li.querySelector("summary code")?.textContent ?? "", where = readPlace(place);
		const shown: Shown = {
			title: titleOf(li), body: () => cloned(li), text: place, path: where?.path ?? "", line: where?.line ?? 0,
			pin: () => told.pin({ id, nodes: () => [titleOf(li), cloned(li)] }),
		};

		return { at: a, shown };
	});
}

function rowOf(li: Element): Row & { li: Element } {
	const meta = li.querySelector(":scope > .meta"), text = meta?.textContent ?? "";
	const used = /used by (.*)$/.exec(text)?.[1];

	return {
		li, id: li.id, place: li.querySelector("summary code, :scope > code")?.textContent ?? "", state: wordOf(li.querySelector("summary .chip, :scope > .chip")),
		trust: text.split(" \u00b7 ")[0]!.trim(), verdict: wordOf(meta?.querySelector(".chip")), uses: used ? used.split(",").length : 0,
	};
}

/* The list stands still; its items change places. */
function sortable(root: HTMLElement): Page["sorting"] {
	const list = root.querySelector("ul.evidence");
	const rows = [...(list?.children ?? [])].map(rowOf);
	const which = orders(rows);

	if (!list || which.length < 2)
		return null;
	const place = el("div", { class: "evidence-sort" });

	list.before(place);
	return { place, orders: which, by: (o) => list.append(...ordered(rows, o).map((r) => r.li)) };
}

/* --- where the reader is -------------------------------------------------------------------------------- */

function contents(root: HTMLElement): () => void {
	const links = new Map<string, HTMLAnchorElement>();

	for (const a of root.querySelectorAll<HTMLAnchorElement>(".toc a[href^='#']"))
		links.set(decodeURIComponent(a.hash.slice(1)), a);
	const heads = [...links.keys()].map((id) => root.querySelector<HTMLElement>(`[id="${CSS.escape(id)}"]`)).filter((h): h is HTMLElement => !!h);
	const scroller = document.getElementById("main")!;
	let frame = 0, was: HTMLAnchorElement | null = null;
	const look = (): void => {
		frame = 0;
		const top = scroller.getBoundingClientRect().top + 120;
		let now = heads[0];

		for (const h of heads)
			if (h.getBoundingClientRect().top <= top)
				now = h;
		const a = now ? links.get(now.id)! : null;

		if (a === was)
			return;
		was?.removeAttribute("aria-current");
		a?.setAttribute("aria-current", "true");
		was = a;
	};
	const later = (): void => void (frame ||= requestAnimationFrame(look));

	scroller.addEventListener("scroll", later, { passive: true });
	later();
	const wide = matchMedia("(min-width: 1200px)");
	const details = root.querySelector<HTMLDetailsElement>(".toc details");
	const open = (): void => {
		if (details)
			details.open = wide.matches;
	};

	wide.addEventListener("change", open);
	open();
	root.querySelector(".toc")?.addEventListener("click", (e) => {
		if (!wide.matches && (e.target as Element).closest("a") && details)
			details.open = false;
	});
	return () => {
		cancelAnimationFrame(frame);
		scroller.removeEventListener("scroll", later);
		wide.removeEventListener("change", open);
	};
}

/* Opens everything that an element is folded into. */
function reveal(e: Element): void {
	for (let d = e.closest("details"); d; d = d.parentElement?.closest("details") ?? null)
		d.open = true;
	const own = e.querySelector<HTMLDetailsElement>(":scope > details.cite");

	if (own)
		own.open = true;
	e.scrollIntoView({ block: "start" });
}

function byAddress(root: HTMLElement, hash: string): Element | null {
	const id = decodeURIComponent(hash.replace(/^#/, ""));
	const find = (x: string): Element | null => root.querySelector(`[id="${CSS.escape(x)}"]`);

	return find(id) ?? find(id.toLowerCase()) ?? find(id.replace(/^h-/, ""));
}

export function enhance(root: HTMLElement, of: Source, told: Told): Page {
	settle(root);
	const elements = [...root.querySelectorAll<HTMLElement>(".card")];
	const cards = elements.map(readCard);
	const heading = root.querySelector("#findings");
	const filters = heading ? el("div", { class: "filters-place" }) : null;
	const after = el("div");
	const choice = signal(nothing()), shown = signal(cards.length);
	const ends = [evidence(root, of, told), contents(root)];

	addCopies(root);
	paintCode(root);
	elements.forEach((e, i) => addActions(e, cards[i]!));
	if (filters)
		heading!.after(filters);
	(root.querySelector(".report-main") ?? root).append(after);
	const choose = (c: Choice): void => {
		let n = 0;

		choice.value = c;
		elements.forEach((e, i) => {
			const yes = passes(cards[i]!, c);

			e.hidden = !yes;
			n += yes ? 1 : 0;
		});
		shown.value = n;
	};
	const go = (first: boolean): void => {
		const t = target(location.hash);

		if (!t || t.t === "lines" || t.t === "event")
			return;
		const at = byAddress(root, location.hash);

		if (at)
			requestAnimationFrame(() => reveal(at));
		else if (first)
			told.lost(decodeURIComponent(location.hash.slice(1)));
	};
	const click = (e: MouseEvent): void => {
		const a = (e.target as Element).closest<HTMLAnchorElement>("a[href^='#']");
		const at = a && !a.matches(".ref, .cite") ? byAddress(root, a.hash) : null;

		if (at)
			requestAnimationFrame(() => reveal(at));
	};

	root.addEventListener("click", click);
	go(true);
	return {
		cards, filters, after, choice, shown, choose, sorting: sortable(root),
		fresh: (ids) => {
			let n = 0;

			elements.forEach((e, i) => {
				if (!ids.has(cards[i]!.id))
					return;
				cards[i]!.isNew = true;
				n++;
				e.querySelector("h4")?.append(" ", el("span", { class: "chip new" }, "new"));
			});
			return n;
		},
		list: () => elements.map((e, i) => ({
			id: cards[i]!.id, title: (e.querySelector("h4")?.textContent ?? "").replace(cards[i]!.id, "").trim(),
			go: () => {
				e.hidden = false;
				reveal(e);
				e.tabIndex = -1;
				e.focus({ preventScroll: true });
			},
		})),
		step: (by) => {
			const list = elements.filter((e) => !e.hidden && e.offsetParent);
			const top = document.getElementById("main")!.getBoundingClientRect().top + 76;
			const at = list.findIndex((e) => e === document.activeElement);
			const to = at >= 0 ? list[at + by]
				: by > 0 ? list.find((e) => e.getBoundingClientRect().top > top) : list.reverse().find((e) => e.getBoundingClientRect().top < top - 12);

			if (!to)
				return;
			to.tabIndex = -1;
			to.focus({ preventScroll: true });
			to.scrollIntoView({ block: "start" });
		},
		end: () => {
			root.removeEventListener("click", click);
			for (const end of ends)
				end();
		},
	};
}
