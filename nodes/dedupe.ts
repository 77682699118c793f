/** `dedupe`: lets each picture pass once, however often a camera uploads it. */
import { z } from "zod";
import { dedupeStage } from "../lib/site/dedupe.ts";
import { seconds } from "../lib/site/form-fields.ts";
import { defineNode } from "./define-node.ts";

export const DedupeConfig = z.object({ window: seconds(300, { min: 1, max: 86_400 }) });

export default defineNode({
  type: "dedupe",
  config: DedupeConfig,
  outputs: 3,
  open: (config, { nodeId, site }) => ({
    stage: dedupeStage({ nodeId, windowMs: config.window, clock: site.clock }),
    commands: { reset: () => site.store.durableTransaction((tables) => tables.claims.forget(nodeId)) },
  }),
});
