/* How the page stands with the daemon. Said aloud once per change, when it lasts three seconds. */
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { announce } from "../ui/announce";
import { tip } from "../ui/tip";
import { wire } from "../wire/socket";
import { now } from "./clock";
import { clock } from "./format";
import { S } from "./strings";

const text = computed(() => {
	const c = wire.connection.value;
	if (c.state === "live") {
		if (c.via === "sse") return S.pill.slower;
		return c.lag !== null && c.lag > 2000 ? S.pill.behind(Math.round(c.lag / 1000)) : S.connection.live;
	}
	if (c.state === "connecting") return S.connection.connecting;
	const offline = typeof navigator !== "undefined" && navigator.onLine === false;
	if (offline) return S.connection.offline;
	return `${S.connection.reconnecting}, ${clock(Math.max(0, now.value - c.since))}`;
});

export function Pill() {
	const c = wire.connection.value;
	const said = useRef(c.state);
	useEffect(() => {
		const timer = setTimeout(() => {
			if (said.current === c.state) return;
			if (said.current !== "connecting" || c.state !== "live") announce(c.state === "live" ? S.pill.again : S.connection[c.state]);
			said.current = c.state;
		}, 3000);
		return () => clearTimeout(timer);
	}, [c.state]);
	const shape = c.state === "live" ? "live" : c.state === "connecting" ? "connecting" : "lost";
	if (shape === "lost")
		return (
			<button type="button" class="pill is-lost" {...tip(S.connection.now)} onClick={() => wire.hurry()}>
				<PillShape shape={shape} />
				<span class="pill-text num">{text.value}</span>
				<span class="vh">, {S.connection.now}</span>
			</button>
		);
	return (
		<span class={"pill is-" + shape} {...tip(c.lag === null ? S.pill.connected : S.pill.takes(c.lag))}>
			<PillShape shape={shape} />
			<span class="pill-text">{text.value}</span>
		</span>
	);
}

function PillShape({ shape }: { shape: "live" | "connecting" | "lost" }) {
	return (
		<svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5">
			<circle cx="6" cy="6" r="4.75" stroke-dasharray={shape === "live" ? undefined : "2.4 2.6"} />
			{shape === "live" && <circle cx="6" cy="6" r="2.25" fill="currentColor" stroke="none" />}
		</svg>
	);
}
