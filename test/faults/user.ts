/** Somebody who changes the flow while it runs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Life } from "./life.ts";
import type { Change } from "./plan.ts";
import type { Wiring } from "./wiring.ts";

const DEPLOYS = ["full", "flows", "nodes"] as const;

export class User {
  readonly #wiring: Wiring;
  readonly #dice: Dice;
  #deploying: Promise<void> = Promise.resolve();

  constructor(wiring: Wiring, dice: Dice) {
    this.#wiring = wiring;
    this.#dice = dice;
  }

  /** Changes the flow and deploys it; where the process ends meanwhile, the next one starts with the change. */
  async change(what: Change, life: Life): Promise<void> {
    switch (what) {
      case "touch":
        this.#wiring.touch(this.#dice);
        return this.#deploy(life);
      case "reimport":
        this.#wiring.reimport(this.#dice);
        return this.#deploy(life);
      case "disable": {
        const enable = this.#wiring.disable(this.#dice);
        await this.#deploy(life);
        await sleep(this.#dice.whole(100, 1_000));
        enable();
        return this.#deploy(life);
      }
    }
  }

  /** One deploy after the other. */
  #deploy(life: Life): Promise<void> {
    const how = this.#dice.pick(DEPLOYS);
    this.#deploying = this.#deploying.then(() => life.deploy(this.#wiring.nodes, how));
    return this.#deploying;
  }
}
