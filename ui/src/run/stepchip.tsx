/* Small words about a step, and the one thing that is done with a failed one: in rows and in the well. */
import { asTrouble, post } from "../wire/api";
import { Chip } from "../ui/chip";
import { Icon } from "../ui/icon";
import { toast, toastError } from "../ui/toast";
import type { Chip as Word } from "./roster";
import type { Step } from "./types";

export function StepChip({ of: c }: { of: Word }) {
	return (
		<Chip tone={c.tone === "warn" ? "attention" : "neutral"} title={c.tip}>
			{c.icon && <Icon name={c.icon} size={12} />}
			{c.text}
		</Chip>
	);
}

export async function retryStep(run: string, step: Step): Promise<void> {
	try {
		await post(`/runs/${run}/retry`, { step: step.step });
		toast(`${step.label} runs again.`);
	} catch (e) {
		toastError(asTrouble(e));
	}
}
