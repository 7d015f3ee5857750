import { cataloguePrefix } from '../manifest/index.ts';
import { createDataScript } from './data-script.ts';

/**
 * Where a report is opened from. Only the file `report/place.js` depends on it: the API and an export have their own.
 *
 * - `store`: from the bucket or its folder, below `catalogues/<tenant>/<name>/runs/<run>/`
 * - `api`: from `GET /v1/catalogues/{name}/runs/{run}/report.html`
 * - `export`: from a folder with all images in `images/`, their thumbnails in `thumbnails/`, and previous images in `previous/`
 */
export type PlaceKind = 'store' | 'api' | 'export';

/** Paths relative to the page. The script of the page replaces `{render}` and `{name}`. */
interface Place {
  kind: PlaceKind;
  /** Keys of images that start with this are in `../`: each run of the catalogue has its own folder. */
  runs: string;
  /** Every image. Null: its key says where it is. */
  image: string | null;
  /** An image with another key. Followed by the key, unless it has `{render}`. */
  other: string;
  previous: string | null;
  thumbnail: string;
  /** Where reviews are sent. Null: the browser keeps them, and a person downloads them. */
  reviews: string | null;
}

/** From the folder of a run to the root of the store. */
const ROOT = '../../../../../';
/** From the path of a run in the API to `/v1/renders/`. */
const RENDERS = '../../../../renders/';

function createPlace(kind: PlaceKind, { tenant, name }: { tenant: string; name: string }): Place {
  const runs = `${cataloguePrefix(tenant, name)}runs/`;
  switch (kind) {
    case 'store': {
      const thumbnail = `${ROOT}thumbnails/{render}.webp`;
      return { kind, runs, image: null, other: ROOT, previous: null, thumbnail, reviews: null };
    }
    case 'api': {
      const thumbnail = `${RENDERS}{render}/thumbnail`;
      const other = `${RENDERS}{render}/image`;
      return { kind, runs, image: null, other, previous: null, thumbnail, reviews: '../../reviews' };
    }
    case 'export':
      return {
        kind,
        runs,
        image: 'images/{name}',
        other: '',
        previous: 'previous/{name}',
        thumbnail: 'thumbnails/{render}.webp',
        reviews: null,
      };
  }
}

/** `report/place.js`. */
export const createPlaceScript = (kind: PlaceKind, catalogue: { tenant: string; name: string }): string =>
  createDataScript('place', createPlace(kind, catalogue));
