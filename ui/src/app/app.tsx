/* Which page the address means. The first view is home or a list; everything else is loaded when it is shown. */
import { Home } from "../home";
import { Later } from "./later";
import { route } from "./router";
import { Missing, Shell } from "./shell";

const pages = {
	run: () => import("../run").then((m) => m.default),
	compare: () => import("../compare").then((m) => m.default),
	runs: () => import("../history").then((m) => m.History),
	flows: () => import("../flows").then((m) => m.Flows),
	flow: () => import("../flows").then((m) => m.FlowPage),
	agents: () => import("../agents").then((m) => m.Agents),
	settings: () => import("../settings").then((m) => m.Settings),
	new: () => import("../launcher/page").then((m) => m.LaunchPage),
};

function Page() {
	const r = route.value;
	switch (r.page) {
		case "home":
			return <Home />;
		case "missing":
			return <Missing />;
		case "run":
		case "flow":
			return <Later key={r.page + r.id} load={pages[r.page]} props={{ id: r.id }} />;
		case "compare":
			return <Later load={pages.compare} props={{ a: r.query.get("a") ?? "", b: r.query.get("b") ?? "" }} />;
		default:
			return <Later key={r.page} load={pages[r.page]} />;
	}
}

export function App() {
	return (
		<Shell>
			<Page />
		</Shell>
	);
}
