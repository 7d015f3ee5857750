import type { Failure, Receipt } from '@darkroom/shared/render';
import { openPage, requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { ASKED, putReceipt, putReconciliation, REQUEST } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { putWorker } from '../support/worker-record.ts';

const WIDTHS = [1280, 390];

/** Longer than any line of the page. */
const LONG = 'x'.repeat(300);

const failure: Failure = {
  code: 'submission_unknown',
  message: `no answer from https://files.example.com/${LONG}`,
  step: 'hold',
  at: ASKED,
  chain: [`TypeError: ${LONG}`],
};

const minutes = (count: number) => count * 60_000;

requires('redis', 'browser').describe('the layout of the page of a render', () => {
  let harness: Harness;
  let slow: Receipt;
  let failed: Receipt;
  let page: Awaited<ReturnType<typeof openPage>>['page'];

  beforeAll(async () => {
    harness = await openHarness();
    await putWorker(harness, 'w'.repeat(100));
    ({ page } = await openPage());
    await putReconciliation(harness);
    slow = await putReceipt(harness, {
      finishedAt: ASKED + minutes(4),
      notes: [
        { at: ASKED + minutes(1), text: 'picked up; waits for its turn to be submitted' },
        { at: ASKED + 197_000, text: 'submitted: accepted as task_img_fi_ffl_==' },
      ],
    });
    failed = await putReceipt(harness, {
      status: 'failed',
      finishedAt: ASKED + minutes(60 * 1_000),
      failure,
      purchases: [],
      request: {
        ...REQUEST,
        prompt: LONG.repeat(3),
        images: [{ kind: 'url', url: `https://files.example.com/${LONG}` }],
        metadata: { [LONG.slice(0, 200)]: LONG },
      },
      notes: [{ at: ASKED + minutes(60 * 999), text: `outcome unknown: ${LONG}` }],
    });
  });

  const show = async (path: string, width: number) => {
    await page.setViewportSize({ width, height: 860 });
    await page.goto(harness.url + path);
  };

  test.each(WIDTHS)(
    'no page is wider than a window of %d pixels',
    async (width) => {
      const renders = [slow, failed].map(({ renderId }) => `/renders/${renderId}`);
      for (const path of [
        '/overview',
        '/renders',
        '/audit',
        '/keys',
        '/reconcile',
        '/workers',
        '/runs',
        '/catalogues',
        '/sign-in',
        '/start',
        '/problems',
        '/problems/submission_unknown',
        '/problems/invalid_request',
        ...renders,
      ]) {
        await show(path, width);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect([path, excess]).toEqual([path, 0]);
      }
    },
    60_000,
  );

  test.each(WIDTHS)(
    'no time of the timeline overlaps its text, at %d pixels',
    async (width) => {
      for (const { renderId } of [slow, failed]) {
        await show(`/renders/${renderId}`, width);
        const overlaps = await page.evaluate(() =>
          [...document.querySelectorAll('.step')].flatMap((step) => {
            const [time, text] = [...step.children].map((part) => {
              const range = document.createRange();
              range.selectNodeContents(part);
              return range.getBoundingClientRect();
            });
            if (!time || !text) return ['no time or text'];
            const apart = time.right <= text.left || time.bottom <= text.top + 1;
            return apart ? [] : [step.textContent];
          }),
        );
        expect(overlaps).toEqual([]);
      }
    },
    60_000,
  );

  test('each bar starts where the bar before it ends, up to the end of the timeline', async () => {
    await show(`/renders/${slow.renderId}`, 1280);
    const bars = await page.evaluate(() =>
      [...document.querySelectorAll('.bar')].map((bar) => {
        const whole = bar.getBoundingClientRect();
        const part = bar.querySelector('rect')?.getBoundingClientRect();
        const at = (x = 0) => Math.round(((x - whole.left) / whole.width) * 240);
        return [at(part?.left), at(part?.right)];
      }),
    );
    // In seconds of the four minutes.
    expect(bars).toEqual([
      [0, 60],
      [60, 197],
      [197, 240],
    ]);
  });

  test('the image fills more than half of a wide window, and a narrow one', async () => {
    for (const [width, least] of [
      [1280, 500],
      [400, 350],
    ] as const) {
      await show(`/renders/${slow.renderId}`, width);
      const box = await page.locator('img.image').boundingBox();
      expect(box?.width).toBeGreaterThan(least);
      expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(512 / 320, 1);
    }
  }, 30_000);

  test('ids are shown letter by letter, without ligatures', async () => {
    await show(`/renders/${slow.renderId}`, 1280);
    const ligatures = await page.evaluate(() =>
      [...document.querySelectorAll('.step, code, h1, dd')].map(
        (part) => getComputedStyle(part).fontVariantLigatures,
      ),
    );
    expect(new Set(ligatures)).toEqual(new Set(['none']));
  });
});
