/* A failure where it happened: what, why, and what to do next. */
import type { Trouble } from "../wire/types";
import { Button } from "./button";
import { Glyph } from "./glyph";
import { capital, isCommand } from "../app/format";
import { S } from "../app/strings";

export function TroubleBox({ trouble: t, retry }: { trouble: Trouble; retry?: () => void }) {
	return (
		<div class="trouble" role="alert">
			<Glyph name="failed" silent />
			<div>
				<p><strong>{capital(t.what)}</strong></p>
				{t.why && <p>{t.why}</p>}
				{t.fix?.map((f) => <p key={f}>{isCommand(f) ? <code>{f}</code> : capital(f)}</p>)}
			</div>
			{retry && <Button small onClick={retry}>{S.retry}</Button>}
		</div>
	);
}
