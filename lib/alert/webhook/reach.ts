/** Whether an address is anybody's on the internet, or one of a house or a machine. */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * `metadata`: where clouds hand their machines' credentials out; nobody has a webhook there. `private`: loopback,
 * link-local, a house's own, and all else that is not reached over the internet.
 */
export type Reach = "public" | "private" | "metadata";

function listOf(subnets: readonly (readonly [net: string, bits: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, bits] of subnets) list.addSubnet(net, bits, isIPv6(net) ? "ipv6" : "ipv4");
  return list;
}

/** Of AWS and most others, of AWS's containers, of Alibaba, and of AWS over IPv6. */
const METADATA = listOf([
  ["169.254.169.254", 32],
  ["169.254.170.2", 32],
  ["100.100.100.200", 32],
  ["fd00:ec2::254", 128],
]);

/** https://www.iana.org/assignments/iana-ipv4-special-registry, multicast and what is reserved. */
const SPECIAL_IPV4 = listOf([
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
]);

/** All that the internet has of IPv6, and https://www.iana.org/assignments/iana-ipv6-special-registry within. */
const GLOBAL_IPV6 = listOf([["2000::", 3]]);
const SPECIAL_IPV6 = listOf([
  ["2001::", 23],
  ["2001:db8::", 32],
  // It may lead to any IPv4 address.
  ["2002::", 16],
  ["3fff::", 20],
]);

/** An IPv4 address inside an IPv6 one, as URLs write that. */
const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/** The reach of an IP address, without brackets; of what is none, `private`. */
export function reachOf(address: string): Reach {
  if (!isIPv6(address)) return reachOfIPv4(address);
  const [bare = ""] = address.split("%");
  const [, high, low] = MAPPED.exec(URL.parse(`http://[${bare}]`)?.hostname ?? "") ?? [];
  if (high !== undefined && low !== undefined) return reachOfIPv4(dottedOf(high, low));
  if (METADATA.check(bare, "ipv6")) return "metadata";
  return GLOBAL_IPV6.check(bare, "ipv6") && !SPECIAL_IPV6.check(bare, "ipv6") ? "public" : "private";
}

function reachOfIPv4(address: string): Reach {
  if (METADATA.check(address)) return "metadata";
  return isIPv4(address) && !SPECIAL_IPV4.check(address) ? "public" : "private";
}

/** Of two groups of hexadecimal digits. */
function dottedOf(...groups: readonly string[]): string {
  return groups
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join(".");
}
