/* What is chosen for this browser; nothing of it leaves it. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { useFrame } from "../app/frame";
import { canBind, capsOf, KEYS, keysOf, nameOf, SCOPES, type Scope } from "../app/keys";
import { permission, askPermission } from "../app/notices";
import { prefs, setPrefs, type Prefs } from "../app/prefs";
import { Button, LinkButton } from "../ui/button";
import { confirm } from "../ui/dialog";
import { useLoad } from "../ui/load";
import { toast, toastError } from "../ui/toast";
import { asTrouble, post } from "../wire/api";
import type { Session } from "../wire/types";
import "./settings.css";

export function Settings() {
	useFrame({ title: "Settings", crumbs: [{ label: "Settings" }] }, []);
	return (
		<div class="page is-narrow settings">
			<h1>Settings</h1>
			<p class="muted">Kept in this browser.</p>
			<Appearance />
			<Notifications />
			<Editor />
			<Keyboard />
			<Data />
		</div>
	);
}

function Part({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
	return <section aria-labelledby={id} class="part"><h2 id={id}>{title}</h2>{children}</section>;
}

function Choice<K extends keyof Prefs>({ label, of, values, note }: { label: string; of: K; values: [Prefs[K] & string, string][]; note?: string }) {
	const id = useId();
	return (
		<fieldset class="setting">
			<legend>{label}</legend>
			<div>
				<div class="segments">
					{values.map(([v, l]) => (
						<label key={v} class="segment">
							<input type="radio" class="vh" name={id} checked={prefs.value[of] === v} onChange={() => setPrefs({ [of]: v })} />
							<span>{l}</span>
						</label>
					))}
				</div>
				{note && <p class="muted">{note}</p>}
			</div>
		</fieldset>
	);
}

function Switch({ label, on, set, note, disabled }: { label: string; on: boolean; set: (on: boolean) => void; note?: string; disabled?: boolean }) {
	return (
		<label class="check setting-check">
			<input type="checkbox" checked={on} disabled={disabled} onChange={(e) => set(e.currentTarget.checked)} />
			<span>{label}{note && <small class="muted">{note}</small>}</span>
		</label>
	);
}

function Appearance() {
	return (
		<Part id="appearance" title="Appearance">
			<Choice label="Theme" of="theme" values={[["system", "System"], ["light", "Light"], ["dark", "Dark"]]} />
			<Choice label="Density" of="density" values={[["auto", "Automatic"], ["comfortable", "Comfortable"], ["compact", "Compact"]]} />
			<Choice label="Times" of="times" values={[["local", "Local"], ["utc", "UTC"]]} />
		</Part>
	);
}

function Notifications() {
	const n = prefs.value.notify;
	const p = permission.value;
	const set = (part: Partial<Prefs["notify"]>): void => setPrefs({ notify: { ...n, ...part } });
	return (
		<Part id="notifications" title="Notifications">
			{p === "granted" ? <p class="muted">On for this browser. Nothing is shown for a run whose page you are looking at.</p>
				: p === "denied" ? <p class="muted">Blocked by the browser for this address. Allow them in its settings of this site.</p>
					: p === "unsupported" ? <p class="muted">This browser has none for this address.</p>
						: <p><Button onClick={() => void askPermission()}>Turn on notifications</Button></p>}
			<div class="checks">
				<Switch label="A run finished" on={n.finished} set={(finished) => set({ finished })} disabled={p !== "granted"} />
				<Switch label="A run failed" on={n.failed} set={(failed) => set({ failed })} disabled={p !== "granted"} />
				<Switch label="A run needs attention" on={n.attention} set={(attention) => set({ attention })} disabled={p !== "granted"} />
			</div>
		</Part>
	);
}

const EDITORS: [string, string][] = [
	["VS Code", "vscode://file{path}:{line}"],
	["JetBrains", "jetbrains://idea/navigate/reference?path={path}:{line}"],
	["Zed", "zed://file{path}:{line}"],
];

/* A link may open an editor; it may not run a script or a page of somebody else's. */
export function isEditorLink(s: string): boolean {
	return s === "" || (/^[a-z][a-z0-9+.-]*:/i.test(s) && !/^(javascript|data|vbscript|blob|file|https?):/i.test(s) && s.includes("{path}"));
}

