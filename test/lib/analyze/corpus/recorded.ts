/** Replies as models write them, each with what must become of it. */
import type { ModelVerdict } from "../../../../lib/analyze/verdict.ts";

export interface Recorded {
  readonly name: string;
  readonly reply: string;
  /** The fields that matter of the verdict that is read, or what the refusal says. */
  readonly outcome: Partial<ModelVerdict> | RegExp;
}

export function reads(name: string, reply: string, verdict: Partial<ModelVerdict>): Recorded {
  return { name, reply, outcome: verdict };
}

export function refuses(name: string, reply: string, why: RegExp): Recorded {
  return { name, reply, outcome: why };
}

/** A verdict as a model writes it that keeps to the schema. */
export const LOITERER = `{"reasoning":"One person stays at the front door from 23:12 to 23:19. Nobody rings. It is night.",\
"entities":[{"type":"person","description":"Adult in dark clothes, stays near the door","threat_level":"medium"}],\
"flags":[{"type":"loitering","description":"Seven minutes at the door without ringing","severity":"alert"}],\
"summary":"A person lingers at the front door at night.","risk_score":61,"confidence":0.8,\
"recommended_action":"Look at the picture and switch the porch light on."}`;

/** Another one, as little as is needed. */
export const CAT = `{"reasoning":"A cat crosses the drive.","summary":"A cat.","risk_score":3}`;
