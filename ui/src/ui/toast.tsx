/* The result of something the reader just did. Three at most, six seconds; errors stay. */
import { signal } from "@preact/signals";
import { capital } from "../app/format";
import { S } from "../app/strings";
import type { Trouble } from "../wire/types";
import { announce, announceError } from "./announce";
import { Button, IconButton } from "./button";
import { Glyph } from "./glyph";

interface Toast {
	id: number;
	text: string;
	detail?: string | undefined;
	error: boolean;
	undo?: (() => void) | undefined;
	left: number; /* ms until it goes */
}

const toasts = signal<readonly Toast[]>([]);
let ids = 0;
let held = false;
let timer = 0;

function drop(id: number): void {
	toasts.value = toasts.value.filter((t) => t.id !== id);
}

function run(): void {
	clearInterval(timer);
	timer = window.setInterval(() => {
		if (held) return;
		for (const t of toasts.value) {
			if (t.error) continue;
			t.left -= 250;
			if (t.left <= 0) drop(t.id);
		}
		if (toasts.value.every((t) => t.error)) clearInterval(timer);
	}, 250);
}

export function toast(text: string, more?: { undo?: () => void; ms?: number }): () => void {
	const id = ++ids;
	toasts.value = [...toasts.value, { id, text, error: false, undo: more?.undo, left: more?.ms ?? 6000 }].slice(-3);
	announce(text);
	run();
	return () => drop(id);
}

export function toastError(e: Trouble): void {
	toasts.value = [...toasts.value, { id: ++ids, text: capital(e.what), detail: [e.why, e.fix?.[0]].filter(Boolean).join(" "), error: true, left: 0 }].slice(-3);
	announceError(e.what);
}

export async function copy(text: string, said: string = S.copied): Promise<void> {
	try {
		await navigator.clipboard.writeText(text);
		toast(said);
	} catch {
		toastError({ code: "internal", what: S.nothingCopied, why: text });
	}
}

export function Toasts() {
	return (
		<div class="toasts" onPointerEnter={() => (held = true)} onPointerLeave={() => (held = false)}
			onFocusIn={() => (held = true)} onFocusOut={() => (held = false)}>
			{toasts.value.map((t) => (
				<div key={t.id} class={"toast" + (t.error ? " is-error" : "")}>
					{t.error && <Glyph name="failed" silent />}
					<p>
						{t.text}
						{t.detail && <small>{t.detail}</small>}
					</p>
					{t.undo && <Button small kind="quiet" onClick={() => { t.undo?.(); drop(t.id); }}>{S.undo}</Button>}
					<IconButton icon="close" label={S.close} onClick={() => drop(t.id)} />
				</div>
			))}
		</div>
	);
}
