/*
 * Colours for code that is in view: lines of a file, and what stands between fences. Only the inside of
 * elements that hold nothing but text is replaced, by elements made here; markup is never read.
 */
import { readPlace } from "../run/words";
import { CODE } from ".";
import { byName, byPath, type Language } from "./languages";
import { read } from "./reader";
import { byLine, type Token } from "./tokens";

function nodes(tokens: Token[]): Node[] {
	return tokens.map(([text, kind]) => {
		if (!kind)
			return document.createTextNode(text);
		const e = document.createElement("span");

		e.className = `t-${kind}`;
		e.textContent = text;
		return e;
	});
}

/* Nothing is in the way: it is one text, as it was when it was asked for. */
function isPlain(e: Element, text: string): boolean {
	return e.childElementCount === 0 && e.textContent === text;
}

async function paintText(e: Element, language: Language): Promise<void> {
	const code = e.textContent ?? "";
	const tokens = await read(code, language);

	if (tokens && isPlain(e, code))
		e.replaceChildren(...nodes(tokens));
}

/* Each line is an element; all of them are read as one text. */
async function paintLines(lines: Element[], language: Language): Promise<void> {
	const texts = lines.map((e) => e.textContent ?? "");
	const tokens = await read(texts.map((t) => t.replace(/\n$/, "")).join("\n"), language);

	if (!tokens)
		return;
	byLine(tokens).forEach((line, i) => {
		const e = lines[i], text = texts[i]!;

		if (e && isPlain(e, text))
			e.replaceChildren(...nodes(line), ...(text.endsWith("\n") ? ["\n"] : []));
	});
}

/* --- where it stands ------------------------------------------------------------------------ */

/* The file whose lines PRE has: its citation says it. */
function pathOf(pre: Element): string {
	const said = pre.closest<HTMLElement>("[data-path]")?.dataset.path;
	const code = pre.closest("details.cite")?.querySelector("summary code") ?? pre.closest(".cite-pop, .pin")?.querySelector(".cite-title code");
	const place = code?.getAttribute("title") ?? code?.textContent ?? "";

	return said ?? readPlace(place)?.path ?? place;
}

function paint(pre: Element): void {
	if (pre.classList.contains("lines")) {
		const language = byPath(pathOf(pre));

		if (language)
			void paintLines([...pre.querySelectorAll(".l > span:last-child")], language);
		return;
	}
	const language = byName(pre.parentElement?.querySelector(":scope > .lang")?.textContent ?? "");
	const code = pre.querySelector("code") ?? pre;

	if (language)
		void paintText(code, language);
}

const seen = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((all) => {
	for (const e of all) {
		if (!e.isIntersecting)
			continue;
		seen!.unobserve(e.target);
		paint(e.target);
	}
}, { rootMargin: "200px" });

/* What of ROOT is code, or will be in view, gets its colours once. */
export function paintAll(root: ParentNode): void {
	for (const pre of root.querySelectorAll<HTMLElement>(CODE)) {
		pre.dataset.painted = "";
		seen?.observe(pre);
	}
}
