/** What `dedupe` does: the first upload with some content passes, the same content again within the window does not. */
import { Upload } from "../domain/upload.ts";
import type { Clock } from "../resilience/clock.ts";
import { describeUpload } from "./describe-upload.ts";
import type { InstantStage } from "./stage.ts";

export interface DedupeOptions {
  readonly nodeId: string;
  readonly windowMs: number;
  readonly clock: Clock;
}

/** Where what is new leaves a dedupe node. */
export const NEW_PORT = 0;
const DUPLICATE_PORT = 1;

export function dedupeStage({ nodeId, windowMs, clock }: DedupeOptions): InstantStage<Upload> {
  return {
    input: Upload,
    describe: (upload) => describeUpload(upload, clock.now()),
    openPort: NEW_PORT,
    settle: (upload, _message, tables) => {
      tables.uploads.adopt(upload);
      const original = tables.claims.claim(nodeId, upload, windowMs);
      const output = { topic: upload.camera_id, payload: upload };
      if (original === null) {
        return [{ ...output, port: NEW_PORT, subject: { kind: "upload", id: upload.upload_id } }];
      }
      tables.uploads.markDuplicate(upload.upload_id, original, nodeId);
      return [{ ...output, port: DUPLICATE_PORT, properties: { original_id: original }, subject: null }];
    },
  };
}
