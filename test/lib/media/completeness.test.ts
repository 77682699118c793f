import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isComplete } from "../../../lib/media/completeness.ts";
import { hasFfmpeg, makeClip } from "../../support/clips.ts";
import { aviClip, box, ebml, jpegPicture, mkvClip, mp4Clip, pngPicture, riff, useTempFolder } from "./support.ts";

const SEGMENT = 0x18538067;
const EBML_HEAD = ebml(0x1a45dfa3, "matroska", { sizeLength: 1 });

describe("isComplete", () => {
  const folder = useTempFolder();

  async function complete(bytes: Buffer, name: string): Promise<boolean> {
    const path = join(folder(), name);
    await writeFile(path, bytes);
    const file = await open(path);
    try {
      return await isComplete(file, bytes.length, name);
    } finally {
      await file.close();
    }
  }

  const whole: [what: string, name: string, bytes: () => Buffer | Promise<Buffer>][] = [
    ["a JPEG", "a.jpg", () => jpegPicture()],
    ["a PNG", "a.PNG", () => pngPicture()],
    ["a PNG under a JPEG's name", "a.jpg", () => pngPicture()],
    ["an MP4", "a.mp4", mp4Clip],
    ["an MP4 with its index last", "a.mp4", () => Buffer.concat([box("ftyp"), box("mdat", "frames"), box("moov")])],
    ["an MP4 with a 64-bit size", "a.mp4", () => Buffer.concat([box("ftyp"), box("moov"), box("mdat", "f", "large")])],
    ["a QuickTime file without ftyp", "a.mov", () => Buffer.concat([box("wide"), box("mdat", "f"), box("moov")])],
    [
      "a fragmented MP4 with its closing index",
      "a.mp4",
      () => Buffer.concat([box("ftyp"), box("moov"), box("moof"), box("mdat", "f"), box("mfra")]),
    ],
    ["an AVI", "a.avi", aviClip],
    ["an AVI of odd length with a pad byte", "a.avi", () => riff("AVI ", "odd")],
    ["an AVI without its last pad byte", "a.avi", () => riff("AVI ", "odd").subarray(0, -1)],
    ["an OpenDML AVI", "a.avi", () => Buffer.concat([aviClip(), riff("AVIX", "odd"), riff("AVIX", "even")])],
    ["an MKV", "a.mkv", mkvClip],
    ["an MKV with short sizes", "a.mkv", () => Buffer.concat([EBML_HEAD, ebml(SEGMENT, "cluster", { sizeLength: 2 })])],
  ];
  for (const [what, name, make] of whole) {
    it(`is true for ${what}, and false wherever that is cut off`, async () => {
      const bytes = await make();
      assert.equal(await complete(bytes, name), true);
      const padded = name.endsWith(".avi") ? 2 : 1;
      const cuts = new Set([0, 1, 2, 7, 8, 9, 11, 12, 13, 15, 16, 17, 20, 24, 32, bytes.length - 16, bytes.length - 8]);
      for (let cut = padded; cut <= 12; cut++) cuts.add(bytes.length - cut);
      for (let part = 1; part < 16; part++) cuts.add(Math.floor((bytes.length * part) / 16));
      for (const cut of cuts) {
        if (cut < 0 || cut > bytes.length - padded || isWholeAvi(bytes, cut)) continue;
        assert.equal(await complete(bytes.subarray(0, cut), name), false, `cut to ${cut} of ${bytes.length} bytes`);
      }
    });

    it(`is false for ${what} with bytes behind it`, async () => {
      assert.equal(await complete(Buffer.concat([await make(), Buffer.alloc(9)]), name), false);
    });
  }

  /** The first RIFF of several is a whole AVI of its own: no byte of it says that more will come. */
  function isWholeAvi(bytes: Buffer, cut: number): boolean {
    return bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", cut, cut + 4) === "RIFF";
  }

  const unproven: [what: string, name: string, bytes: () => Buffer][] = [
    ["an empty file", "a.jpg", () => Buffer.alloc(0)],
    ["a text", "a.jpg", () => Buffer.from("this is not a picture at all")],
    ["a clip under a picture's name", "a.jpg", mp4Clip],
    ["a name without a media extension", "a.txt", mp4Clip],
    ["zeros, as a server that reserves the space leaves them", "a.mp4", () => Buffer.alloc(4096)],
    ["a box that runs to the end", "a.mp4", () => Buffer.concat([box("ftyp"), box("moov"), box("mdat", "f", "toEnd")])],
    ["an MP4 without moov", "a.mp4", () => Buffer.concat([box("ftyp"), box("mdat", "frames")])],
    ["an MP4 without mdat", "a.mp4", () => Buffer.concat([box("ftyp"), box("moov", "index")])],
    [
      "fragments without a closing index",
      "a.mp4",
      () => Buffer.concat([box("ftyp"), box("moov"), box("moof"), box("mdat")]),
    ],
    [
      "the first part of an MP4 that fragments follow",
      "a.mp4",
      () => Buffer.concat([box("ftyp"), box("moov", Buffer.concat([box("mvhd", "x"), box("mvex")])), box("mdat", "f")]),
    ],
    [
      "a box smaller than its header",
      "a.mp4",
      () => Buffer.concat([box("ftyp"), box("moov"), Buffer.from("0000000766726565", "hex"), box("mdat")]),
    ],
    [
      "a 64-bit size of nothing",
      "a.mp4",
      () =>
        Buffer.concat([box("ftyp"), box("moov"), Buffer.from("00000001667265650000000000000000", "hex"), box("mdat")]),
    ],
    [
      "a 64-bit size beyond all files",
      "a.mp4",
      () =>
        Buffer.concat([box("ftyp"), box("moov"), Buffer.from("0000000166726565ffffffffffffffff", "hex"), box("mdat")]),
    ],
    [
      "thousands of boxes",
      "a.mp4",
      () => Buffer.concat([box("ftyp"), box("moov"), ...Array(5000).fill(box("free")), box("mdat")]),
    ],
    ["a RIFF that is no AVI", "a.avi", () => riff("WAVE", "sound")],
    ["two AVIs in one file", "a.avi", () => Buffer.concat([aviClip(), aviClip()])],
    ["thousands of RIFF chunks", "a.avi", () => Buffer.concat([aviClip(), ...Array(5000).fill(riff("AVIX", ""))])],
    [
      "an MKV of unknown size",
      "a.mkv",
      () => Buffer.concat([EBML_HEAD, ebml(SEGMENT, "cluster", { unknownSize: true })]),
    ],
    [
      "an MKV of unknown size in one byte",
      "a.mkv",
      () => Buffer.concat([EBML_HEAD, ebml(SEGMENT, "cluster", { sizeLength: 1, unknownSize: true })]),
    ],
    ["an MKV without a Segment", "a.mkv", () => Buffer.concat([EBML_HEAD, ebml(0x1c53bb6b, "cues")])],
    ["an EBML size of nine bytes", "a.mkv", () => Buffer.from("1a45dfa300ffffffffffffffffffffff", "hex")],
  ];
  for (const [what, name, make] of unproven) {
    it(`is false for ${what}`, async () => assert.equal(await complete(make(), name), false));
  }

  describe("what ffmpeg writes", function () {
    this.timeout(60_000);

    before(function () {
      if (!hasFfmpeg) this.skip();
    });

    const written: [name: string, as: string[]][] = [
      ["a.mp4", []],
      ["index-first.mp4", ["-movflags", "+faststart"]],
      ["fragmented.mp4", ["-movflags", "+frag_keyframe", "-g", "5"]],
      ["a.mov", []],
      ["a.mkv", []],
      ["a.avi", []],
    ];
    const isWhole = async (path: string) => {
      const file = await open(path);
      try {
        return await isComplete(file, (await file.stat()).size, path);
      } finally {
        await file.close();
      }
    };

    for (const [name, as] of written) {
      it(`is whole with its last bytes, and never before: ${name}`, async () => {
        const path = join(folder(), name);
        makeClip(path, { frames: 20, as });
        assert.equal(await isWhole(path), true);
        const { size } = await stat(path);
        const cuts = Array.from({ length: 100 }, (_, n) => Math.floor((size * n) / 100));
        // An AVI may lack its last byte, which says nothing.
        for (const cut of [...cuts, ...[2, 4, 8, 9, 16, 17].map((missing) => size - missing)].toSorted(
          (x, y) => y - x,
        )) {
          await truncate(path, cut);
          assert.equal(await isWhole(path), false, `${cut} of ${size} bytes`);
        }
      });

      it(`is not whole while it is written: ${name}`, async () => {
        const path = join(folder(), name);
        const picture = ["-re", "-f", "lavfi", "-i", "testsrc=duration=1:size=160x120"];
        const options = ["-c:v", "mpeg4", "-flush_packets", "1", ...as];
        const encoder = spawn("ffmpeg", ["-nostdin", "-loglevel", "error", ...picture, ...options, path]);
        const ended = once(encoder, "close");
        const early: Buffer[] = [];
        let looks = 0;
        for (; encoder.exitCode === null; await nextTurn()) {
          if (!existsSync(path)) continue;
          looks += 1;
          if (await isWhole(path)) early.push(await readFile(path));
        }
        assert.deepEqual(await ended, [0, null]);
        assert.ok(looks > early.length);
        const whole = await readFile(path);
        for (const bytes of early) assert.ok(bytes.equals(whole), `${bytes.length} of ${whole.length} bytes`);
        assert.equal(await isWhole(path), true);
      });
    }
  });
});
