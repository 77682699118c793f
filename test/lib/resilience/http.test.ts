import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { request } from "undici";
import { isUnreachable, retryAfterMs } from "../../../lib/resilience/http.ts";

describe("isUnreachable", () => {
  const fail = (url: string) =>
    request(url).then(
      () => null,
      (error: unknown) => error,
    );

  /** The address of a server that does this to every connection. */
  const serve = async (answer: Parameters<typeof createServer>[1]) => {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    ok(address !== null && typeof address !== "string");
    return { port: address.port, server };
  };

  it("is true where nobody listens", async () => {
    const { port, server } = await serve(() => {});
    server.close();
    await once(server, "close");
    ok(isUnreachable(await fail(`http://127.0.0.1:${port}`)));
  });

  it("is true where nobody listens on any of a name's addresses", async () => {
    const { port, server } = await serve(() => {});
    server.close();
    await once(server, "close");
    ok(isUnreachable(await fail(`http://localhost:${port}`)));
  });

  it("is true where there is no such host", async () => {
    ok(isUnreachable(await fail("http://no-such-host.invalid")));
  });

  it("is false where a server closes the connection", async () => {
    const { port, server } = await serve((socket) => socket.destroy());
    const error = await fail(`http://127.0.0.1:${port}`);
    server.close();
    ok(error !== null);
    equal(isUnreachable(error), false);
  });

  it("is false for what is no error of a connection", () => {
    for (const thrown of [new Error("x"), "ECONNREFUSED", null, undefined]) equal(isUnreachable(thrown), false);
  });
});

describe("retryAfterMs", () => {
  const cases: [header: string | string[] | undefined, ms: number | null][] = [
    ["0", 0],
    ["120", 120_000],
    ["999999999", 999_999_999_000],
    ["1000000000", null],
    ["-1", null],
    ["1.5", null],
    ["", null],
    ["Fri, 20 Nov 2026 12:00:00 GMT", null],
    [["1", "2"], null],
    [undefined, null],
  ];
  for (const [header, ms] of cases) {
    it(`of ${JSON.stringify(header)} is ${ms}`, () => {
      equal(retryAfterMs(header), ms);
    });
  }
});
