/* What is chosen for this browser; nothing of it leaves it. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { useFrame } from "../app/frame";
import { canBind, capsOf, KEYS, keysOf, nameOf, SCOPES, type Scope } from "../app/keys";
import { permission, askPermission } from "../app/notices";
import { prefs, setPrefs, type Prefs } from "../app/prefs";
import { S } from "../app/strings";
import { Button, LinkButton } from "../ui/button";
import { confirm } from "../ui/dialog";
import { useLoad } from "../ui/load";
import { toast, toastError } from "../ui/toast";
import { asTrouble, post } from "../wire/api";
import type { Session } from "../wire/types";
import "./settings.css";

export function Settings() {
	useFrame({ title: S.nav.settings, crumbs: [{ label: S.nav.settings }] }, []);
	return (
		<div class="page is-narrow settings">
			<h1>{S.nav.settings}</h1>
			<p class="muted">{S.settings.kept}</p>
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
		<Part id="appearance" title={S.settings.appearance}>
			<Choice label={S.settings.theme} of="theme" values={[["system", S.settings.system], ["light", S.settings.light], ["dark", S.settings.dark]]} />
			<Choice label={S.settings.density} of="density" values={[["auto", S.settings.automatic], ["comfortable", S.settings.comfortable], ["compact", S.settings.compact]]} />
			<Choice label={S.settings.times} of="times" values={[["local", S.settings.local], ["utc", S.settings.utc]]} />
		</Part>
	);
}

function Notifications() {
	const n = prefs.value.notify;
	const p = permission.value;
	const set = (part: Partial<Prefs["notify"]>): void => setPrefs({ notify: { ...n, ...part } });
	return (
		<Part id="notifications" title={S.settings.notifications}>
			{p === "granted" ? <p class="muted">{S.settings.notifyOn}</p>
				: p === "denied" ? <p class="muted">{S.settings.notifyBlocked}</p>
					: p === "unsupported" ? <p class="muted">{S.settings.notifyNone}</p>
						: <p><Button onClick={() => void askPermission()}>{S.settings.notifyAsk}</Button></p>}
			<div class="checks">
				<Switch label={S.settings.finished} on={n.finished} set={(finished) => set({ finished })} disabled={p !== "granted"} />
				<Switch label={S.settings.failed} on={n.failed} set={(failed) => set({ failed })} disabled={p !== "granted"} />
				<Switch label={S.settings.attention} on={n.attention} set={(attention) => set({ attention })} disabled={p !== "granted"} />
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
		<Part id="editor" title={S.settings.editor}>
			<div class="setting">
				<label for={id}>{S.settings.template}</label>
				<div>
					<input id={id} class="field" type="text" spellcheck={false} value={text} placeholder={S.settings.noTemplate} aria-invalid={bad || undefined} aria-describedby={id + "n"}
						onInput={(e) => { const v = e.currentTarget.value.trim(); setText(v); if (isEditorLink(v)) setPrefs({ editor: v }); }} />
					<p id={id + "n"} class={bad ? "problem" : "muted"}>{bad ? S.settings.templateWrong : S.settings.templateMeans}</p>
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
		if (!canBind(key)) return void toast(S.settings.taken(capsOf(key).join(" ")));
		const { scope } = KEYS.find((k) => k.id === id)!;
		const other = KEYS.find((k) => k.id !== id && !k.fixed && (k.scope === scope || k.scope === "any" || scope === "any") && keysOf(k.id).includes(key));
		if (other) return void toast(S.settings.usedFor(capsOf(key).join(" "), other.label));
		setPrefs({ keys: { ...p.keys, [id]: key } });
	};
	const reset = (id: string): void => {
		const { [id]: _, ...rest } = p.keys;
		setPrefs({ keys: rest });
	};
	return (
		<Part id="keyboard" title={S.settings.keyboard}>
			<Switch label={S.settings.singleKeys} note={S.settings.singleKeysMean} on={p.singleKeys} set={(singleKeys) => setPrefs({ singleKeys })} />
			<details class="keys-edit">
				<summary>{S.settings.changeKeys}</summary>
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
										<td>{waits === k.id ? S.settings.pressKey : keysOf(k.id).map((x) => <kbd key={x}>{capsOf(x).join(" ")}</kbd>)}</td>
										<td>
											<Button small kind="quiet" aria-label={S.settings.changeKeyOf(k.label)} onClick={() => setWaits(k.id)} onKeyDown={(e) => { if (waits === k.id) capture(k.id)(e); }} onBlur={() => setWaits(null)}>{S.settings.change}</Button>
											{p.keys[k.id] && <Button small kind="quiet" onClick={() => reset(k.id)}>{S.settings.reset}</Button>}
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
		const yes = await confirm({ title: S.settings.forgetTitle, text: <p>{S.settings.forgetText}</p>, yes: S.settings.forgetYes, danger: true });
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
		<Part id="data" title={S.settings.data}>
			{s && <p class="muted">{S.settings.session(s.version, s.build, s.user)}{s.loopback ? S.settings.loopback : ""}.</p>}
			<p class="setting-presets">
				<Button onClick={() => void clear()}>{S.settings.forget}</Button>
				<Button onClick={() => void leave()}>{S.settings.signOut}</Button>
				<LinkButton kind="quiet" href="/api/v1/openapi.json">{S.settings.api}</LinkButton>
			</p>
		</Part>
	);
}
