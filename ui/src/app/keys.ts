/*
 * The keyboard, once: dispatch, the help page and the tooltips are made of this table. A key does
 * something only while a part of the page has bound its command; no single key destroys anything.
 */
import { signal } from "@preact/signals";
import { prefs } from "./prefs";

export type Scope = "any" | "lists" | "run" | "well" | "report" | "composer";

export interface Key {
	id: string;
	scope: Scope;
	keys: string[]; /* alternatives; "g h" is one after the other, "mod+k" is Ctrl or ⌘ */
	label: string;
	fixed?: boolean; /* told, not dispatched here: the field or list itself answers */
}

const k = (id: string, scope: Scope, keys: string[], label: string, fixed = false): Key => ({ id, scope, keys, label, fixed });

export const KEYS: readonly Key[] = [
	k("palette", "any", ["mod+k"], "Command palette"),
	k("help", "any", ["?"], "Keyboard shortcuts"),
	k("search", "any", ["/"], "Search or filter"),
	k("home", "any", ["g h"], "Home"),
	k("runs", "any", ["g r"], "Runs"),
	k("flows", "any", ["g f"], "Flows"),
	k("agents", "any", ["g a"], "Agents"),
	k("new", "any", ["n"], "Run a flow"),
	k("back", "any", ["Escape"], "Close the topmost; else back to the list", true),
	k("list.next", "lists", ["j", "ArrowDown"], "Next"),
	k("list.previous", "lists", ["k", "ArrowUp"], "Previous"),
	k("list.first", "lists", ["Home"], "First"),
	k("list.last", "lists", ["End"], "Last"),
	k("list.open", "lists", ["Enter"], "Open", true),
	k("list.select", "lists", ["x"], "Select"),
	k("run.tab.1", "run", ["1"], "First tab"),
	k("run.tab.2", "run", ["2"], "Second tab"),
	k("run.tab.3", "run", ["3"], "Third tab"),
	k("run.tab.4", "run", ["4"], "Fourth tab"),
	k("run.tab.5", "run", ["5"], "Fifth tab"),
	k("run.tab.6", "run", ["6"], "Sixth tab"),
	k("run.report", "run", ["r"], "Report"),
	k("run.next", "run", ["j", "ArrowDown"], "Next agent"),
	k("run.previous", "run", ["k", "ArrowUp"], "Previous agent"),
	k("run.into", "run", ["ArrowRight"], "Into the agent"),
	k("run.out", "run", ["ArrowLeft"], "Back to the roster"),
	k("run.failed", "run", ["f"], "Next failed agent"),
	k("run.pause", "run", ["p"], "Pause live updates"),
	k("run.copy", "run", ["c"], "Copy link of what has the focus"),
	k("run.export", "run", ["e"], "Export"),
	k("run.actions", "run", ["."], "Actions"),
	k("well.live", "well", ["G", "End"], "To the live end"),
	k("well.start", "well", ["Home"], "To the start"),
	k("well.previous", "well", ["["], "Previous block of interest"),
	k("well.next", "well", ["]"], "Next block of interest"),
	k("well.tools", "well", ["t"], "Tool calls: all, failed, none"),
	k("well.wrap", "well", ["w"], "Wrap lines"),
	k("well.find", "well", ["mod+f"], "Find in this attempt"),
	k("report.previous", "report", ["["], "Previous finding"),
	k("report.next", "report", ["]"], "Next finding"),
	k("report.verdict", "report", ["v"], "Filter by verdict"),
	k("composer.commands", "composer", ["/"], "Commands, at the start of the field", true),
	k("composer.run", "composer", ["mod+Enter"], "Run", true),
	k("composer.newline", "composer", ["shift+Enter"], "New line", true),
];

export const SCOPES: Record<Scope, string> = {
	any: "Anywhere",
	lists: "Lists",
	run: "Run",
	well: "Agent",
	report: "Report",
	composer: "Question",
};

/* What browsers keep for themselves: never bound, whatever a reader asks for. */
const TAKEN = /^(mod\+[wtnlrpsd1-9]|alt\+Arrow(Left|Right))$/i;

export function canBind(key: string): boolean {
	return key !== "" && !TAKEN.test(key);
}

/* The name of a key press as the table writes it. */
export function nameOf(e: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
	const letter = e.key.length === 1;
	const key = letter && (e.ctrlKey || e.metaKey || e.altKey) ? e.key.toLowerCase() : e.key;
	return (
		(e.ctrlKey || e.metaKey ? "mod+" : "") + (e.altKey ? "alt+" : "") + (e.shiftKey && !letter ? "shift+" : "") + key
	);
}

function isSingle(key: string): boolean {
	return key.length === 1 || key.includes(" ");
}

/* The keys of a command, as they are bound now. */
export function keysOf(id: string): string[] {
	const own = prefs.value.keys[id];
	if (own) return [own];
	return KEYS.find((e) => e.id === id)?.keys ?? [];
}

