/** Colours that go together: sky from top to horizon, the light, and the ground from far to near. */
export interface Palette {
  sky: readonly [string, string, string];
  light: string;
  ground: readonly [string, string];
}

export const PALETTES: readonly Palette[] = [
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

function parseChannels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour at `share` of the way from `a` to `b`. */
export function mixColors(a: string, b: string, share: number): string {
  const [from, to] = [parseChannels(a), parseChannels(b)];
  const mixed = from.map((value, index) => Math.round(value + ((to[index] ?? 0) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
