import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { probeClip } from "../../../lib/media/clip.ts";
import { clipFrames } from "../../../lib/media/clip-frames.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { ffmpeg, hasFfmpeg, makeClip } from "../../support/clips.ts";
import { eventually } from "../../support/eventually.ts";
import { useTempFolder } from "./support.ts";

const { signal } = new AbortController();

describe("Ffmpeg", function () {
  this.timeout(120_000);
  const folder = useTempFolder();
  const at = (name: string) => join(folder(), name);

  /** A program of the test's own in ffmpeg's place. */
  function script(body: string): string {
    const path = at("script");
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const instead = (body: string, timeoutMs = 120_000) => {
    const path = script(body);
    return new Ffmpeg({ commands: { ffmpeg: path, ffprobe: path }, timeoutMs });
  };
  const probe = (tools: Ffmpeg, path = at("a.mp4")) => tools.probe(path, ["-show_format"], signal);

  describe("with clips", () => {
    before(function () {
      if (!hasFfmpeg) this.skip();
    });

    it("takes a file by whatever name", async () => {
      const tools = new Ffmpeg();
      makeClip(at("clip.mp4"), { frames: 3 });
      const names = [
        "-i.mp4",
        "-version.mp4",
        "concat:a|b.mp4",
        "http:x.mp4",
        "file:x.mp4",
        "%03d.mp4",
        "*.mp4",
        "a\nb\r.mp4",
        " a 'b' \"c\" $(d) `e` ;.mp4",
        "\u202Egpj.mp4",
        "🚗 玄関.mp4",
        "pipe:0.mp4",
        `${"x".repeat(251)}.mp4`,
      ];
      for (const name of names) {
        copyFileSync(at("clip.mp4"), at(name));
        const { moments } = await probeClip(tools, at(name), signal);
        assert.equal(moments.length, 3, name);
        const options = { ffmpeg: tools, path: at(name), moments, count: 1, signal };
        const { frames } = await clipFrames({ ...options, decode: (_step, work) => work() });
        assert.equal(frames.length, 1, name);
      }
    });

    it("takes a path that is relative", async () => {
      makeClip(at("-i.mp4"), { frames: 3 });
      const cwd = process.cwd();
      process.chdir(folder());
      try {
        assert.equal((await probeClip(new Ffmpeg(), "-i.mp4", signal)).moments.length, 3);
      } finally {
        process.chdir(cwd);
      }
    });

    const playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.ts\n#EXT-X-ENDLIST\n";
    const hostile: [what: string, text: string][] = [
      ["an HLS playlist", playlist],
      ["an HLS playlist with an address", playlist.replace("secret.ts", "http://127.0.0.1:9/secret.ts")],
      ["a concat script", "ffconcat version 1.0\nfile secret.ts\n"],
    ];
    for (const [what, text] of hostile) {
      it(`does not follow ${what} under a clip's name`, async () => {
        makeClip(at("secret.ts"), { frames: 20, as: ["-f", "mpegts"] });
        writeFileSync(at("x.mp4"), text);
        // ffmpeg as it is follows the script; of playlists, newer versions look at the name themselves.
        if (text.startsWith("ffconcat")) ffmpeg("-i", at("x.mp4"), "-frames:v", "1", at("leaked.jpg"));
        assert.equal(existsSync(at("leaked.jpg")), text.startsWith("ffconcat"));
        const message = /not on whitelist|non standard extension/;
        await assert.rejects(probeClip(new Ffmpeg(), at("x.mp4"), signal), { code: "UNREADABLE_VIDEO", message });
        const options = {
          ffmpeg: new Ffmpeg(),
          path: at("x.mp4"),
          moments: [{ seconds: 0, isKey: true, leadSeconds: 0 }],
          count: 1,
        };
        await assert.rejects(clipFrames({ ...options, signal, decode: (_step, work) => work() }), message);
      });
    }
  });

  it("says that it is missing, and finds it when it is there", async () => {
    const tools = new Ffmpeg({ commands: { ffmpeg: at("bin/ffmpeg"), ffprobe: at("bin/ffprobe") } });
    const missing = { name: "ToolError", code: "FFMPEG_MISSING", retryable: true, message: /is not installed/ };
    await assert.rejects(tools.assertThere(signal), missing);
    await assert.rejects(probe(tools), missing);
    mkdirSync(at("bin"));
    copyFileSync(script("exit 0"), at("bin/ffmpeg"));
    await assert.rejects(tools.assertThere(signal), { ...missing, message: /ffprobe is not installed/ });
    copyFileSync(script("exit 0"), at("bin/ffprobe"));
    await tools.assertThere(signal);
  });

  it("is missing as well where it cannot be run", async () => {
    for (const body of ["exit 127", "kill -ILL $$", "echo no such library >&2; exit 1"]) {
      await assert.rejects(instead(body).assertThere(signal), { code: "FFMPEG_MISSING", message: /cannot be run/ });
    }
    writeFileSync(at("none"), "");
    const commands = { ffmpeg: at("none"), ffprobe: at("none") };
    await assert.rejects(new Ffmpeg({ commands }).assertThere(signal), { code: "FFMPEG_MISSING", message: /EACCES/ });
  });

  it("is killed when the work is given up, and the reason is passed on", async () => {
    const closing = new AbortController();
    const reason = new Error("the node is closing");
    const running = instead('echo $$ > "$0.pid"; exec sleep 600').probe("a.mp4", [], closing.signal);
    const pid = await eventually(
      () => existsSync(at("script.pid")) && Number(readFileSync(at("script.pid"), "utf8")),
      "the program",
    );
    closing.abort(reason);
    await assert.rejects(running, (error) => error === reason);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    await assert.rejects(instead("exit 0").probe("a.mp4", [], closing.signal), (error) => error === reason);
  });

  it("is killed when it takes too long", async () => {
    await assert.rejects(probe(instead('echo $$ > "$0.pid"; exec sleep 600', 300)), {
      code: "VIDEO_TIMEOUT",
      retryable: false,
    });
    const pid = existsSync(at("script.pid")) ? Number(readFileSync(at("script.pid"), "utf8")) : null;
    if (pid !== null) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });

  it("is asked for no more frames of a clip that takes too long", async () => {
    const slow = instead('echo >> "$0.log"; exec sleep 600', 2_000);
    const moments = [0, 1, 2].map((seconds) => ({ seconds, isKey: true, leadSeconds: 0 }));
    const options = { ffmpeg: slow, path: at("a.mp4"), moments, count: 3, signal };
    await assert.rejects(clipFrames({ ...options, decode: (_step, work) => work() }), { code: "VIDEO_TIMEOUT" });
    assert.ok(!existsSync(at("script.log")) || readFileSync(at("script.log"), "utf8") === "\n");
  });

  it("is killed when it writes without an end", async () => {
    await assert.rejects(probe(instead("exec cat /dev/zero")), { code: "UNREADABLE_VIDEO", message: /more than/ });
  });

  it("may complain as much as it likes", async () => {
    const complain = "i=0; while [ $i -lt 20000 ]; do echo '[mov @ 0x5f] broken again' >&2; i=$((i+1)); done";
    assert.equal((await probe(instead(complain))).complaint, "broken again");
    await assert.rejects(probe(instead(`${complain}; exit 1`)), { message: /: broken again$/ });
  });

  it("says what is wrong without the clip's path, whatever that is", async () => {
    const path = at("a\nb.mp4");
    const tools = instead('for last; do :; done; echo "$3: Invalid data" >&2; echo "$@" | tail -c 30 >&2; exit 1');
    await assert.rejects(tools.probe(path, [], signal), (error) => {
      assert.ok(error instanceof Error && !error.message.includes(basename(folder())), String(error));
      return true;
    });
  });

  it("is not the clip's fault where the machine ends it", async () => {
    for (const body of ["kill -TERM $$", "kill -INT $$", "exit 255"]) {
      await assert.rejects(probe(instead(body)), { name: "MediaError", code: "FFMPEG_STOPPED", retryable: true });
    }
  });

  it("is the clip's fault where it crashes", async () => {
    await assert.rejects(probe(instead("kill -SEGV $$")), {
      code: "UNREADABLE_VIDEO",
      retryable: false,
      message: /SIGSEGV/,
    });
  });

  it("runs twice at once, at most", async () => {
    const tools = instead('echo + >> "$0.log"; sleep 0.2; echo - >> "$0.log"');
    await Promise.all(Array.from({ length: 6 }, () => probe(tools)));
    let now = 0;
    let most = 0;
    for (const line of readFileSync(at("script.log"), "utf8").trim().split("\n")) {
      now += line === "+" ? 1 : -1;
      most = Math.max(most, now);
    }
    assert.deepEqual([now, most], [0, 2]);
  });
});
