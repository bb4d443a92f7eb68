export default function ComparePage({ a, b }: { a: string; b: string }) {
	return <h1 tabIndex={-1}>{a} {b}</h1>;
}
