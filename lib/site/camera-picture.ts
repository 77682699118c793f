/** The last picture of a camera, for whoever draws its zones. */
import { drawModelPicture } from "../media/model-picture.ts";
import { InputError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";
import { readStill } from "./still.ts";

const LONGEST_SIDE = 1280;
/** Nobody waits for it but the person who asked. */
const NEVER = new AbortController().signal;

/** As a JPEG, upright. Throws an InputError `NO_PICTURE`, and a MediaError where it is gone or cannot be decoded. */
export async function lastPicture(site: Site, cameraId: string): Promise<Buffer> {
  const upload = site.store.uploads.latestPicture(cameraId);
  if (!upload) throw new InputError("NO_PICTURE", "The camera has sent no picture yet");
  const { bytes } = await readStill(upload.path, [upload], site);
  const draw = () => drawModelPicture(bytes, LONGEST_SIDE);
  const { bytes: jpeg } = await site.nativeWork.run(`zones ${upload.upload_id}`, draw, NEVER);
  return jpeg;
}
