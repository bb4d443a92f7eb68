/* The lists that the header and the bottom bar open. */
import { Dialog } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icon";
import { AttentionRow } from "../home";
import { attention, markSeen } from "./attention";
import { Button } from "../ui/button";
import { close, open, type LayerName } from "./layers";
import { go } from "./router";
import { S } from "./strings";

export function AttentionList() {
	const of = attention.value;
	return (
		<Dialog title={S.attention} onClose={close}>
			<div class="attention" onClick={(e) => (e.target as Element).closest("a") && close()}>
				{of.length === 0 ? <p class="dialog-text">{S.lists.nothing}</p> : <ul class="rows">{of.map((a) => <AttentionRow key={a.id + a.kind} of={a} />)}</ul>}
			</div>
			<footer class="dialog-foot">
				<Button kind="quiet" disabled={!of.some((a) => a.kind === "failed")} onClick={() => { for (const a of of) if (a.kind === "failed") markSeen(a.id); close(); }}>{S.lists.seen}</Button>
			</footer>
		</Dialog>
	);
}

const more: { label: string; icon: IconName; href?: string; layer?: LayerName }[] = [
	{ label: S.search, icon: "search", layer: "palette" },
	{ label: S.nav.agents, icon: "agents", href: "/agents" },
	{ label: S.nav.settings, icon: "settings", href: "/settings" },
	{ label: S.keys.title, icon: "keyboard", layer: "keys" },
];

export function MoreSheet() {
	return (
		<Dialog title={S.nav.more} class="is-narrow" onClose={close}>
			<ul class="sheet">
				{more.map((m) => (
					<li key={m.label}>
						<button type="button" class="menu-item" onClick={() => { close(); setTimeout(() => (m.layer ? open(m.layer) : go(m.href!))); }}>
							<Icon name={m.icon} size={20} />
							{m.label}
						</button>
					</li>
				))}
			</ul>
		</Dialog>
	);
}
