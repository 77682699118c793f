/** A TCP hop before a broker, to lose answers and connections at the moment a test wants. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface BrokerProxy {
  readonly url: string;
  /** How many clients have come so far. */
  readonly connections: number;
  /** Swallows what the broker sends, until `cut`. */
  hold(): void;
  /** Destroys every connection without a goodbye, and refuses new ones until `admit`. */
  cut(): void;
  admit(): void;
  close(): Promise<void>;
}

export async function startProxy(brokerPort: number): Promise<BrokerProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let holding = false;
  let admitting = true;

  const server = createServer((client) => {
    connections += 1;
    if (!admitting) return client.destroy();
    const broker = connect(brokerPort, "127.0.0.1");
    for (const [from, to] of [[client, broker] as const, [broker, client] as const]) {
      sockets.add(from);
      from.on("data", (chunk) => {
        if (from === client || !holding) to.write(chunk);
      });
      from.on("error", () => from.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    return undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");

  const cut = () => {
    admitting = false;
    holding = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    hold: () => {
      holding = true;
    },
    cut,
    admit: () => {
      admitting = true;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
