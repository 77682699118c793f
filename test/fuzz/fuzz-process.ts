/**
 * A process of its own that runs two pipelines in Node-RED, one with the built-in detector and one with a server, and
 * adds a watch to each when it is told to. At the end it says how much memory they took, and how long they let nothing
 * else run. Arguments: the folder that all of it lies in, and the server's address.
 */
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import RED from "node-red";
import { runtimeSettings } from "../faults/child.ts";
import { installNodes } from "../faults/workplace.ts";
import { root } from "../package/manifest.ts";
import type { NodeConfig } from "../support/flow.ts";

/** The folders that are watched, named after the detectors. */
export const WATCHED = ["motion", "server"] as const;

/** What it tells its parent at the end. */
export interface Measured {
  /**
   * The longest that its main thread worked without a break, in milliseconds of processor time: a busy machine, on which
   * it has to wait for its turn, changes nothing about that.
   */
  readonly longestTurnMs: number;
  /** Resident memory in bytes, before the first file and at its most. */
  readonly memory: { readonly idle: number; readonly most: number };
  /** What lives in the heap, in bytes, before the first file and after the last. */
  readonly heap: { readonly idle: number; readonly after: number };
}

const SAMPLE_MS = 5;

if (import.meta.main) await run(process.argv[2] ?? "", process.argv[3] ?? "");

async function run(folder: string, detectorUrl: string): Promise<void> {
  const userDir = join(folder, "node-red");
  mkdirSync(userDir);
  mkdirSync(join(folder, "data"));
  installNodes(userDir, root);
  const detecting = flow(folder, detectorUrl);
  writeFileSync(join(userDir, "flows.json"), JSON.stringify(detecting));
  RED.init(createServer(), runtimeSettings(userDir));
  const started = new Promise((resolve) => RED.events.once("flows:started", resolve));
  await RED.start();
  await started;
  process.send?.("started");

  await once(process, "message");
  const measure = startMeasuring();
  const flows = { flows: [...detecting, ...WATCHED.map((name) => watch(folder, name))], credentials: {} };
  const deploy = { flows, deploymentType: "nodes" };
  await RED.runtime.flows.setFlows(deploy);

  await once(process, "message");
  process.send?.(measure());
  await RED.stop();
  process.exit();
}

function flow(folder: string, detectorUrl: string): NodeConfig[] {
  const tab = { id: "tab", type: "tab", label: "fuzz" };
  const site = { id: "the-site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" };
  const url = { motion: "", server: detectorUrl };
  const shared = { z: tab.id, x: 0, y: 0, site: site.id };
  const pipelines = WATCHED.flatMap((name) => [
    { ...shared, id: `${name}-dedupe`, type: "dedupe", wires: [[`${name}-detect`], [], []] },
    {
      ...shared,
      id: `${name}-detect`,
      type: "detect",
      url: url[name],
      frames: "2",
      wires: [[`${name}-batch`], [], []],
    },
    { ...shared, id: `${name}-batch`, type: "batch-window", window: "2", idle: "1", wires: [[], []] },
  ]);
  return [tab, site, ...pipelines];
}

function watch(folder: string, name: (typeof WATCHED)[number]): NodeConfig {
  return {
    id: `${name}-watch`,
    type: "foscam-watch",
    z: "tab",
    x: 0,
    y: 0,
    site: "the-site",
    folder: join(folder, name),
    existing: true,
    stable: "0.1",
    wires: [[`${name}-dedupe`], [], []],
  };
}

/** Measures from now on, until the answer is called. */
function startMeasuring(): () => Measured {
  const idleHeap = liveHeap();
  const idle = process.memoryUsage.rss();
  let most = idle;
  let longestTurnMs = 0;
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    longestTurnMs = Math.max(longestTurnMs, (user + system) / 1_000);
    most = Math.max(most, process.memoryUsage.rss());
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return { longestTurnMs, memory: { idle, most }, heap: { idle: idleHeap, after: liveHeap() } };
  };
}

function liveHeap(): number {
  if (!globalThis.gc) throw new Error("start it with --expose-gc");
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
