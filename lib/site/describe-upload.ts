/** How the queue sees an upload. */
import type { Upload } from "../domain/upload.ts";
import { isLive, PRIORITY } from "./live.ts";

/** Its subject, camera and priority; `now` is in milliseconds since 1970. */
export function describeUpload(upload: Upload, now: number) {
  return {
    subject: { kind: "upload" as const, id: upload.upload_id },
    cameraId: upload.camera_id,
    priority: isLive(upload.captured_at, now) ? PRIORITY.live : PRIORITY.backlog,
  };
}
