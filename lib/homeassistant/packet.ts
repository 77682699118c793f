/** What Home Assistant is told over MQTT. */
export interface Packet {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** Whether the broker keeps it for subscribers to come. */
  readonly retain: boolean;
}
