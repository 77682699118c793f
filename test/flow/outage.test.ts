/** A detector that is away for minutes while cameras go on uploading, and one picture that it can never do. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { leftovers, violations } from "../support/invariants.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const OUTAGE_MS = 150_000;
const UPLOAD_EVERY_MS = 400;
const RECOVERY_MS = 90_000;
const FLAT_BYTES = 40 * 1024 * 1024;

describe("a detector that is away", function () {
  this.timeout(OUTAGE_MS + RECOVERY_MS + 30_000);
  let folder: string;
  let detector: DetectorServer;
  let flow: Flow;
  let uploads = 0;

  beforeEach(async () => {
    folder = tempFolder();
    detector = await startDetectorServer();
    mkdirSync(join(folder, "cameras", "porch"), { recursive: true });
    uploads = 0;
    const site = { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" };
    const watch = { id: "watch", type: "foscam-watch", site: "site", folder: join(folder, "cameras") };
    flow = await startFlow([
      site,
      { ...watch, wires: [["detect"], [], []] },
      { id: "detect", type: "detect", site: "site", url: detector.url, wires: [[], [], []] },
    ]);
  });
  afterEach(async () => {
    await flow.stop();
    await detector.close();
  });
  after(removeTempFolders);

  const count = (sql: string): number => {
    const db = new Database(join(folder, "data", "vigil.db"), { readonly: true });
    try {
      return db.prepare<[], number>(sql).pluck().get() ?? 0;
    } finally {
      db.close();
    }
  };
  const inspected = () => count("SELECT count(*) FROM inspections");
  const upload = async (): Promise<string> => {
    uploads += 1;
    const bytes = await scene(null, { seed: uploads });
    const name = join(folder, "cameras", "porch", `${uploads}.jpg`);
    writeFileSync(`${name}.part`, bytes);
    renameSync(`${name}.part`, name);
    return name;
  };

  it("kills no job in minutes, takes no memory, and has everything done soon after", async () => {
    await upload();
    await eventually(() => inspected() === 1, "the first picture");
    const port = Number(new URL(detector.url).port);
    await detector.close();
    const began = performance.now();
    const memory: number[] = [];
    for (let next = began; next < began + OUTAGE_MS; next += UPLOAD_EVERY_MS) {
      await upload();
      if (uploads % 25 === 0) memory.push(process.memoryUsage().rss);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next + UPLOAD_EVERY_MS - performance.now())));
    }
    assert.equal(count("SELECT count(*) FROM work WHERE state <> 'queued' AND state <> 'done'"), 0);
    const [early = 0, ...later] = memory.slice(2);
    assert.ok(Math.max(...later) - early < FLAT_BYTES, `${early} bytes, then ${Math.max(...later)}`);

    detector = await startDetectorServer({ port });
    await eventually(() => inspected() === uploads, "all pictures", RECOVERY_MS);
    assert.equal(count("SELECT count(*) FROM work WHERE state = 'dead'"), 0);
    const store = join(folder, "data", "vigil.db");
    assert.deepEqual([violations(store), leftovers(store)], [[], []]);
  });

  it("lets a poisoned picture die alone among good ones", async () => {
    const poisoned = await upload();
    await eventually(() => inspected() === 1, "a picture that is good so far");
    const { sha256 } = detector.requests[0] ?? assert.fail("it was looked at");
    detector.misbehave((picture) => (picture.sha256 === sha256 ? 500 : null));
    renameSync(poisoned, join(folder, "cameras", "porch", "poisoned.jpg"));
    const stop = setInterval(() => void upload(), UPLOAD_EVERY_MS);
    try {
      await eventually(() => count("SELECT count(*) FROM work WHERE state = 'dead'") === 1, "its end", RECOVERY_MS);
    } finally {
      clearInterval(stop);
    }
    await eventually(() => inspected() === uploads, "all others", RECOVERY_MS);
    assert.equal(count("SELECT count(*) FROM work WHERE state = 'dead' AND code = 'DETECTOR_FAILED'"), 1);
    assert.ok(count("SELECT attempts FROM work WHERE state = 'dead'") <= 6, "it is not tried for ever");
  });
});
