/** The id of an entity, such as `binary_sensor.front_door`. */
import { z } from "zod";

export const EntityId = z
  .string()
  .max(255)
  .regex(/^[a-z0-9_]+\.[a-z0-9_]+$/, "is not an entity's id, such as binary_sensor.front_door");
