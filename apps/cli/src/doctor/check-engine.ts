import type { Settings } from '@darkroom/shared/config';
import type { Engine, EngineAdvice, EngineFacts } from '@darkroom/shared/engine';
import { type Check, fail, ok, type Patient, runCheck, warn } from './check.ts';
import { checkSkew } from './check-clock.ts';

const PING_MS = 5_000;
const SAMPLES = 5;
const SLOW_MS = 20;

/** Checks the server of the queue: reachable, version, eviction, persistence, latency, clock. */
export async function checkEngine({ engine, settings, clock }: Patient): Promise<Check[]> {
  if (!engine) return [];
  const remedy = 'Check that Redis runs, that this machine reaches it, and QUEUE_URL.';
  return await runCheck('queue', remedy, async () => {
    await engine.ping(PING_MS);
    const facts = await engine.readFacts();
    const { latencyMs, skewMs } = await measureServer(engine, clock);
    return [
      checkVersion(engine, facts),
      checkEviction(facts),
      checkPersistence(facts, settings),
      latencyMs > SLOW_MS
        ? warn(
            'queue latency',
            `A command takes ${latencyMs.toFixed(1)} ms`,
            'Run Redis closer to the workers: every step of a render sends several commands.',
          )
        : ok('queue latency', `A command takes ${latencyMs.toFixed(1)} ms`),
      checkSkew('queue clock', 'Redis', skewMs),
      ...listOtherAdvice(facts.advice),
    ];
  });
}

/** The median latency, and the difference of the clocks by the fastest answer. */
async function measureServer(engine: Engine, clock: Patient['clock']) {
  const samples: { latencyMs: number; skewMs: number }[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const [sentAt, startedAt] = [clock.now(), performance.now()];
    const time = await engine.readTime();
    const latencyMs = performance.now() - startedAt;
    samples.push({ latencyMs, skewMs: time - (sentAt + latencyMs / 2) });
  }
  samples.sort((one, other) => one.latencyMs - other.latencyMs);
  return {
    latencyMs: samples[Math.floor(SAMPLES / 2)]?.latencyMs ?? 0,
    skewMs: samples[0]?.skewMs ?? 0,
  };
}

const findAdvice = ({ advice }: EngineFacts, topic: EngineAdvice['topic']) =>
  advice.find((one) => one.topic === topic)?.text;

function checkVersion(engine: Engine, facts: EngineFacts): Check {
  const text = findAdvice(facts, 'version');
  return text
    ? warn('queue', text, 'Update Redis.')
    : ok('queue', `${facts.server} at ${engine.description} answers`);
}

function checkEviction(facts: EngineFacts): Check {
  const text = findAdvice(facts, 'eviction');
  if (text)
    return fail('eviction', text, 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.');
  return facts.evictionPolicy
    ? ok('eviction', `maxmemory-policy is ${facts.evictionPolicy}`)
    : warn('eviction', 'Redis does not report its maxmemory-policy', 'Make sure that it is noeviction.');
}

const PERSISTENCE_REMEDY = 'Set appendonly to yes and appendfsync to everysec (infra/redis.conf).';

/** What the persistence of Redis means for accepted renders (I1) depends on the intake journal. */
function checkPersistence(facts: EngineFacts, settings: Settings): Check {
  const isJournalOn = settings.INTAKE_JOURNAL === 'on';
  const text = findAdvice(facts, 'persistence');
  if (facts.appendOnly === undefined)
    return warn(
      'persistence',
      'Redis does not report whether it has an append-only file',
      PERSISTENCE_REMEDY,
    );
  if (!text) {
    const effect = isJournalOn
      ? 'accepted renders survive its loss, too: they are in the intake journal'
      : 'a power loss can lose the accepted renders of the last seconds: the intake journal is off';
    return ok('persistence', `Redis writes an append-only file; ${effect}`);
  }
  if (settings.QUEUE_SYNC === 'waitaof' && !facts.appendOnly)
    return fail(
      'persistence',
      'QUEUE_SYNC is waitaof, but Redis has no append-only file: no render is accepted',
      PERSISTENCE_REMEDY,
    );
  return isJournalOn
    ? warn(
        'persistence',
        `${text.split(':')[0]}. A crash of Redis loses no accepted render, because the intake journal has them (I1); it loses pauses and webhooks, and every render waits for a restore`,
        PERSISTENCE_REMEDY,
      )
    : fail(
        'persistence',
        `${text.split(':')[0]}, and INTAKE_JOURNAL is off: a crash of Redis loses accepted renders (I1)`,
        `${PERSISTENCE_REMEDY} Or set INTAKE_JOURNAL to on.`,
      );
}

function listOtherAdvice(advice: readonly EngineAdvice[]): Check[] {
  return advice.flatMap(({ topic, text }) => {
    if (topic === 'timers') return [warn('queue timers', text, 'Set hz to 100 (infra/redis.conf).')];
    return topic === 'role'
      ? [fail('queue role', text, 'Set QUEUE_URL to the master, or use Sentinel.')]
      : [];
  });
}