const mac = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.platform);
const caps: Record<string, string> = {
	mod: mac ? "⌘" : "Ctrl",
	Escape: "Esc",
	ArrowUp: "↑",
	ArrowDown: "↓",
	ArrowLeft: "←",
	ArrowRight: "→",
	Enter: "↵",
	shift: "Shift",
	alt: mac ? "⌥" : "Alt",
};

/* "Ctrl K", "g h": for tooltips and the help page, as single caps. */
export function capsOf(key: string): string[] {
	return key.split(key.length > 1 ? /[+ ]/ : "").map((p) => caps[p] ?? (key.includes("+") && p.length === 1 ? p.toUpperCase() : p));
}

/* For a tooltip: the first key of a command, or "" when it has none or they are switched off. */
export function hint(id: string): string {
	const key = keysOf(id)[0];
	if (!key || (isSingle(key) && !prefs.value.singleKeys)) return "";
	return capsOf(key).join(" ");
}

/* --- dispatch ---------------------------------------------------------------------------------- */

type Handler = (e: KeyboardEvent) => void | boolean; /* false: not for me, somebody else may have it */
interface Bound {
	id: string;
	fn: Handler;
	within: (() => Element | null) | undefined;
}

const bound: Bound[] = [];
export const bindings = signal(0); /* changes when something is bound: the palette shows it */

/* FN answers to command ID, the latest first; WITHIN: only while the focus is inside that element. */
export function bind(id: string, fn: Handler, within?: () => Element | null): () => void {
	const b: Bound = { id, fn, within };
	bound.unshift(b);
	bindings.value++;
	return () => {
		const i = bound.indexOf(b);
		if (i >= 0) bound.splice(i, 1);
		bindings.value++;
	};
}

export function bindAll(of: Record<string, Handler>, within?: () => Element | null): () => void {
	const ends = Object.entries(of).map(([id, fn]) => bind(id, fn, within));
	return () => ends.forEach((end) => end());
}

export function isBound(id: string): boolean {
	return bound.some((b) => b.id === id);
}

/* As if its key had been pressed. */
export function invoke(id: string): void {
	bound.find((b) => b.id === id)?.fn(new KeyboardEvent("keydown"));
}

/* Is the reader writing, or in a menu that has keys of its own? */
export function isTaken(target: EventTarget | null): boolean {
	const e = target as Element | null;
	if (!e?.closest) return false;
	return (
		e.closest(
			'textarea, select, [contenteditable=""], [contenteditable="true"], [role="menu"], [role="listbox"], [role="combobox"], input:not([type="checkbox"]):not([type="radio"]):not([type="button"])',
		) !== null
	);
}

/* Keys that a focused control answers by itself. */
function isNative(e: KeyboardEvent): boolean {
	const t = e.target as Element | null;
	if (!t?.closest) return false;
	if (/^(Arrow|Home$|End$)/.test(e.key)) return t.closest('[role="tablist"], [role="radiogroup"], input[type="radio"], summary + *, video') !== null;
	return false;
}

/*
 * The command whose key PRESSED is, of those that are bound. FIRST is what was pressed before, when
 * that begins a pair; the answer may be "first": wait for the second key.
 */
export function match(first: string, pressed: string, ids: readonly string[], single: boolean): string | "first" | null {
	const full = first ? first + " " + pressed : pressed;
	for (const id of ids) if (keysOf(id).includes(full) && (single || !isSingle(full))) return id;
	if (!first && single && ids.some((id) => keysOf(id).some((key) => key.startsWith(pressed + " ")))) return "first";
	return null;
}

let first = "";
let firstAt = 0;

function candidates(modal: boolean): Bound[] {
	const focus = document.activeElement;
	return bound.filter((b) => {
		if (modal && !b.within) return false;
		const scope = b.within?.();
		return !b.within || (scope !== null && scope !== undefined && scope.contains(focus));
	});
}

export function dispatch(e: KeyboardEvent): void {
	if (e.defaultPrevented || e.isComposing || e.keyCode === 229) return;
	if (e.key === "Shift" || e.key === "Control" || e.key === "Meta" || e.key === "Alt") return;
	const name = nameOf(e);
	const before = Date.now() - firstAt < 1500 ? first : "";
	first = "";
	if (!name.startsWith("mod+") && (isTaken(e.target) || isNative(e))) return;
	const able = candidates(document.querySelector("dialog[open]:modal") !== null);
	let found = match(before, name, able.map((b) => b.id), prefs.value.singleKeys);
	if (found === null && before) found = match("", name, able.map((b) => b.id), prefs.value.singleKeys);
	if (found === "first") {
		first = name;
		firstAt = Date.now();
		return;
	}
	if (found === null) return;
	for (const b of able) {
		if (!keysOf(b.id).some((key) => key === name || key === before + " " + name)) continue;
		if (b.fn(e) === false) continue;
		e.preventDefault();
		return;
	}
}

export function startKeys(): void {
	document.addEventListener("keydown", dispatch);
}
