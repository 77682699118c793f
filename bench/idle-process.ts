/** A process that does nothing but see how late its timers are, until its parent goes: what this is on a busy machine. */
import { monitorEventLoopDelay } from "node:perf_hooks";

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on("message", () => process.send?.(delay.max / 1e6, () => process.disconnect()));
