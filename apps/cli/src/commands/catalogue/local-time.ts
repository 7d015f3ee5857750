/** A time in a time zone, for people: `2026-11-27 01:00 Europe/Berlin`. */
export function formatLocalTime(time: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return `${format.format(Date.parse(time))} ${timeZone}`;
}
