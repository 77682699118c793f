/** What tests ask a Home Assistant over its REST interface. */
import type { z } from "zod";

interface Request {
  readonly token?: string;
  readonly json?: object;
  readonly form?: URLSearchParams;
}

/** Asks a Home Assistant; throws on any answer but a success. */
export async function ask<T>(
  url: string,
  path: string,
  shape: z.ZodType<T>,
  { token, json, form }: Request = {},
): Promise<T> {
  const reply = await fetch(url + path, {
    method: json || form ? "POST" : "GET",
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json && { "content-type": "application/json" }),
    },
    ...((json || form) && { body: form ?? JSON.stringify(json) }),
  });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return shape.parse(await reply.json());
}
