/** A push service, as Home Assistant's companion apps register one for their phone. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

/** What it is to bring to the phone. */
const Push = z.looseObject({
  title: z.string(),
  message: z.string(),
  data: z.looseObject({ tag: z.string(), actions: z.array(z.looseObject({ action: z.string() })).default([]) }),
  push_token: z.string(),
});
export type Push = z.infer<typeof Push>;

export interface PushServer {
  readonly url: string;
  readonly pushes: readonly Push[];
  close(): Promise<void>;
}

export async function startPushServer(): Promise<PushServer> {
  const pushes: Push[] = [];
  const server = createServer(async (request, response) => {
    pushes.push(Push.parse(await json(request)));
    response.writeHead(201, { "content-type": "application/json" }).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/push`,
    pushes,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
