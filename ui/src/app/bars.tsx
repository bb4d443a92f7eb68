/* Lines across the page: no connection, not signed in, a newer tutti. Quiet, and in the place they concern. */
import { computed, signal } from "@preact/signals";
import { Button } from "../ui/button";
import { Glyph } from "../ui/glyph";
import { onSignedOut } from "../wire/api";
import { wire } from "../wire/socket";
import { now } from "./clock";
import { clock } from "./format";
import { S } from "./strings";

const signedOut = signal(false);
const booted = signal<string | null>(null);

export function startBars(): void {
	onSignedOut(() => (signedOut.value = true));
	wire.server.subscribe((s) => {
		if (s && booted.value === null) booted.value = s.version + " " + s.build;
	});
}

const lost = computed(() => {
	const c = wire.connection.value;
	if (c.state === "live") return 0;
	const ms = now.value - c.since;
	return ms >= 3000 ? ms : 0;
});

function Offline() {
	const ms = lost.value;
	if (!ms) return null;
	return (
		<div class="bar is-attention">
			<Glyph name="attention" silent />
			<p>
				{ms >= 60_000 ? S.bars.stopped : S.bars.lost}{" "}
				<span class="num">{clock(ms)}</span>. {S.bars.old}
				{ms >= 60_000 && <> {S.bars.start} <code>tutti serve</code>.</>}
			</p>
			<Button small onClick={() => wire.hurry()}>{S.connection.now}</Button>
		</div>
	);
}

export function Bars() {
	const s = wire.server.value;
	const newer = s !== null && booted.value !== null && booted.value !== s.version + " " + s.build;
	return (
		<>
			{signedOut.value ? (
				<div class="bar is-attention" role="alert">
					<Glyph name="attention" silent />
					<p>{S.bars.signedOut} <code>tutti serve --link</code>.</p>
					<a class="button is-plain is-small" href="/sign-in">{S.bars.signIn}</a>
				</div>
			) : <Offline />}
			{newer && (
				<div class="bar">
					<p>{S.bars.updated(s.version)}</p>
					<Button small onClick={() => location.reload()}>{S.bars.reload}</Button>
				</div>
			)}
		</>
	);
}
