import { renderDetailSchema, renderListSchema } from '@darkroom/api';
import { drawRenderId } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { putImage, putReceipt } from '../support/contract/contract-fixture.ts';
import { openHarness } from '../support/harness.ts';

const WARNING = 'aspect ratio: expected 1:1, received 512x320';

requires('redis').describe('an image that differs from its request', () => {
  test('the API, its list and the page of the render show the warnings of the image', async () => {
    const harness = await openHarness();
    const renderId = drawRenderId();
    const image = { ...(await putImage(harness, renderId)), warnings: [WARNING] };
    await putReceipt(harness, { renderId, image });
    const one = renderDetailSchema.parse(await (await harness.get(`/v1/renders/${renderId}`)).json());
    expect(one.image?.warnings).toEqual([WARNING]);
    const list = renderListSchema.parse(await (await harness.get('/v1/renders')).json());
    expect(list.data.map((render) => render.image?.warnings)).toEqual([[WARNING]]);
    const page = await (await harness.get(`/renders/${renderId}`, { accept: 'text/html' })).text();
    expect(page).toContain(`<strong>Differs from the request</strong>: ${WARNING}`);
  });

  test('an image that has what was requested has no warnings, in the API and on the page', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness);
    const one = renderDetailSchema.parse(await (await harness.get(`/v1/renders/${renderId}`)).json());
    expect(one.image).not.toHaveProperty('warnings');
    expect(await (await harness.get(`/renders/${renderId}`)).text()).not.toContain('Differs from');
  });
});
