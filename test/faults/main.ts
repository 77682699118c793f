/**
 * `npm run soak -- --kills 300 --seed 7`: tries whether anything gets lost or doubled, and says what. With `--planted`, it
 * tries whether the trial itself finds the bugs that are planted for it.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { Limit } from "../../lib/media/limit.ts";
import { root } from "../package/manifest.ts";
import { describe } from "./findings.ts";
import { Disturbance } from "./plan.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted.ts";
import { soak } from "./soak.ts";
import { tryPlanted } from "./try-planted.ts";

const TRIES = 5;

const Options = z.object({
  kills: z.coerce.number().int().positive().default(300),
  seed: z.coerce.number().int().nonnegative(),
  disturbances: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(Disturbance))
    .default(Disturbance.options),
});

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    disturbances: { type: "string" },
    planted: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const options = Options.parse(values);
const say = (line: string) => process.stdout.write(`${line}\n`);
await (values.planted ? findPlanted() : findReal());

async function findReal(): Promise<void> {
  const onLife = values.verbose ? { onLife: say } : {};
  const { kills, stills, findings } = await soak({ ...options, ...onLife, sources: root, aim: null, stopEarly: false });
  if (findings.length > 0) say(describe(findings));
  const count = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
  const wrong = count("wrong") > 0 ? `, wrong ${count("wrong")}` : "";
  say(`seed ${options.seed}`);
  say(`kills ${kills}, stills ${stills}, lost ${count("lost")}, doubled ${count("doubled")}${wrong}`);
  if (findings.length > 0) process.exitCode = 1;
}

async function findPlanted(): Promise<void> {
  const atOnce = new Limit(cpus().length);
  const found = await Promise.all(PLANTED_BUGS.map((bug) => atOnce.run(() => find(bug))));
  say(`planted ${found.length}, found ${found.filter(Boolean).length}`);
  if (!found.every(Boolean)) process.exitCode = 1;
}

/** A trial is aimed at what the bug breaks; where it hits depends on the machine as well, so that it gets some tries. */
async function find(bug: PlantedBug): Promise<boolean> {
  for (let n = 0; n < TRIES; n++) {
    const { kills, findings } = await tryPlanted(bug, options.seed + n);
    if (findings.length === 0) continue;
    say(`found in try ${n + 1} after ${kills} kills: ${bug.name}`);
    return true;
  }
  say(`NOT FOUND: ${bug.name}`);
  return false;
}
