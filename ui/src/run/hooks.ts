import { useRef } from "preact/hooks";

/* What MAKE made of these values, as long as they are the same. */
export function useComputedOnce<T>(of: readonly unknown[], make: () => T): T {
	const last = useRef<{ of: readonly unknown[]; made: T } | null>(null);
	const flat = of.flat();

	if (!last.current || last.current.of.length !== flat.length || flat.some((v, i) => v !== last.current!.of[i]))
		last.current = { of: flat, made: make() };
	return last.current.made;
}
