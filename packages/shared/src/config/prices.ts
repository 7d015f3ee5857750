import type { Settings } from './settings.ts';

/** The provider's price of a render, in micro-dollars, from the settings. */
export function getRenderPrice(settings: Pick<Settings, 'PRICES'>, resolution: '1K' | '2K' | '4K'): number {
  const [small, medium, large] = settings.PRICES;
  return { '1K': small, '2K': medium, '4K': large }[resolution];
}
