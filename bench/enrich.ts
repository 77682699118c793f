/**
 * `enrich` without remote services, from the batch that it is given to the commit that hands it on: ten detections of ten
 * people, of whom half are known, with 50,000 looks of 768 numbers, 90 days of baseline on four cameras, zones, and other
 * cameras that saw something. The model of looks is one that answers at once, and pictures are not cut out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { slotOf } from "../lib/context/baseline.ts";
import { directionOf } from "../lib/context/reid/direction.ts";
import { tracksOf } from "../lib/context/tracks.ts";
import type { Batch } from "../lib/domain/batch.ts";
import { toIso } from "../lib/domain/time.ts";
import { Zone } from "../lib/domain/zone.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { SiteConfig } from "../lib/site/config.ts";
import { baselineSource } from "../lib/site/context/baseline.ts";
import { crossCameraSource } from "../lib/site/context/cross-camera.ts";
import { householdSource } from "../lib/site/context/household.ts";
import type { ContextSource } from "../lib/site/context/source.ts";
import { zoneSource } from "../lib/site/context/zones.ts";
import { enrichmentStage } from "../lib/site/enrichment.ts";
import { identify } from "../lib/site/identify.ts";
import { bytesOf, KnownIdentities } from "../lib/site/known-identities.ts";
import { Site } from "../lib/site/site.ts";
import { anywhere, dice, near } from "../test/lib/context/reid/people.ts";
import { type Benchmark, below, type Figure, quantile } from "./figure.ts";

const GOAL_P99_MS = 20;
const LOOKS = 50_000;
const LENGTH = 768;
const MODEL = "clip-vit-l-14";
const PEOPLE = 10;
const DAYS = 90;
const CAMERAS = ["porch", "drive", "yard", "gate"];
const WARM_UP = 50;
const BATCHES = 500;
const NODE = "enrich";
const HOUR_MS = 60 * 60_000;

type Look = Float32Array;

export const enrich: Benchmark = {
  name: "enrich",
  async run(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const config = SiteConfig.parse({ timeZone: "Europe/Berlin" });
    const site = new Site({ config, dataDir: folder, clock: systemClock, logger, onMqttState: () => {} });
    try {
      const random = dice(1);
      const looks = Array.from({ length: LOOKS }, () => anywhere(LENGTH, random));
      fillLooks(site, looks);
      fillBaseline(site, random);
      const looksNow = new Map<string, Look>();
      const stage = enrichmentStage({ site, budgetMs: 5_000, sources: sourcesOf(site, looksNow) });
      const job = { message: {}, interim: () => {} };
      const times: number[] = [];
      let loadMs = 0;
      for (let n = 0; n < WARM_UP + BATCHES; n++) {
        const batch = batchOf(n);
        looksNow.clear();
        for (const [index, { detection_id }] of batch.detections.entries()) {
          const known = looks[Math.floor(random() * LOOKS)] ?? [];
          looksNow.set(detection_id, index % 2 === 0 ? near(known, 0.93, random) : anywhere(LENGTH, random));
        }
        const began = performance.now();
        const result = await stage.work(batch, job, AbortSignal.timeout(60_000));
        site.store.transaction((tables) => result.commit(tables));
        const took = performance.now() - began;
        if (n === 0) loadMs = took;
        if (n >= WARM_UP) times.push(took);
      }
      const detail = `${BATCHES} batches of ${PEOPLE} people, half of them among ${LOOKS} known; ${DAYS} days of baseline`;
      return [
        {
          name: "enrich, first batch",
          value: loadMs,
          unit: "ms",
          goal: null,
          ok: null,
          detail: "with the looks read in",
        },
        { name: "enrich median", value: quantile(times, 0.5), unit: "ms", goal: null, ok: null, detail },
        below(GOAL_P99_MS, { name: "enrich p99", value: quantile(times, 0.99), unit: "ms", detail }),
      ];
    } finally {
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** All sources, but for looks that come from where the batch does. */
function sourcesOf(site: Site, looks: ReadonlyMap<string, Look>): ContextSource[] {
  const known = KnownIdentities.of(site);
  const options = { known, same: null, vehicles: [], cameraName: (id: string) => id, onElsewhere: () => {} };
  const zones = CAMERAS.map((camera_id) =>
    Zone.parse({
      zone_id: "near",
      camera_id,
      name: "Near",
      points: [
        [0, 0.5],
        [1, 0.5],
        [1, 1],
        [0, 1],
      ],
    }),
  );
  return [
    zoneSource(site, NODE, zones),
    baselineSource(site, NODE),
    crossCameraSource(site),
    householdSource(site),
    {
      part: "entities",
      gather: (batch) => ({
        known: undefined,
        conclude: (tables) => {
          const seen = tracksOf(batch.detections).map((track) => {
            const direction = directionOf(looks.get(track[0].detection_id) ?? []);
            return { track, kind: "person", look: { modelId: MODEL, direction }, plate: null } as const;
          });
          return { entities: identify(tables, batch, seen, options) };
        },
      }),
    },
  ];
}

/** Ten people side by side, just now. */
function batchOf(n: number): Batch {
  const camera_id = CAMERAS[n % CAMERAS.length] ?? "";
  const now = toIso(systemClock.now());
  const upload_id = `up_${n}`;
  const times = { captured_at: now, received_at: now };
  const path = `/uploads/${camera_id}/${n}.jpg`;
  const sha256 = `${n}`.padStart(64, "0");
  return {
    batch_id: `ba_${n}`,
    camera_id,
    started_at: now,
    ended_at: now,
    close_reason: "idle",
    fast_path: false,
    detections: Array.from({ length: PEOPLE }, (_, index) => ({
      detection_id: `de_${n}_${index}`,
      upload_id,
      captured_at: now,
      offset_ms: 0,
      label: "person",
      confidence: 0.9,
      x: 190 * index,
      y: 400,
      width: 120,
      height: 300,
      frame_width: 1920,
      frame_height: 1080,
    })),
    uploads: [{ upload_id, camera_id, path, media_type: "image", size: 1, ...times, sha256 }],
    still_path: null,
    thumbnail_path: null,
  };
}

function fillLooks({ store }: Site, looks: readonly Look[]): void {
  const at = toIso(systemClock.now() - DAYS * 24 * HOUR_MS);
  store.transaction(({ appearances, identities }) => {
    for (const [n, look] of looks.entries()) {
      const identity_id = `id_${n}`;
      const vector = bytesOf(directionOf(look));
      const appearance = { appearance_id: `de_old_${n}`, batch_id: `ba_old_${n}`, camera_id: CAMERAS[0] ?? "" };
      const found = { matched: "new", similarity: null, plate: null, role: "sure", detections: "[]" } as const;
      identities.create({ identity_id, kind: "person" }, at);
      appearances.add({ ...appearance, ...found, identity_id, seen_at: at, model_id: MODEL, vector });
      identities.setLook(identity_id, MODEL, vector);
    }
  });
}

/** As `enrich` counts them: each hour that a camera was up, and somebody in every third. */
function fillBaseline({ store, timeZone, clock }: Site, random: () => number): void {
  store.transaction(({ baselines }) => {
    for (const camera_id of CAMERAS) {
      for (let hours = DAYS * 24; hours > 0; hours--) {
        const { slot, hourMs } = slotOf(clock.now() - hours * HOUR_MS, timeZone);
        const hour = { node_id: NODE, camera_id, slot, hour_ms: hourMs };
        baselines.wasUp(hour, 1);
        if (random() < 1 / 3) baselines.appeared(hour, ["person"]);
      }
    }
  });
}
