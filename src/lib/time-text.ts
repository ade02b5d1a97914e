const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

const MINUTE_MS = 60_000;

/**
 * A vendor's time as RFC 3339 in UTC (`2022-06-27T07:23:10Z`): understands `Z`, `+08:00` and `+0800` (`upstreams/ci-jobs.md`
 * section 2). Whole seconds, with milliseconds only when the text has a fraction. Null, empty, `-` and anything that is
 * no such time give null, never an exception.
 */
export function utcTimeOf(text: string | null): string | null {
  const match = TIME.exec(text?.trim() ?? '');
  if (match === null) {
    return null;
  }
  const [, year, month, day, hour, minute, second, fraction] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const localMs = Date.parse(`${local}Z`);
  // Date accepts the 30th of February and rolls it over; a text that does not survive the round trip is no date.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString().slice(0, 19) !== local) {
    return null;
  }
  const offsetMs = offsetMsOf(match[8], match[9], match[10]);
  if (offsetMs === null) {
    return null;
  }
  const utc = offsetMs === 0 ? local : new Date(localMs - offsetMs).toISOString();
  // An offset at either end of time leads to a year that RFC 3339 cannot write.
  if (!/^\d{4}-/.test(utc)) {
    return null;
  }
  const milliseconds = fraction === undefined ? '' : `.${fraction.slice(0, 3).padEnd(3, '0')}`;
  return `${utc.slice(0, 19)}${milliseconds}Z`;
}

/** Whole seconds since the epoch as `YYYY-MM-DDTHH:MM:SS+0800`, the form that Cloud Infinite prints and expects. */
export function chinaTimeText(epochSeconds: number): string {
  const shifted = new Date(epochSeconds * 1_000 + 8 * 60 * MINUTE_MS);
  return `${shifted.toISOString().slice(0, 19)}+0800`;
}

function offsetMsOf(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) {
    return 0;
  }
  const [h, m] = [Number(hours), Number(minutes)];
  if (h > 23 || m > 59) {
    return null;
  }
  return (sign === '-' ? -1 : 1) * (h * 60 + m) * MINUTE_MS;
}
