import { deepEqual } from "node:assert/strict";
import { signatureHeaders } from "../../../../lib/alert/webhook/signature.ts";

describe("a webhook's signature", () => {
  it("is that of the example in https://github.com/standard-webhooks/standard-webhooks", () => {
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
    deepEqual(signatureHeaders(message, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1_614_265_330_999), {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });
});
