/** The system's ffmpeg and ffprobe, run so that a clip can do no harm, whatever it and its name are. */
import { constants, setPriority } from "node:os";
import { resolve } from "node:path";
import { execa } from "execa";
import { MediaError, ToolError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { Limit } from "./limit.ts";

export type Program = "ffmpeg" | "ffprobe";

/** What a program wrote. */
export interface Output {
  readonly bytes: Buffer;
  /** The first thing that it found wrong with the clip, though it came to its end; null where nothing was. */
  readonly complaint: string | null;
}

/** On a machine with two cores; each decodes with one thread. */
const AT_ONCE = 2;
/** Enough to read 2 GB from a slow disk, or to decode ten seconds of 8K. */
const TIMEOUT_MS = 120_000;
/** The most that one run may write. */
const MOST_BYTES = 16 * 1024 * 1024;
/** The rest of what a broken clip makes ffmpeg say is dropped. */
const MOST_SAID = 4096;
const LONGEST_COMPLAINT = 160;

/** 8K. A decoder holds some 17 pictures of this size. */
const MOST_PIXELS = 40_000_000;

const QUIET: readonly string[] = ["-hide_banner", "-loglevel", "error"];

/**
 * Demuxers that read other files, such as those of playlists, are not on the list, nor are protocols that read from
 * anywhere else.
 */
const GUARDS: readonly string[] = [
  ...["-protocol_whitelist", "file"],
  ...["-format_whitelist", "mov,matroska,avi"],
  ...["-max_pixels", String(MOST_PIXELS)],
  ...["-max_alloc", String(256 * 1024 * 1024)],
  ...["-threads", "1"],
];

/** What a system answers for a program that is not there, or not for us. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["ENOENT", "EACCES", "ENOTDIR"]);
/** What it ends with where its libraries are not there. */
const NOT_STARTED = 127;
/** Of a machine or a container that is going down. */
const ASKED_TO_END: ReadonlySet<unknown> = new Set(["SIGTERM", "SIGINT", "SIGHUP"]);
/** What ffmpeg, which catches these, ends with after one. */
const ENDED_AS_ASKED = 255;

/** How a run that failed ended. */
interface Ended {
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
}

export interface FfmpegOptions {
  /** Names that are looked up in `PATH`, which are those of the programs where none are given, or paths. */
  readonly commands?: Readonly<Partial<Record<Program, string>>>;
  /** The longest that one run may take. */
  readonly timeoutMs?: number;
}

export class Ffmpeg {
  readonly #commands: Readonly<Record<Program, string>>;
  readonly #timeoutMs: number;
  readonly #limit = new Limit(AT_ONCE);
  #isThere = false;

  constructor({ commands, timeoutMs = TIMEOUT_MS }: FfmpegOptions = {}) {
    this.#commands = { ffmpeg: "ffmpeg", ffprobe: "ffprobe", ...commands };
    this.#timeoutMs = timeoutMs;
  }

  /** Throws a ToolError `FFMPEG_MISSING` where one of the programs cannot be run. */
  async assertThere(signal: AbortSignal): Promise<void> {
    if (this.#isThere) return;
    for (const program of ["ffmpeg", "ffprobe"] as const) {
      const { ended, complaint } = await this.#run(program, ["-version"], signal);
      if (ended.failed) throw missing(program, ended, complaint);
    }
    this.#isThere = true;
  }

  /**
   * Runs ffprobe on a clip. Throws a MediaError `VIDEO_TIMEOUT` or that of `clipError`, which the clip is at fault for, a
   * retryable one `FFMPEG_STOPPED`, a ToolError, or the signal's reason.
   */
  probe(path: string, options: readonly string[], signal: AbortSignal): Promise<Output> {
    return this.#read("ffprobe", path, ["-i", urlOf(path), ...options], signal);
  }

  /** Decodes a clip from `from` on, in seconds of its own clock, into what `options` say. Throws as `probe` does. */
  decode(path: string, from: number, options: readonly string[], signal: AbortSignal): Promise<Output> {
    // Where it has to look for the first frame, ffmpeg may not find it.
    const seek = from > 0 ? ["-seek_timestamp", "1", "-ss", from.toFixed(6)] : [];
    return this.#read("ffmpeg", path, ["-nostdin", ...seek, "-i", urlOf(path), ...options, "pipe:1"], signal);
  }

  async #read(program: Program, path: string, args: readonly string[], signal: AbortSignal): Promise<Output> {
    const { ended, complaint } = await this.#run(program, [...QUIET, ...GUARDS, ...args], signal, path);
    if (!ended.failed) return { bytes: Buffer.from(ended.stdout), complaint };
    const error = failureOf(program, ended, complaint);
    if (error instanceof ToolError) this.#isThere = false;
    throw error;
  }

  #run(program: Program, args: readonly string[], signal: AbortSignal, path = "") {
    return this.#limit.run(async () => {
      signal.throwIfAborted();
      const running = execa(this.#commands[program], args, {
        stdin: "ignore",
        encoding: "buffer",
        buffer: { stderr: false },
        maxBuffer: MOST_BYTES,
        timeout: this.#timeoutMs,
        cancelSignal: signal,
        // It has nothing to tidy up.
        killSignal: "SIGKILL",
        reject: false,
      });
      let said = "";
      running.stderr.on("data", (chunk: Buffer) => {
        if (said.length < MOST_SAID) said += chunk.toString("utf8");
      });
      // What people and other programs wait for goes first.
      if (running.pid !== undefined) setPriority(running.pid, constants.priority.PRIORITY_BELOW_NORMAL);
      const ended = await running;
      signal.throwIfAborted();
      return { ended, complaint: complaintOf(said.replaceAll(urlOf(path), "the file")) };
    });
  }
}

