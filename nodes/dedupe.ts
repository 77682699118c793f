/** `dedupe`: lets each picture pass once, however often a camera uploads it. */
import { z } from "zod";
import { dedupeStage } from "../lib/site/dedupe.ts";
import { optionalWholeNumber, seconds } from "../lib/site/form-fields.ts";
import { likenessOf } from "../lib/site/likeness.ts";
import { defineNode } from "./define-node.ts";

export const DedupeConfig = z.object({
  window: seconds(300, { min: 1, max: 86_400 }),
  /** Bits of 64 that pictures which count as the same may differ in; null: only the same file is a duplicate. */
  similarity: optionalWholeNumber({ min: 0, max: 16 }),
});

export default defineNode({
  type: "dedupe",
  config: DedupeConfig,
  outputs: 3,
  open: ({ window, similarity: limit }, { nodeId, site }) => ({
    stage: dedupeStage({
      nodeId,
      windowMs: window,
      clock: site.clock,
      likenessOf: limit === null ? undefined : (upload) => likenessOf(upload, { site, nodeId, limit }),
    }),
    commands: { reset: () => site.store.durableTransaction((tables) => tables.claims.forget(nodeId)) },
  }),
});
