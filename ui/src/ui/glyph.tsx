/* Shapes of a status: the shape says it, the colour repeats it, the word is there for those who listen. */
import { S } from "../app/strings";
import type { Status } from "../wire/types";

export type GlyphName = Status | "attention";

function Shape({ name }: { name: GlyphName }) {
	switch (name) {
		case "pending":
			return <circle cx="8" cy="8" r="5.75" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.2 2.3" />;
		case "running":
			return <path d="M8 2.25A5.75 5.75 0 1 1 2.25 8" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />;
		case "completed":
			return (
				<>
					<circle cx="8" cy="8" r="6.75" fill="currentColor" />
					<path d="m5 8.3 2.1 2.1L11.2 6" fill="none" stroke="var(--bg-0)" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" />
				</>
			);
		case "failed":
			return (
				<>
					<path d="M5.2 1.25h5.6l3.95 3.95v5.6l-3.95 3.95H5.2L1.25 10.8V5.2z" fill="currentColor" />
					<path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" fill="none" stroke="var(--bg-0)" stroke-width="1.75" stroke-linecap="round" />
				</>
			);
		case "skipped":
			return (
				<g fill="none" stroke="currentColor" stroke-width="1.5">
					<circle cx="8" cy="8" r="5.75" />
					<path d="M5 8h6" stroke-linecap="round" />
				</g>
			);
		case "cancelled":
			return (
				<>
					<rect x="2.25" y="2.25" width="11.5" height="11.5" rx="1.5" fill="none" stroke="currentColor" stroke-width="1.5" />
					<rect x="5.5" y="5.5" width="5" height="5" fill="currentColor" />
				</>
			);
		case "attention":
			return (
				<>
					<path d="M8 1.5 15 14H1z" fill="currentColor" stroke="currentColor" stroke-width="1" stroke-linejoin="round" />
					<path d="M8 6v3.6m0 2v.1" fill="none" stroke="var(--bg-0)" stroke-width="1.6" stroke-linecap="round" />
				</>
			);
	}
}

/* BEATS turns the running ring, an eighth each: events move it, no clock does. */
export function Glyph({ name, beats = 0, size = 16, silent = false }: { name: GlyphName; beats?: number; size?: number; silent?: boolean }) {
	const turn = name === "running" && beats ? { transform: `rotate(${(beats % 8) * 45}deg)` } : undefined;
	return (
		<span class={"glyph is-" + name}>
			<svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" style={turn}>
				<Shape name={name} />
			</svg>
			{!silent && <span class="vh">{name === "attention" ? S.attention : S.status[name]}</span>}
		</span>
	);
}
