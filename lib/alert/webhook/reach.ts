/** Whether an address is anybody's on the internet, or one of a house or a machine. */
import { BlockList, isIP, isIPv6 } from "node:net";

/**
 * `metadata`: where clouds hand their machines' credentials out; nobody has a webhook there. `private`: loopback,
 * link-local, a house's own, and all else that is not reached over the internet.
 */
export type Reach = "public" | "private" | "metadata";

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

function listOf(subnets: readonly (readonly [net: string, bits: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, bits] of subnets) list.addSubnet(net, bits, familyOf(net));
  return list;
}

/** Of AWS and most others, of AWS's containers, of Alibaba, and of AWS over IPv6. */
const METADATA = listOf([
  ["169.254.169.254", 32],
  ["169.254.170.2", 32],
  ["100.100.100.200", 32],
  ["fd00:ec2::254", 128],
]);

/** Where the internet may be … */
const GLOBAL = listOf([
  ["0.0.0.0", 0],
  ["2000::", 3],
]);
/** … and is not. */
const SPECIAL = listOf([
  // https://www.iana.org/assignments/iana-ipv4-special-registry, multicast and what is reserved.
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  // https://www.iana.org/assignments/iana-ipv6-special-registry
  ["2001::", 23],
  ["2001:db8::", 32],
  // It may lead to any IPv4 address.
  ["2002::", 16],
  ["3fff::", 20],
]);

/** The reach of an IP address, without brackets; of what is none, `private`. IPv4 inside IPv6 counts as what it is. */
export function reachOf(address: string): Reach {
  if (isIP(address) === 0) return "private";
  const [bare = ""] = address.split("%");
  const family = familyOf(bare);
  if (METADATA.check(bare, family)) return "metadata";
  return GLOBAL.check(bare, family) && !SPECIAL.check(bare, family) ? "public" : "private";
}
