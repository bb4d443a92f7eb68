/* Small words: states, and filters that are on or off. */
import type { ComponentChildren } from "preact";
import { tip } from "./tip";

export type Tone = "running" | "completed" | "failed" | "attention" | "cancelled" | "pending" | "neutral";

export function Chip({ tone = "neutral", title, children }: { tone?: Tone; title?: string; children: ComponentChildren }) {
	return <span class={"chip is-" + tone} {...(title ? tip(title) : {})}>{children}</span>;
}

export function FilterChip({ on, count, onClick, children }: { on: boolean; count?: number | null; onClick: () => void; children: ComponentChildren }) {
	return (
		<button type="button" class="filter" aria-pressed={on} onClick={onClick}>
			{children}
			{count !== undefined && count !== null && <span class="filter-count">{count}</span>}
		</button>
	);
}
