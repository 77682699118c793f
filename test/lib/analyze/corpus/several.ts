/** More objects than one, and verdicts within something else. */
import { CAT, LOITERER, type Recorded, reads, refuses } from "./recorded.ts";

const DOG = CAT.replace("3}", "7}");
const SCHEMA = `{"type":"object","properties":{"risk_score":{"type":"integer","minimum":0,"maximum":100},"summary":{"type":"string"}},"required":["risk_score"]}`;
const AMBIGUOUS = /more than one verdict/;

export const SEVERAL: readonly Recorded[] = [
  refuses("two verdicts", `${CAT}\n${DOG}`, AMBIGUOUS),
  refuses("a verdict and a second thought", `${CAT}\nWait, that is too low. Final answer:\n${LOITERER}`, AMBIGUOUS),
  refuses("two verdicts with the same score", `${CAT} ${CAT.replace("A cat.", "A dog.")}`, AMBIGUOUS),
  refuses("a list of two verdicts", `[${CAT},${DOG}]`, AMBIGUOUS),
  refuses("two verdicts under keys", `{"first":${CAT},"second":${DOG}}`, AMBIGUOUS),
  refuses("a verdict, and another score without a reason", `${CAT} {"risk_score": 80}`, AMBIGUOUS),
  refuses("an example and a verdict", `Format: {"risk_score": 0, "summary": "..."}\n${LOITERER}`, AMBIGUOUS),
  refuses("two verdicts in what is no JSON", `{"a":${CAT},b:${DOG}}`, AMBIGUOUS),
  reads("the same verdict twice", `${LOITERER}\n\n${LOITERER}`, { risk_score: 61 }),
  reads(
    "the same verdict, bare and in a fence",
    `${CAT}\n\`\`\`json\n${JSON.stringify(JSON.parse(CAT), null, 2)}\n\`\`\``,
    {
      risk_score: 3,
    },
  ),
  reads("an object that is something else before", `{"camera":"front_door","detections":[{"label":"cat"}]}\n${CAT}`, {
    risk_score: 3,
  }),
  reads("an empty object before", `{}${CAT}`, { risk_score: 3 }),
  reads("a template before", `{"risk_score": "<0-100>", "summary": "<one sentence>"}\n${CAT}`, { risk_score: 3 }),
  reads("the schema before", `${SCHEMA}\n\n${CAT}`, { risk_score: 3 }),
  reads("a score that is none, mended", `${CAT.replace("3}", "300}")} Sorry: ${CAT}`, { risk_score: 3 }),
  reads("single quotes, mended", `{'risk_score': 3}\nIn valid JSON:\n${CAT}`, { risk_score: 3 }),
  refuses("nothing but the schema", SCHEMA, /risk_score: /),

  reads("in a list", `[${CAT}]`, { risk_score: 3 }),
  reads("under a key", `{"verdict": ${LOITERER}}`, { risk_score: 61 }),
  reads("under keys", `{"status":"ok","result":{"assessment":${CAT},"usage":{"tokens":12}}}`, { risk_score: 3 }),
  reads("in a list under a key", `{"verdicts":[${CAT}]}`, { risk_score: 3 }),
  reads("in ten objects", `${'{"a":'.repeat(10)}${CAT}${"}".repeat(10)}`, { risk_score: 3 }),
  refuses("in a thousand objects", `${'{"a":'.repeat(1000)}${CAT}${"}".repeat(1000)}`, /nested deeper than 64/),
  refuses("in a thousand lists", `{"a":${"[".repeat(1000)}${CAT}${"]".repeat(1000)}}`, /nested deeper than 64/),
  reads("with another one as an extra field", `${LOITERER.slice(0, -1)},"alternative":${CAT}}`, { risk_score: 61 }),
  refuses("with another one, and no score of its own that fits", `{"risk_score":610,"revised":${CAT}}`, /risk_score: /),
  reads("a function call", `{"name":"report_verdict","arguments":${CAT}}`, { risk_score: 3 }),
  reads("a function call in tags", `<tool_call>\n{"name":"verdict","arguments":${CAT}}\n</tool_call>`, {
    risk_score: 3,
  }),
  refuses(
    "a function call with its arguments as text",
    `{"name":"verdict","arguments":${JSON.stringify(CAT)}}`,
    /no risk_score/,
  ),
  refuses("JSON within a text", JSON.stringify(CAT), /broken|no JSON object/),

  refuses(
    "two scores",
    `{"risk_score":10,"summary":"A.","reasoning":"B.","risk_score":90}`,
    /"risk_score" stands twice/,
  ),
  refuses(
    "the same score twice",
    `{"risk_score":10,"summary":"A.","reasoning":"B.","risk_score":10}`,
    /"risk_score" stands twice/,
  ),
  refuses("two summaries", CAT.replace("{", `{"summary":"A dog.",`), /"summary" stands twice/),
  refuses(
    "a key twice in an entity",
    CAT.replace("}", `,"entities":[{"type":"cat","type":"dog","description":"d","threat_level":"low"}]}`),
    /"type" stands twice/,
  ),
  refuses(
    "a key twice, once as an escape",
    String.raw`{"risk_score":10,"risk\u005fscore":90,"summary":"A.","reasoning":"B."}`,
    /"risk_score" stands twice/,
  ),
  refuses("two scores, and a verdict after", `{"risk_score":10,"risk_score":90} ${CAT}`, /"risk_score" stands twice/),
];
