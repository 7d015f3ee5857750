import type { Resolution, Size } from '../tasks/index.ts';

export interface Dimensions {
  width: number;
  height: number;
}

/** The model's image size at 1K by aspect ratio: about one megapixel, sides are multiples of 16. */
const AT_1K: Record<Size, Dimensions> = {
  '1:1': { width: 1024, height: 1024 },
  '2:3': { width: 848, height: 1264 },
  '3:2': { width: 1264, height: 848 },
  '3:4': { width: 896, height: 1200 },
  '4:3': { width: 1200, height: 896 },
  '4:5': { width: 928, height: 1152 },
  '5:4': { width: 1152, height: 928 },
  '9:16': { width: 768, height: 1376 },
  '16:9': { width: 1376, height: 768 },
  '21:9': { width: 1584, height: 672 },
};

const SCALE: Record<Resolution, number> = { '1K': 1, '2K': 2, '4K': 4 };

export function getDimensions(image: { size: Size; resolution: Resolution }): Dimensions {
  const { width, height } = AT_1K[image.size];
  const scale = SCALE[image.resolution];
  return { width: width * scale, height: height * scale };
}
