import type { RenderRequest } from '@darkroom/client';
import sharp from 'sharp';

/** A request of the sample catalogue, and the status that its render must end with. */
export interface Sample {
  request: RenderRequest;
  endsAs: 'completed' | 'failed';
}

interface Scene extends Pick<RenderRequest, 'prompt' | 'size' | 'resolution'> {
  /** Sends the drawing of a mug as a reference image, as a data URI. */
  reference?: true;
  /** The provider refuses it: its render becomes the example of a dead letter. */
  refused?: true;
}

const SCENES: Scene[] = [
  { prompt: 'Hand-thrown stoneware mug on a linen cloth, soft morning light', size: '1:1' },
  { prompt: 'Walnut lounge chair in an empty loft, late afternoon sun', size: '4:3' },
  { prompt: 'Ceramic pour-over set, steam rising, dark slate background', size: '3:4' },
  { prompt: 'Wool throw folded over a bench, overcast Nordic daylight', size: '3:2', resolution: '2K' },
  { prompt: 'Brass desk lamp at dusk, pool of warm light on an open book', size: '2:3' },
  { prompt: 'Trail running shoes on wet granite, fog lifting over pines', size: '16:9' },
  { prompt: 'Glass terrarium with moss and fern, macro, shallow focus', size: '1:1' },
  { prompt: 'Copper saucepan set, top view, herbs scattered on marble', size: '4:5' },
  { prompt: 'Canvas tote hanging on a peg rail, whitewashed wall', size: '9:16' },
  { prompt: 'Mechanical keyboard, walnut case, rain on the window behind', size: '21:9' },
  {
    prompt: 'The mug from the reference image on a breakfast table outdoors',
    size: '1:1',
    reference: true,
  },
  { prompt: 'Enamel camping kettle over a small fire, blue hour', size: '3:2' },
  { prompt: 'Sea-salt soap bars stacked on driftwood, hard noon light', size: '5:4' },
  { prompt: 'Field watch with a leather strap on an old map', size: '1:1', resolution: '2K' },
  {
    prompt: 'Something that the content policy does not allow [[sim:refuse_content]]',
    size: '1:1',
    refused: true,
  },
  { prompt: 'Linen curtains moving in an open window, harbour beyond', size: '2:3' },
  { prompt: 'Cast-iron skillet with roast carrots, steam, rustic table', size: '4:3' },
  { prompt: 'Bamboo bicycle leaning on a turquoise wall', size: '3:4' },
  { prompt: 'Paper pendant lamp above a round oak table, evening', size: '4:5' },
  { prompt: 'Fountain pen and ink bottle, drops of ink, high contrast', size: '16:9' },
  { prompt: 'Rucksack on a summit cairn, sea of clouds at sunrise', size: '21:9', resolution: '4K' },
  { prompt: 'Sourdough loaf cut open, flour dust in a beam of light', size: '5:4' },
  { prompt: 'Indigo-dyed scarf on a drying line, wind, mountain village', size: '9:16' },
  { prompt: 'Collection shot: mug, kettle, skillet and lamp on one shelf', size: '16:9', resolution: '2K' },
];

/** `count` samples: the scenes, again and again. */
export async function createSamples(count: number): Promise<Sample[]> {
  const reference = await drawReferenceImage();
  return Array.from({ length: count }, (_, index) => {
    const scene = SCENES[index % SCENES.length] as Scene;
    const round = Math.floor(index / SCENES.length);
    return {
      endsAs: scene.refused ? 'failed' : 'completed',
      request: {
        prompt: round === 0 ? scene.prompt : `${scene.prompt}, take ${round + 1}`,
        size: scene.size,
        resolution: scene.resolution ?? '1K',
        priority: 'batch',
        metadata: { sku: `SAMPLE-${String(index + 1).padStart(3, '0')}` },
        ...(scene.reference ? { image_urls: [reference] } : {}),
      },
    };
  });
}

/** A small image of a mug. It is drawn here, so the samples need no file and no network. */
async function drawReferenceImage(): Promise<string> {
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="320">
    <rect width="320" height="320" fill="#e9e2d6"/>
    <ellipse cx="150" cy="262" rx="92" ry="14" fill="#00000022"/>
    <path d="M226 128 q66 6 58 58 q-6 40 -66 38" fill="none" stroke="#5b7f86" stroke-width="18"/>
    <path d="M74 96 h152 l-12 156 q-64 14 -128 0 z" fill="#6f979e"/>
    <ellipse cx="150" cy="96" rx="76" ry="17" fill="#557a81"/>
    <ellipse cx="150" cy="98" rx="64" ry="12" fill="#3b2417"/>
  </svg>`;
  const png = await sharp(Buffer.from(drawing)).png().toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
