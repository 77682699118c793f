/** Text that is not ours, made harmless before a model or a person reads it. */

/** Control characters, bidi marks, zero-width and other invisible characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Angle and square brackets, and what passes for one: wherever a chat template's own tokens could be read. */
const OPENING = /[<[«‹˂〈《【〔〚⟦⟨⟪❬❮❰❲⦑⧼]/gu;
const CLOSING = /[>\]»›˃〉》】〕〛⟧⟩⟫❭❯❱❳⦒⧽]/gu;

/** The text on one line: line breaks and runs of whitespace become one space, invisible characters go. */
export function plainText(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u0085]/g, " ")
    .replace(INVISIBLE, "")
    .toWellFormed()
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * A name or a label for use in a prompt: one line of visible text, at most `maxLength` characters (code points). Angle
 * and square brackets and their look-alikes become round ones, so that no chat template reads `<|im_end|>`, `<think>`,
 * `[INST]` or `<extra_id_1>` as its own; compatible forms of a character become the character (NFKC), because some
 * tokenisers do that before they look for their tokens.
 */
export function asData(text: string, maxLength: number): string {
  const harmless = plainText(plainText(text).normalize("NFKC")).replace(OPENING, "(").replace(CLOSING, ")");
  return [...harmless].slice(0, maxLength).join("").trimEnd();
}

/** The same in double quotes, as JSON has it: nothing in it ends the quotation or the line. */
export function quoted(text: string, maxLength: number): string {
  return JSON.stringify(asData(text, maxLength));
}
