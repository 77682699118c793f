/** A process that runs retention over a trial's store, to be killed. Arguments: the data folder, the limits as JSON. */
import { contentsRules } from "./rules.ts";
import { runOn } from "./running.ts";

const [dataDir = "", limits = ""] = process.argv.slice(2);
process.send?.("begun");
const result = await runOn(dataDir, contentsRules(JSON.parse(limits)));
process.send?.(result);
process.disconnect?.();
