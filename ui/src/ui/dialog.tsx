/* The browser's own dialog: it makes the rest inert, holds the focus and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { S } from "../app/strings";
import { Button, IconButton } from "./button";

interface DialogProps {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	class?: string;
	bare?: boolean; /* no visible head: the content has its own */
	side?: ComponentChildren; /* beside the title */
}

/* Open as long as it is rendered. Escape and a click beside it close it. */
export function Dialog({ title, onClose, children, class: more, bare, side }: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const d = ref.current!;
		const before = document.activeElement as HTMLElement | null;
		d.showModal();
		(d.querySelector<HTMLElement>("[data-focus], [autofocus]") ?? d.querySelector<HTMLElement>(".dialog-body"))?.focus();
		return () => {
			d.close();
			if (before?.isConnected) before.focus();
		};
	}, []);
	const pressed = useRef(false);
	return (
		<dialog ref={ref} class={"dialog" + (more ? " " + more : "")} aria-labelledby={id}
			onCancel={(e) => { e.preventDefault(); onClose(); }}
			onPointerDown={(e) => (pressed.current = e.target === e.currentTarget)}
			onClick={(e) => e.target === e.currentTarget && pressed.current && onClose()}>
			<div class="dialog-body" tabIndex={-1}>
				{bare ? <h2 id={id} class="vh">{title}</h2> : (
					<header class="dialog-head">
						<h2 id={id}>{title}</h2>
						{side}
						<IconButton icon="close" label={S.close} onClick={onClose} />
					</header>
				)}
				{children}
			</div>
		</dialog>
	);
}

/* --- one question ------------------------------------------------------------------------------ */

interface Question {
	title: string;
	text: ComponentChildren;
	yes: string;
	danger?: boolean;
	answer: (yes: boolean) => void;
}
const question = signal<Question | null>(null);

/* Asks before something that cannot be taken back; the text says what is lost and what is kept. */
export function confirm(q: Omit<Question, "answer">): Promise<boolean> {
	return new Promise((answer) => (question.value = { ...q, answer }));
}

function Confirm({ q }: { q: Question }) {
	const [done, setDone] = useState(false);
	const end = (yes: boolean): void => {
		if (done) return;
		setDone(true);
		question.value = null;
		q.answer(yes);
	};
	return (
		<Dialog title={q.title} class="is-narrow" onClose={() => end(false)}>
			<div class="dialog-text">{q.text}</div>
			<footer class="dialog-foot">
				<Button data-focus onClick={() => end(false)}>{q.danger ? S.words.keep : S.cancel}</Button>
				<Button kind={q.danger ? "danger" : "filled"} onClick={() => end(true)}>{q.yes}</Button>
			</footer>
		</Dialog>
	);
}

export function Confirms() {
	return question.value ? <Confirm q={question.value} /> : null;
}
