/* What a page tells the frame around it: its title, where it stands, what it has to say on a phone. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export interface Frame {
	title: string; /* of the tab and the history; without " · tutti" */
	crumbs: { label: string; href?: string }[];
	mark?: string; /* before the title: "● 5/9", "✓ Report ready", "✕ Failed" */
	icon?: "running" | "completed" | "failed" | "attention" | undefined; /* of the favicon */
	short?: ComponentChildren; /* in the header of a phone, instead of the crumbs' end */
	actions?: ComponentChildren; /* beside it */
}

export const frame = signal<Frame>({ title: "", crumbs: [] });

export function useFrame(f: Frame, deps: readonly unknown[]): void {
	useEffect(() => {
		frame.value = f;
	}, deps);
}
