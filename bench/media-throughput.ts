/**
 * Pictures per second of watch → dedupe → detect → batch-window in a real Node-RED, with a detector that answers at once,
 * beside the least that has to be done with a picture and beside Python. All work on pictures of the same kind, in turns.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLeast, type Benchmark, type Figure, quantile } from "./figure.ts";
import { FULL_HD, startInstantServers } from "./instant-servers.ts";
import { type Cost, pythonWithPillow, Rival } from "./rival.ts";
import { StillWriter, scenery } from "./stills.ts";
import { CONCURRENCY, Vigil } from "./vigil.ts";

const GOAL_OF_FLOOR = 0.85;
const GOAL_OF_PYTHON = 2;
const CAMERAS = ["front-door", "yard", "garage", "street"];
const SCENES = 8;
const WARM_UP_ROUNDS = 1;
const ROUNDS = 7;
const PER_ROUND = 128;

interface Contender {
  readonly name: string;
  work(paths: readonly string[]): Promise<Cost>;
}

export const mediaThroughput: Benchmark = {
  name: "media-throughput",
  async run(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    const staging = join(folder, "staging");
    mkdirSync(staging);
    const instant = await startInstantServers();
    const vigil = await Vigil.start({ folder, detectorUrl: instant.url });
    const floor = new Rival(process.execPath, [join(import.meta.dirname, "media-floor.ts"), join(folder, "floor")]);
    const pythons = startPythons(folder);
    try {
      const pictures = await Promise.all(Array.from({ length: SCENES }, () => scenery(FULL_HD)));
      const stills = new StillWriter(pictures, staging);
      const contenders: Contender[] = [
        { name: "vigil", work: (paths) => throughVigil(vigil, paths) },
        { name: "floor", work: (paths) => floor.work(paths) },
        ...[...pythons].map(([name, rival]) => ({ name, work: (paths: readonly string[]) => rival.work(paths) })),
      ];
      const costs = await inTurns(contenders, () => stills.write(PER_ROUND));
      return figures(
        costs,
        Math.round(
          quantile(
            pictures.map(({ length }) => length),
            0.5,
          ) / 1_000,
        ),
      );
    } finally {
      await Promise.all([vigil.stop(), floor.close(), ...[...pythons.values()].map((python) => python.close())]);
      instant.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Threads and processes; which is faster depends on the machine. */
function startPythons(folder: string): Map<string, Rival> {
  const python = pythonWithPillow();
  const program = join(import.meta.dirname, "media_floor.py");
  const start = (mode: string) => new Rival(python ?? "", [program, join(folder, mode), mode, `${CONCURRENCY}`]);
  return new Map(python === null ? [] : ["threads", "processes"].map((mode) => [mode, start(mode)]));
}

async function throughVigil(vigil: Vigil, paths: readonly string[]): Promise<Cost> {
  const before = await vigil.measure();
  const began = performance.now();
  await vigil.put(paths, CAMERAS);
  const seconds = (performance.now() - began) / 1_000;
  const { cpuSeconds } = await vigil.measure();
  return { seconds, cpu_seconds: cpuSeconds - before.cpuSeconds };
}

/** What each contender's rounds took, by its name, without the rounds in which it warmed up. */
async function inTurns(contenders: readonly Contender[], paths: () => string[]): Promise<Map<string, Cost[]>> {
  const costs = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const { name, work } of contenders) {
      const cost = await work(paths());
      if (round >= WARM_UP_ROUNDS) costs.get(name)?.push(cost);
    }
  }
  return costs;
}

function figures(costs: ReadonlyMap<string, readonly Cost[]>, kilobytes: number): Figure[] {
  const of = (name: string) => costs.get(name) ?? [];
  /** Pictures per second, round by round. */
  const speeds = (name: string) => of(name).map(({ seconds }) => PER_ROUND / seconds);
  const speed = (name: string) => quantile(speeds(name), 0.5);
  const cpu = (name: string) =>
    quantile(
      of(name).map(({ cpu_seconds }) => (cpu_seconds ?? 0) / PER_ROUND),
      0.5,
    );
  // Each round is compared with its neighbour: what else the machine does weighs on both.
  const ratio = (name: string) =>
    quantile(
      speeds("vigil").map((it, round) => it / (speeds(name)[round] ?? 1)),
      0.5,
    );
  const how = `${ROUNDS} rounds of ${PER_ROUND} stills of 1920x1080, ${kilobytes} kB, ${CONCURRENCY} at once, in turns`;
  const plain = { goal: null, ok: null };
  const cpuOf = (name: string) => `${(1_000 * cpu(name)).toFixed(1)} ms of CPU each`;
  const python = of("threads").length === 0 ? null : speed("threads") > speed("processes") ? "threads" : "processes";
  return [
    { name: "media throughput", value: speed("vigil"), unit: "stills/s", ...plain, detail: how },
    {
      name: "media CPU / floor",
      value: cpu("vigil") / cpu("floor"),
      unit: "times",
      ...plain,
      detail: `${cpuOf("vigil")}, all threads of Node-RED's process`,
    },
    atLeast(GOAL_OF_FLOOR, {
      name: "media throughput / floor",
      value: ratio("floor"),
      unit: "times",
      detail: `read, hash, thumbnail, transaction in a loop: ${speed("floor").toFixed(1)} stills/s, ${cpuOf("floor")}`,
    }),
    python === null
      ? {
          name: "media throughput / Python",
          value: Number.NaN,
          unit: "",
          ...plain,
          detail: "not present: no python3 with Pillow",
        }
      : atLeast(GOAL_OF_PYTHON, {
          name: "media throughput / Python",
          value: ratio(python),
          unit: "times",
          detail: `Pillow, hashlib and sqlite3 in ${CONCURRENCY} ${python}: ${speed(python).toFixed(1)} stills/s`,
        }),
  ];
}
