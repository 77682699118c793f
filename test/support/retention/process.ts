/** A process that runs retention, and dies at a statement. Arguments: the data folder, the limits and the statement, as JSON. */
import { join } from "node:path";
import { KillAt, watchStatements } from "../../faults/statements.ts";
import { rulesOf } from "./rules.ts";

const [dataDir = "", limits = "", killAt = "null"] = process.argv.slice(2);
// Later than what has put itself in the database's place.
const { runOn } = await import("./running.ts");
const database = join(dataDir, "vigil.db");
watchStatements({ killAt: KillAt.nullable().parse(JSON.parse(killAt)), database, durableFile: `${database}.durable` });
const result = await runOn(dataDir, rulesOf(JSON.parse(limits)));
process.send?.(result);
process.disconnect?.();
