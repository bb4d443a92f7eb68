/* Requests to /api/v1. What fails is an ApiError with the four parts of a failure in it. */
import type { Trouble } from "./types";

export const API = "/api/v1";

export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly trouble: Trouble,
	) {
		super(trouble.what);
	}
}

export function asTrouble(e: unknown): Trouble {
	if (e instanceof ApiError) return e.trouble;
	return { code: "internal", what: "The page made a mistake", why: e instanceof Error ? e.message : String(e) };
}

const unreachable: Trouble = {
	code: "unreachable",
	what: "The tutti daemon does not answer",
	why: "The connection was refused or broke off.",
	fix: ["tutti serve"],
};

/* Called with every answer that says that this page is not signed in. */
let signedOut: () => void = () => {};
export function onSignedOut(fn: () => void): void {
	signedOut = fn;
}

async function failure(r: Response): Promise<ApiError> {
	let trouble: Trouble = { code: "internal", what: `The daemon answered ${r.status}`, why: r.statusText };
	try {
		const body = (await r.json()) as { error?: Trouble };
		if (body.error?.what) trouble = body.error;
	} catch {
		/* not JSON: what the status says has to do */
	}
	if (r.status === 401) signedOut();
	return new ApiError(r.status, trouble);
}

async function request(path: string, init: RequestInit): Promise<Response> {
	let r: Response;
	try {
		r = await fetch(API + path, { credentials: "same-origin", ...init });
	} catch (e) {
		if (init.signal?.aborted) throw e;
		throw new ApiError(0, unreachable);
	}
	if (!r.ok) throw await failure(r);
	return r;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
	const r = await request(path, { headers: { Accept: "application/json" }, signal: signal ?? null });
	return (await r.json()) as T;
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
	const r = await request(path, { signal: signal ?? null });
	return r.text();
}

export async function post<T>(path: string, body: unknown, headers?: Record<string, string>): Promise<T> {
	const r = await request(path, {
		method: "POST",
		headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
		body: JSON.stringify(body),
	});
	return (r.status === 204 ? undefined : await r.json()) as T;
}

export async function del(path: string): Promise<void> {
	await request(path, { method: "DELETE" });
}

/* "?a=1&b=2" of what is neither empty nor undefined; "" of nothing. */
export function query(of: Record<string, string | number | boolean | null | undefined>): string {
	const q = new URLSearchParams();
	for (const [k, v] of Object.entries(of))
		if (v !== undefined && v !== null && v !== "") q.set(k, String(v));
	const s = q.toString();
	return s ? "?" + s : "";
}
