/** A program that stands in for nvidia-smi, and misbehaves on command. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Failure, Machine } from "./nvidia-machines.ts";

/** `stuck`: it cannot even be killed for two seconds. */
export type Behaviour = { machine: Machine } | { failure: Failure } | "hang" | "stuck" | "flood";

export interface NvidiaSmiStandIn {
  readonly command: string;
  /** How it behaves from now on. */
  behave(behaviour: Behaviour): void;
  /** The fields that each run was asked for. */
  readonly runs: readonly (readonly string[])[];
}

const SCRIPT = `
const { appendFileSync, readFileSync } = require("node:fs");
const { spawn } = require("node:child_process");
const [query, format] = process.argv.slice(2);
const fields = query.replace("--query-gpu=", "").split(",");
appendFileSync(__filename + ".runs", fields.join(",") + "\\n");
const behaviour = JSON.parse(readFileSync(__filename + ".json", "utf8"));
const fail = ({ stdout, status }) => {
  process.stdout.write(stdout);
  process.exitCode = status;
};
if (format !== "--format=csv,noheader,nounits" || process.argv.length !== 4) fail({ stdout: "Invalid combination\\n", status: 2 });
else if (behaviour === "hang") setInterval(() => {}, 1000);
else if (behaviour === "stuck") {
  spawn("sleep", ["2"], { stdio: ["ignore", "inherit", "inherit"], detached: true });
  setInterval(() => {}, 1000);
} else if (behaviour === "flood") setInterval(() => process.stdout.write("0, ".repeat(20000)), 1);
else if (behaviour.failure) fail(behaviour.failure);
else {
  const { cards, lacks = [] } = behaviour.machine;
  const unknown = fields.find((field) => lacks.includes(field));
  if (unknown) fail({ stdout: 'Field "' + unknown + '" is not a valid field to query.\\n\\n', status: 2 });
  else for (const card of cards) process.stdout.write(fields.map((field) => card[field] ?? "[N/A]").join(", ") + "\\n");
}
`;

/** Makes one in a folder. */
export function nvidiaSmiStandIn(folder: string, behaviour: Behaviour): NvidiaSmiStandIn {
  const command = join(folder, "nvidia-smi.cjs");
  writeFileSync(command, `#!${process.execPath}\n${SCRIPT}`, { mode: 0o755 });
  writeFileSync(`${command}.runs`, "");
  const behave = (next: Behaviour) => writeFileSync(`${command}.json`, JSON.stringify(next));
  behave(behaviour);
  return {
    command,
    behave,
    get runs() {
      const lines = readFileSync(`${command}.runs`, "utf8").split("\n").slice(0, -1);
      return lines.map((line) => line.split(","));
    },
  };
}
