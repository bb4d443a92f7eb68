/* The tab's title and icon: the state of what is shown, as a word and as a shape. */
import { effect } from "@preact/signals";
import { frame, type Frame } from "./frame";
import { S } from "./strings";

const shapes: Record<NonNullable<Frame["icon"]> | "none", string> = {
	none: "<rect width='16' height='16' rx='4' fill='#5a3fd1'/><path d='M4 5h8M8 5v7' stroke='#fff' stroke-width='2'/>",
	running: "<circle cx='8' cy='8' r='6' fill='none' stroke='#0a5ac2' stroke-width='3.5' stroke-dasharray='28 40'/>",
	completed: "<circle cx='8' cy='8' r='8' fill='#0f6b3b'/><path d='m4 8.4 2.7 2.7L12 5.6' stroke='#fff' stroke-width='2.2' fill='none'/>",
	failed: "<path d='M5 0h6l5 5v6l-5 5H5l-5-5V5z' fill='#b3261e'/><path d='m5 5 6 6m0-6-6 6' stroke='#fff' stroke-width='2.2'/>",
	attention: "<path d='M8 0l8 15H0z' fill='#b98900'/><path d='M8 5v5m0 2v1.6' stroke='#fff' stroke-width='2'/>",
};

export function titleOf(f: Frame): string {
	const name = f.title ? `${f.title} · ${S.app}` : S.app;
	return f.mark ? `${f.mark} ${name}` : name;
}

export function startTitle(): void {
	effect(() => {
		const f = frame.value;
		document.title = titleOf(f);
		const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${shapes[f.icon ?? "none"]}</svg>`;
		document.getElementById("icon")?.setAttribute("href", "data:image/svg+xml," + encodeURIComponent(svg));
	});
}
