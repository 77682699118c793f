/** A real MQTT broker for tests: Mosquitto as a child process, or Aedes in this one where Mosquitto is not installed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Aedes, type AuthenticateError } from "aedes";
import { freePort } from "./free-port.ts";

export interface BrokerOptions {
  /** Without it, a free one. */
  readonly port?: number;
  /** With both, nobody else gets in; without, everybody does. */
  readonly username?: string;
  readonly password?: string;
  /** Where it keeps sessions and retained messages over an orderly end. Without, it keeps nothing; Aedes never does. */
  readonly memory?: string;
}

export interface Broker {
  readonly kind: "mosquitto" | "aedes";
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  stop(): Promise<void>;
  /** Starts again, after `stop`, on the same port. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Says nothing any more until `resume`, and keeps its connections. Only Mosquitto can. */
  pause(): void;
  resume(): void;
}

/** One of the two brokers, on a fixed port. */
interface Server {
  start(): Promise<void>;
  stop(): Promise<void>;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

const START_TIMEOUT_MS = 10_000;

/** Debian installs it where a plain user's PATH does not look. */
const MOSQUITTO = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
  .map((folder) => join(folder, "mosquitto"))
  .find(existsSync);

/** Resolves when the broker, on 127.0.0.1, accepts connections. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const port = options.port ?? (await freePort());
  const server = MOSQUITTO ? mosquitto(MOSQUITTO, port, options) : aedes(port, options);
  await server.start();
  return {
    kind: MOSQUITTO ? "mosquitto" : "aedes",
    port,
    url: `mqtt://127.0.0.1:${port}`,
    stop: () => server.stop(),
    start: () => server.start(),
    restart: async () => {
      await server.stop();
      await server.start();
    },
    pause: () => server.signal("SIGSTOP"),
    resume: () => server.signal("SIGCONT"),
  };
}

function mosquitto(command: string, port: number, options: BrokerOptions): Server {
  const { username, password, memory } = options;
  let child: ChildProcess | null = null;
  let folder = "";
  const killWithUs = () => child?.kill("SIGKILL");

  async function start(): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), "vigil-mosquitto-"));
    const passwords = join(folder, "passwords");
    if (username && password) execFileSync("mosquitto_passwd", ["-b", "-c", passwords, username, password]);
    const configuration = [
      `listener ${port} 127.0.0.1`,
      // Else it holds each second acknowledgement back for 40 ms.
      "set_tcp_nodelay true",
      ...(memory ? ["persistence true", `persistence_location ${memory}/`] : ["persistence false"]),
      // Else Mosquitto, started by root, could not read its own folder.
      "user root",
      ...(username && password ? ["allow_anonymous false", `password_file ${passwords}`] : ["allow_anonymous true"]),
    ];
    await writeFile(join(folder, "mosquitto.conf"), `${configuration.join("\n")}\n`);
    child = spawn(command, ["-c", join(folder, "mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    process.once("exit", killWithUs);
    let log = "";
    child.stderr?.on("data", (chunk) => {
      log += chunk;
    });
    const started = child;
    await untilAccepting(port, () => {
      if (started.exitCode !== null) throw new Error(`Mosquitto ended at once: ${log}`);
    });
  }

  async function stop(): Promise<void> {
    process.off("exit", killWithUs);
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    child = null;
    await rm(folder, { recursive: true, force: true });
  }

  return { start, stop, signal: (signal) => child?.kill(signal) };
}

function aedes(port: number, { username, password }: BrokerOptions): Server {
  let stopRunning = async () => {};

  async function start(): Promise<void> {
    const broker = await Aedes.createBroker({
      authenticate: (_client, givenName, givenPassword, done) => {
        if (!username || (givenName === username && givenPassword?.toString() === password)) return done(null, true);
        const refusal: AuthenticateError = Object.assign(new Error("refused"), { returnCode: 5 });
        return done(refusal, false);
      },
    });
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      broker.handle(socket);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    stopRunning = async () => {
      stopRunning = async () => {};
      server.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => broker.close(resolve));
    };
  }

  const signal = () => {
    throw new Error("Aedes runs in this process and cannot be paused");
  };
  return { start, stop: () => stopRunning(), signal };
}

async function untilAccepting(port: number, check: () => void): Promise<void> {
  const giveUp = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < giveUp) {
    check();
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`the broker does not accept connections on port ${port}`);
}
