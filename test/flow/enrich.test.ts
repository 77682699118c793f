/** `enrich` in a real Node-RED: what it finds out about batches, what it passes on when it cannot, and what it remembers. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Batch } from "../../lib/domain/batch.ts";
import { toIso } from "../../lib/domain/time.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const DRIVE = {
  zone_id: "drive",
  camera_id: "porch",
  name: "Drive",
  type: "driveway",
  points: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ],
  loiter_after_s: 30,
};

describe("enrich", function () {
  this.timeout(20_000);
  let folder: string;
  let flow: Flow | null = null;
  let batches = 0;

  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
  });
  after(removeTempFolders);

  const start = async (changes: Partial<NodeConfig> = {}) => {
    flow = await startFlow([
      { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" },
      { id: "enrich", type: "enrich", site: "site", wires: [["out"], []], ...changes },
      { id: "out", type: "helper" },
    ]);
    return flow;
  };
  /** A batch of one camera with one thing in it, seen at these seconds from now. */
  const batchOf = (camera_id: string, label: string, x: number, seconds: readonly number[]): Batch => {
    batches += 1;
    const now = Date.now();
    const times = seconds.map((second) => toIso(now + second * 1000));
    const upload_id = `up_${batches}`;
    return {
      batch_id: `ba_${batches}`,
      camera_id,
      started_at: times[0] ?? "",
      ended_at: times.at(-1) ?? "",
      close_reason: "idle",
      fast_path: false,
      detections: times.map((captured_at, index) => ({
        detection_id: `de_${batches}_${index}`,
        upload_id,
        captured_at,
        offset_ms: 0,
        label,
        confidence: 0.9,
        x: x * 640 - 20,
        y: 200,
        width: 40,
        height: 100,
        frame_width: 640,
        frame_height: 480,
      })),
      uploads: [
        {
          upload_id,
          camera_id,
          path: `/uploads/${upload_id}.jpg`,
          media_type: "image",
          size: 1,
          captured_at: times[0] ?? "",
          received_at: times[0] ?? "",
          sha256: "0".repeat(64),
        },
      ],
      still_path: null,
      thumbnail_path: null,
    };
  };
  const contextOf = async (running: Flow, batch: Batch): Promise<Record<string, unknown>> => {
    running.send("enrich", { _msgid: batch.batch_id, payload: batch });
    const { payload } = await running
      .inbox("out")
      .next((message) => Object(message.payload).batch_id === batch.batch_id);
    return Object(payload).context ?? {};
  };

  it("tells of zones, and of stays over batches and restarts", async () => {
    let running = await start({ zones: [DRIVE] });
    const first = await contextOf(running, batchOf("porch", "person", 0.75, [-60, -50]));
    assert.deepEqual(first.zones, [
      {
        zone_id: "drive",
        name: "Drive",
        type: "driveway",
        seen: { person: 2 },
        stay_s: 10,
        loitering: false,
        movements: [],
      },
    ]);
    assert.equal(Object(first.zone_members).drive.length, 2);
    await running.stop();
    running = await start({ zones: [DRIVE] });
    const later = await contextOf(running, batchOf("porch", "person", 0.75, [-20, -10]));
    const [second] = Object(later.zones);
    assert.deepEqual(later.zone_stays, { drive: { person: 50 } });
    assert.deepEqual([second.stay_s, second.loitering], [50, true]);
    assert.equal("zones" in (await contextOf(running, batchOf("porch", "person", 0.25, [-5]))), false);
    assert.equal("zones" in (await contextOf(running, batchOf("yard", "person", 0.75, [-5]))), false);
  });

  it("makes one incident of what two cameras saw of one kind, and another of another", async () => {
    const running = await start();
    const porch = await contextOf(running, batchOf("porch", "person", 0.5, [-60]));
    const car = await contextOf(running, batchOf("street", "car", 0.5, [-50]));
    const yard = await contextOf(running, batchOf("yard", "person", 0.5, [-20]));
    const incident = (context: Record<string, unknown>) => Object(context.incident).incident_id;
    assert.equal(incident(yard), incident(porch));
    assert.notEqual(incident(car), incident(porch));
    assert.deepEqual(Object(yard.incident).cameras, ["yard", "porch"]);
    assert.deepEqual(
      Object(yard.cross_camera).map(({ camera, seen }: { camera: string; seen: object }) => [camera, seen]),
      [
        ["street", { car: 1 }],
        ["porch", { person: 1 }],
      ],
    );
  });

  it("says that there is not enough history, and counts what comes", async () => {
    const running = await start();
    for (const often of [1, 2]) {
      const [person] = Object((await contextOf(running, batchOf("porch", "person", 0.5, [-1]))).baseline);
      assert.equal(person.verdict, "not enough history");
      assert.equal(person.probability, null);
      // Around a full hour the second one is the first of the next.
      assert.ok(person.this_hour === often || person.this_hour === 1);
    }
  });

  it("keeps what the user's own flow knows, and leaves out what is switched off", async () => {
    const running = await start({ baseline: false, crossCamera: false, household: false });
    const batch = batchOf("porch", "person", 0.5, [-1]);
    const own = { attributes: { weather: "fog" } };
    assert.deepEqual(await contextOf(running, { ...batch, context: own }), own);
  });

  it("refuses zones that cannot be, and names the field", async () => {
    const running = await start({
      zones: [
        {
          ...DRIVE,
          points: [
            [0, 0],
            [1, 1],
            [1, 0],
            [0, 1],
          ],
        },
      ],
    });
    await eventually(
      () => running.log.some((line) => /enrich error: .*zones.*edges that do not cross/.test(line)),
      "the complaint",
    );
  });
});
