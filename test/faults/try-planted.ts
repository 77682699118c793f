/** Whether a trial finds a bug that was planted. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../package/manifest.ts";
import { type PlantedBug, plant } from "./planted.ts";
import { type SoakResult, soak } from "./soak.ts";

/** Runs the shortest trial that finds it, on a copy of the sources that has the bug. */
export async function tryPlanted(bug: PlantedBug, seed: number): Promise<SoakResult> {
  const sources = mkdtempSync(join(tmpdir(), "vigil-planted-"));
  try {
    plant(bug, root, sources);
    const { kills, aim = null, disturbance } = bug;
    const disturbances = disturbance === undefined ? [] : [disturbance];
    return await soak({ kills, seed, aim, disturbances, sources, stopEarly: true });
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}
