/**
 * A node of the pipeline, whatever runs the flows: it takes messages and commands, works on them through its queue, sends
 * again what nobody has taken, and knows what it has left open.
 */
import type { FlowMessage } from "../domain/message.ts";
import { asError, InputError } from "../resilience/errors.ts";
import { AiredMessages } from "../store/aired-messages.ts";
import { HandOff, type Sent } from "../store/hand-off.ts";
import type { Flows } from "../store/nodes.ts";
import type { Behaviour, Command, Workspace } from "./behaviour.ts";
import { NodeQueues, type QueueLoad } from "./node-queues.ts";
import { OpenWork } from "./open-work.ts";
import { Receiver } from "./receiver.ts";
import type { Site } from "./site.ts";
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

export interface Load extends QueueLoad {
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
  readonly #queues: NodeQueues<R>;
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
      act: (base, commit) => this.#queues.main.act(base, commit),
      tell: (port, topic, payload) => this.#send([{ port, message: { topic, payload } }]),
      queueErrand: (tables, errand) => this.#queues.of(errand).queueErrand(tables, errand),
      journal: (message) => this.#handOff.journal(message),
      report: (error) => host.error(error),
    });
    this.#queues = this.#openQueues();
    this.#receiver = new Receiver({
      type: host.type,
      stage: this.behaviour.stage,
      queue: this.#queues.main,
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
    const { stage } = this.behaviour;
    if (stage && "work" in stage && stage.gate) {
      site.servers.set(this.#identity, { type: host.type, gate: stage.gate, server: stage.server ?? null });
    }
    if (this.behaviour.sideServices) site.sideServices.set(this.#identity, this.behaviour.sideServices);
    site.nodes.set(this.#identity, { type: host.type, load: () => this.load });
    site.bus.on("aired", this.#closing.signal, (nodeId, handoverId) => {
      if (nodeId === this.#identity) this.#guard(() => this.#aired.resend([handoverId]));
    });
    site.bus.on("clock", this.#closing.signal, () => this.#queues.refresh());
  }

  /** How much the node has to do, why that has to wait where it has to, and what somebody must decide on. */
  get load(): Load {
    return { ...this.#queues.load, left: this.#left };
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
    const ended = this.#queues.close();
    try {
      await this.behaviour.close?.();
    } finally {
      await Promise.allSettled([ended, ...this.#arriving]);
      this.#closed = true;
    }
  }

  #openQueues(): NodeQueues<R> {
    const { bus, clock, store } = this.#site;
    const host = this.#host;
    return new NodeQueues(this.behaviour, {
      store,
      clock,
      handOff: this.#handOff,
      nodeId: this.#identity,
      stage: host.type,
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
      lanes: Object.keys(this.behaviour.lanes ?? {}),
      type: host.type,
      flows: () => host.flows(),
      leadingOn: () => [...new Array(host.outputs).keys()].filter((port) => host.leadsOn(port)),
      resend: (handoverIds) => this.#guard(() => this.#aired.resend(handoverIds)),
      onReplay: (subjectId) => this.behaviour.onReplay?.(subjectId),
      onAdopt: () => this.behaviour.onAdopt?.(),
      refresh: () => {
        this.#countLeft();
        this.#queues.refresh();
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
    this.#queues.start();
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
