/** Camera ids from folder names. */
import { createHash } from "node:crypto";
import slugify from "@sindresorhus/slugify";

const LONGEST = 64;

/**
 * The camera id of a folder: its name transliterated to `[a-z0-9_]`, words joined by `_`, at most 64 characters. A name
 * of which nothing is left (`玄関`) becomes `cam_` and a hash; one that is too long is cut and gets a hash, so that it
 * stays different from its neighbours. Two folders can still have one id (`Front Door`, `front-door`): the caller
 * decides which of them gets it.
 */
export function cameraId(folderName: string): string {
  const name = folderName.normalize("NFC");
  const slug = slugify(name, { separator: "_", decamelize: false });
  if (slug === "") return `cam_${shortHash(name)}`;
  if (slug.length <= LONGEST) return slug;
  const hash = shortHash(name);
  return `${slug.slice(0, LONGEST - hash.length - 1).replace(/_$/, "")}_${hash}`;
}

function shortHash(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 8);
}
