/**
 * One life of Node-RED: the runtime without editor and core nodes, with Vigil's nodes from their sources. Its parent says
 * when it starts and what it deploys. Argument: the folder of the sources.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { nodeRedSettings } from "../../flows/settings.ts";
import { KillAt, watchStatements } from "./statements.ts";

const Order = z.discriminatedUnion("do", [
  z.object({
    do: z.literal("start"),
    userDir: z.string(),
    killAt: KillAt.nullable(),
    database: z.string(),
    durableFile: z.string(),
  }),
  z.object({ do: z.literal("deploy"), how: z.enum(["full", "flows", "nodes"]), flows: z.array(z.looseObject({})) }),
]);
export type Order = z.infer<typeof Order>;

/** What it tells its parent: it has loaded, its flows run, a deploy is through. */
export const Report = z.enum(["loaded", "started", "deployed"]);
export type Report = z.infer<typeof Report>;

const Manifest = z.object({ "node-red": z.object({ nodes: z.record(z.string(), z.string()) }) });

/** The files of the nodes, as the package names them to Node-RED, relative to its sources. */
export function nodeFiles(sources: string): Record<string, string> {
  const { nodes } = Manifest.parse(JSON.parse(readFileSync(join(sources, "package.json"), "utf8")))["node-red"];
  const toSource = (file: string) => file.replace(/^dist\//, "").replace(/\.js$/, ".ts");
  return Object.fromEntries(Object.entries(nodes).map(([type, file]) => [type, toSource(file)]));
}

if (import.meta.main) await live(process.argv[2] ?? "");

async function live(sources: string): Promise<void> {
  enableCompileCache();
  const { default: RED } = await import("node-red");
  for (const file of Object.values(nodeFiles(sources))) await import(pathToFileURL(join(sources, file)).href);
  flushCompileCache();

  process.on("message", (message) => {
    const order = Order.parse(message);
    if (order.do === "start") {
      watchStatements(order);
      RED.init(createServer(), runtimeSettings(order.userDir));
      RED.events.once("flows:started", () => report("started"));
      void RED.start();
    } else {
      const deploy = { flows: { flows: order.flows, credentials: {} }, deploymentType: order.how };
      void RED.runtime.flows.setFlows(deploy).then(() => report("deployed"));
    }
  });
  process.once("SIGTERM", () => void RED.stop().then(() => process.exit(0)));
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  report("loaded");
}

function report(what: Report): void {
  process.send?.(what);
}

/** Of a Node-RED that has nothing but its runtime. */
export function runtimeSettings(userDir: string) {
  return {
    ...nodeRedSettings({ port: 0, host: "127.0.0.1", userDir }),
    httpAdminRoot: false as const,
    httpNodeRoot: false as const,
    disableEditor: true,
    coreNodesDir: "",
    logging: { console: { level: "warn" as const, metrics: false, audit: false } },
  };
}
