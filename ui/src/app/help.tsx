/* The keyboard, as the one table says it. */
import { Dialog } from "../ui/dialog";
import { LinkButton } from "../ui/button";
import { capsOf, KEYS, keysOf, SCOPES, type Scope } from "./keys";
import { close } from "./layers";
import { prefs } from "./prefs";
import "./help.css";

export function Help() {
	const tabs = KEYS.filter((k) => k.id.startsWith("run.tab.")).map((k) => keysOf(k.id)[0]);
	return (
		<Dialog title="Keyboard shortcuts" class="is-help" onClose={close}>
			<div class="help" tabIndex={0} role="region" aria-label="Keyboard shortcuts">
				{!prefs.value.singleKeys && <p class="help-note">Single-key shortcuts are switched off.</p>}
				<div class="help-columns">
				{(Object.keys(SCOPES) as Scope[]).map((s) => (
					<section key={s} aria-labelledby={"k-" + s}>
						<h3 id={"k-" + s}>{SCOPES[s]}</h3>
						<dl>
							{s === "run" && <div><dt>Tabs, from the first to the sixth</dt><dd><kbd>{tabs[0]}</kbd><span class="muted"> to </span><kbd>{tabs[tabs.length - 1]}</kbd></dd></div>}
							{KEYS.filter((k) => k.scope === s && !k.id.startsWith("run.tab.")).map((k) => (
								<div key={k.id}>
									<dt>{k.label}</dt>
									<dd>{keysOf(k.id).map((key, i) => <>{i > 0 && <span class="muted"> or </span>}<kbd key={key}>{capsOf(key).join(" ")}</kbd></>)}</dd>
								</div>
							))}
						</dl>
					</section>
				))}
				</div>
			</div>
			<footer class="dialog-foot"><LinkButton kind="quiet" href="/settings" onClick={close}>Change keys</LinkButton></footer>
		</Dialog>
	);
}
