/* A button that opens a list of actions or choices, on the browser's popover. */
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "./button";
import { hint } from "../app/keys";
import { Icon, type IconName } from "./icon";
import { tip } from "./tip";

export interface Item {
	label: string;
	detail?: string | undefined;
	icon?: IconName;
	command?: string;
	danger?: boolean;
	disabled?: string | undefined; /* why */
	checked?: boolean | undefined; /* a choice rather than an action */
	many?: boolean; /* a choice for itself, not one of several */
	href?: string;
	download?: boolean;
	go?: () => void;
	rule?: boolean; /* a line above it */
}

interface MenuProps {
	label: ComponentChildren;
	name?: string; /* of the menu; said before LABEL, or instead of it where that is an icon */
	items: Item[] | (() => Item[]);
	icon?: IconName;
	kind?: "plain" | "quiet" | "filled";
	small?: boolean;
	caret?: boolean;
	command?: string;
	class?: string;
	innerRef?: { current: HTMLButtonElement | null };
}

/* Under its button, or above when there is no room; inside the window always. */
export function place(panel: HTMLElement, button: Element): void {
	const at = button.getBoundingClientRect();
	const size = panel.getBoundingClientRect();
	const below = at.bottom + 4 + size.height <= innerHeight - 8 || at.top < innerHeight / 2;
	const x = at.left + size.width > innerWidth - 8 ? at.right - size.width : at.left;
	panel.style.left = `${Math.max(8, x)}px`;
	panel.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4)}px`;
	panel.style.maxHeight = `${below ? innerHeight - at.bottom - 12 : at.top - 12}px`;
}

function move(e: KeyboardEvent): void {
	const menu = e.currentTarget as HTMLElement;
	const all = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")];
	const i = all.indexOf(document.activeElement as HTMLElement);
	let to = -1;
	if (e.key === "ArrowDown") to = (i + 1) % all.length;
	else if (e.key === "ArrowUp") to = (i - 1 + all.length) % all.length;
	else if (e.key === "Home") to = 0;
	else if (e.key === "End") to = all.length - 1;
	else if (e.key === "Tab") return (menu as HTMLElement).hidePopover();
	else if (e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey)
		to = [...all.keys()].map((n) => (i + 1 + n) % all.length).find((n) => all[n]!.textContent!.trim().toLowerCase().startsWith(e.key.toLowerCase())) ?? -1;
	if (to < 0) return;
	e.preventDefault();
	e.stopPropagation();
	all[to]!.focus();
}

export function Menu({ label, name, items, icon, kind = "plain", small, caret = true, command, class: more, innerRef }: MenuProps) {
	const own = useRef<HTMLButtonElement>(null);
	const button = innerRef ?? own;
	const panel = useRef<HTMLDivElement>(null);
	const [open, setOpen] = useState(false);
	const id = useId();
	const list = open ? (typeof items === "function" ? items() : items) : [];

	const toggled = (e: { newState: string }): void => {
		const opened = e.newState === "open";
		setOpen(opened);
		if (!opened) return;
		requestAnimationFrame(() => {
			if (!panel.current || !button.current) return;
			place(panel.current, button.current);
			(panel.current.querySelector<HTMLElement>("[aria-checked=true]") ?? panel.current.querySelector<HTMLElement>("[role^=menuitem]"))?.focus();
		});
	};
	const chosen = (i: Item): void => {
		if (i.disabled) return;
		panel.current?.hidePopover();
		button.current?.focus();
		i.go?.();
	};
	return (
		<>
			<Button innerRef={button} kind={kind} {...(icon ? { icon } : {})} {...(small ? { small } : {})} class={(more ?? "") + (caret ? "" : " is-bare")} aria-haspopup="menu" aria-expanded={open} aria-controls={id}
				aria-label={caret ? undefined : name} {...(name ? tip(name, command) : command ? tip("", command) : {})}
				onClick={() => panel.current?.togglePopover()}
				onKeyDown={(e) => { if (e.key === "ArrowDown") { e.preventDefault(); panel.current?.showPopover(); } }}>
				{caret && name && <span class="vh">{name}: </span>}
				{label}
				{caret && <Icon name="down" />}
			</Button>
			<div ref={panel} id={id} popover="auto" role="menu" class="menu" aria-label={name} onToggle={toggled} onKeyDown={move}>
				{list.map((i) => <Row key={i.label} item={i} chosen={chosen} />)}
			</div>
		</>
	);
}

function Row({ item: i, chosen }: { item: Item; chosen: (i: Item) => void }) {
	const role = i.checked === undefined ? "menuitem" : i.many ? "menuitemcheckbox" : "menuitemradio";
	const inner = (
		<>
			{i.checked !== undefined ? <span class="menu-mark">{i.checked && <Icon name="check" />}</span> : i.icon && <Icon name={i.icon} />}
			<span class="menu-label">{i.label}{(i.disabled || i.detail) && <small>{i.disabled ?? i.detail}</small>}</span>
			{i.command && hint(i.command) && <kbd aria-hidden="true">{hint(i.command)}</kbd>}
		</>
	);
	const shared = {
		role, tabIndex: -1,
		class: "menu-item" + (i.danger ? " is-danger" : "") + (i.rule ? " has-rule" : ""),
		...(i.checked === undefined ? {} : { "aria-checked": i.checked }),
	} as const;
	if (i.href && !i.disabled)
		return <a {...shared} href={i.href} download={i.download} onClick={() => chosen(i)}>{inner}</a>;
	return <button type="button" {...shared} aria-disabled={i.disabled ? "true" : undefined} onClick={() => chosen(i)}>{inner}</button>;
}
