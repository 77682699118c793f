/** The time at a camera, as the people who live there say it. */

/** The hours that count as night, on the camera's clock: from 23:00 until 05:00. */
export const NIGHT = { from: 23, to: 5 } as const;

export interface LocalTime {
  /** In English: `Friday`. */
  readonly weekday: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** `HH:MM:SS`. */
  readonly time: string;
  /** 0 to 23. */
  readonly hour: number;
}

/** An ISO time on the clock of an IANA time zone. */
export function localTime(iso: string, timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const parts = format.formatToParts(new Date(iso)).map(({ type, value }) => [type, value] as const);
  const { weekday = "", year, month, day, hour, minute, second } = Object.fromEntries(parts);
  return {
    weekday,
    date: `${year}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    hour: Number(hour),
  };
}

/** The hour, 0 to 23, of an ISO time on the clock of an IANA time zone. */
export function localHour(iso: string, timeZone: string): number {
  return localTime(iso, timeZone).hour;
}

/** Whether an hour (0 to 23) is in the night. */
export function isNight(hour: number): boolean {
  return hour >= NIGHT.from || hour < NIGHT.to;
}
