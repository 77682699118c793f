/**
 * A pipeline node at work: its messages, commands, status, errors and close. A node's own file says what it takes and what
 * `lib` shall do with it.
 */
import type { Node, NodeAPI } from "node-red";
import type { FlowMessage } from "../lib/domain/message.ts";
import { asError, InputError, VigilError } from "../lib/resilience/errors.ts";
import { ServerGate } from "../lib/resilience/server-gate.ts";
import { OpenWork } from "../lib/site/open-work.ts";
import { Receiver } from "../lib/site/receiver.ts";
import type { SharedSite } from "../lib/site/shared-site.ts";
import type { Site } from "../lib/site/site.ts";
import type { SlowStage } from "../lib/site/stage.ts";
import { AiredMessages } from "../lib/store/aired-messages.ts";
import { HandOff, type Sent } from "../lib/store/hand-off.ts";
import type { Merge } from "../lib/store/job.ts";
import { WorkQueue } from "../lib/store/work-queue.ts";
import { flowsOf } from "./flow-config.ts";
import { onFlowsStarted } from "./flows-started.ts";
import type { Command, NodeBehaviour, NodeContext, NodeSpec } from "./node-spec.ts";
import { NodeStatus } from "./node-status.ts";
import { Wiring } from "./wiring.ts";

/** While the store itself fails, what waits for it is tried again this often. */
const STORE_RETRY_MS = 5_000;

export class RunningNode<C, R> {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #spec: NodeSpec<C, R>;
  readonly #shared: SharedSite;
  readonly #site: Site;
  /** The name by which the store knows the node. */
  readonly #identity: string;
  readonly #status: NodeStatus;
  readonly #wiring: Wiring;
  readonly #handOff: HandOff;
  readonly #queue: WorkQueue;
  readonly #receiver: Receiver<R>;
  readonly #aired: AiredMessages;
  readonly #behaviour: NodeBehaviour<R>;
  readonly #commands: Readonly<Record<string, Command>>;
  readonly #unsubscribe: () => void;
  /** Messages that are being taken in. */
  readonly #arriving = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #starting: Promise<void> | null = null;
  #closed = false;
  #cancelRetry = () => {};

