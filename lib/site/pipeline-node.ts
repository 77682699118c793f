/**
 * A node of the pipeline, whatever runs the flows: it takes messages and commands, works on them through its queue, sends
 * again what nobody has taken, and knows what it has left open.
 */
import type { FlowMessage } from "../domain/message.ts";
import { asError, InputError, VigilError } from "../resilience/errors.ts";
import { ServerGate } from "../resilience/server-gate.ts";
import { AiredMessages } from "../store/aired-messages.ts";
import { HandOff, type Sent } from "../store/hand-off.ts";
import type { GiveUp, Merge } from "../store/job.ts";
import { type Flows, laneId } from "../store/nodes.ts";
import { WorkQueue } from "../store/work-queue.ts";
import type { Behaviour, Command, Workspace } from "./behaviour.ts";
import { OpenWork } from "./open-work.ts";
import { Receiver } from "./receiver.ts";
import type { Site } from "./site.ts";
import type { Errand, Errands, SlowStage } from "./stage.ts";
import { traceOf } from "./trace.ts";

/** What runs the node: its place in the flows, its wires, its log. */
export interface PipelineHost {
  /** Its id in the flows. */
  readonly id: string;
  readonly type: string;
  /** Number of outputs; answers to commands leave by the last. */
  readonly outputs: number;
  flows(): Flows;
  /** Whether another Vigil node may get what leaves through a port. */
  leadsOn(port: number): boolean;
  send(messages: readonly Sent[]): void;
  debug(text: string): void;
  warn(text: string): void;
  /** An error that no message waits for; `message`: what it is about, where there is one. */
  error(error: Error, message?: FlowMessage): void;
  /** The node's load, or what its behaviour says of itself, has changed. */
  onChange(): void;
}

export interface Load extends Pick<WorkQueue, "depth" | "running" | "parked" | "waitingFor" | "dead" | "refused"> {
  readonly left: number;
}

/** What fails because the store is busy is tried again after this. */
const RETRY_MS = 5_000;

export class PipelineNode<R, B extends Behaviour<R>> {
  readonly behaviour: B;
  readonly #site: Site;
  readonly #host: PipelineHost;
  /** The name by which the store knows the node. */
  readonly #identity: string;
  readonly #handOff: HandOff;
  readonly #queue: WorkQueue;
  readonly #lanes: ReadonlyMap<string, WorkQueue>;
  readonly #receiver: Receiver<R>;
  readonly #aired: AiredMessages;
  readonly #commands: Readonly<Record<string, Command>>;
  /** Messages that are being taken in. */
  readonly #arriving = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** Messages that nobody took, though the wiring leads to a Vigil node. */
  #left = 0;
  #starting: Promise<void> | null = null;
  #closed = false;
  #cancelRetry = () => {};

