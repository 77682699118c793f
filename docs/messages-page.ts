/** The page on the messages between nodes, made of the schemas that check them and of the comments on their fields. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Alert, AlertRecord, Condition, PublishedAlert, RuleDecision } from "../lib/domain/alert.ts";
import { Batch } from "../lib/domain/batch.ts";
import { Detected, Detection } from "../lib/domain/detection.ts";
import { EventRecord, SecurityEvent } from "../lib/domain/event.ts";
import { GpuReading, GpuSample } from "../lib/domain/gpu.ts";
import { KnownEntity, PlateReading } from "../lib/domain/identity.ts";
import { RetentionResult } from "../lib/domain/retention.ts";
import { Upload } from "../lib/domain/upload.ts";

interface Entry {
  readonly schema: z.ZodType;
  /** What becomes of it, as the rest of a sentence that begins with its name. */
  readonly where: string;
  /** The record that it has all fields of. */
  readonly base?: string;
}

/** In the order in which they arise. */
const RECORDS: Readonly<Record<string, Entry>> = {
  Upload: { schema: Upload, where: "leaves `foscam-watch` and `dedupe`; `dedupe` and `detect` take it" },
  Detection: { schema: Detection, where: "is one thing that a detector saw in one picture" },
  Detected: { schema: Detected, where: "leaves `detect`; `batch-window` takes it" },
  Batch: {
    schema: Batch,
    where: "leaves `batch-window` and, with more in `context`, `enrich`; `enrich` and `nemotron-analyze` take it",
  },
  KnownEntity: {
    schema: KnownEntity,
    where: "is a line of `context.entities`: somebody or something that is recognised",
  },
  PlateReading: { schema: PlateReading, where: "is a line of `context.plates`; your own flow may bring some" },
  EventRecord: { schema: EventRecord, where: "is the `data` of what is published to `security_events`" },
  SecurityEvent: {
    schema: SecurityEvent,
    where: "leaves `nemotron-analyze`; `risk-alert` takes it",
    base: "EventRecord",
  },
  AlertRecord: { schema: AlertRecord, where: "is one decision on one event" },
  RuleDecision: { schema: RuleDecision, where: "is what became of one rule" },
  Condition: { schema: Condition, where: "is one condition, of a rule or besides the rules, as it stood" },
  Alert: { schema: Alert, where: "leaves `risk-alert`, by either output", base: "AlertRecord" },
  PublishedAlert: { schema: PublishedAlert, where: "is the state of the entity **Alert**", base: "AlertRecord" },
  GpuSample: { schema: GpuSample, where: "is what was measured of one graphics card" },
  GpuReading: {
    schema: GpuReading,
    where: "is one of the `gpus` that leave `gpu-monitor` by its first output",
    base: "GpuSample",
  },
  RetentionResult: { schema: RetentionResult, where: "leaves `retention`" },
};

/** What the page says of once, above all records. */
const EXPLAINED = ["RecordId", "CameraId", "IsoTime"];

/** What a JSON schema says of a value, as far as the records use it. */
interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** The text of `docs/messages.md`. */
export function messagesPage(): string {
  const registry = z.registry<{ id: string }>();
  for (const [id, { schema }] of Object.entries(RECORDS)) registry.add(schema, { id });
  const shapes: Record<string, Shape> = z.toJSONSchema(registry).schemas as Record<string, Shape>;
  const comments = readComments();
  const sections = Object.entries(RECORDS).map(([name, { where, base }]) => {
    const inherited = shapes[base ?? ""]?.properties ?? {};
    const rows = Object.entries(shapes[name]?.properties ?? {})
      .filter(([field]) => !(field in inherited))
      .map(([field, shape]) => {
        const presence = shapes[name]?.required?.includes(field) ? "" : "; may be absent";
        return `| \`${field}\` | ${typeOf(shape)}${presence} | ${comments.get(`${name}.${field}`) ?? ""} |`;
      });
    const also = base ? ` It has all that ${link(base)} has, and:` : "";
    return [`## ${name}`, "", `${name} ${where}.${also}`, "", "| field | value | |", "|---|---|---|", ...rows].join(
      "\n",
    );
  });
  return `# Messages

Made by \`npm run docs\` from the schemas in \`lib/domain\`, which check every message that a node takes. A record is in
\`msg.payload\`; \`msg.topic\` is the camera's id. All other properties of a message are yours, and stay. Times are ISO 8601
in UTC. Ids of records are free text of up to 128 characters; a camera's is \`[a-z0-9_]+\`, up to 64. A number that nobody
measured is \`null\`.

Records from elsewhere are welcome, such as from a \`function\` node: a node stores a record that it does not know before it
works on it. What does not fit is an error that names the field.

A message with \`msg.command\` is for the node itself; the help of each node lists its commands.

${sections.join("\n\n")}
`;
}

function link(record: string): string {
  return `[${record}](#${record.toLowerCase()})`;
}

function typeOf(shape: Shape): string {
  if (shape.$ref) return link(shape.$ref);
  if (shape.enum) return shape.enum.map((value) => `\`${value}\``).join(", ");
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) return choices.map(typeOf).join(" or ");
  if (typeof shape.type === "object") return shape.type.map((type) => typeOf({ ...shape, type })).join(" or ");
  switch (shape.type) {
    case "array":
      return `list of ${shape.items ? typeOf(shape.items) : "anything"}`;
    case "object":
      return shape.properties ? `\`{${Object.keys(shape.properties).join(", ")}}\`` : "object";
    case "string":
      return shape.format === "date-time" ? "time" : "text";
    case "boolean":
      return "true or false";
    case "integer":
      return `whole number${rangeOf(shape)}`;
    case "number":
      return `number${rangeOf(shape)}`;
    case "null":
      return "null";
    default:
      return "anything";
  }
}

function rangeOf({ minimum, maximum = Number.MAX_SAFE_INTEGER, exclusiveMinimum }: Shape): string {
  const bounded = maximum !== Number.MAX_SAFE_INTEGER;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${bounded ? `, up to ${maximum}` : ""}`;
  if (minimum === undefined || minimum === Number.MIN_SAFE_INTEGER) return "";
  return bounded ? `, ${minimum} to ${maximum}` : ` from ${minimum}`;
}

/** The comments on the fields of the schemas, by `schema.field`: a field's own, else that on the schema of its value. */
function readComments(): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, "../lib/domain");
  const source = globSync("*.ts", { cwd: folder })
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const ofSchema = new Map(
    [...source.matchAll(/^\/\*\*((?:(?!\*\/).)*)\*\/\nexport const (\w+)/gms)]
      .filter(([, , name = ""]) => !EXPLAINED.includes(name))
      .map(([, comment = "", name = ""]) => [name, oneLine(comment)]),
  );
  const comments = new Map<string, string>();
  for (const [, schema, body = ""] of source.matchAll(/^export const (\w+) = [\w.\s]*\(\{\n(.*?)^\s*\}\)/gms)) {
    const fields = body.matchAll(/^ +(?:\/\*\*((?:(?!\*\/).)*)\*\/\n +)?(\w+): (\w*)/gms);
    for (const [, comment, field, value = ""] of fields) {
      comments.set(`${schema}.${field}`, comment ? oneLine(comment) : (ofSchema.get(value) ?? ""));
    }
  }
  return comments;
}

function oneLine(comment: string): string {
  return comment.replaceAll(/\s*\n\s*\*\s*/g, " ").trim();
}
