import { cleanup, tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openLinkSigner, type SignedLink } from '../../src/keys/index.ts';
import { openStore } from '../../src/object-store/index.ts';
import { type Clock, systemClock } from '../../src/runtime/index.ts';

const PATH = '/v1/renders/rnd_1/image';

async function open() {
  let now = 1_000_000;
  const clock: Clock = { ...systemClock, now: () => now };
  const dataDir = await tempDir();
  const store = async () => {
    const opened = await openStore({ dataDir, clock });
    cleanup(() => opened.close());
    return opened;
  };
  const set = (ms: number) => {
    now = ms;
  };
  return { clock, store, set };
}

function parseLink(text: string): SignedLink {
  const url = new URL(text, 'http://here');
  const readParam = (name: string) => url.searchParams.get(name) ?? '';
  return {
    path: url.pathname,
    tenant: readParam('tenant'),
    expiresAt: readParam('expires'),
    signature: readParam('signature'),
  };
}

test("all processes of a store accept each other's links until they expire, also when they create the secret together", async () => {
  const { clock, store, set } = await open();
  const [one, other] = [openLinkSigner(await store(), clock), openLinkSigner(await store(), clock)];
  const [a, b] = await Promise.all([one.sign(PATH, 'shop', 1_000_500), other.sign(PATH, 'shop', 1_000_500)]);
  expect(a).toBe(b);
  expect(await one.verify(parseLink(b))).toBe(true);
  expect(await other.verify(parseLink(a))).toBe(true);
  set(1_000_499);
  expect(await one.verify(parseLink(a))).toBe(true);
  set(1_000_500);
  expect(await one.verify(parseLink(a))).toBe(false);
});

test.each<[string, (link: SignedLink) => Partial<SignedLink>]>([
  ['path', () => ({ path: '/v1/renders/rnd_2/image' })],
  ['tenant', () => ({ tenant: 'press' })],
  ['time', ({ expiresAt }) => ({ expiresAt: String(Number(expiresAt) + 1) })],
  ['notation of the time', ({ expiresAt }) => ({ expiresAt: `0${expiresAt}` })],
  ['border between path and tenant', () => ({ path: `${PATH}\nshop`, tenant: '' })],
  ['signature', ({ signature }) => ({ signature: signature.replace(/.$/, '') })],
  ['absent signature', () => ({ signature: '' })],
])('verify() refuses a link with another %s', async (_, change) => {
  const { clock, store } = await open();
  const signer = openLinkSigner(await store(), clock);
  const link = parseLink(await signer.sign(PATH, 'shop', 2_000_000));
  expect(await signer.verify(link)).toBe(true);
  expect(await signer.verify({ ...link, ...change(link) })).toBe(false);
});

test('verify() refuses a link of another store', async () => {
  const [one, other] = await Promise.all([open(), open()]);
  const link = await openLinkSigner(await one.store(), one.clock).sign(PATH, 'shop', 2_000_000);
  expect(await openLinkSigner(await other.store(), other.clock).verify(parseLink(link))).toBe(false);
});