  /** Throws what opening the site or the node's work throws. */
  constructor(
    RED: NodeAPI,
    node: Node,
    spec: NodeSpec<C, R>,
    config: C,
    { id: siteId, shared }: { id: string; shared: SharedSite },
    madeMs: number,
  ) {
    this.#RED = RED;
    this.#node = node;
    this.#spec = spec;
    this.#shared = shared;
    this.#site = shared.acquire();
    this.#status = new NodeStatus(RED, node);
    this.#wiring = new Wiring(RED, node);
    const flows = () => flowsOf(RED, siteId);
    try {
      this.#identity = this.#site.store.transaction((tables) =>
        tables.nodes.enter(node.id, spec.type, flows(), this.#site.clock.now()),
      );
      this.#handOff = new HandOff({
        nodeId: this.#identity,
        leadsOn: (port) => this.#wiring.leadsOn(port),
        onDropped: (places) =>
          node.warn(`After a restart, messages come back without: ${places.map((place) => `msg.${place}`).join(", ")}`),
      });
      this.#behaviour = spec.open(config, this.#context(madeMs));
    } catch (error) {
      shared.release();
      throw error;
    }
    this.#queue = this.#openQueue();
    this.#receiver = new Receiver({
      type: spec.type,
      stage: this.#behaviour.stage,
      queue: this.#queue,
      clock: this.#site.clock,
      signal: this.#closing.signal,
      send: (messages) => this.#send(messages),
      warn: (text) => node.warn(text),
    });
    this.#aired = this.#openAired();
    const openWork = new OpenWork({
      site: this.#site,
      nodeId: this.#identity,
      type: spec.type,
      flows,
      leadingOn: () => [...new Array(spec.outputs).keys()].filter((port) => this.#wiring.leadsOn(port)),
      resend: (handoverIds) => this.#guard(() => this.#aired.resend(handoverIds)),
      onReplay: (subjectId) => this.#behaviour.onReplay?.(subjectId),
      onAdopt: () => this.#behaviour.onAdopt?.(),
      refresh: () => this.#queue.refresh(),
    });
    this.#site.openWork.set(this.#identity, openWork);
    this.#commands = {
      list: () => openWork.list(),
      replay: (payload) => openWork.replay(payload),
      discard: (payload) => openWork.discard(payload),
      adopt: (payload) => openWork.adopt(payload),
      ...this.#behaviour.commands,
    };
    this.#unsubscribe = onFlowsStarted(RED.events, () => this.flowsStarted());
    const { bus } = this.#site;
    bus.on("aired", this.#closing.signal, (nodeId, handoverId) => {
      if (nodeId === this.#identity) this.#guard(() => this.#aired.resend([handoverId]));
    });
    bus.on("clock", this.#closing.signal, () => this.#queue.refresh());
    this.#showStatus();
  }

  /** Takes a message; `done` is called when its work has ended. */
  input(message: FlowMessage, done: (error?: Error) => void): void {
    const arriving = this.#input(message, done).finally(() => this.#arriving.delete(arriving));
    this.#arriving.add(arriving);
  }

  /** Node-RED says so after every deploy, also to nodes that the deploy left alone. */
  flowsStarted(): void {
    this.#guard(() => this.#startWork());
  }

  /** Stops the work and lets go of the site. Never rejects. */
  async close(): Promise<void> {
    await this.#end().catch((error) => this.#node.error(asError(error).message));
    this.#shared.release();
  }

  #context(madeMs: number): NodeContext {
    const node = this.#node;
    return {
      nodeId: this.#identity,
      site: this.#site,
      madeMs,
      userDir: String(this.#RED.settings.userDir ?? process.cwd()),
      act: (base, commit) => this.#queue.act(base, commit),
      journal: (message) => this.#handOff.journal(message),
      report: (error) => node.error(error.message),
      refreshStatus: () => this.#showStatus(),
    };
  }

  #openQueue(): WorkQueue {
    const { stage } = this.#behaviour;
    const slow = stage && "work" in stage ? stage : null;
    const { bus, clock, store } = this.#site;
    return new WorkQueue({
      store,
      clock,
      handOff: this.#handOff,
      nodeId: this.#identity,
      stage: this.#spec.type,
      gate: slow?.gate ?? new ServerGate(clock),
      concurrency: slow?.concurrency ?? 0,
      work: async (job, signal) => {
        if (!slow) throw new VigilError("NO_WORK", "This node has no slow work");
        return slow.work(slow.input.parse(job.message.payload), job, signal);
      },
      merge: slow ? mergeOf(slow) : undefined,
      send: (messages) => this.#send(messages),
      onResumedFailure: (error, message) => this.#node.error(error, message),
      onInterimFailure: (error) => this.#node.warn(error.message),
      onChange: () => {
        this.#showStatus();
        bus.emit("worked");
      },
    });
  }

  #openAired(): AiredMessages {
    const node = this.#node;
    return new AiredMessages({
      store: this.#site.store,
      clock: this.#site.clock,
      handOff: this.#handOff,
      nodeId: this.#identity,
      send: (messages) => this.#send(messages),
      onUnclaimed: (count) =>
        node.warn(
          `No Vigil node has taken ${count} of this node's messages for an hour; the command "replay" sends them again`,
        ),
      onError: (error) => node.error(asError(error).message),
    });
  }

  async #input(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    // Node-RED may still deliver to an instance that a deploy has replaced. Untaken, the message is sent again.
    if (this.#closed) return;
    try {
      if (message.command !== undefined) await this.#obey(message, done);
      else await this.#receiver.receive(message, done);
    } catch (error) {
      done(asError(error));
    }
    this.#showStatus();
  }

  async #obey(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const name = String(message.command);
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (!command) {
      const known = Object.keys(this.#commands).join(", ");
      throw new InputError(
        "UNKNOWN_COMMAND",
        `${this.#spec.type} does not know the command "${name}"; it knows: ${known}`,
      );
    }
    const payload = await command(message.payload);
    this.#send([{ port: this.#spec.outputs - 1, message: { ...message, payload } }]);
    done();
  }

  async #startWork(): Promise<void> {
    try {
      this.#wiring.read();
      // Before anything that the start brings forth, which may go on for long: a watch scans its folder first.
      const due = this.#aired.due();
      this.#starting ??= this.#start();
      await Promise.all([this.#starting, this.#aired.resend(due)]);
      this.#showStatus();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      // A backup that holds the database, for one, is over soon.
      this.#node.error(asError(error).message);
      this.#starting = null;
      this.#cancelRetry = this.#site.clock.after(STORE_RETRY_MS, () => this.flowsStarted());
    }
  }

  async #start(): Promise<void> {
    this.#queue.start();
    this.#site.workers.add(this.#identity);
    await this.#behaviour.start?.();
    this.#aired.startAging();
  }

  #send(messages: readonly Sent[]): void {
    if (this.#closed) return;
    for (const { port, message } of messages) {
      const ports: (FlowMessage | null)[] = new Array(this.#spec.outputs).fill(null);
      ports[port] = message;
      this.#node.send(ports);
    }
  }

  #showStatus(): void {
    if (this.#closed) return;
    const { depth, dead, waitingFor } = this.#queue;
    if (waitingFor) this.#status.show({ fill: "yellow", shape: "ring", key: "waiting", count: depth });
    else if (depth > 0) this.#status.show({ fill: "blue", shape: "dot", key: "working", count: depth });
    else if (dead > 0) this.#status.show({ fill: "yellow", shape: "dot", key: "deadLetters", count: dead });
    else
      this.#status.show(this.#behaviour.idle?.() ?? { fill: "green", shape: "dot", key: "ready" }, this.#site.durable);
  }

  /** Runs what no message waits for: a rejected promise would stop the whole of Node-RED. */
  #guard(work: () => void | Promise<void>): void {
    void (async () => work())().catch((error) => {
      if (!this.#closed) this.#node.error(asError(error).message);
    });
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#site.workers.delete(this.#identity);
    this.#site.openWork.delete(this.#identity);
    this.#unsubscribe();
    this.#aired.close();
    this.#cancelRetry();
    // First the work, then what it works with: else a closing connection would look like a server that is away.
    const ended = this.#queue.close();
    try {
      await this.#behaviour.close?.();
    } finally {
      await Promise.allSettled([ended, ...this.#arriving]);
      this.#closed = true;
      this.#status.close();
    }
  }
}

/** What the stage does with records, as the queue sees it: with whatever payloads the journal holds. */
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
