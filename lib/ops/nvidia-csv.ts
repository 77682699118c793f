/** What `nvidia-smi --query-gpu=… --format=csv,noheader,nounits` prints, as samples. */
import { GpuSample } from "../domain/gpu.ts";
import { ToolError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";

/** All that is asked for. Older drivers lack some, and are then asked for the rest. */
export const FIELDS = [
  "index",
  "uuid",
  "name",
  "driver_version",
  "temperature.gpu",
  "utilization.gpu",
  "memory.used",
  "memory.total",
  "power.draw",
  "power.limit",
  "fan.speed",
  "mig.mode.current",
] as const;
export type Field = (typeof FIELDS)[number];

/** No machine has more cards than 16; each may be listed once. */
const MOST_CARDS = 64;
const LONGEST_NAME = 100;
const QUOTE_LENGTH = 160;

/**
 * One sample for each card. What a card cannot tell, or may not, is `[N/A]`, `[Not Supported]`, `[Unknown Error]`,
 * `[Insufficient Permissions]`, `ERR!`: all that is no number of the right size is null.
 * @throws ToolError `NVIDIA_SMI_REPLY` for anything but a line for each card with a cell for each field
 */
export function parseCards(csv: string, fields: readonly Field[]): GpuSample[] {
  const lines = csv.split(/\r?\n/).filter((line) => line.trim() !== "");
  const samples = new Map<string, GpuSample>();
  if (lines.length > MOST_CARDS) throw unlike(`more than ${MOST_CARDS} lines`);
  for (const [position, line] of lines.entries()) {
    const cells = line.split(",").map((cell) => cell.trim());
    if (cells.length !== fields.length) throw unlike(`"${oneLine(line, QUOTE_LENGTH)}"`);
    const cellOf = (field: Field) => cells[fields.indexOf(field)] ?? "";
    const sample = sampleOf(cellOf, position);
    if (!samples.has(sample.gpu_id)) samples.set(sample.gpu_id, sample);
  }
  if (samples.size === 0) throw unlike("nothing");
  return [...samples.values()];
}

function sampleOf(cellOf: (field: Field) => string, position: number): GpuSample {
  const index = wholeIn(cellOf("index")) ?? position;
  const numberOf = <K extends keyof typeof GpuSample.shape>(key: K, field: Field) =>
    numberIn(cellOf(field), (value) => GpuSample.shape[key].safeParse(value).success);
  return {
    gpu_id: idOf(cellOf("uuid")) ?? String(index),
    name: textIn(cellOf("name")) ?? `GPU ${index}`,
    source: "nvidia-smi",
    driver_version: textIn(cellOf("driver_version")),
    temperature: numberOf("temperature", "temperature.gpu"),
    utilization: numberOf("utilization", "utilization.gpu"),
    memory_used: numberOf("memory_used", "memory.used"),
    memory_total: numberOf("memory_total", "memory.total"),
    power_draw: numberOf("power_draw", "power.draw"),
    power_limit: numberOf("power_limit", "power.limit"),
    fan_speed: numberOf("fan_speed", "fan.speed"),
    mig: { enabled: true, disabled: false }[cellOf("mig.mode.current").toLowerCase()] ?? null,
  };
}

/** The first part of `GPU-9d8fd594-6be8-dce6-87f6-7cb487c62d94` is enough to tell the cards of a machine apart. */
function idOf(uuid: string): string | null {
  return /^GPU-([0-9a-f]{8})-/i.exec(uuid)?.[1]?.toLowerCase() ?? null;
}

function textIn(cell: string): string | null {
  const text = oneLine(cell, LONGEST_NAME);
  return text === "" || /^\[.*\]$|^(N\/A|ERR!)$/i.test(text) ? null : text;
}

function wholeIn(cell: string): number | null {
  return /^\d{1,3}$/.test(cell) ? Number(cell) : null;
}

function numberIn(cell: string, fits: (value: number) => boolean): number | null {
  if (!/^-?\d+(\.\d+)?$/.test(cell)) return null;
  const value = Number(cell);
  return fits(value) ? value : null;
}

function unlike(what: string): ToolError {
  return new ToolError("NVIDIA_SMI_REPLY", `nvidia-smi should have listed the graphics cards, but printed ${what}`);
}
