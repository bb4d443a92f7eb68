/* Asks the thread with the grammars, one text at a time. Without an answer in time the thread is ended, and begun anew. */
import { ownWorker } from "../ui/html";
import type { Language } from "./languages";
import type { Token } from "./tokens";
import url from "./worker?worker&url";

export const CODE_MOST = 64 * 1024; /* characters of one text */
const TIME = 1500; /* ms for one, */
const START = 15_000; /* and for the first one, before which the thread is loaded */
const FAILS = 3; /* in a row: then all stays as it is */

interface Wanted {
	code: string;
	language: Language;
	done: (tokens: Token[] | null) => void;
}

let thread: Worker | null = null;
let fails = 0;
let current: Wanted | null = null;
let timer = 0;
const queue: Wanted[] = [];

function settle(tokens: Token[] | null): void {
	const w = current;

	clearTimeout(timer);
	current = null;
	fails = tokens ? 0 : fails + 1;
	if (!tokens) {
		thread?.terminate();
		thread = null;
	}
	w?.done(tokens);
	next();
}

function next(): void {
	if (current)
		return;
	current = queue.shift() ?? null;
	if (!current)
		return;
	if (fails >= FAILS)
		return settle(null);
	const first = !thread;

	try {
		if (!thread) {
			thread = ownWorker(url);
			thread.onerror = () => settle(null);
			thread.onmessage = (e: MessageEvent<Token[]>) => settle(e.data);
		}
		thread.postMessage({ code: current.code, language: current.language });
		timer = window.setTimeout(() => settle(null), first ? START : TIME);
	} catch {
		settle(null);
	}
}

/* Null: it is too long, or nobody could read it. */
export function read(code: string, language: Language): Promise<Token[] | null> {
	if (code.length > CODE_MOST || !code.trim())
		return Promise.resolve(null);
	return new Promise((done) => {
		queue.push({ code, language, done });
		next();
	});
}
