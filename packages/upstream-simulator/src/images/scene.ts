import { hash32, type Random, seededRandom } from '../random.ts';
import type { Dimensions } from './dimensions.ts';

/** Colors of one scene: the sky from top to horizon, the light, and the ground from far to near. */
interface Palette {
  sky: readonly [string, string, string];
  light: string;
  ground: readonly [string, string];
}

const PALETTES: readonly Palette[] = [
  { sky: ['#2b1055', '#a5438f', '#ffb88c'], light: '#ffe9c9', ground: ['#8f3f86', '#1d0b3a'] },
  { sky: ['#0f2027', '#2c7a7b', '#b8e0c8'], light: '#f4fff0', ground: ['#3f8a86', '#0a2a33'] },
  { sky: ['#1a2a6c', '#b2475f', '#fdbb5d'], light: '#fff1c4', ground: ['#9a4562', '#16183f'] },
  { sky: ['#355c7d', '#a9748f', '#f8b195'], light: '#fff0e2', ground: ['#7d6386', '#22334f'] },
  { sky: ['#05445e', '#189ab4', '#d4f1f4'], light: '#ffffff', ground: ['#2b8fa8', '#052f42'] },
  { sky: ['#3a1c71', '#d76d77', '#ffc371'], light: '#fff3d6', ground: ['#a2506f', '#230f49'] },
  { sky: ['#134e5e', '#71b280', '#f1f2b5'], light: '#fffde0', ground: ['#5c9c76', '#0c3339'] },
  { sky: ['#232946', '#6a72b5', '#eebbc3'], light: '#fff2f4', ground: ['#6f6fa8', '#15182d'] },
  { sky: ['#42275a', '#a0587e', '#f6d5c3'], light: '#fffaf0', ground: ['#80507c', '#26153a'] },
  { sky: ['#0b3d2e', '#4f9d69', '#f7e3a1'], light: '#fffbe0', ground: ['#4b8a5d', '#06261c'] },
  { sky: ['#5f0f40', '#c8553d', '#fcca7c'], light: '#fff0cf', ground: ['#973a40', '#330821'] },
  { sky: ['#141e30', '#4b6c9a', '#e8cbc0'], light: '#fff6ec', ground: ['#4d6287', '#0d1422'] },
];

const formatNumber = (value: number): string => value.toFixed(1);

