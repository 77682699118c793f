/** Whether a trial finds a bug that was planted. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../package/manifest.ts";
import { type PlantedBug, plant } from "./planted.ts";
import { type SoakOptions, type SoakResult, soak } from "./soak.ts";

/** Runs a trial of the sources with the bug, up to its first finding. */
export async function tryPlanted(
  bug: PlantedBug,
  how: Omit<SoakOptions, "sources" | "stopEarly">,
): Promise<SoakResult> {
  const sources = mkdtempSync(join(tmpdir(), "vigil-planted-"));
  try {
    plant(bug, root, sources);
    return await soak({ ...how, sources, stopEarly: true });
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

/** The shortest trial that finds it. */
export function tryQuickly(bug: PlantedBug, seed: number): Promise<SoakResult> {
  const { kills, aim = null, disturbance } = bug;
  return tryPlanted(bug, { kills, seed, aim, disturbances: disturbance === undefined ? [] : [disturbance] });
}
