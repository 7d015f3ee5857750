// Data that the page has loaded. Data files are scripts that push a message.

const { catalogue = '', tenant = '', run = '' } = document.body.dataset;
const ITEMS = Number(document.body.dataset.items);
const INDEX_SIZE = Number(document.body.dataset.indexSize);
const FILE_SIZE = Number(document.body.dataset.fileSize);

/** @type {State[]} */
const STATES = ['new', 'changed', 'unchanged', 'failed', 'not_bought', 'quarantined'];

/** All items whose index was loaded, in the order of the source. @type {Row[]} */
const rows = [];

/** Files of details that were loaded, by their number. @type {Map<number, Detail[]>} */
const detailFiles = new Map();

/** Files that are being loaded. @type {Map<number, Promise<Detail[] | undefined>>} */
const loading = new Map();

/** @type {Place} */
let place;

/** @type {Review[]} */
let knownReviews = [];

/** Called after each file of the index. */
let onIndex = () => {};

/** @param {Message} message */
function receive(message) {
  switch (message[0]) {
    case 'place':
      place = message[1];
      break;
    case 'index': {
      const [file, loaded] = message[1];
      loaded.forEach((row, at) => (rows[file * INDEX_SIZE + at] = row));
      onIndex();
      break;
    }
    case 'items':
      detailFiles.set(message[1][0], message[1][1]);
      break;
    case 'reviews':
      knownReviews = message[1];
      break;
  }
}

for (const message of Array.isArray(window.darkroom) ? window.darkroom : []) receive(message);
window.darkroom = { push: receive };

/** @param {string} kind @param {number} file */
const dataPath = (kind, file) => `report/${kind}-${String(file + 1).padStart(4, '0')}.js`;

/** Loads a script. Scripts run in the order of these calls. @param {string} path @returns {Promise<boolean>} */
const loadScript = (path) =>
  new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = path;
    script.async = false;
    script.onload = () => resolve(true);
    script.onerror = () => resolve(false);
    document.head.append(script);
  });

/** Loads the rest of the index. The page itself has loaded the first file. */
async function loadIndex() {
  const files = Array.from({ length: Math.ceil(ITEMS / INDEX_SIZE) - 1 }, (_, at) => at + 1);
  await Promise.all(files.map((file) => loadScript(dataPath('index', file))));
}

/** @param {number} file */
function loadDetails(file) {
  const known = detailFiles.get(file);
  if (known) return Promise.resolve(known);
  const running =
    loading.get(file) ??
    loadScript(dataPath('items', file)).then(() => {
      // After a failure, the next call tries again.
      loading.delete(file);
      return detailFiles.get(file);
    });
  loading.set(file, running);
  return running;
}

/** @param {number} at the place of an item in the source */
const detailOf = (at) => detailFiles.get(Math.floor(at / FILE_SIZE))?.[at % FILE_SIZE];

/** @param {number} at @returns {Promise<Detail | undefined>} */
const loadDetail = async (at) => (await loadDetails(Math.floor(at / FILE_SIZE)))?.[at % FILE_SIZE];

/** @param {string} text with slashes */
const encodePath = (text) => text.split('/').map(encodeURIComponent).join('/');

/** @param {string} template @param {{ name: string, renderId: string | null }} values */
const fillPath = (template, { name, renderId }) =>
  template
    .replace('{name}', encodeURIComponent(name))
    .replace('{render}', encodeURIComponent(renderId ?? ''));

/** Where an image is, seen from the page. @param {Image} image @param {{ name: string, renderId: string | null }} item */
function imagePath(image, item, template = place.image) {
  if (template !== null) return fillPath(template, item);
  // The key has the folder of a run: `<run>/images/<name>`.
  if (image.key.startsWith(place.runs)) return `../${encodePath(image.key.slice(place.runs.length))}`;
  if (place.other.includes('{render}')) return fillPath(place.other, item);
  return place.other + encodePath(image.key);
}

/** @param {string | null} renderId */
const thumbnailPath = (renderId) =>
  renderId === null ? undefined : fillPath(place.thumbnail, { name: '', renderId });
