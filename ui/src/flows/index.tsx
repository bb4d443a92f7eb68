export function Flows() {
	return <h1>Flows</h1>;
}
export function FlowPage({ id }: { id: string }) {
	return <h1>{id}</h1>;
}
