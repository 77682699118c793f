/** What uploads look like, for `dedupe`. */
import type { Upload } from "../domain/upload.ts";
import { giveBack } from "../media/blocks.ts";
import { pictureHash } from "../media/picture-hash.ts";
import { readUpload } from "../media/read-file.ts";
import type { Likeness } from "../store/claims.ts";
import type { Site } from "./site.ts";

/** Taking a message in is not aborted: nobody would send it again. */
const NEVER = new AbortController().signal;

/**
 * What a picture looks like, to be compared with others up to `limit` bits away. Null for a clip, and for a picture that
 * cannot be read or is another one by now: who looks at it next says what is wrong with it.
 */
export async function likenessOf(
  upload: Upload,
  { site, nodeId, limit }: { site: Site; nodeId: string; limit: number },
): Promise<Likeness | null> {
  if (upload.media_type !== "image") return null;
  try {
    const { bytes, sha256 } = await readUpload(upload.path);
    if (sha256 !== upload.sha256) return null;
    const hazard = `likeness ${nodeId} ${upload.upload_id}`;
    const hash = await site.nativeWork.run(hazard, () => pictureHash(bytes), NEVER);
    giveBack(bytes);
    return { hash, limit };
  } catch {
    return null;
  }
}
