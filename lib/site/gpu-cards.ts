/** Where figures of graphics cards come from: the machine itself, else the AI servers, else nowhere. */
import type { GpuSample } from "../domain/gpu.ts";
import type { NvidiaSmi } from "../ops/nvidia-smi.ts";
import { serverCard } from "../ops/server-card.ts";
import { simulatedCard } from "../ops/simulation.ts";
import type { Clock } from "../resilience/clock.ts";
import { ToolError } from "../resilience/errors.ts";
import type { ServerWatch } from "./server-watch.ts";

export interface Cards {
  readonly cards: readonly GpuSample[];
  /** Why they do not come from nvidia-smi, or why there are none; null where that needs no reason. */
  readonly reason: string | null;
}

/** Finds out about the cards now; `asked` resolves once the servers have been asked. Rejects with the signal's reason only. */
export type ReadCards = (asked: Promise<void>, signal: AbortSignal) => Promise<Cards>;

export function simulatedCards(clock: Clock): ReadCards {
  return async () => ({ cards: [simulatedCard(clock.now())], reason: "simulated, to try the flow out" });
}

export function measuredCards(smi: NvidiaSmi, servers: ServerWatch): ReadCards {
  return async (asked, signal) => {
    try {
      return { cards: await smi.read(signal), reason: null };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      await asked;
      const cards = [...servers.reports].flatMap(([address, { gpu }]) =>
        gpu === null ? [] : [serverCard(address, gpu)],
      );
      const reason = cards.length > 0 ? error.message : `${error.message}; and no AI server tells of its graphics card`;
      return { cards, reason };
    }
  };
}
