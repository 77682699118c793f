import assert from "node:assert/strict";
import { mediaTypeOf } from "../../../lib/media/media-type.ts";

describe("mediaTypeOf", () => {
  const table: [name: string, type: string | null][] = [
    ["a.jpg", "image"],
    ["a.JPEG", "image"],
    ["folder.d/a.Png", "image"],
    ["a.mp4", "video"],
    ["a.MKV", "video"],
    ["a.avi", "video"],
    ["a.b.mov", "video"],
    ["a.jpg.part", null],
    [".in.a.jpg.", null],
    [".jpg", null],
    ["a.gif", null],
    ["a.svg", null],
    ["jpg", null],
    ["", null],
  ];
  for (const [name, type] of table) it(`${name || "(nothing)"}: ${type}`, () => assert.equal(mediaTypeOf(name), type));
});