/** Draws hills, orbs or arcs as an SVG document. The same prompt always gives the same scene. */
export function drawScene(prompt: string, { width, height }: Dimensions): string {
  const random = seededRandom(hash32(prompt));
  const palette = PALETTES[Math.floor(random() * PALETTES.length)] ?? PALETTES[0];
  if (palette === undefined) throw new Error('no palettes');
  const paint = [drawHills, drawHills, drawOrbs, drawArcs][Math.floor(random() * 4)] ?? drawHills;
  const [top, middle, horizon] = palette.sky;
  const tilt = 0.25 * random();
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<defs><linearGradient id="sky" x1="${formatNumber(tilt)}" y1="0" x2="${formatNumber(0.25 - tilt)}" y2="1">` +
    `<stop offset="0" stop-color="${top}"/><stop offset=".55" stop-color="${middle}"/>` +
    `<stop offset="1" stop-color="${horizon}"/></linearGradient>` +
    `<radialGradient id="glow"><stop offset="0" stop-color="${palette.light}" stop-opacity=".75"/>` +
    `<stop offset=".4" stop-color="${palette.light}" stop-opacity=".22"/>` +
    `<stop offset="1" stop-color="${palette.light}" stop-opacity="0"/></radialGradient></defs>` +
    `<rect width="100%" height="100%" fill="url(#sky)"/>` +
    `${paint(palette, { width, height }, random)}</svg>`
  );
}

function drawSun({ light }: Palette, x: number, y: number, radius: number): string {
  return (
    `<circle cx="${formatNumber(x)}" cy="${formatNumber(y)}" r="${formatNumber(radius * 4.5)}" fill="url(#glow)"/>` +
    `<circle cx="${formatNumber(x)}" cy="${formatNumber(y)}" r="${formatNumber(radius)}" fill="${light}" fill-opacity=".94"/>`
  );
}

function drawHills(palette: Palette, { width, height }: Dimensions, random: Random): string {
  const short = Math.min(width, height);
  const sunX = width * (0.2 + 0.6 * random());
  const parts = [
    drawSun(palette, sunX, height * (0.26 + 0.16 * random()), short * (0.055 + 0.05 * random())),
  ];
  const layers = 5;
  for (let layer = 0; layer < layers; layer++) {
    const share = layer / (layers - 1);
    const base = height * (0.5 + 0.38 * share);
    const swing = height * (0.07 + 0.04 * random()) * (1 - 0.35 * share);
    const waves = [1.2 + random() * 1.6, 2.6 + random() * 2.4];
    const shifts = [random() * 7, random() * 7];
    const at = (x: number): number =>
      base +
      swing * Math.sin((x / width) * Math.PI * (waves[0] ?? 1) + (shifts[0] ?? 0)) +
      swing * 0.45 * Math.sin((x / width) * Math.PI * (waves[1] ?? 1) + (shifts[1] ?? 0));
    const steps = 48;
    const line = Array.from({ length: steps + 1 }, (_, i) => {
      const x = (width * i) / steps;
      return `${formatNumber(x)} ${formatNumber(at(x))}`;
    }).join('L');
    const color = mixColors(
      mixColors(palette.sky[2], palette.ground[0], 0.55),
      palette.ground[1],
      share ** 0.8,
    );
    parts.push(`<path d="M0 ${height}L${line}L${width} ${height}Z" fill="${color}"/>`);
  }
  return parts.join('');
}

function drawOrbs(palette: Palette, { width, height }: Dimensions, random: Random): string {
  const short = Math.min(width, height);
  const parts: string[] = [];
  for (let orb = 0; orb < 16; orb++) {
    const share = orb / 15;
    const radius = short * (0.26 - 0.21 * share) * (0.7 + 0.6 * random());
    const [x, y] = [width * random(), height * (0.02 + 0.8 * random())];
    const color = mixColors(palette.ground[0], palette.light, 0.15 + 0.85 * random());
    parts.push(
      `<circle cx="${formatNumber(x)}" cy="${formatNumber(y)}" r="${formatNumber(radius)}" fill="${color}" fill-opacity="${(0.1 + 0.22 * share).toFixed(2)}"/>`,
      `<circle cx="${formatNumber(x)}" cy="${formatNumber(y)}" r="${formatNumber(radius)}" fill="none" stroke="${palette.light}" stroke-opacity="${(0.12 + 0.2 * share).toFixed(2)}" stroke-width="${formatNumber(short * 0.0025)}"/>`,
    );
  }
  return drawSun(palette, width * (0.3 + 0.4 * random()), height * 0.38, short * 0.05) + parts.join('');
}

function drawArcs(palette: Palette, { width, height }: Dimensions, random: Random): string {
  const short = Math.min(width, height);
  const x = width * (0.3 + 0.4 * random());
  const y = height * (0.66 + 0.14 * random());
  const rings = 8;
  const parts: string[] = [];
  for (let ring = 0; ring < rings; ring++) {
    const share = ring / (rings - 1);
    const radius = short * (0.92 - 0.78 * share);
    const color = mixColors(palette.ground[1], palette.sky[2], share);
    parts.push(
      `<circle cx="${formatNumber(x)}" cy="${formatNumber(y)}" r="${formatNumber(radius)}" fill="${color}" fill-opacity=".52"/>`,
    );
  }
  parts.push(drawSun(palette, x, y - short * 0.02, short * 0.09));
  const ground = mixColors(palette.ground[0], palette.ground[1], 0.75);
  parts.push(
    `<rect y="${formatNumber(y + short * 0.02)}" width="${width}" height="${height}" fill="${ground}"/>`,
  );
  return parts.join('');
}

function parseChannels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The color at `share` of the way from `a` to `b`. */
function mixColors(a: string, b: string, share: number): string {
  const [from, to] = [parseChannels(a), parseChannels(b)];
  const mixed = from.map((value, index) => Math.round(value + ((to[index] ?? 0) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
