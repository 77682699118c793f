/** How a model is asked to mend an answer that cannot be used. */
import { asData } from "../sanitise.ts";
import type { Prompt, Repair } from "./prompt.ts";

/** Enough to see what it was, without taking the room of a second prompt. */
const REPLY_LENGTH = 1000;

/** What follows the user's turn in a chat: the model's answer, as harmless text, and what is wrong with it. */
export function repairTurns({ repair }: Prompt): { role: "assistant" | "user"; content: string }[] {
  if (!repair) return [];
  return [
    { role: "assistant", content: replyText(repair) },
    { role: "user", content: requestText(repair) },
  ];
}

/** The same, as what follows the text of a prompt without turns. */
export function repairText({ repair }: Prompt): string {
  return repair ? `\nYour answer was: ${JSON.stringify(replyText(repair))}\n${requestText(repair)}\n` : "";
}

function replyText({ reply }: Repair): string {
  return asData(reply, REPLY_LENGTH) || "(nothing)";
}

function requestText({ problem }: Repair): string {
  return `Your answer cannot be used: ${problem}. Answer again, with one complete JSON object of the shape you were \
given and nothing else.`;
}
