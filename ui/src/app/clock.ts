/* One tick a second for everything that counts, and only while somebody looks. */
import { signal, type ReadonlySignal } from "@preact/signals";

const state = signal(Date.now());
export const now: ReadonlySignal<number> = state;

let timer = 0;
function tick(): void {
	state.value = Date.now();
}

export function startClock(): void {
	const run = (): void => {
		clearInterval(timer);
		if (document.visibilityState !== "visible") return;
		tick();
		timer = window.setInterval(tick, 1000);
	};
	document.addEventListener("visibilitychange", run);
	run();
}
