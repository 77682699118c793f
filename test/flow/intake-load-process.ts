/**
 * A process of its own that runs a flow of a site and a detector, and adds a watch to it when it is told to. It says how
 * much memory it takes, and which files the watch has brought.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Flow, startFlow } from "../support/flow.ts";

const [folder = "", detectorUrl = ""] = process.argv.slice(2);

const site = { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" };
const detect = { id: "detect", type: "detect", site: "site", url: detectorUrl, concurrency: "2", wires: [[], [], []] };
const watch = {
  id: "watch",
  type: "foscam-watch",
  site: "site",
  folder: join(folder, "cameras"),
  existing: true,
  wires: [["detect"], [], []],
};

mkdirSync(join(folder, "data"), { recursive: true });
const flow: Flow = await startFlow([site, detect]);
process.send?.("started");
process.on("message", (message) => {
  if (message === "watch") void flow.deploy([site, detect, watch], "nodes");
  else void flow.stop().then(() => process.exit());
});
