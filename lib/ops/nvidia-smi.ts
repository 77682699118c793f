/** Runs nvidia-smi: bounded in time and output, never through a shell, never two at once. */
import { execa } from "execa";
import type { GpuSample } from "../domain/gpu.ts";
import type { Clock } from "../resilience/clock.ts";
import { ToolError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { unlessAborted } from "../resilience/unless-aborted.ts";
import { FIELDS, type Field, parseCards } from "./nvidia-csv.ts";

export interface NvidiaSmiOptions {
  /** A name that is looked up in `PATH`, or a path. */
  readonly command: string;
  /** The longest that one run may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Eight cards take less than 2000. */
const MOST_BYTES = 64 * 1024;
const QUOTE_LENGTH = 200;
/** What a system answers for a program that is not there, or not for us. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["ENOENT", "EACCES", "ENOTDIR"]);
const UNKNOWN_FIELD = /Field ["“]([\w.]+)["”] is not a valid field to query/;

/** What came of a run. */
interface Ended {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly isMaxBuffer: boolean;
}

export class NvidiaSmi {
  readonly #options: NvidiaSmiOptions;
  #fields: readonly Field[] = FIELDS;
  /** Set until the run has ended: one that waits for a broken driver cannot be killed. */
  #run: Promise<Ended> | null = null;

  constructor(options: NvidiaSmiOptions) {
    this.#options = options;
  }

  /**
   * What all cards tell. Throws a ToolError: `NVIDIA_SMI_MISSING`, `NVIDIA_SMI_TIMEOUT`, `NVIDIA_SMI_FAILED` with what it
   * said, `NVIDIA_SMI_REPLY`; or the signal's reason.
   */
  async read(signal: AbortSignal): Promise<GpuSample[]> {
    for (;;) {
      const ended = await this.#ask(this.#fields, signal);
      if (!ended.failed) return parseCards(ended.stdout, this.#fields);
      const [, unknown] = UNKNOWN_FIELD.exec(ended.stdout + ended.stderr) ?? [];
      const known = this.#fields.filter((field) => field !== unknown);
      if (known.length === this.#fields.length || known.length === 0) throw this.#failure(ended);
      this.#fields = known;
    }
  }

  async #ask(fields: readonly Field[], signal: AbortSignal): Promise<Ended> {
    signal.throwIfAborted();
    if (this.#run) throw this.#late("still does not answer, nor end");
    const { clock, command, timeoutMs } = this.#options;
    const stop = new AbortController();
    const run = this.#start(command, fields, stop.signal).finally(() => {
      this.#run = null;
    });
    this.#run = run;
    const late = new AbortController();
    const cancel = clock.after(timeoutMs, () => late.abort(this.#late(`did not answer within ${timeoutMs / 1000} s`)));
    try {
      return await unlessAborted(run, AbortSignal.any([signal, late.signal]));
    } finally {
      stop.abort();
      cancel();
    }
  }

  async #start(command: string, fields: readonly Field[], signal: AbortSignal): Promise<Ended> {
    return execa(command, [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"], {
      stdin: "ignore",
      maxBuffer: MOST_BYTES,
      cancelSignal: signal,
      killSignal: "SIGKILL",
      reject: false,
    });
  }

  #late(what: string): ToolError {
    return new ToolError("NVIDIA_SMI_TIMEOUT", `${this.#options.command} ${what}: the driver may hang`);
  }

  #failure({ code, exitCode, signal, stdout, stderr, isMaxBuffer }: Ended): ToolError {
    const { command } = this.#options;
    if (NOT_THERE.has(code)) {
      const why = code === "ENOENT" ? "is not on this machine" : `cannot be run (${code})`;
      return new ToolError("NVIDIA_SMI_MISSING", `${command} ${why}`);
    }
    if (isMaxBuffer) {
      return new ToolError(
        "NVIDIA_SMI_REPLY",
        `${command} printed more than ${MOST_BYTES / 1024} KiB: no list of cards`,
      );
    }
    const said = oneLine(`${stdout} ${stderr}`, QUOTE_LENGTH) || "nothing";
    return new ToolError("NVIDIA_SMI_FAILED", `${command} failed (${exitCode ?? signal ?? code}) and said: ${said}`);
  }
}
