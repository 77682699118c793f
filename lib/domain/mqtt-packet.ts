/** A message to publish over MQTT. */
export interface MqttPacket {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** Whether the broker keeps it for later subscribers. */
  readonly retain: boolean;
}
