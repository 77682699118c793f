/** From the last byte of a still to `detect`'s output, with one still a second and a detector that answers at once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Benchmark, below, type Figure, quantile } from "./figure.ts";
import { FULL_HD, startInstantServers } from "./instant-servers.ts";
import { StillWriter, scenery } from "./stills.ts";
import { upload } from "./upload.ts";
import { Vigil } from "./vigil.ts";

const WARM_UP = 5;
const STILLS = 60;
const SCENES = 4;
const PAUSE_MS = 1_000;
const GOAL_P99_MS = 100;

export const detectLatency: Benchmark = {
  name: "detect-latency",
  async run(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    const instant = await startInstantServers();
    const vigil = await Vigil.start({ folder, detectorUrl: instant.url });
    try {
      const pictures = await Promise.all(Array.from({ length: SCENES }, () => scenery(FULL_HD)));
      const stills = new StillWriter(pictures, folder);
      const camera = vigil.cameraFolder("front-door");
      const latencies: number[] = [];
      for (let n = 0; n < WARM_UP + STILLS; n++) {
        const { passed } = await vigil.expect(1, "detected");
        const written = await upload(join(camera, `still-${n}.jpg`), stills.next());
        await passed;
        latencies.push(performance.now() - written);
        await pause(PAUSE_MS);
      }
      const measured = latencies.slice(WARM_UP);
      const detail = `${STILLS} stills of 1920x1080 in three writes, one a second`;
      return [
        { name: "detect latency median", value: quantile(measured, 0.5), unit: "ms", goal: null, ok: null, detail },
        below(GOAL_P99_MS, { name: "detect latency p99", value: quantile(measured, 0.99), unit: "ms", detail }),
      ];
    } finally {
      await vigil.stop();
      instant.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
