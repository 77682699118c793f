/**
 * A process of its own: a real Node-RED that runs watch → dedupe → detect → batch-window from the built package, and
 * tells its parent how many pictures have come how far, and what they have cost it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import RED from "node-red";
import { listen } from "../flows/listen.ts";
import { nodeRedSettings } from "../flows/settings.ts";
import { prepareUserDir } from "../flows/user-dir.ts";
import type { Order, Report } from "./vigil.ts";

const HOST = "127.0.0.1";
/** V8 keeps pages that a collection has emptied for a while, and gives them back in the background. */
const SETTLE_MS = 10_000;

const [folder = "", detectorUrl = "", concurrency = ""] = process.argv.slice(2);

const site = { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" };
const onTab = { z: "tab", x: 0, y: 0, site: "site" };
const flow = [
  { id: "tab", type: "tab", label: "bench" },
  site,
  { ...onTab, id: "watch", type: "foscam-watch", folder: join(folder, "cameras"), wires: [["dedupe"], [], []] },
  { ...onTab, id: "dedupe", type: "dedupe", wires: [["detect"], [], []] },
  { ...onTab, id: "detect", type: "detect", url: detectorUrl, concurrency, wires: [["batch"], [], []] },
  { ...onTab, id: "batch", type: "batch-window", wires: [[], []] },
];

/** Pictures that have left `detect`, and those that `batch-window` has taken. */
const passed = { detected: 0, batched: 0 };
let awaited: { what: keyof typeof passed; count: number } | null = null;

await start();
report({ kind: "started" });
process.on("message", (order: Order) => void obey(order));

async function start(): Promise<void> {
  const userDir = join(folder, "node-red");
  mkdirSync(userDir, { recursive: true });
  mkdirSync(join(folder, "cameras"), { recursive: true });
  writeFileSync(join(userDir, "flows.json"), JSON.stringify(flow));
  prepareUserDir(userDir);
  const editor = createServer();
  const port = await listen(editor, 0, HOST);
  RED.init(editor, nodeRedSettings({ port, host: HOST, userDir }));
  RED.hooks.add("onSend", (events) => {
    for (const { source } of events) if (source.id === "detect") pass("detected");
  });
  RED.hooks.add("onComplete", ({ node }) => {
    if (node.id === "batch") pass("batched");
  });
  const started = new Promise<void>((resolve) => RED.events.once("flows:started", () => resolve()));
  await RED.start();
  await started;
}

function pass(what: keyof typeof passed): void {
  passed[what] += 1;
  if (awaited?.what !== what || passed[what] < awaited.count) return;
  awaited = null;
  report({ kind: "passed" });
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "await":
      awaited = { what: order.what, count: passed[order.what] + order.count };
      report({ kind: "awaiting" });
      return;
    case "measure": {
      await settle();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      report({ kind: "measured", cpuSeconds: (user + system) / 1e6, rssBytes: rss, heldBytes: heapUsed + external });
      return;
    }
    case "stop":
      await RED.stop();
      process.exit();
  }
}

/** With `--expose-gc`: what the process holds for good is what is left after collections. */
async function settle(): Promise<void> {
  if (!globalThis.gc) return;
  await globalThis.gc({ execution: "async" });
  await pause(SETTLE_MS);
  await globalThis.gc({ execution: "async" });
}

function report(what: Report): void {
  process.send?.(what);
}
