import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { html, type Markup, stateBadge } from '../design/index.ts';
import { shorten } from '../formats.ts';

/** One render: its image or its state, its prompt, a link to its page. @param thumbnail the path of its thumbnail */
export function createTile(
  { renderId, status, request, progress }: RenderSnapshot,
  thumbnail: string = `/v1/renders/${renderId}/thumbnail`,
): Markup {
  const { prompt } = request;
  const content =
    status === 'completed'
      ? html`<img src="${thumbnail}" alt="" loading="lazy" decoding="async">`
      : html`<span class="soft">${status === 'rendering' || status === 'storing' ? `${progress} %` : 'no image'}</span>`;
  return html`<a class="tile" href="/renders/${renderId}" title="${shorten(prompt, 300)}"><span class="frame">${content}</span>
<span class="name">${shorten(prompt, 80)}</span>${stateBadge(status)}</a>\n`;
}
