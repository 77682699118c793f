/** By which of a node's channels a rule tells people. */
import type { Channel } from "../domain/alert.ts";
import { ConfigError } from "../resilience/errors.ts";
import type { AlertRule } from "./rule.ts";

/** The name by which rules choose it. */
export function channelName(channel: Channel): string {
  switch (channel.kind) {
    case "notify":
      return channel.target;
    case "webhook":
      return channel.kind;
  }
}

/** Those that a rule names; all where it names none. */
export function channelsOf({ channels }: AlertRule, all: readonly Channel[]): Channel[] {
  return all.filter((channel) => channels.length === 0 || channels.includes(channelName(channel)));
}

/** @throws ConfigError `NO_SUCH_CHANNEL` */
export function checkChannels(rules: readonly AlertRule[], all: readonly Channel[]): void {
  const names = all.map(channelName);
  for (const rule of rules) {
    const unknown = rule.channels.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw new ConfigError(
      "NO_SUCH_CHANNEL",
      `The rule "${rule.name}" names the channel "${unknown}", and the node has ${names.join(", ") || "none"}`,
    );
  }
}
