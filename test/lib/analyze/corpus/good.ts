/** Replies that keep to the shape. */
import { CAT, LOITERER, type Recorded, reads } from "./recorded.ts";

export const GOOD: readonly Recorded[] = [
  reads("all fields on one line", LOITERER, {
    reasoning: "One person stays at the front door from 23:12 to 23:19. Nobody rings. It is night.",
    entities: [{ type: "person", description: "Adult in dark clothes, stays near the door", threat_level: "medium" }],
    flags: [{ type: "loitering", description: "Seven minutes at the door without ringing", severity: "alert" }],
    summary: "A person lingers at the front door at night.",
    risk_score: 61,
    confidence: 0.8,
    recommended_action: "Look at the picture and switch the porch light on.",
  }),
  reads("indented", JSON.stringify(JSON.parse(LOITERER), null, 4), { risk_score: 61, confidence: 0.8 }),
  reads(
    "indented with tabs and Windows line ends",
    JSON.stringify(JSON.parse(LOITERER), null, "\t").replace(/\n/g, "\r\n"),
    {
      risk_score: 61,
    },
  ),
  reads("only what is needed", CAT, {
    risk_score: 3,
    entities: [],
    flags: [],
    confidence: null,
    recommended_action: null,
  }),
  reads(
    "what is optional, as null",
    CAT.replace("}", `,"entities":null,"flags":null,"confidence":null,"recommended_action":null}`),
    {
      risk_score: 3,
      entities: [],
      flags: [],
      confidence: null,
      recommended_action: null,
    },
  ),
  reads("empty lists and no action", CAT.replace("}", `,"entities":[],"flags":[],"recommended_action":""}`), {
    risk_score: 3,
    entities: [],
    recommended_action: null,
  }),
  reads(
    "the score first",
    `{"risk_score": 12, "summary": "A courier leaves a parcel.", "reasoning": "By day, for 20 s."}`,
    {
      risk_score: 12,
      summary: "A courier leaves a parcel.",
    },
  ),
  reads("the lowest score", CAT.replace("3}", "0}"), { risk_score: 0 }),
  reads("the highest score", CAT.replace("3}", "100}"), { risk_score: 100 }),
  reads("a level that contradicts the score", CAT.replace("}", `,"risk_level":"critical"}`), { risk_score: 3 }),
  reads("a level from another table", CAT.replace("}", `,"risk_level":"elevated","severity":4}`), { risk_score: 3 }),
  reads(
    "fields nobody asked for",
    CAT.replace("}", `,"risk_factors":[{"factor_name":"time","contribution":-5}],"model":null}`),
    {
      risk_score: 3,
    },
  ),
  reads("a field named __proto__", CAT.replace("}", `,"__proto__":{"risk_score":99},"constructor":null}`), {
    risk_score: 3,
  }),
  reads(
    "braces and quotes in texts",
    String.raw`{"reasoning":"The label reads \"} {\" and {\"risk_score\": 99}.","summary":"A sign with braces {}.","risk_score":8}`,
    {
      risk_score: 8,
      reasoning: 'The label reads "} {" and {"risk_score": 99}.',
    },
  ),
  reads(
    "a reasoning tag in a text",
    `{"reasoning":"The sign says <think> or </think>, I think.","summary":"A sign.","risk_score":4}`,
    {
      risk_score: 4,
    },
  ),
  reads("a fence in a text", `{"reasoning":"\`\`\`json\\n{}\\n\`\`\`","summary":"A sign.","risk_score":4}`, {
    risk_score: 4,
  }),
  reads(
    "every escape",
    String.raw`{"reasoning":"a\"b\\c\/d\be\ff\ng\rh\ti\u0041","summary":"Escapes.","risk_score":5}`,
    {
      reasoning: 'a"b\\c/de f g h iA',
    },
  ),
  reads(
    "a backslash at the end of a text",
    String.raw`{"reasoning":"C:\\cameras\\","summary":"A path.","risk_score":5}`,
    {
      reasoning: "C:\\cameras\\",
    },
  ),
  reads("unicode escapes", String.raw`{"reasoning":"\u732b","summary":"\u00c9in Fuchs \ud83e\udd8a","risk_score":5}`, {
    reasoning: "猫",
    summary: "Éin Fuchs 🦊",
  }),
  reads("half a surrogate pair", String.raw`{"reasoning":"\ud83d","summary":"A fox \udd8a.","risk_score":5}`, {
    reasoning: "\ufffd",
    summary: "A fox \ufffd.",
  }),
  reads(
    "control characters as escapes",
    String.raw`{"reasoning":"a\u0000b\u001b[2Jc","summary":"\u202eA cat","risk_score":5}`,
    {
      reasoning: "ab[2Jc",
      summary: "A cat",
    },
  ),
  reads("a chat template's tokens", `{"reasoning":"<|im_end|><|im_start|>system","summary":"A sign.","risk_score":5}`, {
    reasoning: "<|im_end|><|im_start|>system",
  }),
  reads("a score of 61.0", LOITERER.replace(":61,", ":61.0,"), { risk_score: 61 }),
  reads("a confidence of 1.0", LOITERER.replace(":0.8,", ":1.0,"), { confidence: 1 }),
  reads("a confidence with many digits", LOITERER.replace(":0.8,", ":0.8700000047683716,"), {
    confidence: 0.8700000047683716,
  }),
  reads(
    "German",
    `{"reasoning":"Eine Person bleibt länger als nötig vor der Tür.","summary":"Jemand steht nachts vor der Tür.","risk_score":55,"recommended_action":"Bild ansehen."}`,
    {
      risk_score: 55,
      summary: "Jemand steht nachts vor der Tür.",
    },
  ),
  reads(
    "Arabic",
    `{"reasoning":"شخص واحد يقف عند الباب ليلاً.","summary":"شخص عند الباب الأمامي.","risk_score":48,"recommended_action":"تحقق من الصورة."}`,
    {
      risk_score: 48,
      summary: "شخص عند الباب الأمامي.",
    },
  ),
  reads("Hebrew", `{"reasoning":"אדם אחד עומד ליד הדלת.","summary":"אדם ליד הדלת.","risk_score":20}`, {
    risk_score: 20,
  }),
  reads(
    "Chinese",
    `{"reasoning":"夜间有一人在门口停留七分钟。","summary":"夜间有人在门口徘徊。","risk_score":62,"entities":[{"type":"人","description":"深色衣服的成年人","threat_level":"medium"}]}`,
    {
      risk_score: 62,
      entities: [{ type: "人", description: "深色衣服的成年人", threat_level: "medium" }],
    },
  ),
  reads("Japanese", `{"reasoning":"猫が庭を横切った。","summary":"庭に猫がいます。","risk_score":2}`, {
    risk_score: 2,
  }),
  reads("Hindi", `{"reasoning":"दरवाज़े पर एक व्यक्ति।","summary":"एक डाकिया आया।","risk_score":9}`, { risk_score: 9 }),
  reads("a flag in emoji", `{"reasoning":"👩‍👩‍👧 at the gate.","summary":"👨‍👩‍👧‍👦 visit 🎂","risk_score":6}`, {
    summary: "👨👩👧👦 visit 🎂",
  }),
];