function Editor() {
	const [text, setText] = useState(prefs.value.editor);
	const bad = !isEditorLink(text);
	const id = useId();
	return (
		<Part id="editor" title="Editor links">
			<div class="setting">
				<label for={id}>Template</label>
				<div>
					<input id={id} class="field" type="text" spellcheck={false} value={text} placeholder="none: “Open in editor” is not offered" aria-invalid={bad || undefined} aria-describedby={id + "n"}
						onInput={(e) => { const v = e.currentTarget.value.trim(); setText(v); if (isEditorLink(v)) setPrefs({ editor: v }); }} />
					<p id={id + "n"} class={bad ? "problem" : "muted"}>{bad ? "It begins with an editor's scheme, such as vscode:, and contains {path}." : "{path} is the whole path, {line} the first line."}</p>
					<p class="setting-presets">{EDITORS.map(([n, t]) => <Button key={n} small kind="quiet" onClick={() => { setText(t); setPrefs({ editor: t }); }}>{n}</Button>)}</p>
				</div>
			</div>
		</Part>
	);
}

function Keyboard() {
	const [waits, setWaits] = useState<string | null>(null);
	const p = prefs.value;
	const capture = (id: string) => (e: KeyboardEvent): void => {
		if (/^(Shift|Control|Meta|Alt|Tab)$/.test(e.key)) return;
		e.preventDefault();
		e.stopPropagation();
		setWaits(null);
		if (e.key === "Escape") return;
		const key = nameOf(e);
		if (!canBind(key)) return void toast(`${capsOf(key).join(" ")} belongs to the browser`);
		const { scope } = KEYS.find((k) => k.id === id)!;
		const other = KEYS.find((k) => k.id !== id && !k.fixed && (k.scope === scope || k.scope === "any" || scope === "any") && keysOf(k.id).includes(key));
		if (other) return void toast(`${capsOf(key).join(" ")} is “${other.label}” already`);
		setPrefs({ keys: { ...p.keys, [id]: key } });
	};
	const reset = (id: string): void => {
		const { [id]: _, ...rest } = p.keys;
		setPrefs({ keys: rest });
	};
	return (
		<Part id="keyboard" title="Keyboard">
			<Switch label="Single-key shortcuts" note="Without them, Ctrl or ⌘ K still reaches everything." on={p.singleKeys} set={(singleKeys) => setPrefs({ singleKeys })} />
			<details class="keys-edit">
				<summary>Change keys</summary>
				{(Object.keys(SCOPES) as Scope[]).map((s) => {
					const of = KEYS.filter((k) => k.scope === s && !k.fixed);
					if (of.length === 0) return null;
					return (
						<table key={s} class="plain keys-table">
							<caption>{SCOPES[s]}</caption>
							<tbody>
								{of.map((k) => (
									<tr key={k.id}>
										<th scope="row">{k.label}</th>
										<td>{waits === k.id ? "press a key" : keysOf(k.id).map((x) => <kbd key={x}>{capsOf(x).join(" ")}</kbd>)}</td>
										<td>
											<Button small kind="quiet" aria-label={`Change the key of “${k.label}”`} onClick={() => setWaits(k.id)} onKeyDown={(e) => { if (waits === k.id) capture(k.id)(e); }} onBlur={() => setWaits(null)}>Change</Button>
											{p.keys[k.id] && <Button small kind="quiet" onClick={() => reset(k.id)}>Reset</Button>}
										</td>
									</tr>
								))}
							</tbody>
						</table>
					);
				})}
			</details>
		</Part>
	);
}

function Data() {
	const { data: s } = useLoad<Session>("/session");
	const clear = async (): Promise<void> => {
		const yes = await confirm({ title: "Forget what this browser keeps?", text: <p>Settings, drafts, saved views and the list of questions go. Runs and reports stay where they are.</p>, yes: "Forget", danger: true });
		if (!yes) return;
		for (const k of Object.keys(localStorage)) if (k.startsWith("tutti.")) localStorage.removeItem(k);
		location.reload();
	};
	const leave = async (): Promise<void> => {
		try {
			await post("/session/sign-out", {});
			location.assign("/");
		} catch (e) {
			toastError(asTrouble(e));
		}
	};
	return (
		<Part id="data" title="Data and session">
			{s && <p class="muted">tutti {s.version} ({s.build}), for {s.user}{s.loopback ? ", reachable from this machine only" : ""}.</p>}
			<p class="setting-presets">
				<Button onClick={() => void clear()}>Forget this browser's data…</Button>
				<Button onClick={() => void leave()}>Sign out</Button>
				<LinkButton kind="quiet" href="/api/v1/openapi.json">API description</LinkButton>
			</p>
		</Part>
	);
}
