/**
 * The one file that talks to Node-RED for the pipeline's nodes: registration, config, messages, commands, status, errors
 * and close. A node's own file says what it takes and what `lib` shall do with it.
 */
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { z } from "zod";
import type { FlowMessage } from "../lib/domain/message.ts";
import { asError, InputError, StoreError, VigilError } from "../lib/resilience/errors.ts";
import type { Site } from "../lib/site/site.ts";
import type { InstantStage } from "../lib/site/stage.ts";
import { AiredMessages } from "../lib/store/aired-messages.ts";
import { HandOff, type Sent } from "../lib/store/hand-off.ts";
import type { Delivery } from "../lib/store/job.ts";
import { WorkQueue } from "../lib/store/work-queue.ts";
import { onFlowsStarted } from "./flows-started.ts";
import { configError } from "./node-glue.ts";
import type { NodeBehaviour, NodeContext, NodeSpec } from "./node-spec.ts";
import { NodeStatus } from "./node-status.ts";
import { findSite } from "./site-node.ts";
import { Wiring } from "./wiring.ts";

/** While the store itself fails, what waits for it is tried again this often. */
const STORE_RETRY_MS = 5_000;

/** The function that Node-RED calls to load a node. */
export function defineNode<C, R>(spec: NodeSpec<C, R>) {
  return (RED: NodeAPI) => {
    function VigilNode(this: Node, definition: NodeDef) {
      RED.nodes.createNode(this, definition);
      try {
        const config = spec.config.safeParse({ ...definition, ...this.credentials });
        if (!config.success) throw configError(config.error);
        new RunningNode(RED, this, spec, config.data, findSite(RED, definition));
      } catch (error) {
        refuseAll(RED, this, asError(error));
      }
    }
    RED.nodes.registerType(spec.type, VigilNode, spec.credentials ? { credentials: { ...spec.credentials } } : {});
  };
}

/** A node that cannot work says why, once on itself and on each message, and disturbs no other. */
function refuseAll(RED: NodeAPI, node: Node, error: Error): void {
  new NodeStatus(RED, node).show({ fill: "red", shape: "ring", key: "refusing" });
  node.error(error.message);
  node.on("input", (_message, _send, done) => done(error));
}

class RunningNode<C, R> {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #spec: NodeSpec<C, R>;
  readonly #site: Site;
  readonly #status: NodeStatus;
  readonly #wiring: Wiring;
  readonly #handOff: HandOff;
  readonly #queue: WorkQueue;
  readonly #aired: AiredMessages;
  readonly #behaviour: NodeBehaviour<R>;
  readonly #unsubscribe: () => void;
  /** Messages that are being taken in. */
  readonly #arriving = new Set<Promise<void>>();
  #starting: Promise<void> | null = null;
  #closing = false;
  #closed = false;
  #cancelRetry = () => {};