  /** Throws a StoreError where the store cannot enter the node, and what `open` throws. */
  constructor(site: Site, host: PipelineHost, open: (workspace: Workspace) => B) {
    this.#site = site;
    this.#host = host;
    this.#identity = site.store.transaction((tables) =>
      tables.nodes.enter(host.id, host.type, host.flows(), site.clock.now()),
    );
    this.#handOff = new HandOff({
      nodeId: this.#identity,
      leadsOn: (port) => host.leadsOn(port),
      onDropped: (places) =>
        host.warn(`After a restart, messages come back without: ${places.map((place) => `msg.${place}`).join(", ")}`),
    });
    this.behaviour = open({
      nodeId: this.#identity,
      site,
      act: (base, commit) => this.#queue.act(base, commit),
      tell: (port, topic, payload) => this.#send([{ port, message: { topic, payload } }]),
      queueErrand: (tables, errand) => this.#queueOf(errand).queueErrand(tables, errand),
      journal: (message) => this.#handOff.journal(message),
      report: (error) => host.error(error),
    });
    const { stage, errands, lanes = {} } = this.behaviour;
    this.#queue = this.#openQueue(this.#identity, stage && "work" in stage ? stage : null, errands);
    this.#lanes = new Map(
      Object.entries(lanes).map(([lane, own]) => [lane, this.#openQueue(laneId(this.#identity, lane), null, own)]),
    );
    this.#receiver = new Receiver({
      type: host.type,
      stage: this.behaviour.stage,
      queue: this.#queue,
      clock: site.clock,
      signal: this.#closing.signal,
      send: (messages) => this.#send(messages),
      warn: (text) => host.warn(text),
    });
    this.#aired = this.#openAired();
    const openWork = this.#openOpenWork();
    this.#commands = {
      list: () => openWork.list(),
      replay: (payload) => openWork.replay(payload),
      discard: (payload) => openWork.discard(payload),
      adopt: (payload) => openWork.adopt(payload),
      ...this.behaviour.commands,
    };
    site.openWork.set(this.#identity, openWork);
    if (this.behaviour.sideServices) site.sideServices.set(this.#identity, this.behaviour.sideServices);
    site.nodes.set(this.#identity, { type: host.type, load: () => this.load });
    site.bus.on("aired", this.#closing.signal, (nodeId, handoverId) => {
      if (nodeId === this.#identity) this.#guard(() => this.#aired.resend([handoverId]));
    });
    site.bus.on("clock", this.#closing.signal, () => this.#refresh());
  }

  /** How much the node has to do, why that has to wait where it has to, and what somebody must decide on. */
  get load(): Load {
    const sum = (of: "depth" | "running" | "parked" | "dead" | "refused") =>
      this.#queues.reduce((total, queue) => total + queue[of], 0);
    return {
      depth: sum("depth"),
      running: sum("running"),
      parked: sum("parked"),
      waitingFor: this.#queues.find((queue) => queue.waitingFor !== null)?.waitingFor ?? null,
      dead: sum("dead"),
      refused: sum("refused"),
      left: this.#left,
    };
  }

  /** Takes a message; `done` is called when its work has ended. */
  input(message: FlowMessage, done: (error?: Error) => void): void {
    const arriving = this.#input(message, done).finally(() => this.#arriving.delete(arriving));
    this.#arriving.add(arriving);
  }

  /** To be called after each deploy, also one that left the node alone. */
  flowsStarted(): void {
    this.#guard(() => this.#startWork());
  }

  /** Stops; what is not done stays queued. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#site.workers.delete(this.#identity);
    this.#site.openWork.delete(this.#identity);
    this.#site.nodes.delete(this.#identity);
    this.#site.servers.delete(this.#identity);
    this.#site.sideServices.delete(this.#identity);
    this.#aired.close();
    this.#cancelRetry();
    // First the work, then what it works with: else a closing connection would look like a server that is away.
    const ended = this.#queues.map((queue) => queue.close());
    try {
      await this.behaviour.close?.();
    } finally {
      await Promise.allSettled([...ended, ...this.#arriving]);
      this.#closed = true;
    }
  }

  get #queues(): readonly WorkQueue[] {
    return [this.#queue, ...this.#lanes.values()];
  }

  #queueOf({ lane }: Errand): WorkQueue {
    const queue = lane === undefined ? this.#queue : this.#lanes.get(lane);
    if (queue) return queue;
    throw new VigilError("NO_LANE", `This node has no lane "${lane}"`);
  }

  #refresh(): void {
    for (const queue of this.#queues) queue.refresh();
  }

  /** `nodeId`: by which the store knows the queue. */
  #openQueue(nodeId: string, slow: SlowStage<R> | null, errands: Errands | undefined): WorkQueue {
    const { bus, clock, servers, store } = this.#site;
    const host = this.#host;
    if (slow?.gate) servers.set(this.#identity, { type: host.type, gate: slow.gate, server: slow.server ?? null });
    return new WorkQueue({
      store,
      clock,
      handOff: this.#handOff,
      nodeId,
      stage: host.type,
      gate: slow?.gate ?? new ServerGate(clock),
      concurrency: slow?.concurrency ?? errands?.concurrency ?? 0,
      work: async (job, signal) => {
        const { payload } = job.message;
        if (slow) return slow.work(slow.input.parse(payload), job, signal);
        if (errands) return errands.work(payload, job, signal);
        throw new VigilError("NO_WORK", "This node has no slow work");
      },
      whileAway:
        slow?.whileAway &&
        (async (job, signal) => slow.whileAway?.(slow.input.parse(job.message.payload), job, signal)),
      giveUp: slow ? giveUpOf(slow) : undefined,
      merge: slow ? mergeOf(slow) : undefined,
      send: (messages) => this.#send(messages),
      onResumedFailure: (error, message) => host.error(error, message),
      onInterimFailure: (error) => host.warn(error.message),
      onMissing: (error) => host.warn(error.message),
      onChange: () => {
        host.onChange();
        bus.emit("worked");
      },
    });
  }

  #openAired(): AiredMessages {
    const host = this.#host;
    return new AiredMessages({
      store: this.#site.store,
      clock: this.#site.clock,
      handOff: this.#handOff,
      nodeId: this.#identity,
      send: (messages) => this.#send(messages),
      onUnclaimed: (count) => {
        this.#countLeft();
        host.warn(
          `No Vigil node has taken ${count} of this node's messages for an hour; the command "replay" sends them again`,
        );
      },
      onError: (error) => host.error(asError(error)),
    });
  }

  #openOpenWork(): OpenWork {
    const host = this.#host;
    return new OpenWork({
      site: this.#site,
      nodeId: this.#identity,
      lanes: [...this.#lanes.keys()],
      type: host.type,
      flows: () => host.flows(),
      leadingOn: () => [...new Array(host.outputs).keys()].filter((port) => host.leadsOn(port)),
      resend: (handoverIds) => this.#guard(() => this.#aired.resend(handoverIds)),
      onReplay: (subjectId) => this.behaviour.onReplay?.(subjectId),
      onAdopt: () => this.behaviour.onAdopt?.(),
      refresh: () => {
        this.#countLeft();
        this.#refresh();
      },
    });
  }

  #countLeft(): void {
    this.#left = this.#site.store.handovers.countLeft(this.#identity);
    this.#host.onChange();
    this.#site.bus.emit("worked");
  }

  async #input(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    // Messages may still come to an instance that a deploy has replaced. Untaken, they are sent again.
    if (this.#closed) return;
    try {
      if (message.command !== undefined) await this.#obey(message, done);
      else if (this.behaviour.trigger) await this.behaviour.trigger().then(() => done());
      else await this.#receiver.receive(message, done);
    } catch (error) {
      done(asError(error));
    }
    this.#host.onChange();
  }

  async #obey(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const { type, outputs } = this.#host;
    const name = String(message.command);
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (!command) {
      const known = Object.keys(this.#commands).join(", ");
      throw new InputError("UNKNOWN_COMMAND", `${type} does not know the command "${name}"; it knows: ${known}`);
    }
    const payload = await command(message.payload);
    this.#send([{ port: outputs - 1, message: { ...message, payload } }]);
    done();
  }

  async #startWork(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    try {
      // Before anything that the start brings forth, which may go on for long: a watch scans its folder first.
      const due = this.#aired.due();
      this.#starting ??= this.#start();
      await Promise.all([this.#starting, this.#aired.resend(due)]);
      this.#host.onChange();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      // A backup that holds the database, for one, is over soon.
      this.#host.error(asError(error));
      this.#starting = null;
      this.#cancelRetry();
      this.#cancelRetry = this.#site.clock.after(RETRY_MS, () => this.flowsStarted());
    }
  }

  async #start(): Promise<void> {
    for (const queue of this.#queues) queue.start();
    this.#countLeft();
    this.#site.workers.add(this.#identity);
    await this.behaviour.start?.();
    this.#aired.startAging();
  }

  #send(messages: readonly Sent[]): void {
    if (this.#closed) return;
    for (const { port, message } of messages) this.#host.debug(traceOf(message, port));
    this.#host.send(messages);
  }

  /** Runs what no message waits for: nobody else would catch what it throws. */
  #guard(work: () => Promise<void>): void {
    void work().catch((error) => {
      if (!this.#closed) this.#host.error(asError(error));
    });
  }
}

/** What the stage does with records, as the queue sees it: with whatever payloads the journal holds. */
function giveUpOf<R>({ giveUp, input }: SlowStage<R>): GiveUp | undefined {
  if (!giveUp) return undefined;
  const { afterMs, end } = giveUp;
  return { afterMs, end: async (job, signal) => end(input.parse(job.message.payload), job, signal) };
}

function mergeOf<R>(stage: SlowStage<R>): Merge | undefined {
  const { merge, input } = stage;
  if (!merge) return undefined;
  return (tables, payloads) => {
    const merged = merge(
      tables,
      payloads.map((payload) => input.parse(payload)),
    );
    return merged && { payload: merged.record, absorbed: merged.absorbed };
  };
}
