/** Has two judges judge the same scenes. */
import { asError } from "../../resilience/errors.ts";
import type { Judge, Judged } from "./judges.ts";
import type { Scene } from "./scenes.ts";

export interface ReplayedScene {
  readonly scene: Scene;
  /** Null where it was not its turn yet. */
  readonly first: Judged | null;
  readonly second: Judged | null;
}

export interface Replay {
  readonly replayed: readonly ReplayedScene[];
  /** Why it came to an end before all was judged; null where it did not. */
  readonly stopped: Error | null;
}

export interface ReplayInput {
  readonly scenes: readonly Scene[];
  readonly first: Judge;
  readonly second: Judge;
  /** Ends it; what has been judged by then remains. */
  readonly signal: AbortSignal;
  /** Told at first, and after each answer of a model. */
  onProgress(done: number, of: number): void;
}

/**
 * One judge after the other, so that a server keeps its model, and the part of the prompt that all scenes share. What a
 * judge throws ends it.
 */
export async function replay({ scenes, first, second, signal, onProgress }: ReplayInput): Promise<Replay> {
  const verdicts = new Map<Judge, Judged[]>([first, second].map((judge) => [judge, []]));
  const of = scenes.length * [first, second].filter(({ asksModel }) => asksModel).length;
  let done = 0;
  let stopped: Error | null = null;
  onProgress(done, of);
  try {
    for (const [judge, judged] of verdicts) {
      for (const scene of scenes) {
        signal.throwIfAborted();
        judged.push(await judge.judge(scene, signal));
        if (judge.asksModel) onProgress(++done, of);
      }
    }
  } catch (error) {
    stopped = asError(error);
  }
  const by = (judge: Judge, index: number) => verdicts.get(judge)?.[index] ?? null;
  const replayed = scenes.map((scene, index) => ({ scene, first: by(first, index), second: by(second, index) }));
  return { replayed, stopped };
}
