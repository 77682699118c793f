/** Pictures of a made-up yard by day, as a cheap camera would take them. */
import sharp, { type Create } from "sharp";

const WIDTH = 640;
const HEIGHT = 360;

export interface Scene {
  readonly visitor: "walker" | "car" | null;
  /** How far the visitor has come: 0 at the left edge, 1 at the right. */
  readonly progress: number;
}

const YARD = `
  <rect width="${WIDTH}" height="150" fill="#b9cfdd"/>
  <rect y="150" width="${WIDTH}" height="210" fill="#7d9a62"/>
  <rect x="40" y="50" width="210" height="130" fill="#d8c9ac"/>
  <path d="M25 55 145 5 265 55z" fill="#8d5b4c"/>
  <rect x="75" y="85" width="45" height="45" fill="#5b7282"/>
  <rect x="175" y="95" width="40" height="85" fill="#6d4f3c"/>
  <path d="M280 150h360M280 170h360M300 135v50m60-50v50m60-50v50m60-50v50m60-50v50m60-50v50" stroke="#efe9dc" stroke-width="6"/>
  <circle cx="560" cy="95" r="50" fill="#56774a"/>
  <rect x="552" y="130" width="16" height="50" fill="#5f4a38"/>
  <rect y="255" width="${WIDTH}" height="75" fill="#a3a19b"/>`;

/** Drawn around their feet or wheels, at 0 0. */
const VISITORS = {
  walker: `
    <path d="M0-60-14 0M0-60 16 0" stroke="#22304a" stroke-width="13"/>
    <rect x="-17" y="-115" width="34" height="62" rx="12" fill="#7a2631"/>
    <circle cy="-130" r="14" fill="#5b3a29"/>`,
  car: `
    <path d="M-95-15v-35l35-5 25-35h75l30 38 30 7v30z" fill="#27406b"/>
    <path d="M-50-58l16-22h55l22 26z" fill="#9fb6c4"/>
    <circle cx="-55" cy="-14" r="19" fill="#16181c"/>
    <circle cx="65" cy="-14" r="19" fill="#16181c"/>`,
};

/** Grey, so that it lightens and darkens alike. */
const NOISE: Create = {
  width: WIDTH,
  height: HEIGHT,
  channels: 3,
  background: "grey",
  noise: { type: "gaussian", mean: 128, sigma: 12 },
};

/** A JPEG of 640 x 360 pixels; the sensor's noise makes each one different. */
export function drawScene({ visitor, progress }: Scene): Promise<Buffer> {
  const guest = visitor && `<g transform="translate(${progress * WIDTH} 320)">${VISITORS[visitor]}</g>`;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${YARD}${guest ?? ""}</svg>`;
  return sharp(Buffer.from(drawing))
    .composite([{ input: { create: NOISE }, blend: "soft-light" }])
    .flatten()
    .jpeg({ quality: 80 })
    .toBuffer();
}
