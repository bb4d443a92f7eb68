/* One tick a second for everything that counts, and only while somebody looks. */
import { signal, type ReadonlySignal } from "@preact/signals";

const JUMP = 5000; /* ms between two ticks: nobody was awake */

const state = signal(Date.now());
export const now: ReadonlySignal<number> = state;

let timer = 0;

/* WOKE is told of time that nobody saw pass: the machine slept, or its clock was set. */
export function startClock(woke: () => void): void {
	const tick = (): void => {
		const jumped = Math.abs(Date.now() - state.peek()) > JUMP;

		state.value = Date.now();
		if (jumped) woke();
	};
	const run = (): void => {
		clearInterval(timer);
		if (document.visibilityState !== "visible") return;
		tick();
		timer = window.setInterval(tick, 1000);
	};
	document.addEventListener("visibilitychange", run);
	run();
}
