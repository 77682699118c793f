/** Between records and rows: what SQLite lacks (booleans, lists) as zod codecs. */
import { z } from "zod";
import { AlertRecord, Channel, Condition, RuleDecision } from "../domain/alert.ts";
import { EventEntities, EventFlags, EventRecord } from "../domain/event.ts";
import { Adjustment, Calibration, GivenFeedback, Traits } from "../domain/feedback.ts";
import { GpuReading } from "../domain/gpu.ts";
import { VerdictRecord } from "../domain/verdict.ts";

const sqlBoolean = z.codec(z.int().min(0).max(1), z.boolean(), {
  decode: (stored) => stored === 1,
  encode: (value) => (value ? 1 : 0),
});

function sqlJson<T extends z.ZodType>(schema: T) {
  return z.codec(z.string(), schema, {
    decode: (stored) => JSON.parse(stored),
    encode: (value) => JSON.stringify(value),
  });
}

/** `z.decode` makes an EventRecord of a row, `z.encode` a row of an EventRecord. */
export const EventRow = EventRecord.extend({
  final: sqlBoolean,
  fast_path: sqlBoolean,
  reviewed: sqlBoolean,
  labels: sqlJson(z.array(z.string())),
  entities: sqlJson(EventEntities),
  flags: sqlJson(EventFlags),
});

/** `z.decode` makes a VerdictRecord of a row, `z.encode` a row of a VerdictRecord. */
export const VerdictRow = VerdictRecord.extend({
  final: sqlBoolean,
  entities: sqlJson(EventEntities),
  flags: sqlJson(EventFlags),
});

export const ChannelsJson = sqlJson(z.array(Channel));

/** `z.decode` makes an AlertRecord of a row, `z.encode` a row of an AlertRecord. */
export const DecisionRow = AlertRecord.extend({
  channels: ChannelsJson,
  conditions: sqlJson(z.array(Condition)),
  rules: sqlJson(z.array(RuleDecision)),
  adjustment: sqlJson(Adjustment.nullable()),
  calibration: sqlJson(Calibration.nullable()),
});

/** `z.decode` makes a GpuReading of a row, `z.encode` a row of a GpuReading. */
export const GpuReadingRow = GpuReading.extend({ mig: sqlBoolean.nullable(), simulated: sqlBoolean });

export const TraitsJson = sqlJson(Traits);

/** `z.decode` makes GivenFeedback of a row, `z.encode` a row of GivenFeedback. */
export const FeedbackRow = GivenFeedback.extend({ traits: TraitsJson });
