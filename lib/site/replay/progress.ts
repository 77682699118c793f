/** A line on a terminal that says how far something has got. */
import type { Clock } from "../../resilience/clock.ts";

const CLEAR_LINE = "\r\x1b[K";
const MINUTE_S = 60;

/** Where it is written: the standard error output, as a rule. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #began: number;

  /** Says nothing where that is no terminal. */
  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#began = clock.monotonic();
  }

  show(done: number, of: number): void {
    const left = ((this.#clock.monotonic() - this.#began) / done) * (of - done);
    const time = done === 0 ? "" : `, ${timeText(left)} left`;
    this.#write(`${CLEAR_LINE}${done} of ${of}, ${Math.floor((100 * done) / of)} %${time}`);
  }

  clear(): void {
    this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    if (this.#terminal.isTTY) this.#terminal.write(text);
  }
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < MINUTE_S ? `${seconds} s` : `${Math.ceil(seconds / MINUTE_S)} min`;
}
