/**
 * A font of 5 x 7 dots for printable ASCII, so that labels can be written where no font is installed. Where one is, text
 * drawn with the system's would look different on each machine.
 */

/** The size of a glyph, and how far apart two begin, in dots. */
export const GLYPH = { width: 5, height: 7, advance: 6 } as const;

const FIRST = 0x20;

/**
 * A glyph for each character from the space to the tilde. Each digit is a row, the top one first: a number to base 32
 * whose highest bit is the dot on the left.
 */
const ROWS = (
  "0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000 2488842 8422248 04lel40 044v440 0000c48 000v000 " +
  "00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48 " +
  "248g842 00v0v00 8421248 eh12404 eh1dlle ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e " +
  "72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla " +
  "hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge " +
  "698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u " +
  "88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200"
).split(" ");

const UNKNOWN = "?";

/** The dots of a text, one line; (0, 0) is the first glyph's corner at the top left. What the font lacks is a `?`. */
export function dotsOf(text: string): { x: number; y: number }[] {
  return [...text].flatMap((character, place) =>
    [...rowsOf(character)].flatMap((digit, y) => {
      const row = Number.parseInt(digit, 32);
      return [...Array(GLYPH.width).keys()]
        .filter((x) => row & (1 << (GLYPH.width - 1 - x)))
        .map((x) => ({ x: place * GLYPH.advance + x, y }));
    }),
  );
}

/** Width of a text of so many characters in dots, without the gap after the last. */
export function widthOf(characters: number): number {
  return Math.max(0, characters * GLYPH.advance - (GLYPH.advance - GLYPH.width));
}

function rowsOf(character: string): string {
  return ROWS[(character.codePointAt(0) ?? 0) - FIRST] ?? ROWS[UNKNOWN.charCodeAt(0) - FIRST] ?? "";
}
