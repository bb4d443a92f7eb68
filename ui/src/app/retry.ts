/* What can be done with a run from any list of runs. */
import { useState } from "preact/hooks";
import { toastError } from "../ui/toast";
import { asTrouble, get, post } from "../wire/api";
import type { RunDocument, RunSummary } from "../wire/types";
import { markSeen } from "./attention";
import { go } from "./router";

/* Every failed step of a run, once more; then its page. */
export function useRetry() {
	const [busy, setBusy] = useState(false);
	const failed = async (r: RunSummary): Promise<void> => {
		setBusy(true);
		try {
			const doc = await get<RunDocument>("/runs/" + r.id);
			const steps = doc.steps.filter((s) => s.status === "failed");
			for (const s of steps) await post(`/runs/${r.id}/retry`, { step: s.step });
			markSeen(r.id);
			go("/runs/" + r.id);
		} catch (e) {
			toastError(asTrouble(e));
		} finally {
			setBusy(false);
		}
	};
	return { busy, failed };
}
