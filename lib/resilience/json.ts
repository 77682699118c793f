/** JSON from outside, which may be none. */

/** What a text, or bytes of one, hold as JSON; undefined where that is none. */
export function jsonIn(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
