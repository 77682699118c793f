/** `npm run bench [-- --json FILE] [-- --only NAME]`: measures, prints a table, and fails where a goal is missed. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { textTable } from "../lib/site/text-table.ts";
import { detectLatency } from "./detect-latency.ts";
import { enrich } from "./enrich.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { mediaMemory } from "./media-memory.ts";
import { mediaThroughput } from "./media-throughput.ts";
import { promptCache } from "./prompt-cache.ts";
import { promptTokens } from "./prompt-tokens.ts";
import { queueHop } from "./queue-hop.ts";
import { replyParse } from "./reply-parse.ts";
import { retention } from "./retention.ts";
import { uploadToEvent } from "./upload-to-event.ts";

const BENCHMARKS: readonly Benchmark[] = [
  queueHop,
  uploadToEvent,
  mediaThroughput,
  detectLatency,
  mediaMemory,
  enrich,
  promptTokens,
  promptCache,
  replyParse,
  retention,
];

const { values: options } = parseArgs({ options: { json: { type: "string" }, only: { type: "string" } } });
const chosen = BENCHMARKS.filter(({ name, onlyByName }) =>
  options.only === undefined ? !onlyByName : name === options.only,
);
if (chosen.length === 0) {
  const names = BENCHMARKS.map(({ name }) => name).join(", ");
  process.stderr.write(`There is no benchmark "${options.only}"; there are: ${names}\n`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const benchmark of chosen) figures.push(...(await benchmark.run()));

const rows = figures.map(({ name, value, unit, goal, ok, detail }) => [
  name,
  `${value.toPrecision(3)} ${unit}`,
  goal ?? "",
  ok === null ? "" : ok ? "met" : "MISSED",
  detail,
]);
process.stdout.write(`${textTable([["figure", "value", "goal", "", "how"], ...rows])}\n`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.some(({ ok }) => ok === false) ? 1 : 0;
