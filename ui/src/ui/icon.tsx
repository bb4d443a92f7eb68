/* Line icons, 16 or 20 px, stroke 1.5. They never stand alone: a name or a tooltip says what they mean. */
const paths = {
	home: "M2.5 7.5 8 2.75l5.5 4.75M4 6.5v6.75h3V9.5h2v3.75h3V6.5",
	runs: "M2.5 4h1m2.5 0h7.5M2.5 8h1m2.5 0h7.5M2.5 12h1M6 12h7.5",
	flows: "M2.5 3h4v3.5h-4zM9.5 9.5h4V13h-4zM4.5 6.5v3a1.75 1.75 0 0 0 1.75 1.75H9.5",
	agents: "M8 2.25 13.5 5.1v5.8L8 13.75 2.5 10.9V5.1zM2.8 5.2 8 8l5.2-2.8M8 8v5.5",
	settings: "M2.5 4.5h6m3 0h2M2.5 11.5h2m3 0h6M10 2.75v3.5M6 9.75v3.5",
	plus: "M8 3v10M3 8h10",
	minus: "M3 8h10",
	close: "m4 4 8 8m0-8-8 8",
	search: "M7 2.75a4.25 4.25 0 1 0 0 8.5 4.25 4.25 0 0 0 0-8.5zm3 7.25 3.25 3.25",
	more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
	down: "m4 6 4 4 4-4",
	right: "m6 4 4 4-4 4",
	left: "m10 4-4 4 4 4",
	up: "m4 10 4-4 4 4",
	check: "m3 8.5 3.25 3.25L13 5",
	copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
	link: "M6.75 9.25 9.25 6.75M5.5 7.25 3.75 9a2.3 2.3 0 0 0 3.25 3.25L8.75 10.5M7.25 5.5 9 3.75A2.3 2.3 0 0 1 12.25 7L10.5 8.75",
	flag: "M3.5 14V2.5h8.25L10 5.5l1.75 3H3.5",
	download: "M8 2.5v7.25m-3-3 3 3 3-3M2.75 11v2.25h10.5V11",
	filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
	compare: "M5 2.5v11M11 2.5v11M2.5 5 5 2.5 7.5 5M8.5 11l2.5 2.5 2.5-2.5",
	slash: "M10.5 2.5 5.5 13.5",
	pause: "M5.5 3.5v9M10.5 3.5v9",
	play: "M5 3.25v9.5L12.5 8z",
	external: "M6.5 3.5h-3v9h9v-3M9 2.75h4.25V7M13 3 7.5 8.5",
	bell: "M4 11V7a4 4 0 0 1 8 0v4l1.25 1.5H2.75zM6.75 14h2.5",
	clock: "M8 2.25a5.75 5.75 0 1 0 0 11.5 5.75 5.75 0 0 0 0-11.5zM8 5v3.25l2 1.5",
	trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.25 4.5l.6 9h6.3l.6-9",
	repeat: "M3 7.5A4.5 4.5 0 0 1 7.5 3H12m-2-2 2 2-2 2M13 8.5A4.5 4.5 0 0 1 8.5 13H4m2 2-2-2 2-2",
	folder: "M2.25 4v8.5h11.5V5.5H8L6.5 3.5H2.25z",
	keyboard: "M1.75 4h12.5v8H1.75zM4.5 9.5h7M4.25 6.5h.01M6.75 6.5h.01M9.25 6.5h.01M11.75 6.5h.01",
	help: "M6 6.25a2 2 0 1 1 2.75 1.85c-.5.2-.75.55-.75 1.15m0 2.25v.01M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
	const dots = name === "more" || name === "keyboard";
	return (
		<svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor"
			stroke-width={name === "more" ? 2 : size > 16 ? 1.25 : 1.5} stroke-linecap={dots ? "round" : "round"} stroke-linejoin="round">
			<path d={paths[name]} />
		</svg>
	);
}
