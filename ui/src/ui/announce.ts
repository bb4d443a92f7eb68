/*
 * What is said to those who listen: one polite region and one for errors, for events at a boundary
 * only. A modal dialog makes the rest of the page inert and silent, so the regions move into it.
 */
let polite: HTMLElement | null = null;
let alert: HTMLElement | null = null;

function region(role: string): HTMLElement {
	const e = document.createElement("div");
	e.className = "vh";
	e.setAttribute("role", role);
	return e;
}

function say(e: HTMLElement, text: string): void {
	const modal = [...document.querySelectorAll("dialog[open]")].filter((d) => d.matches(":modal")).pop();
	const host = modal ?? document.body;
	if (e.parentNode !== host) host.append(e);
	e.textContent = "";
	/* A region must exist before its text does, and a text said twice has to change in between. */
	setTimeout(() => (e.textContent = text), 50);
}

export function announce(text: string): void {
	say((polite ??= region("status")), text);
}

export function announceError(text: string): void {
	say((alert ??= region("alert")), text);
}
