import { close, type Preset } from "../app/layers";
import { Dialog } from "../ui/dialog";
import { LaunchForm } from "./form";

export function LaunchDialog({ preset }: { preset: Preset }) {
	return (
		<Dialog title="Run a flow" class="is-full is-launch" onClose={close}>
			<LaunchForm preset={preset} close={close} />
		</Dialog>
	);
}
