/** `npm start`'s launcher as a child process, in a folder of its own. It needs what `npm run build` makes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";

const LAUNCHER = join(import.meta.dirname, "../../flows/start.ts");
const children = new Set<ChildProcess>();

export interface Launched {
  /** What it has printed so far, errors included. */
  output(): string;
  /** The first group of a pattern in what it prints. */
  printed(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code; null where a signal ended it. */
  readonly exit: Promise<number | null>;
}

/**
 * Starts it on a free port and without the simulated camera, unless `variables` say otherwise. With `byNpm` there is a
 * shell between, as with npm, and signals go to that.
 */
export function launch(folder: string, variables: Record<string, string> = {}, { byNpm = false } = {}): Launched {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("VIGIL_"));
  // With a second command the shell stays, instead of becoming the first.
  const [command, ...rest] = byNpm ? ["sh", "-c", `"$0" "$1"; true`, process.execPath] : [process.execPath];
  const child = spawn(command, [...rest, LAUNCHER], {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      ...(byNpm && { npm_lifecycle_event: "start" }),
      PORT: "0",
      VIGIL_DEMO_CAMERA: "off",
      ...variables,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    printed: (pattern) =>
      eventually(
        () => {
          const found = pattern.exec(output)?.[1];
          if (found === undefined && child.exitCode !== null) throw new Error(`it ended instead:\n${output}`);
          return found;
        },
        `${pattern}`,
        30_000,
      ),
    kill: (signal) => child.kill(signal),
    exit: once(child, "close").then(([code]: (number | null)[]) => code ?? null),
  };
}

/** Ends what a failed test has left behind. */
export async function killLaunched(): Promise<void> {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    children.delete(child);
  }
}
