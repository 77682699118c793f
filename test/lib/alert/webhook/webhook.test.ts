/** Webhooks to real servers, which take them, refuse them, or go wrong. */
import assert from "node:assert/strict";
import type { lookup } from "node:dns";
import { Webhook, type WebhookOptions } from "../../../../lib/alert/webhook/webhook.ts";
import { systemClock } from "../../../../lib/resilience/clock.ts";
import { ConfigError, ReplyError, VigilError } from "../../../../lib/resilience/errors.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { freePort } from "../../../support/free-port.ts";
import { HOUSE_CERTIFICATE } from "../../../support/house-certificate.ts";
import { SECRET, startWebhookServer, type WebhookServer } from "../../../support/webhook-server.ts";

describe("a webhook", () => {
  let server: WebhookServer;
  const opened: Webhook[] = [];

  beforeEach(async () => {
    server = await startWebhookServer();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((webhook) => webhook.close()));
    await server.close();
  });

  const open = (options: Partial<WebhookOptions> = {}) => {
    const webhook = new Webhook({
      url: `${server.url}/hooks/alerts?room=1`,
      secret: SECRET,
      allowPrivate: true,
      clock: systemClock,
      ...options,
    });
    opened.push(webhook);
    return webhook;
  };
  const post = (webhook: Webhook, signal = new AbortController().signal) =>
    webhook.post({ id: "al_1-1", payload: { type: "alert", summary: "Jemand – 玄関" } }, signal);
  /** What it fails with, as `CODE retryable: message`. */
  const failure = async (webhook: Webhook) => {
    const error = await post(webhook).then(
      () => assert.fail("it should have failed"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof VigilError, String(error));
    assert.equal(error instanceof ReplyError, !error.retryable);
    return `${error.code}${error.retryable ? " for now" : ""}: ${error.message}`;
  };

  it("brings signed JSON to its address", async () => {
    await post(open());
    const [{ path, body, genuine, headers } = assert.fail()] = server.received;
    assert.deepEqual([path, genuine], ["/hooks/alerts?room=1", true]);
    assert.deepEqual(JSON.parse(body), { type: "alert", summary: "Jemand – 玄関" });
    assert.equal(headers["webhook-id"], "al_1-1");
    assert.equal(headers["content-type"], "application/json");
  });

  it("signs anew when it sends again, under the same id", async () => {
    const clock = new FakeClock();
    const webhook = open({ clock });
    await post(webhook);
    clock.advance(60_000);
    await post(webhook);
    const [first, second] = server.received.map(({ headers }) => headers);
    assert.equal(first?.["webhook-id"], second?.["webhook-id"]);
    assert.equal(Number(second?.["webhook-timestamp"]) - Number(first?.["webhook-timestamp"]), 60);
    assert.notEqual(first?.["webhook-signature"], second?.["webhook-signature"]);
  });

  const answers: [string, number, string][] = [
    ["a server that fails", 500, "WEBHOOK_FAILED for now"],
    ["one that is away", 503, "WEBHOOK_FAILED for now"],
    ["too many messages", 429, "WEBHOOK_FAILED for now"],
    ["a wrong secret", 401, "WEBHOOK_REFUSED"],
    ["a place that is not there", 404, "WEBHOOK_REFUSED"],
    ["a place that is gone", 410, "WEBHOOK_REFUSED"],
  ];
  for (const [what, status, expected] of answers) {
    it(`says of ${what} what it answered: ${expected}`, async () => {
      server.answer((response) => response.writeHead(status).end("no\nsuch luck"));
      assert.equal(
        await failure(open()),
        `${expected}: The webhook's ${server.url} answered with HTTP ${status}: "no such luck"`,
      );
    });
  }

  it("does not follow a redirect, wherever it leads", async () => {
    const inside = await startWebhookServer();
    server.answer((response) => response.writeHead(307, { location: inside.url }).end());
    assert.match(await failure(open()), /^WEBHOOK_REFUSED: .* HTTP 307: .*redirects are not followed/);
    assert.deepEqual(inside.received, []);
    await inside.close();
  });

  it("gives a server ten seconds", async () => {
    const clock = new FakeClock();
    server.answer(() => {});
    const failed = failure(open({ clock }));
    await eventually(() => server.received.length === 1, "the message");
    clock.advance(10_000);
    assert.match(await failed, /^WEBHOOK_TIMEOUT for now: .* did not answer within 10 s/);
  });

  it("gives it no longer for a complaint that does not end", async () => {
    const clock = new FakeClock();
    server.answer((response) => response.writeHead(500).write("well"));
    const failed = failure(open({ clock }));
    await eventually(() => server.received.length === 1, "the message");
    clock.advance(10_000);
    assert.match(await failed, /^WEBHOOK_TIMEOUT for now/);
  });

  it("does not wait for the end of an answer that says yes", async () => {
    server.answer((response) => response.writeHead(200).write("and "));
    await post(open());
  });

  it("reads the start of a long complaint only", async () => {
    server.answer((response) => {
      response.writeHead(400);
      const go = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", go);
      };
      go();
    });
    const said = await failure(open());
    assert.match(said, /^WEBHOOK_REFUSED/);
    assert.ok(said.length < 400);
  });

  it("says that nobody is there", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    assert.match(await failure(open({ url })), /^WEBHOOK_UNREACHABLE for now: .*ECONNREFUSED/);
  });

  it("does not trust a certificate that nobody has signed", async () => {
    const house = await startWebhookServer({ tls: HOUSE_CERTIFICATE });
    assert.match(await failure(open({ url: house.url })), /^WEBHOOK_UNREACHABLE for now: .*certificate/);
    assert.deepEqual(house.received, []);
    await house.close();
  });

  it("ends with its signal, and with its closing", async () => {
    server.answer(() => {});
    const ending = new AbortController();
    const ended = post(open(), ending.signal);
    const closing = open();
    const closed = failure(closing);
    await eventually(() => server.received.length === 2, "both messages");
    ending.abort(new Error("enough"));
    await assert.rejects(ended, /enough/);
    await closing.close();
    assert.match(await closed, /^WEBHOOK_UNREACHABLE for now/);
  });

  it("refuses addresses that are not on the internet, unless they are allowed", () => {
    for (const host of [
      "127.0.0.1",
      "2130706433",
      "0x7f.1",
      "10.0.0.5",
      "[::1]",
      "[::ffff:192.168.1.1]",
      "[fd00::1]",
    ]) {
      const wanted = { url: `http://${host}:8123/x` };
      assert.throws(() => open({ ...wanted, allowPrivate: false }), { code: "WEBHOOK_PRIVATE" }, host);
      open(wanted);
    }
    for (const host of ["169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]"]) {
      assert.throws(() => open({ url: `http://${host}/latest` }), { code: "WEBHOOK_PRIVATE" }, host);
    }
  });

  /** A resolver that answers each question with the next of these. */
  const resolver = (...answers: string[][]) => {
    let asked = 0;
    const find = (_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
      const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    };
    return { find: find as unknown as typeof lookup, asked: () => asked };
  };
  const named = (find: typeof lookup, allowPrivate = false) =>
    open({ url: `http://hooks.example.org:${server.port}/`, allowPrivate, lookup: find });

  it("refuses a name that leads into the house", async () => {
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"]) {
      assert.match(await failure(named(resolver([address]).find)), /^WEBHOOK_PRIVATE: .*not on the internet/);
    }
    assert.match(await failure(named(resolver(["169.254.169.254"]).find, true)), /^WEBHOOK_PRIVATE/);
    assert.deepEqual(server.received, []);
  });

  it("connects to what was looked at, and looks anew each time: a name that changes its mind gets nothing", async () => {
    const { find, asked } = resolver(["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]);
    const webhook = named(find, true);
    await post(webhook);
    assert.match(await failure(webhook), /^WEBHOOK_PRIVATE/);
    await post(webhook);
    assert.equal(asked(), 3);
    assert.equal(server.received.length, 2);
    assert.equal(server.received[0]?.headers.host, `hooks.example.org:${server.port}`);
  });

  it("leaves out those of a name's addresses that are not allowed", async () => {
    await post(named(resolver(["169.254.169.254", "127.0.0.1"]).find, true));
    assert.equal(server.received.length, 1);
  });

  it("says that a name is not known", async () => {
    const unknown = ((_name: string, _options: object, callback: (error: Error) => void) =>
      callback(new Error("getaddrinfo ENOTFOUND hooks.example.org"))) as unknown as typeof lookup;
    assert.match(await failure(named(unknown)), /^WEBHOOK_UNREACHABLE for now: .*ENOTFOUND/);
  });

  const wrong: [string, Partial<WebhookOptions>, string][] = [
    ["no address", { url: "" }, "WEBHOOK_URL"],
    ["another protocol", { url: "ftp://example.org" }, "WEBHOOK_URL"],
    ["a file", { url: "file:///etc/passwd" }, "WEBHOOK_URL"],
    ["a password in it", { url: "https://me:secret@example.org" }, "WEBHOOK_URL"],
    ["no secret", { secret: "" }, "WEBHOOK_SECRET"],
    ["a short secret", { secret: "short" }, "WEBHOOK_SECRET"],
  ];
  for (const [what, options, code] of wrong) {
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => open(options),
        (error) => error instanceof ConfigError && error.code === code && !error.message.includes("secret@"),
      );
    });
  }

  it("names its server only, since its path may hold a secret", () => {
    assert.equal(open({ url: "https://example.org/T0/B1/xyz" }).name, "https://example.org");
  });
});
