/* What a page reads from the server: kept while it is read again, and there at once on the way back. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asTrouble, get } from "../wire/api";
import type { Trouble } from "../wire/types";

export interface Loaded<T> {
	data: T | null;
	error: Trouble | null;
	busy: boolean;
	slow: boolean; /* still nothing after 120 ms: time for a skeleton */
	at: number; /* when DATA was read */
	reload: () => void;
	set: (fn: (data: T) => T) => void;
}

const KEEP = 40;
const kept = new Map<string, { data: unknown; at: number }>();

function keep(path: string, data: unknown): void {
	kept.delete(path);
	kept.set(path, { data, at: Date.now() });
	if (kept.size > KEEP) kept.delete(kept.keys().next().value!);
}

/* Forgets what was read of paths that begin with PREFIX. */
export function forget(prefix: string): void {
	for (const p of [...kept.keys()]) if (p.startsWith(prefix)) kept.delete(p);
}

/* PATH below /api/v1; null reads nothing. */
export function useLoad<T>(path: string | null): Loaded<T> {
	const was = path === null ? undefined : kept.get(path);
	const [state, setState] = useState({ path, data: (was?.data ?? null) as T | null, error: null as Trouble | null, busy: path !== null, slow: false, at: was?.at ?? 0 });
	const [turn, setTurn] = useState(0);
	const current = useRef(path);
	current.current = path;

	useEffect(() => {
		if (path === null) return;
		const stop = new AbortController();
		const had = kept.get(path);
		setState({ path, data: (had?.data ?? null) as T | null, error: null, busy: true, slow: false, at: had?.at ?? 0 });
		const timer = setTimeout(() => setState((s) => (s.busy ? { ...s, slow: true } : s)), 120);
		get<T>(path, stop.signal).then(
			(data) => {
				keep(path, data);
				setState({ path, data, error: null, busy: false, slow: false, at: Date.now() });
			},
			(e: unknown) => {
				if (!stop.signal.aborted) setState((s) => ({ ...s, error: asTrouble(e), busy: false, slow: false }));
			},
		);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [path, turn]);

	const mine = state.path === path;
	return {
		data: mine ? state.data : ((was?.data ?? null) as T | null),
		error: mine ? state.error : null,
		busy: mine ? state.busy : path !== null,
		slow: mine && state.slow,
		at: mine ? state.at : (was?.at ?? 0),
		reload: () => setTurn((t) => t + 1),
		set: (fn) =>
			setState((s) => {
				if (s.path !== current.current || s.data === null) return s;
				const data = fn(s.data);
				if (s.path !== null) keep(s.path, data);
				return { ...s, data };
			}),
	};
}
