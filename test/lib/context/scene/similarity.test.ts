/** SSIM against values that others have published or computed, and what holds of it for all pictures. */
import { ok } from "node:assert/strict";
import fc from "fast-check";
import { meanSsim, structuralSimilarity } from "../../../../lib/context/scene/similarity.ts";
import type { Grey } from "../../../../lib/domain/pixels.ts";

const WIDTH = 160;
const HEIGHT = 90;

function picture(level: (x: number, y: number) => number): Grey {
  const levels = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => level(at % WIDTH, Math.floor(at / WIDTH)));
  return { width: WIDTH, height: HEIGHT, levels };
}
const pattern = (x: number, y: number) => Math.floor((3 * x * x + 5 * y * y + 7 * x * y) / 16) % 256;
const everywhere = () => true;

/** Single precision in the library, double in the references. */
const close = (is: number, expected: number) => ok(Math.abs(is - expected) < 1e-4, `${is} for ${expected}`);

/**
 * Of scikit-image 0.26.0, `structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
 * data_range=255)`: the settings that its documentation names for matching Wang et al. (2004), and which its own tests hold
 * against the published implementation of IPOL.
 */
const SCIKIT_IMAGE: [what: string, value: number, level: (x: number, y: number) => number][] = [
  ["itself", 1, pattern],
  ["itself, 40 levels brighter", 0.9603624999404325, (x, y) => Math.min(pattern(x, y) + 40, 255)],
  ["itself at half the contrast", 0.8006517419975843, (x, y) => 64 + Math.floor(pattern(x, y) / 2)],
  ["its negative", -0.9682262781202705, (x, y) => 255 - pattern(x, y)],
  ["itself, shifted by three pixels", -0.16170096127600014, (x, y) => pattern((x - 3 + WIDTH) % WIDTH, y)],
  ["a plain one", 0.012724402613714152, () => 128],
  ["a ramp", 0.011319686474592826, (x) => Math.floor((x * 255) / (WIDTH - 1))],
];

describe("SSIM", () => {
  for (const [what, value, level] of SCIKIT_IMAGE) {
    it(`of a picture and ${what} is what scikit-image computes`, () => {
      close(meanSsim(picture(pattern), picture(level)), value);
    });
  }

  it("of two plain pictures is the brightness term alone, as Wang et al. (2004) define it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), (a, b) => {
        const c1 = (0.01 * 255) ** 2;
        const expected = (2 * a * b + c1) / (a ** 2 + b ** 2 + c1);
        // Variances of plain pictures are differences of large numbers.
        ok(
          Math.abs(
            meanSsim(
              picture(() => a),
              picture(() => b),
            ) - expected,
          ) < 1e-3,
        );
      }),
      { numRuns: 20 },
    );
  });

  it("is symmetric, at most 1, and 1 of a picture and itself", () => {
    const pictures = fc
      .uint8Array({ minLength: 32 * 24, maxLength: 32 * 24 })
      .map((levels): Grey => ({ width: 32, height: 24, levels }));
    fc.assert(
      fc.property(pictures, pictures, (a, b) => {
        close(meanSsim(a, a), 1);
        close(meanSsim(a, b), meanSsim(b, a));
        ok(meanSsim(a, b) <= 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe("structuralSimilarity", () => {
  const view = picture((x, y) => (x > 100 ? 60 + 100 * ((x >> 3) % 2) : 120 + (y % 3)));

  it("takes no notice of brightness, nor of places with nothing to see", () => {
    const darker = picture((x, y) => (view.levels[y * WIDTH + x] ?? 0) - 50);
    ok((structuralSimilarity(darker, view, everywhere)?.mean ?? 0) > 0.99);
    const plain = picture(() => 120);
    ok(meanSsim(plain, view) > 0.4, "most of it is alike");
    ok((structuralSimilarity(plain, view, everywhere)?.kept ?? 1) < 0.15, "and none of what there is to see");
  });

  it("asks only where it may, and says nothing where that is nowhere", () => {
    const half = picture((x, y) => (y < 45 ? (view.levels[y * WIDTH + x] ?? 0) : 0));
    const upper = (at: number) => at < 39 * WIDTH;
    ok((structuralSimilarity(half, view, upper)?.mean ?? 0) > 0.99);
    ok((structuralSimilarity(half, view, everywhere)?.kept ?? 1) < 0.6);
    ok(structuralSimilarity(half, view, () => false) === null);
  });
});
