/* Real buttons and links that look like them. A button without a visible word has a tooltip and a name. */
import type { ComponentChildren, JSX, Ref } from "preact";
import { hint } from "../app/keys";
import { Icon, type IconName } from "./icon";
import { tip } from "./tip";

type Kind = "plain" | "filled" | "quiet" | "danger";

interface Common {
	kind?: Kind;
	icon?: IconName;
	command?: string; /* whose key the tooltip tells */
	children?: ComponentChildren;
	small?: boolean;
}

type ButtonProps = Common & Omit<JSX.IntrinsicElements["button"], "icon" | "ref"> & { innerRef?: Ref<HTMLButtonElement> };

export function Button({ kind = "plain", icon, command, children, small, innerRef, class: more, ...rest }: ButtonProps) {
	return (
		<button type="button" ref={innerRef ?? null} class={`button is-${kind}${small ? " is-small" : ""}${more ? " " + String(more) : ""}`}
			{...(command ? tip("", command) : {})} {...rest}>
			{icon && <Icon name={icon} />}
			{children}
		</button>
	);
}

/* LABEL is name and tooltip. */
export function IconButton({ icon, label, command, size = 16, innerRef, class: more, ...rest }: Omit<ButtonProps, "children" | "icon" | "label"> & { icon: IconName; label: string; size?: number }) {
	return (
		<button type="button" ref={innerRef ?? null} class={"icon-button" + (more ? " " + String(more) : "")} aria-label={label} {...tip(label, command)} {...rest}>
			<Icon name={icon} size={size} />
		</button>
	);
}

interface LinkProps extends Common {
	href: string;
	class?: string;
	target?: string;
	download?: boolean | string;
	onClick?: (e: MouseEvent) => void;
}

export function LinkButton({ kind = "plain", icon, command, children, small, class: more, ...rest }: LinkProps) {
	return (
		<a class={`button is-${kind}${small ? " is-small" : ""}${more ? " " + more : ""}`} {...(command ? tip("", command) : {})} {...rest}>
			{icon && <Icon name={icon} />}
			{children}
		</a>
	);
}

export function Key({ command }: { command: string }) {
	const h = hint(command);
	return h ? <kbd aria-hidden="true">{h}</kbd> : null;
}
