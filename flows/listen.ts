/** Opening a TCP port. */
import { once } from "node:events";
import type { Server } from "node:net";

/** Resolves with the port; 0 asks for any that is free. Rejects with what the system says. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