/** As a path from the root, behind the one protocol that takes it as it is, a name is neither an option nor a pattern. */
function urlOf(path: string): string {
  return `file:${resolve(path)}`;
}

/** The first line that ffmpeg said, without the part of it that speaks; null where it said nothing. */
function complaintOf(said: string): string | null {
  const lines = said
    .split("\n")
    .map((line) => oneLine(line.replace(/^\[[^\]]* @ 0x[\da-f]+\] */, ""), LONGEST_COMPLAINT));
  return lines.find((line) => line !== "") ?? null;
}

function failureOf(program: Program, ended: Ended, complaint: string | null): MediaError | ToolError {
  const { code, exitCode, signal, timedOut, isMaxBuffer } = ended;
  if (NOT_THERE.has(code) || exitCode === NOT_STARTED) return missing(program, ended, complaint);
  if (timedOut) return new MediaError("VIDEO_TIMEOUT", `${program} was not done with the clip in time`);
  if (isMaxBuffer) return clipError(`${program} made more than ${MOST_BYTES} bytes of it`);
  const wasStopped = ASKED_TO_END.has(signal) || (exitCode === ENDED_AS_ASKED && complaint === null);
  if (code !== undefined || wasStopped) {
    return new MediaError("FFMPEG_STOPPED", `${program} was stopped, or not started (${code ?? signal ?? exitCode})`, {
      retryable: true,
    });
  }
  return clipError(complaint ?? `${program} ended with ${signal ?? exitCode}`);
}

function missing(program: Program, { code, signal, exitCode }: Ended, complaint: string | null): ToolError {
  const isInstalled = code !== "ENOENT";
  const why = isInstalled ? `cannot be run (${complaint ?? code ?? signal ?? exitCode})` : "is not installed";
  return new ToolError("FFMPEG_MISSING", `${program} ${why}: clips wait until it is there; install ffmpeg`);
}

/** The clip's own fault, by what ffmpeg said of it: `TOO_LARGE`, `TRUNCATED_VIDEO` or `UNREADABLE_VIDEO`. */
export function clipError(complaint: string): MediaError {
  if (/max pixel count/i.test(complaint)) {
    return new MediaError("TOO_LARGE", `the clip's pictures have more than ${MOST_PIXELS} pixels: ${complaint}`);
  }
  if (/moov atom not found/i.test(complaint)) {
    return new MediaError(
      "TRUNCATED_VIDEO",
      "the clip has no index, or breaks off before it, and cannot be read without",
    );
  }
  return new MediaError("UNREADABLE_VIDEO", `the clip cannot be decoded: ${complaint}`);
}
