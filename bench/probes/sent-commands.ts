import type { Redis } from 'ioredis';

/**
 * Counts the commands that clients send while `run` runs. A script counts once, without the commands inside it. MONITOR
 * slows Redis down, so the bench measures no times meanwhile.
 */
export async function countSentCommands(
  redis: Redis,
  run: () => Promise<void>,
): Promise<Map<string, number>> {
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
