import type { Redis } from 'ioredis';

/**
 * Counts the commands that clients send, and so the round trips, while `run` runs: scripts once, without what
 * they do inside. MONITOR slows Redis down, so nothing is timed meanwhile.
 */
export async function commandsSent(redis: Redis, run: () => Promise<void>): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source === 'lua') return;
    const name = (args[0] ?? '').toLowerCase();
    sent.set(name, (sent.get(name) ?? 0) + 1);
  });
  try {
    await run();
  } finally {
    monitor.disconnect();
  }
  return sent;
}
