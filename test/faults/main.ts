/** `npm run soak -- --kills 300 --seed 7`: tries whether anything gets lost or doubled, and says what. */
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { describe } from "./findings.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    verbose: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const { kills, stills, findings } = await soak({
  kills: Number(values.kills),
  seed,
  sources: dirname(dirname(import.meta.dirname)),
  disturbances: ["detector", "llm", "broker", "touch", "disable"],
  stopEarly: false,
  ...(values.verbose && { onLife: (summary: string) => process.stdout.write(`${summary}\n`) }),
});
if (findings.length > 0) process.stdout.write(`${describe(findings)}\n`);
const count = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
process.stdout.write(`seed ${seed}\n`);
process.stdout.write(`kills ${kills}, stills ${stills}, lost ${count("lost")}, doubled ${count("doubled")}\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
