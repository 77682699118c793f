/** Compares a picture with the view as it should be: the same, or blocked, moved or defocused. */
import type { Grey } from "../../domain/pixels.ts";
import type { Difference } from "../../domain/view.ts";
import { gradientsOf, product, smooth } from "./gradients.ts";
import { structuralSimilarity, structureOf } from "./similarity.ts";

/**
 * A view is the same while this share of what there is to see in it is there. On the footage of the tests, in 15 kinds of
 * light, weather and shaking, it was 0.85 at the least, and 0.7 and more in most pictures with a car parked right in front;
 * of black, hidden, turned and shifted pictures 0.62 at most, and mostly below 0.5.
 */
const SAME = 0.6;
/**
 * And while at least so much of its own edges is left: where there is little to see, a black picture lacks little. The
 * thickest fog left 0.19; black, hidden, turned and shifted pictures had 0.15 at most, and mostly below 0.1.
 */
const EDGES_LEFT = 0.14;
/** Above this mean similarity it is in focus, whatever else is said of it. */
const CLEAR = 0.72;

/** Radius of the smoothing, in pixels, that takes noise and a mount that shakes out of a comparison. */
const FINE = 1;
/** Of the one that leaves only what a picture out of focus still shows. */
const COARSE = 5;

/** A picture of so much less contrast is as good: dusk and fog take contrast, and leave all things in their place. */
const MOST_GAIN = 3;
/** A place has lost its structure where less than this share of its variance is left. */
const LEFT = 0.1;
/** With this share of the structure lost, nothing is seen any more. */
const ALL_LOST = 0.87;
/** With this share lost, and nearly all of the rest there, something is in the way. */
const PART_LOST = 0.2;
const REST = 0.85;

/** A picture is out of focus with this share of its fine edges or less, relative to the coarse ones … */
const BLURRED = 0.3;
/** … where so much of the view's own coarse edges is still there: what has come before them is out of focus as well. */
const COARSE_LEFT = 0.35;

export type Look = "same" | Difference;

interface Pair {
  readonly picture: Grey;
  readonly view: Grey;
  counts(at: number): boolean;
}

/** How a picture looks beside a view of the same size; null where none of the view's structure counts. */
export function lookOf(picture: Grey, view: Grey, counts: (at: number) => boolean): Look | null {
  const fine = { picture: smooth(picture, FINE), view: smooth(view, FINE) };
  const edges = { picture: gradientsOf(fine.picture), view: gradientsOf(fine.view) };
  const energy = {
    picture: product(edges.picture, edges.picture, counts),
    view: product(edges.view, edges.view, counts),
  };
  const smoothView = toBytes(fine.view);
  const raised = raise(fine.picture, Math.sqrt(energy.view / Math.max(energy.picture, 1)));
  const similarity = structuralSimilarity(raised, smoothView, counts);
  if (similarity === null) return null;
  const fineEnergy = energy.picture / Math.max(energy.view, 1);
  if (similarity.mean < CLEAR && isBlurred({ picture, view, counts, fineEnergy })) return "defocused";
  const edgesLeft = product(edges.picture, edges.view, counts) / Math.max(energy.view, 1);
  if (similarity.kept >= SAME && edgesLeft >= EDGES_LEFT) return "same";
  const { share, isLost } = lossOf({ picture: toBytes(fine.picture), view: smoothView, counts });
  if (share > ALL_LOST) return "blocked";
  const rest = structuralSimilarity(raised, smoothView, (at) => counts(at) && !isLost(at));
  return share > PART_LOST && rest !== null && rest.kept >= REST ? "blocked" : "moved";
}

/** How much there is to see in a picture, from 0 for a plain one; and how much of that counts. */
export function structureIn(
  picture: Grey,
  counts: (at: number) => boolean = () => true,
): { readonly all: number; readonly counted: number } {
  const structure = structureOf(toBytes(smooth(picture, FINE)));
  const meanOf = (isIn: (at: number) => boolean) =>
    structure.reduce((sum, here, at) => (isIn(at) ? sum + here : sum), 0) / structure.length;
  return { all: meanOf(() => true), counted: meanOf(counts) };
}

/** `fineEnergy`: of the picture's edges, as a share of the view's. */
function isBlurred({ picture, view, counts, fineEnergy }: Pair & { readonly fineEnergy: number }): boolean {
  const a = gradientsOf(smooth(picture, COARSE));
  const b = gradientsOf(smooth(view, COARSE));
  const [ofPicture, ofView] = [product(a, a, counts), product(b, b, counts)];
  if (ofPicture === 0 || ofView === 0) return false;
  return fineEnergy / (ofPicture / ofView) < BLURRED && product(a, b, counts) / ofView > COARSE_LEFT;
}

/** Where the picture is plain and the view is not, and which share of the view's structure that is. */
function lossOf({ picture, view, counts }: Pair) {
  const [is, was] = [structureOf(picture), structureOf(view)];
  // The variances themselves, over that of a plain place.
  const isLost = (at: number) => Math.expm1(is[at] ?? 0) < LEFT * Math.expm1(was[at] ?? 0);
  let lost = 0;
  let all = 0;
  was.forEach((structure, at) => {
    if (!counts(at)) return;
    all += structure;
    if (isLost(at)) lost += structure;
  });
  return { share: all > 0 ? lost / all : 0, isLost };
}

/** With its contrast raised to the view's, as far as that is allowed. */
function raise({ width, height, levels }: ReturnType<typeof smooth>, gain: number): Grey {
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  const factor = Math.min(Math.max(gain, 1), MOST_GAIN);
  return toBytes({ width, height, levels: levels.map((level) => 128 + (level - mean) * factor) });
}

function toBytes({ width, height, levels }: ReturnType<typeof smooth>): Grey {
  return { width, height, levels: new Uint8Array(Uint8ClampedArray.from(levels).buffer) };
}
