#!/usr/bin/env node
/** `vigil-replay`: has models judge stored events again, and prints the scores side by side. */
import { writeFileSync } from "node:fs";
import { systemClock } from "../../resilience/clock.ts";
import { asError, ConfigError, InputError, VigilError } from "../../resilience/errors.ts";
import { type Judge, modelJudge, storedJudge } from "./judges.ts";
import { type ReplayOptions, readOptions, USAGE, UsageError } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { replay } from "./replay.ts";
import { reportJson, reportText } from "./report.ts";
import { readScenes } from "./scenes.ts";
import { readSettings } from "./settings.ts";

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
try {
  process.exitCode = await main();
} catch (thrown) {
  const error = asError(thrown);
  say(error instanceof VigilError ? error.message : (error.stack ?? error.message));
  if (error instanceof UsageError) say("vigil-replay --help says more.");
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options !== null) return run(options);
  process.stdout.write(USAGE);
  return EXIT.done;
}

async function run({ input, first, second, flows, json, ...wanted }: ReplayOptions): Promise<number> {
  const settings = readSettings(flows, input);
  const { scenes, leftOut, prompts } = readScenes(input, wanted);
  if (leftOut > 0) say(`${leftOut} events are left out: what they were judged on is not in the data folder.`);
  if (scenes.length === 0) throw new InputError("NO_EVENTS", `There are no events to judge in ${input}`);
  const judges: [Judge, Judge] = [
    first === "stored" ? storedJudge : modelJudge(first, prompts, settings),
    modelJudge(second, prompts, settings),
  ];
  const line = new ProgressLine(process.stderr, systemClock);
  const onProgress = (done: number, of: number) => line.show(done, of);
  const [a, b] = judges;
  const { signal } = interrupted;
  const result = await replay({ scenes, first: a, second: b, signal, onProgress });
  line.clear();
  await Promise.all(judges.map((judge) => judge.close()));

  const report = { replay: result, first: a, second: b, settings };
  process.stdout.write(reportText(report));
  if (json !== null) writeReport(json, reportJson(report));
  if (signal.aborted) return EXIT.interrupted;
  if (result.stopped) throw result.stopped;
  const anything = result.replayed.some(({ second: judged }) => (judged?.risk_score ?? null) !== null);
  return anything ? EXIT.done : EXIT.failed;
}

function writeReport(file: string, report: object): void {
  try {
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (cause) {
    throw new ConfigError("JSON_FILE", `The report cannot be written: ${asError(cause).message}`, { cause });
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
