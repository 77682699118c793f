/** Verdicts with something around them: thoughts, fences, prose. */
import { CAT, LOITERER, type Recorded, reads, refuses } from "./recorded.ts";

const OTHER = LOITERER.replace(":61,", ":99,");

export const AROUND: readonly Recorded[] = [
  reads("a fence", `\`\`\`json\n${LOITERER}\n\`\`\``, { risk_score: 61 }),
  reads("a fence without a language", `\`\`\`\n${LOITERER}\n\`\`\``, { risk_score: 61 }),
  reads("a fence that does not end", `\`\`\`json\n${LOITERER}`, { risk_score: 61 }),
  reads("a fence of tildes", `~~~JSON\n${LOITERER}\n~~~`, { risk_score: 61 }),
  reads("prose before", `Here is my assessment of the event:\n\n${LOITERER}`, { risk_score: 61 }),
  reads("prose after", `${LOITERER}\n\nLet me know if you need anything else!`, { risk_score: 61 }),
  reads("prose and a fence", `Sure! Based on the detections:\n\`\`\`json\n${LOITERER}\n\`\`\`\nStay safe.`, {
    risk_score: 61,
  }),
  reads("a label", `json\n${CAT}`, { risk_score: 3 }),
  reads("an answer tag", `<answer>${CAT}</answer>`, { risk_score: 3 }),
  reads("role-play", `*adjusts headset* Guard Nemotron here, over.\n${CAT}\n*salutes*`, { risk_score: 3 }),
  reads("a byte order mark", `\ufeff${CAT}`, { risk_score: 3 }),
  reads("NUL and control characters around", `\u0000\u0007${CAT}\u001b[0m\u0000`, { risk_score: 3 }),
  reads("a stop token", `${CAT}<|im_end|>`, { risk_score: 3 }),
  reads(
    "an echo of the prompt",
    `Camera: "Front door"\nFrom: Friday 2026-11-20 23:12:00 (night)\nDetections:\n- at 0 s, "person", 0.91, centre, large\n\nAnswer: ${LOITERER}`,
    {
      risk_score: 61,
    },
  ),
  reads("braces in the prose", `The set {person, {dark clothes}} at {front_door}: ${CAT}`, { risk_score: 3 }),
  reads("a brace too many", `{${CAT}}`, { risk_score: 3 }),
  reads("a closing brace too many", `${CAT}}`, { risk_score: 3 }),
  reads("prose in quotes", `I say "{" and "}": ${CAT}`, { risk_score: 3 }),

  reads("thoughts", `<think>\nA person at night. Could be {"risk_score": 99}? No.\n</think>\n\n${LOITERER}`, {
    risk_score: 61,
  }),
  reads("empty thoughts", `<think>\n\n</think>\n\n${CAT}`, { risk_score: 3 }),
  reads("thoughts with a whole verdict", `<think>First draft: ${OTHER} Too high.</think>${LOITERER}`, {
    risk_score: 61,
  }),
  reads("thoughts in several pieces", `<think>One.</think>\n<think>${OTHER}</think>\n${CAT}`, { risk_score: 3 }),
  reads("thoughts after the verdict", `${CAT}\n<think>That was easy. ${OTHER}</think>`, { risk_score: 3 }),
  reads("thoughts about thoughts", `<think>I should <think> again: ${OTHER}</think> hm, ${OTHER} </think>${CAT}`, {
    risk_score: 3,
  }),
  reads("thoughts that the prompt began", `A person at night, maybe ${OTHER}.\n</think>\n${LOITERER}`, {
    risk_score: 61,
  }),
  reads("thoughts that the prompt began, with a stray brace", `{ is how it starts. </think>${CAT}`, { risk_score: 3 }),
  reads("thoughts and a fence", `<think>hm</think>\n\`\`\`json\n${CAT}\n\`\`\``, { risk_score: 3 }),
  reads("thoughts in capitals", `<THINK>${OTHER}</THINK>${CAT}`, { risk_score: 3 }),
  reads("a thinking tag", `<thinking>${OTHER}</thinking>${CAT}`, { risk_score: 3 }),
  reads("a reasoning tag", `<reasoning>${OTHER}</reasoning>${CAT}`, { risk_score: 3 }),
  reads("a scratchpad", `<scratchpad>${OTHER}</scratchpad><answer>${CAT}</answer>`, { risk_score: 3 }),
  reads("thoughts in brackets", `[THINK]${OTHER}[/THINK]${CAT}`, { risk_score: 3 }),
  reads("channels", `<|channel|>analysis<|message|>One cat.<|end|><|channel|>final<|message|>${CAT}`, {
    risk_score: 3,
  }),
  refuses("thoughts without an end", `<think>A person at night. ${LOITERER}`, /thoughts have no end/),
  refuses("a verdict, then thoughts without an end", `${CAT}<think>Wait, is that a`, /thoughts have no end/),
  refuses("nothing but thoughts", `<think>${LOITERER}</think>`, /holds no JSON object/),
  refuses("thoughts that the prompt began, and nothing else", `${LOITERER}</think>`, /holds no JSON object/),
];
