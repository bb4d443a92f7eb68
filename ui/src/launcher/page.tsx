import { useFrame } from "../app/frame";
import type { Preset } from "../app/layers";
import { route } from "../app/router";
import { S } from "../app/strings";
import { LaunchForm } from "./form";

const NAMES = ["flow", "size", "focus", "fast", "repo", "q", "model", "provided", "at", "base"] as const;

export function LaunchPage() {
	useFrame({ title: S.run.flow, crumbs: [{ label: S.run.flow }] }, []);
	const preset: Preset = {};
	for (const n of NAMES) {
		const v = route.value.query.get(n);
		if (v !== null) preset[n] = v;
	}
	return (
		<div class="page is-narrow launch-page">
			<h1>{S.run.flow}</h1>
			<LaunchForm preset={preset} />
		</div>
	);
}
