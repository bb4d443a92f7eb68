/* The same, by somebody who knows what a commit costs: all changes of one turn of the loop share one. */
import { grouped, open as openOn } from "./sqlite.mjs";

export const open = (options) => openOn(options, grouped);
