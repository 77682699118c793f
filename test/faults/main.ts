/** `npm run soak -- --kills 300 --seed 7`: tries whether anything gets lost or doubled, and says what. */
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { describe } from "./findings.ts";
import { Disturbance } from "./plan.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    disturb: { type: "string", default: "detector,llm,broker,disk,power,touch,disable" },
    verbose: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const { kills, stills, findings } = await soak({
  kills: Number(values.kills),
  seed,
  sources: dirname(dirname(import.meta.dirname)),
  disturbances: z.array(Disturbance).parse(values.disturb.split(",")),
  aim: null,
  stopEarly: false,
  ...(values.verbose && { onLife: (summary: string) => process.stdout.write(`${summary}\n`) }),
});
if (findings.length > 0) process.stdout.write(`${describe(findings)}\n`);
const count = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
process.stdout.write(`seed ${seed}\n`);
process.stdout.write(`kills ${kills}, stills ${stills}, lost ${count("lost")}, doubled ${count("doubled")}\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
