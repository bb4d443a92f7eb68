import { close, type Preset } from "../app/layers";
import { S } from "../app/strings";
import { Dialog } from "../ui/dialog";
import { LaunchForm } from "./form";

export function LaunchDialog({ preset }: { preset: Preset }) {
	return (
		<Dialog title={S.run.flow} class="is-full is-launch" onClose={close}>
			<LaunchForm preset={preset} close={close} />
		</Dialog>
	);
}
