/**
 * What `dedupe` does: the first upload with some content passes, the same content again within the window does not, nor,
 * where that is asked for, a picture that looks like it.
 */
import { Upload } from "../domain/upload.ts";
import type { Clock } from "../resilience/clock.ts";
import type { Likeness } from "../store/claims.ts";
import { describeUpload } from "./describe-upload.ts";
import type { InstantStage } from "./stage.ts";

export interface DedupeOptions {
  readonly nodeId: string;
  readonly windowMs: number;
  readonly clock: Clock;
  /** What an upload looks like, null where that cannot be told; absent where only the same content counts. */
  readonly likenessOf?: ((upload: Upload) => Promise<Likeness | null>) | undefined;
}

/** Where what is new leaves a dedupe node. */
export const NEW_PORT = 0;
const DUPLICATE_PORT = 1;

export function dedupeStage({ nodeId, windowMs, clock, likenessOf }: DedupeOptions): InstantStage<Upload> {
  const settleBy =
    (likeness: Likeness | null): InstantStage<Upload>["settle"] =>
    (upload, _message, tables) => {
      tables.uploads.adopt(upload);
      const original = tables.claims.claim(nodeId, upload, windowMs, likeness);
      const output = { topic: upload.camera_id, payload: upload };
      if (original === null) {
        return [{ ...output, port: NEW_PORT, subject: { kind: "upload", id: upload.upload_id } }];
      }
      const { upload_id: original_id, distance } = original;
      // No other node sees it: a camera that sends the same picture again and again is noticed here.
      if (distance === null) tables.views.repeat(upload, clock.now());
      tables.uploads.markDuplicate(upload.upload_id, original_id, nodeId, distance);
      const properties = { original_id, ...(distance !== null && { distance }) };
      return [{ ...output, port: DUPLICATE_PORT, properties, subject: null }];
    };
  return {
    input: Upload,
    describe: (upload) => describeUpload(upload, clock.now()),
    openPort: NEW_PORT,
    settle: settleBy(null),
    ...(likenessOf && { prepare: (upload) => async () => settleBy(await likenessOf(upload)) }),
  };
}
