import { equal } from "node:assert/strict";
import { reachOf } from "../../../../lib/alert/webhook/reach.ts";

describe("the reach of an address", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    public: [
      "1.1.1.1",
      "93.184.216.34",
      "172.32.0.1",
      "100.128.0.1",
      "2606:4700::1111",
      "::ffff:1.1.1.1",
      "::ffff:101:101",
    ],
    private: [
      "127.0.0.1",
      "127.9.9.9",
      "0.0.0.0",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.178.1",
      "169.254.1.1",
      "100.64.0.1",
      "198.18.0.1",
      "224.0.0.251",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "fe80::1%eth0",
      "fc00::1",
      "fdab::1",
      "ff02::1",
      "64:ff9b::a9fe:a9fe",
      "2002:7f00:1::",
      "2001:db8::1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::FFFF:10.0.0.1",
      "0:0:0:0:0:ffff:192.168.1.1",
      "0000:0000:0000:0000:0000:ffff:c0a8:0101",
      "::127.0.0.1",
      "localhost",
      "",
      "1.2.3",
      "300.1.1.1",
    ],
    metadata: ["169.254.169.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "169.254.170.2", "fd00:ec2::254"],
  };
  for (const [reach, addresses] of Object.entries(cases)) {
    for (const address of addresses) it(`${address || "nothing"}: ${reach}`, () => equal(reachOf(address), reach));
  }
});
