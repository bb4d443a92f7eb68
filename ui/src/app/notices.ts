/*
 * Notifications of the browser: one for a run that ended or needs somebody, unless its page is the one
 * that is looked at. Permission is asked where it makes sense, never when the page is loaded.
 */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { RunSummary } from "../wire/types";
import { attention } from "./attention";
import { outcome } from "./format";
import { prefs, setPrefs } from "./prefs";
import { go, route } from "./router";
import { isLive, onRuns, runs } from "./runs";
import { S } from "./strings";

type Permission = NotificationPermission | "unsupported";
const supported = typeof Notification !== "undefined";
const state = signal<Permission>(supported ? Notification.permission : "unsupported");
export const permission: ReadonlySignal<Permission> = state;

/* May a page offer "Notify me when this finishes"? Once; afterwards it is in the settings. */
export function mayOffer(): boolean {
	return state.value === "default" && !prefs.value.asked;
}

export async function askPermission(): Promise<boolean> {
	if (!supported) return false;
	setPrefs({ asked: true });
	state.value = await Notification.requestPermission();
	return state.value === "granted";
}

function isLookedAt(id: string): boolean {
	const r = route.value;
	return r.page === "run" && r.id.length >= 4 && id.startsWith(r.id) && document.visibilityState === "visible" && document.hasFocus();
}

function show(r: RunSummary, title: string, body: string, url: string): void {
	if (state.value !== "granted" || isLookedAt(r.id)) return;
	const n = new Notification(title, { body, tag: r.id + r.status, icon: "data:image/svg+xml," + encodeURIComponent("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='4' fill='#5a3fd1'/></svg>") });
	n.onclick = () => {
		window.focus();
		go(url);
		n.close();
	};
}

function ended(r: RunSummary): void {
	const want = prefs.value.notify;
	if (r.status === "failed" && want.failed) show(r, S.notices.failed(r.question), outcome(r), `/runs/${r.id}?tab=agents`);
	else if (r.status === "completed" && want.finished) show(r, S.notices.finished(r.question), outcome(r), `/runs/${r.id}?tab=report`);
}

export function startNotices(): void {
	const running = new Set<string>();
	const told = new Set<string>();
	effect(() => {
		for (const r of runs.value.items) if (isLive(r)) running.add(r.id);
	});
	onRuns((items) => {
		for (const r of items) {
			if (isLive(r) || !running.delete(r.id) || told.has(r.id + r.status)) continue;
			told.add(r.id + r.status);
			ended(r);
		}
	});
	effect(() => {
		for (const a of attention.value) {
			if (a.kind !== "stalled" || !a.run || told.has(a.id + "stalled")) continue;
			told.add(a.id + "stalled");
			if (prefs.peek().notify.attention) show(a.run, S.notices.attention(a.run.question), S.home.still, a.href);
		}
	});
}