  constructor(RED: NodeAPI, node: Node, spec: NodeSpec<C, R>, config: C, shared: ReturnType<typeof findSite>) {
    this.#RED = RED;
    this.#node = node;
    this.#spec = spec;
    this.#site = shared.acquire();
    this.#status = new NodeStatus(RED, node);
    this.#wiring = new Wiring(RED, node);
    const onDropped = (places: readonly string[]) =>
      node.warn(`After a restart, messages come back without: ${places.map((place) => `msg.${place}`).join(", ")}`);
    this.#handOff = new HandOff({
      nodeId: node.id,
      leadsOn: (port) => this.#wiring.leadsOn(port),
      onDropped,
    });
    try {
      this.#behaviour = spec.open(config, this.#context());
    } catch (error) {
      shared.release();
      throw error;
    }
    this.#queue = this.#openQueue();
    this.#aired = new AiredMessages({
      store: this.#site.store,
      clock: this.#site.clock,
      handOff: this.#handOff,
      nodeId: node.id,
      send: (messages) => this.#send(messages),
      onUnclaimed: (count) => node.warn(`No Vigil node has taken ${count} of this node's messages for an hour`),
      onError: (error) => this.#report(asError(error)),
    });
    node.on("input", (message, _send, done) => {
      const arriving = this.#input(message, done).finally(() => this.#arriving.delete(arriving));
      this.#arriving.add(arriving);
    });
    node.on("close", (_removed: boolean, done: () => void) => {
      void this.#close()
        .catch((error) => node.error(asError(error).message))
        .finally(() => {
          shared.release();
          done();
        });
    });
    this.#unsubscribe = onFlowsStarted(RED.events, () => this.#guard(() => this.#flowsStarted()));
    this.#showStatus();
  }

  #context(): NodeContext {
    const node = this.#node;
    return {
      nodeId: node.id,
      site: this.#site,
      userDir: String(this.#RED.settings.userDir ?? process.cwd()),
      act: (base, commit) => this.#queue.act(base, commit),
      journal: (message) => this.#handOff.journal(message),
      report: (error) => this.#report(error),
      refreshStatus: () => this.#showStatus(),
    };
  }

  #openQueue(): WorkQueue {
    const { stage } = this.#behaviour;
    const slow = stage && "work" in stage ? stage : null;
    return new WorkQueue({
      store: this.#site.store,
      clock: this.#site.clock,
      handOff: this.#handOff,
      nodeId: this.#node.id,
      stage: this.#spec.type,
      concurrency: slow?.concurrency ?? 0,
      work: async (job, signal) => {
        if (!slow) throw new VigilError("NO_WORK", "This node has no slow work");
        return slow.work(slow.input.parse(job.message.payload), job, signal);
      },
      send: (messages) => this.#send(messages),
      onResumedFailure: (error, message) => this.#node.error(error, message),
      onInterimFailure: (error) => this.#node.warn(error.message),
      onChange: () => this.#showStatus(),
    });
  }

  async #input(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    // Node-RED may still deliver to an instance that a deploy has replaced. Untaken, the message is sent again.
    if (this.#closed) return;
    try {
      if (message.command !== undefined) await this.#obey(message, done);
      else await this.#untilStored(() => this.#receive(message, done));
    } catch (error) {
      done(asError(error));
    }
  }

  /** A message that the store cannot take now would be lost: it is held and tried again. */
  async #untilStored(receive: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await receive();
        return;
      } catch (error) {
        if (!(error instanceof StoreError && error.retryable) || this.#closing) throw error;
        this.#node.warn(`${error.message}; the message waits`);
        await new Promise<void>((resolve) => this.#site.clock.after(STORE_RETRY_MS, resolve));
      }
    }
  }

  async #receive(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const { stage } = this.#behaviour;
    if (!stage) throw new InputError("NO_INPUT", `${this.#spec.type} takes commands only: set msg.command`);
    const refused = { message, subject: null, cameraId: null, priority: 0, done };
    const admitted = stage.admit ? await stage.admit(message).catch(asError) : message.payload;
    if (admitted instanceof Error) {
      if (!(admitted instanceof VigilError) || admitted.retryable) throw admitted;
      this.#queue.refuse(refused, admitted);
      return;
    }
    const record = stage.input.safeParse(admitted);
    if (!record.success) {
      this.#queue.refuse(refused, inputError(this.#spec.type, record.error));
      return;
    }
    const delivery: Delivery = {
      ...stage.describe(record.data),
      message: { ...message, payload: record.data },
      done,
    };
    if ("work" in stage) this.#queue.receive(delivery);
    else this.#settle(delivery, record.data, stage);
  }

  #settle(delivery: Delivery, record: R, stage: InstantStage<R>): void {
    try {
      this.#queue.receiveAndSettle(delivery, (tables) => stage.settle(record, delivery.message, tables));
    } catch (error) {
      if (!(error instanceof StoreError) || stage.openPort === undefined) throw error;
      this.#node.warn(`${error.message}; the message passes unchecked`);
      this.#send([{ port: stage.openPort, message: delivery.message }]);
      delivery.done();
    }
    this.#showStatus();
  }

  async #obey(message: FlowMessage, done: (error?: Error) => void): Promise<void> {
    const commands = this.#behaviour.commands ?? {};
    const name = String(message.command);
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) {
      const known = Object.keys(commands).join(", ") || "none";
      throw new InputError(
        "UNKNOWN_COMMAND",
        `${this.#spec.type} does not know the command "${name}"; it knows: ${known}`,
      );
    }
    const payload = await command(message.payload);
    this.#send([{ port: this.#spec.outputs - 1, message: { ...message, payload } }]);
    this.#showStatus();
    done();
  }

  /** Node-RED says so after every deploy, also to nodes that the deploy left alone. */
  async #flowsStarted(): Promise<void> {
    try {
      this.#wiring.read();
      // Before anything that the start brings forth, which may go on for long: a watch scans its folder first.
      const due = this.#aired.due();
      this.#starting ??= this.#start();
      await Promise.all([this.#starting, this.#aired.resend(due)]);
      this.#showStatus();
    } catch (error) {
      if (this.#closing) return;
      // A backup that holds the database, for one, is over soon.
      this.#report(asError(error));
      this.#starting = null;
      this.#cancelRetry = this.#site.clock.after(STORE_RETRY_MS, () => this.#guard(() => this.#flowsStarted()));
    }
  }

  async #start(): Promise<void> {
    this.#queue.start();
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
    const { depth, waitingFor } = this.#queue;
    if (waitingFor) this.#status.show({ fill: "yellow", shape: "ring", key: "waiting", count: depth });
    else if (depth > 0) this.#status.show({ fill: "blue", shape: "dot", key: "working", count: depth });
    else
      this.#status.show(this.#behaviour.idle?.() ?? { fill: "green", shape: "dot", key: "ready" }, this.#site.durable);
  }

  #report(error: Error): void {
    this.#node.error(error.message);
  }

  /** Runs what no message waits for: a rejected promise would stop the whole of Node-RED. */
  #guard(work: () => void | Promise<void>): void {
    void (async () => work())().catch((error) => {
      if (!this.#closed) this.#report(asError(error));
    });
  }

  async #close(): Promise<void> {
    this.#closing = true;
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

function inputError(type: string, error: z.ZodError): InputError {
  const [issue] = error.issues;
  const where = ["payload", ...(issue?.path ?? [])].join(".");
  return new InputError("BAD_PAYLOAD", `${type} cannot take this message: msg.${where}: ${issue?.message}`);
}
