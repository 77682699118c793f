/** JSON of another shape. */
import { CAT, type Recorded, refuses } from "./recorded.ts";

const withField = (name: string, value: unknown) => JSON.stringify({ ...JSON.parse(CAT), [name]: value });
const entity = { type: "person", description: "Adult in dark clothes", threat_level: "medium" };
const flag = { type: "loitering", description: "Seven minutes", severity: "alert" };

export const SHAPES: readonly Recorded[] = [
  refuses("no summary", withField("summary", undefined), /summary: /),
  refuses("an empty summary", withField("summary", ""), /summary: /),
  refuses("a summary that nobody sees", withField("summary", " \u200b\u0000 "), /summary: /),
  refuses("a summary that is too long", withField("summary", "A cat. ".repeat(40)), /summary: has more than 200/),
  refuses("a summary as a list", withField("summary", ["A cat."]), /summary: /),
  refuses("a summary as a number", withField("summary", 3), /summary: /),
  refuses("a summary that is null", withField("summary", null), /summary: /),
  refuses("no reasoning", withField("reasoning", undefined), /reasoning: /),
  refuses("a reasoning that is too long", withField("reasoning", "x".repeat(2001)), /reasoning: has more than 2000/),
  refuses("an action that is too long", withField("recommended_action", "Run. ".repeat(50)), /recommended_action: /),
  refuses("an action as a list", withField("recommended_action", ["Run."]), /recommended_action: /),
  refuses("entities as words", withField("entities", ["person", "dog"]), /entities\.0: /),
  refuses("entities as text", withField("entities", "one person"), /entities: /),
  refuses("one entity without a list", withField("entities", entity), /entities: /),
  refuses(
    "an entity without a description",
    withField("entities", [{ ...entity, description: "" }]),
    /entities\.0\.description/,
  ),
  refuses(
    "a threat level nobody knows",
    withField("entities", [{ ...entity, threat_level: "severe" }]),
    /entities\.0\.threat_level/,
  ),
  refuses(
    "a threat level in capitals",
    withField("entities", [{ ...entity, threat_level: "HIGH" }]),
    /entities\.0\.threat_level/,
  ),
  refuses(
    "a threat level as a number",
    withField("entities", [{ ...entity, threat_level: 2 }]),
    /entities\.0\.threat_level/,
  ),
  refuses("too many entities", withField("entities", Array(11).fill(entity)), /entities: /),
  refuses(
    "a flag without a severity",
    withField("flags", [flag, { ...flag, severity: undefined }]),
    /flags\.1\.severity/,
  ),
  refuses("a severity nobody knows", withField("flags", [{ ...flag, severity: "info" }]), /flags\.0\.severity/),
  refuses("a flag type that is too long", withField("flags", [{ ...flag, type: "x".repeat(41) }]), /flags\.0\.type/),
  refuses("too many flags", withField("flags", Array(11).fill(flag)), /flags: /),
  refuses("several faults", withField("summary", "").replace(":3}", ":300}"), /summary: .*risk_score: /),
];
