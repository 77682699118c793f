/** One life of Node-RED, as its parent sees it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { NodeConfig } from "../support/flow.ts";
import { type Order, Report } from "./child.ts";

/** What ended a process. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Life {
  readonly ended: Promise<End>;
  /** Resolves when the flows run or the process has ended, whichever comes first. */
  start(order: Omit<Extract<Order, { do: "start" }>, "do">): Promise<void>;
  /** Resolves when the deploy is through or the process has ended. */
  deploy(flows: readonly NodeConfig[], how: "full" | "flows" | "nodes"): Promise<void>;
  /** Does nothing to a process that has ended. */
  kill(signal: "SIGKILL" | "SIGTERM"): void;
  /** What it has logged so far. */
  log(): string;
}

/** Resolves when Node-RED and the nodes of `sources` are loaded, ready to start. */
export async function prepareLife(sources: string): Promise<Life> {
  const child = fork(join(import.meta.dirname, "child.ts"), [sources], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const ended: Promise<End> = once(child, "close").then(([code, signal]) => ({ code, signal }));
  const heard = async (report: Report) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listen = (message: unknown) => {
      if (Report.parse(message) === report) resolve();
    };
    child.on("message", listen);
    await Promise.race([promise, ended]);
    child.off("message", listen);
  };
  const order = (message: Order) => {
    // It may die before it has read this.
    if (child.connected) child.send(message, () => {});
  };

  await heard("loaded");
  if (child.exitCode !== null) throw new Error(`Node-RED does not load:\n${log}`);
  return {
    ended,
    start: async (how) => {
      order({ do: "start", ...how });
      await heard("started");
    },
    deploy: async (flows, how) => {
      order({ do: "deploy", flows: flows.map((node) => ({ ...node })), how });
      await heard("deployed");
    },
    kill: (signal) => {
      child.kill(signal);
    },
    log: () => log,
  };
}
