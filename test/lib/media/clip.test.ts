import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { probeClip } from "../../../lib/media/clip.ts";
import { clipFrames } from "../../../lib/media/clip-frames.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { ffmpeg, frameNumber, hasFfmpeg, makeClip } from "../../support/clips.ts";
import { useTempFolder } from "./support.ts";

const tools = new Ffmpeg();
const { signal } = new AbortController();

describe("a clip", function () {
  this.timeout(120_000);
  const folder = useTempFolder();
  const at = (name: string) => join(folder(), name);

  before(function () {
    if (!hasFfmpeg) this.skip();
  });

  const probe = (path: string) => probeClip(tools, path, signal);

  /** Takes frames, and says which they are and when, by the clip itself and by what it is said to be. */
  async function take(path: string, count = 5) {
    const { moments, ...probed } = await probe(path);
    const taken = await clipFrames({ ffmpeg: tools, path, moments, count, signal, decode: (_step, work) => work() });
    const numbers = await Promise.all(taken.frames.map(({ bytes }) => numberOf(bytes)));
    return { ...probed, ...taken, numbers, offsets: taken.frames.map(({ offsetMs }) => offsetMs) };
  }

  async function numberOf(bytes: Buffer): Promise<number> {
    const { width = 0, height = 0 } = await sharp(bytes).metadata();
    const right = { left: Math.round(width * 0.6), top: 20, width: Math.round(width * 0.3), height: height - 40 };
    const { channels } = await sharp(await sharp(bytes).extract(right).greyscale().toBuffer()).stats();
    return frameNumber(channels[0]?.mean ?? -1);
  }

  /** Cuts a file off. */
  function cut(from: string, share: number, to: string): string {
    const bytes = readFileSync(at(from));
    writeFileSync(at(to), bytes.subarray(0, Math.floor(bytes.length * share)));
    return at(to);
  }

  const kinds: [what: string, name: string, mime: string, as: string[]][] = [
    ["an MP4", "a.mp4", "video/mp4", []],
    ["an MP4 with its index first", "a.mp4", "video/mp4", ["-movflags", "+faststart"]],
    ["a fragmented MP4", "a.mp4", "video/mp4", ["-movflags", "+frag_keyframe+empty_moov"]],
    ["a MOV", "a.mov", "video/quicktime", []],
    ["an MKV", "a.mkv", "video/matroska", []],
    ["an MKV without a duration", "a.mkv", "video/matroska", ["-live", "1"]],
    ["an AVI", "a.avi", "video/vnd.avi", []],
    ["an AVI with frames that build on later ones", "a.avi", "video/vnd.avi", ["-bf", "2"]],
    ["an AVI with a key frame in ten and others that build on it", "a.avi", "video/vnd.avi", ["-bf", "1", "-g", "10"]],
    ["an MP4 with one key frame", "a.mp4", "video/mp4", ["-g", "1000"]],
    ["an MP4 of key frames only", "a.mp4", "video/mp4", ["-g", "1"]],
    ["an MP4 with frames that build on later ones", "a.mp4", "video/mp4", ["-bf", "2"]],
    ["an MKV that starts at an hour", "a.mkv", "video/matroska", ["-output_ts_offset", "3600"]],
  ];
  for (const [what, name, mime_type, as] of kinds) {
    it(`is probed, and gives frames spread over it, each with its time: ${what}`, async () => {
      makeClip(at(name), { as });
      const { clip, frame, moments, damage } = await probe(at(name));
      assert.deepEqual(
        { ...clip, frame, damage, count: moments.length },
        {
          duration_ms: clip.duration_ms,
          codec: "mpeg4",
          mime_type,
          frame: { width: 320, height: 240 },
          damage: null,
          count: 50,
        },
      );
      assert.ok(Math.abs(clip.duration_ms - 5_000) < 50, `${clip.duration_ms} ms`);
      const { numbers, offsets, failed } = await take(at(name));
      assert.deepEqual(failed, []);
      assert.deepEqual(
        offsets,
        numbers.map((number) => number * 100),
      );
      assert.equal(numbers.length, 5);
      // A key frame may be up to a quarter of the distance away.
      for (const [n, number] of numbers.entries()) assert.ok(Math.abs(number - (5 + 10 * n)) <= 2, `${numbers}`);
    });
  }

  it("gives as many frames as are asked for, and no more than it has", async () => {
    makeClip(at("short.mp4"), { frames: 2 });
    assert.deepEqual((await take(at("short.mp4"), 30)).numbers, [0, 1]);
    assert.deepEqual((await take(at("short.mp4"), 1)).offsets.length, 1);
    makeClip(at("one.mp4"), { frames: 1 });
    assert.deepEqual((await take(at("one.mp4"))).offsets, [0]);
    makeClip(at("long.mp4"));
    assert.equal((await take(at("long.mp4"), 12)).numbers.length, 12);
  });

  it("gives frames of a clip whose frames come at any time", async () => {
    makeClip(at("steady.mp4"), { frames: 20 });
    const uneven = ["-vf", "setpts='N*N/(10*TB)'", "-fps_mode", "vfr", "-c:v", "mpeg4", "-q:v", "2"];
    ffmpeg("-i", at("steady.mp4"), ...uneven, "-video_track_timescale", "1000", at("uneven.mp4"));
    const { numbers, offsets } = await take(at("uneven.mp4"), 4);
    assert.deepEqual(
      offsets,
      numbers.map((number) => number * number * 100),
    );
    assert.equal(numbers.length, 4);
  });

  describe("that has more frames than are listed", () => {
    /** Nearly six hours; the same five seconds again and again. */
    function makeLong(name: string): string {
      makeClip(at("part.mp4"), { size: "64x60" });
      ffmpeg("-stream_loop", "4199", "-i", at("part.mp4"), "-c", "copy", at(name));
      return at(name);
    }

    for (const name of ["long.mp4", "long.mkv", "long.avi"]) {
      it(`gives frames of all of it: ${name}`, async () => {
        const { clip, damage, numbers, offsets, failed } = await take(makeLong(name), 3);
        assert.deepEqual([damage, failed], [null, []]);
        assert.ok(Math.abs(clip.duration_ms - 21_000_000) < 200, `${clip.duration_ms} ms`);
        assert.deepEqual(
          offsets.map((offset) => Math.floor(offset / 7_000_000)),
          [0, 1, 2],
        );
        assert.deepEqual(
          numbers,
          offsets.map((offset) => (offset / 100) % 50),
        );
      });
    }

    it("gives the first of them where others cannot be found", async () => {
      const ffprobe = at("ffprobe");
      writeFileSync(
        ffprobe,
        `#!/bin/sh\ncase "$*" in *%+#1,*) echo "no seeking" >&2; exit 1;; esac\nexec ffprobe "$@"\n`,
      );
      chmodSync(ffprobe, 0o755);
      const { moments, clip } = await probeClip(new Ffmpeg({ commands: { ffprobe } }), makeLong("long.mp4"), signal);
      assert.deepEqual([moments.length, clip.duration_ms], [200_000, 20_000_000]);
    });
  });

  it("is turned as its player would turn it", async () => {
    makeClip(at("flat.mp4"));
    writeFileSync(at("upright.mp4"), turned(readFileSync(at("flat.mp4"))));
    const { frame } = await probe(at("upright.mp4"));
    assert.deepEqual(frame, { width: 240, height: 320 });
    const { frames } = await take(at("upright.mp4"), 1);
    const { width, height } = await sharp(frames[0]?.bytes).metadata();
    assert.deepEqual({ width, height }, frame);
  });

  it("gives other frames for those of a black start", async () => {
    makeClip(at("black.mp4"), { black: 20, as: ["-g", "1"] });
    const { numbers, offsets } = await take(at("black.mp4"));
    assert.equal(numbers.length, 5);
    assert.ok(
      numbers.every((number) => number >= 20),
      `${numbers}`,
    );
    assert.deepEqual(
      offsets,
      numbers.map((number) => number * 100),
    );
  });

  it("gives the frames of a dark clip all the same, with the time that the camera writes in", async () => {
    const dark = "color=black:size=320x240:rate=10:duration=2,drawbox=x=10:y=10:w=80:h=8:color=white:t=fill";
    ffmpeg("-f", "lavfi", "-i", dark, "-c:v", "mpeg4", at("dark.mp4"));
    assert.equal((await take(at("dark.mp4"))).frames.length, 5);
  });

  it("is used as far as it goes where it breaks off", async () => {
    const files = {
      "a.mp4": ["-movflags", "+faststart"],
      "b.mp4": ["-movflags", "+frag_keyframe+empty_moov", "-g", "5"],
      "a.mkv": [],
      "a.avi": [],
    };
    for (const [name, as] of Object.entries(files)) {
      makeClip(at(name), { as });
      const path = cut(name, 0.5, `half-${name}`);
      const { moments, clip } = await probe(path);
      assert.ok(moments.length > 10 && moments.length < 40, `${name}: ${moments.length} frames`);
      assert.ok(clip.duration_ms < 4_000, `${name}: ${clip.duration_ms} ms`);
      const { numbers, offsets } = await take(path);
      assert.ok(numbers.length >= 4, `${name}: ${numbers}`);
      assert.deepEqual(
        offsets,
        numbers.map((number) => number * 100),
      );
    }
  });

  it("says what is wrong with what is left", async () => {
    makeClip(at("a.mkv"));
    assert.match((await probe(cut("a.mkv", 0.5, "half.mkv"))).damage ?? "", /prematurely/);
  });

  const refused: [what: string, code: string, make: (path: string) => void][] = [
    ["nothing", "TRUNCATED_VIDEO", (path) => writeFileSync(path, "")],
    ["a text", "TRUNCATED_VIDEO", (path) => writeFileSync(path, "no clip at all")],
    ["sound only", "UNREADABLE_VIDEO", (path) => ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)],
    [
      "a picture",
      "UNREADABLE_VIDEO",
      (path) => ffmpeg("-f", "lavfi", "-i", "testsrc", "-frames:v", "1", "-f", "image2", path),
    ],
    [
      "pictures larger than 8K",
      "TOO_LARGE",
      (path) => ffmpeg("-f", "lavfi", "-i", "color=s=8192x5000", "-frames:v", "1", "-c:v", "mjpeg", path),
    ],
    [
      "an MP4 that breaks off before its index",
      "TRUNCATED_VIDEO",
      (path) => {
        makeClip(path);
        writeFileSync(path, readFileSync(path).subarray(0, 5_000));
      },
    ],
  ];
  for (const [what, code, make] of refused) {
    it(`is refused with a reason: ${what}`, async () => {
      make(at("x.mp4"));
      await assert.rejects(probe(at("x.mp4")), (error) => {
        assert.ok(error instanceof Error);
        assert.ok(!error.message.includes(folder()), error.message);
        assert.deepEqual({ ...error, message: "" }, { name: "MediaError", code, retryable: false, message: "" });
        return true;
      });
    });
  }
});

/** An MP4 whose track header says that it is to be shown turned by a quarter (ISO/IEC 14496-12, 8.3.2). */
function turned(mp4: Buffer): Buffer {
  const matrix = mp4.indexOf("tkhd") + 44;
  for (const [n, value] of [0, 0x10000, 0, -0x10000, 0, 0].entries()) mp4.writeInt32BE(value, matrix + 4 * n);
  return mp4;
}
