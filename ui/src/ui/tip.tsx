/*
 * Tooltips: one element for the page, shown after a while under the pointer and at once for a focus
 * that came by keyboard. Escape hides it; it never holds anything that is said nowhere else.
 */
import { hint } from "../app/keys";

/* Attributes for an element that has a tooltip; COMMAND adds its key. */
export function tip(label: string, command?: string): Record<string, string> {
	const of: Record<string, string> = {};
	if (label) of["data-tip"] = label;
	if (command) of["data-key"] = command;
	return of;
}

let box: HTMLElement | null = null;
let over: Element | null = null;
let timer = 0;
let shownAt = 0;

function hide(): void {
	clearTimeout(timer);
	over = null;
	if (box?.matches(":popover-open")) {
		box.hidePopover();
		shownAt = Date.now();
	}
}

function show(e: Element): void {
	const label = e.getAttribute("data-tip") ?? "";
	const key = hint(e.getAttribute("data-key") ?? "");
	if ((!label && !key) || !e.isConnected) return;
	if (!box) {
		box = document.createElement("div");
		box.className = "tip";
		box.popover = "manual";
		box.setAttribute("aria-hidden", "true");
	}
	const host = e.closest("dialog[open]") ?? document.body;
	if (box.parentNode !== host) host.append(box);
	box.textContent = label;
	if (key) {
		const cap = document.createElement("kbd");
		cap.textContent = key;
		box.append(cap);
	}
	box.showPopover();
	const at = e.getBoundingClientRect();
	const size = box.getBoundingClientRect();
	const below = at.bottom + 6 + size.height < innerHeight;
	const x = Math.max(6, Math.min(at.left + at.width / 2 - size.width / 2, innerWidth - size.width - 6));
	box.style.left = `${x}px`;
	box.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
}

function enter(e: Event): void {
	const t = (e.target as Element | null)?.closest?.("[data-tip], [data-key]") ?? null;
	if (t === over) return;
	hide();
	if (!t) return;
	over = t;
	if (e.type === "focusin") {
		if (t.matches(":focus-visible")) show(t);
		return;
	}
	timer = window.setTimeout(() => over === t && show(t), Date.now() - shownAt < 300 ? 60 : 450);
}

export function startTips(): void {
	if (matchMedia("(hover: hover)").matches) document.addEventListener("pointerover", enter, { passive: true });
	document.addEventListener("focusin", enter);
	document.addEventListener("focusout", hide);
	document.addEventListener("pointerdown", hide, { passive: true, capture: true });
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape") hide();
	});
	document.addEventListener("scroll", hide, { passive: true, capture: true });
}
