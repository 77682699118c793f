/** The servers that the nodes of this process use, whichever site they belong to. */
import { systemClock } from "../lib/resilience/clock.ts";
import { ServerGates } from "../lib/resilience/server-gates.ts";

export const serverGates = new ServerGates(systemClock);
