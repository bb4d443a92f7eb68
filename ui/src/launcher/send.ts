/* One launch: the same request twice starts one run. */
import { post } from "../wire/api";
import type { Launched, LaunchRequest } from "../wire/types";

function key(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

let last = { body: "", key: "" };

/* A repetition after a lost answer keeps its key; another request gets another. */
export async function launch(of: LaunchRequest): Promise<Launched> {
	const body = JSON.stringify(of);
	if (last.body !== body) last = { body, key: key() };
	const answer = await post<Launched>("/runs", of, { "Idempotency-Key": last.key });
	last = { body: "", key: "" };
	return answer;
}
