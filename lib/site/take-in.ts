/** What a site makes of an inspection that another machine has made of an upload: its own upload, and pictures it has. */
import type { Detected } from "../domain/detection.ts";
import { deriveId } from "../domain/ids.ts";
import type { Upload } from "../domain/upload.ts";
import { drawThumbnail } from "../media/thumbnail.ts";
import { asError } from "../resilience/errors.ts";
import { type Site, THUMBNAILS } from "./site.ts";
import { readStill } from "./still.ts";

/** Taking a message in is not aborted: nobody would send it again. */
const NEVER = new AbortController().signal;

const NO_PICTURES = { still_path: null, thumbnail_path: null };

/**
 * Makes of an inspection what this site stores. Paths of another machine mean nothing here, or another file: the upload is
 * the one in the site's ledger, the still its own picture, and the thumbnail is drawn anew; what cannot be drawn is null.
 * Null where it stays as it is: it is known, or of an upload or a content that the site has never had. Throws a StoreError.
 */
export function takeIn(detected: Detected, site: Site): (() => Promise<Detected>) | null {
  const upload = site.store.uploads.get(detected.upload.upload_id);
  if (!upload || upload.sha256 !== detected.upload.sha256 || site.store.inspections.has(detected.inspection_id)) {
    return null;
  }
  return async () => {
    const pictures = detected.detections.length > 0 ? await picturesOf(detected, upload, site) : NO_PICTURES;
    return { ...detected, upload, ...pictures };
  };
}

async function picturesOf(
  { inspection_id, still_path, thumbnail_path, detections }: Detected,
  upload: Upload,
  site: Site,
): Promise<Pick<Detected, "still_path" | "thumbnail_path">> {
  const still = (await stillAt(still_path, upload, site)) ?? (await stillAt(ownPicture(upload), upload, site));
  if (!still) return NO_PICTURES;
  if (await stillAt(thumbnail_path, upload, site)) return { still_path: still.path, thumbnail_path };
  // An id from elsewhere may have anything in it, and this becomes the name of a file.
  const id = deriveId("inspection", upload.upload_id, inspection_id);
  const path = site.file(THUMBNAILS, upload.camera_id, upload.captured_at.slice(0, 10), `${id}.jpg`);
  try {
    const draw = () => drawThumbnail(still.bytes, detections);
    await site.writeFile(path, await site.nativeWork.run(`thumbnail ${id}`, draw, NEVER));
    return { still_path: still.path, thumbnail_path: path };
  } catch (error) {
    site.logger.warn(`The upload ${upload.upload_id} has no thumbnail: ${asError(error).message}`);
    return { still_path: still.path, thumbnail_path: null };
  }
}

function ownPicture({ media_type, path }: Upload): string | null {
  return media_type === "image" ? path : null;
}

/** Null where there is no such picture that may be read. */
async function stillAt(
  path: string | null,
  upload: Upload,
  site: Site,
): Promise<{ path: string; bytes: Buffer } | null> {
  if (path === null) return null;
  const still = await readStill(path, [upload], site).catch(() => null);
  return still && { path, bytes: still.bytes };
}
