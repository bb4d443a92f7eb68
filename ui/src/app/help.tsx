/* The keyboard, as the one table says it. */
import { Dialog } from "../ui/dialog";
import { LinkButton } from "../ui/button";
import { capsOf, KEYS, keysOf, SCOPES, type Scope } from "./keys";
import { close } from "./layers";
import { prefs } from "./prefs";
import "./help.css";
import { S } from "./strings";

export function Help() {
	const tabs = KEYS.filter((k) => k.id.startsWith("run.tab.")).map((k) => keysOf(k.id)[0]);
	return (
		<Dialog title={S.keys.title} class="is-help" onClose={close}>
			<div class="help" tabIndex={0} role="region" aria-label={S.keys.title}>
				{!prefs.value.singleKeys && <p class="help-note">{S.keys.off}</p>}
				<div class="help-columns">
				{(Object.keys(SCOPES) as Scope[]).map((s) => (
					<section key={s} aria-labelledby={"k-" + s}>
						<h3 id={"k-" + s}>{SCOPES[s]}</h3>
						<dl>
							{s === "run" && <div><dt>{S.keys.tabs}</dt><dd><kbd>{tabs[0]}</kbd><span class="muted"> {S.keys.to} </span><kbd>{tabs[tabs.length - 1]}</kbd></dd></div>}
							{KEYS.filter((k) => k.scope === s && !k.id.startsWith("run.tab.")).map((k) => (
								<div key={k.id}>
									<dt>{k.label}</dt>
									<dd>{keysOf(k.id).map((key, i) => <>{i > 0 && <span class="muted"> {S.keys.or} </span>}<kbd key={key}>{capsOf(key).join(" ")}</kbd></>)}</dd>
								</div>
							))}
						</dl>
					</section>
				))}
				</div>
			</div>
			<footer class="dialog-foot"><LinkButton kind="quiet" href="/settings" onClick={close}>{S.settings.changeKeys}</LinkButton></footer>
		</Dialog>
	);
}
