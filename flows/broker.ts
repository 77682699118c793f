/** The MQTT broker that `npm start` brings along when none is named. Anyone on this machine may use it. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { listen } from "./listen.ts";

const HOST = "127.0.0.1";
const MQTT_PORT = 1883;

export interface EmbeddedBroker {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Resolves when it accepts connections: on MQTT's own port where that is free, else on any other. */
export async function startBroker(): Promise<EmbeddedBroker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const port = await listen(server, MQTT_PORT, HOST).catch(() => listen(server, 0, HOST));
  return {
    host: HOST,
    port,
    url: `mqtt://${HOST}:${port}`,
    close: async () => {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
    },
  };
}
