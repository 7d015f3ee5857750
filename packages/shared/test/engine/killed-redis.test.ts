import { cleanup, createOwnRedis, tempDir, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';

for (const fsync of ['always', 'everysec']) {
  withOwnRedis(`a Redis with appendfsync ${fsync} that is killed loses no acknowledged job`, async () => {
    const redis = await createOwnRedis('--appendfsync', fsync);
    await redis.start();
    const open = async () => {
      const engine = await openEngine({
        queueUrl: redis.url,
        dataDir: await tempDir(),
        role: 'producer',
        onError: () => undefined,
      });
      cleanup(() => engine.close());
      return engine;
    };
    const queue = (await open()).queue('render');
    for (let job = 0; job < 300; job += 1) await queue.add('1K', {}, { jobId: `job-${job}` });
    await redis.kill();
    await redis.start();
    expect(await (await open()).queue('render').getWaitingCount()).toBe(300);
  });
}
