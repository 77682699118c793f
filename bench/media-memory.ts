/**
 * What Vigil's process holds in memory after many stills, beside what it held after the first, both a while after a full
 * garbage collection: its resident set, and what JavaScript holds of that. The rest is the allocators', which take more
 * for as long as another constellation of threads comes up. The stills are small, so that there can be many.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Benchmark, below, type Figure } from "./figure.ts";
import { startInstantServers } from "./instant-servers.ts";
import { StillWriter, scenery } from "./stills.ts";
import { Vigil } from "./vigil.ts";

const FRAME = { width: 640, height: 360 };
const SCENES = 8;
const FIRST = 1_000;
const STILLS = 10_000;
const AT_ONCE = 250;
const CAMERAS = ["front-door", "yard", "garage", "street"];
const GOAL_MB = 30;
const MB = 1024 * 1024;

export const mediaMemory: Benchmark = {
  name: "media-memory",
  async run(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    const staging = join(folder, "staging");
    mkdirSync(staging);
    const instant = await startInstantServers(FRAME);
    const vigil = await Vigil.start({ folder, detectorUrl: instant.url, collect: true });
    try {
      const stills = new StillWriter(await Promise.all(Array.from({ length: SCENES }, () => scenery(FRAME))), staging);
      const put = async (count: number) => {
        for (let n = 0; n < count; n += AT_ONCE) await vigil.put(stills.write(AT_ONCE), CAMERAS);
        return await vigil.measure();
      };
      const first = await put(FIRST);
      const last = await put(STILLS - FIRST);
      const megabytes = (bytes: number) => `${(bytes / MB).toFixed(0)} MB`;
      const detail = `${STILLS} stills of ${FRAME.width}x${FRAME.height}; resident set after ${FIRST}:`;
      return [
        below(GOAL_MB, {
          name: "media memory growth",
          value: (last.rssBytes - first.rssBytes) / MB,
          unit: "MB",
          detail: `${detail} ${megabytes(first.rssBytes)}`,
        }),
        {
          name: "of that in JavaScript",
          value: (last.heldBytes - first.heldBytes) / MB,
          unit: "MB",
          goal: null,
          ok: null,
          detail: `objects and buffers; after ${FIRST}: ${megabytes(first.heldBytes)}`,
        },
      ];
    } finally {
      await vigil.stop();
      instant.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
