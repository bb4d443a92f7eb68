export default function RunPage({ id }: { id: string }) {
	return <h1 tabIndex={-1}>{id}</h1>;
}
