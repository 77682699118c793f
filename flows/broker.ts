/** The MQTT broker that `npm start` brings along when none is named. Anyone on this machine may use it. */
import { createServer } from "node:net";
import { Aedes } from "aedes";
import { listen } from "./listen.ts";

const HOST = "127.0.0.1";
const MQTT_PORT = 1883;

export interface EmbeddedBroker {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves when it accepts connections: on MQTT's own port where that is free, else on any other. */
export async function startBroker(): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  const port = await listen(server, MQTT_PORT, HOST).catch(() => listen(server, 0, HOST));
  return {
    host: HOST,
    port,
    close: () => {
      server.close();
      return new Promise((resolve) => broker.close(resolve));
    },
  };
}
