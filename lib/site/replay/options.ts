/** What `vigil-replay` is told on its command line. */
import { readFileSync } from "node:fs";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { z } from "zod";
import type { LlamaApiName } from "../../analyze/llama-api.ts";
import { HOUSE_RULES_LENGTH, HOUSEHOLD_LENGTH, type OwnersWords } from "../../analyze/prompts/system.ts";
import { asError, VigilError } from "../../resilience/errors.ts";

export const USAGE = `Usage: vigil-replay DATA_FOLDER_OR_FILE --url URL [options]

Has a model judge stored events again, and prints its scores beside those that they have, or beside another's.

The events are those of a site's data folder, which is only read, also while Node-RED runs; or of a file of JSON or of
JSON lines, with what leaves nemotron-analyze (events with their detections) or batch-window (batches).

  --url URL           the model's server
  --model NAME        for servers that hold several
  --api NAME          chat (the default), completion or auto
  --prompt VERSION    a version of the data folder's prompts, such as 9f86d081; without it, today's prompt,
                        with what the newest version says of the household and its rules
  --household FILE    a new prompt: what it says of the household,
  --house-rules FILE    and the house rules

Without more, A is the verdict that an event has, and B the model's. Each of these options also exists with -b, as
--prompt-b: then A is the model with the options without it, and B the same but for what those with -b say.

  --last N            as many events, the latest (100)
  --camera ID         only of this camera
  --flows FILE        Node-RED's flows.json: what the site's form says of cameras, time zones and risk levels
  --json FILE         writes all of it there

The server's API key is read from VIGIL_LLM_API_KEY, that of --url-b from VIGIL_LLM_API_KEY_B. Ctrl-C prints what there is.
`;

/** A version as it is stored, or an owner's words; those of the data folder's newest version where neither is named. */
export type PromptChoice = { readonly version: string } | OwnersWords | "newest";

export interface ModelChoice {
  readonly url: string;
  readonly api: LlamaApiName | "auto";
  readonly model: string | null;
  readonly apiKey: string | null;
  readonly prompt: PromptChoice;
}

export interface ReplayOptions {
  /** A data folder, or a file of events. */
  readonly input: string;
  readonly first: ModelChoice | "stored";
  readonly second: ModelChoice;
  readonly last: number;
  readonly cameraId: string | null;
  readonly flows: string | null;
  readonly json: string | null;
}

/** The command line cannot be understood: code `USAGE`. */
export class UsageError extends VigilError {
  constructor(message: string) {
    super("USAGE", message);
  }
}

const MODEL_OPTIONS = ["url", "model", "api"] as const;
const PROMPT_OPTIONS = ["prompt", "household", "house-rules"] as const;
const JUDGE_OPTIONS = [...MODEL_OPTIONS, ...PROMPT_OPTIONS];
const SECOND = "-b";
const API_NAMES = ["chat", "completion", "auto"] as const satisfies readonly ModelChoice["api"][];

const Common = z.object({
  last: z.coerce
    .number("must be a whole number")
    .int("must be a whole number")
    .positive("must be 1 or more")
    .default(100),
  camera: z.string().default(""),
  flows: z.string().default(""),
  json: z.string().default(""),
});

const Judge = z
  .object({
    url: z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL, such as http://192.168.1.10:8080" }),
    model: z.string().optional(),
    api: z.enum(API_NAMES, "must be chat, completion or auto").default("chat"),
    prompt: z.string().optional(),
    household: z.string().optional(),
    "house-rules": z.string().optional(),
  })
  .refine((judge) => judge.prompt === undefined || (judge.household ?? judge["house-rules"]) === undefined, {
    path: ["prompt"],
    message: "is a version as it is: leave it out, or --household and --house-rules",
  });

type Values = Readonly<Record<string, string>>;

/** Null where help is asked for. Throws a UsageError. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): ReplayOptions | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [input, ...more] = positionals;
  if (input === undefined || more.length > 0) {
    throw new UsageError("Name one data folder, or one file of events, and the model's server with --url");
  }
  const given: Values = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  const { last, camera, flows, json } = check(Common, given, "");
  const own = pick(given, JUDGE_OPTIONS, "");
  const other = pick(given, JUDGE_OPTIONS, SECOND);
  const key = environment.VIGIL_LLM_API_KEY || null;
  const choice = (judge: Values, suffix: string, apiKey: string | null) =>
    choiceOf(check(Judge, judge, suffix), apiKey);
  const common = { input, last, cameraId: camera || null, flows: flows || null, json: json || null };
  if (Object.keys(other).length === 0) return { ...common, first: "stored", second: choice(own, "", key) };

  // A prompt is named as a whole. A key goes to the server that it is for.
  const hasPrompt = PROMPT_OPTIONS.some((name) => name in other);
  const second = { ...(hasPrompt ? pick(own, MODEL_OPTIONS, "") : own), ...other };
  const secondKey = other.url === undefined ? key : environment.VIGIL_LLM_API_KEY_B || null;
  return { ...common, first: choice(own, "", key), second: choice(second, SECOND, secondKey) };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const names = [...JUDGE_OPTIONS, ...JUDGE_OPTIONS.map((name) => `${name}${SECOND}`), ...Object.keys(Common.shape)];
  const options: ParseArgsConfig["options"] = {
    ...Object.fromEntries(names.map((name) => [name, text])),
    help: { type: "boolean" },
  };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(asError(error).message);
  }
}

/** The values of these options, by their names without the suffix. */
function pick(values: Values, names: readonly string[], suffix: string): Values {
  const given = names.map((name) => [name, values[`${name}${suffix}`]] as const);
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function check<T extends z.ZodType>(schema: T, values: Values, suffix: string): z.output<T> {
  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const name = String(issue?.path[0]);
  throw new UsageError(`--${name}${name in values ? suffix : ""} ${issue?.message}`);
}

function choiceOf(judge: z.infer<typeof Judge>, apiKey: string | null): ModelChoice {
  const { url, api, model = null } = judge;
  return { url, api, model, apiKey, prompt: promptOf(judge) };
}

function promptOf({ prompt, household, "house-rules": houseRules }: z.infer<typeof Judge>): PromptChoice {
  if (prompt !== undefined) return { version: prompt.trim().slice(-8) };
  if (household === undefined && houseRules === undefined) return "newest";
  return {
    household: wordsIn(household, HOUSEHOLD_LENGTH),
    house_rules: wordsIn(houseRules, HOUSE_RULES_LENGTH),
  };
}

/** An owner's words from a file, as the node's form takes them. */
function wordsIn(file: string | undefined, longest: number): string {
  if (file === undefined) return "";
  let words: string;
  try {
    words = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UsageError(asError(error).message);
  }
  if (words.length <= longest) return words;
  throw new UsageError(`${file} has ${words.length} characters, and the form of nemotron-analyze takes ${longest}`);
}
