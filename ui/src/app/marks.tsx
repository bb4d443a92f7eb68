/* A snippet: what was found stands between \u0002 and \u0003. */
export function Marked({ text }: { text: string }) {
	return (
		<>
			{text.split("\u0002").map((part, i) => {
				const end = part.indexOf("\u0003");
				if (i === 0 || end < 0) return part;
				return <><mark key={i}>{part.slice(0, end)}</mark>{part.slice(end + 1)}</>;
			})}
		</>
	);
}
