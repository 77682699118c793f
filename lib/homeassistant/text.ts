/** Cutting text where readers would. */

const ELLIPSIS = "…";
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * The text, or as much of its beginning as fits with an ellipsis: never half a letter or half an emoji. `size` measures
 * a piece of text in the unit of `limit`.
 */
export function shorten(text: string, limit: number, size: (text: string) => number): string {
  if (size(text) <= limit) return text;
  let left = limit - size(ELLIPSIS);
  if (left < 0) return "";
  for (const { segment, index } of graphemes.segment(text)) {
    left -= size(segment);
    if (left < 0) return text.slice(0, index).trimEnd() + ELLIPSIS;
  }
  return text;
}

/** Unicode code points: what Home Assistant, being Python, counts. */
export function codePoints(text: string): number {
  return [...text].length;
}

/** Bytes of the text inside a JSON string. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
