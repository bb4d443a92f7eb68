/* The wire's shapes under the names that this room uses, and what it adds to them. */
import type { Block, LogEvent as WireEvent, RunDocument } from "../wire/types";

export type { Attempt, Block, Status, Step, TailRow, ToolBlock } from "../wire/types";
export type RunDoc = RunDocument;
export type MessageBlock = Extract<Block, { type: "message" }>;

/* DATA is what the log holds: it is looked at field by field. */
export interface LogEvent extends Omit<WireEvent, "data"> {
	data: Record<string, any>;
}

export interface Cite {
	id?: string;
	class?: string;
	path: string;
	line?: number | null;
	end?: number | null;
	quote?: string | null;
	state: string;
	found_line?: number | null;
	verdict?: string | null;
	used_by?: string[];
}
