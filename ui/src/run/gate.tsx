/* A step that waits for a person's word: asked and answered where it stands. */
import { useSignal } from "@preact/signals";
import { asTrouble, post } from "../wire/api";
import { Button } from "../ui/button";
import { serverHtml } from "../ui/html";
import { toastError } from "../ui/toast";
import { useView } from "./context";
import type { Step } from "./types";
import { title } from "./words";

export function Gate({ step }: { step: Step }) {
	const view = useView();
	const sending = useSignal<string | null>(null);
	const answer = async (choice: string): Promise<void> => {
		sending.value = choice;
		try {
			await post(`/runs/${view.store.id}/approve`, { step: step.step, choice });
		} catch (e) {
			toastError(asTrouble(e));
			sending.value = null;
		}
	};

	if (!step.choices?.length)
		return null;
	return (
		<div class="gate" role="group" aria-label={`${step.label} waits for an answer`}>
			{step.ask_html
				? <div class="prose gate-ask" dangerouslySetInnerHTML={serverHtml(step.ask_html)} />
				: <p class="gate-ask">{step.reason || `${step.label} waits for an answer.`}</p>}
			<div class="gate-choices">
				{step.choices.map((c, i) => (
					<Button key={c} kind={i === 0 ? "filled" : "plain"} disabled={sending.value !== null}
						onClick={() => void answer(c)}>
						{sending.value === c ? "Sending\u2026" : title(c)}
					</Button>
				))}
			</div>
		</div>
	);
}
