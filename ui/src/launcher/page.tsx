export function LaunchPage() {
	return <h1>Run a flow</h1>;
}
