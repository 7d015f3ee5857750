// Elements and texts. Values of the source are only ever set as text, never as markup.

/** @template {Element} [T=HTMLElement] @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (/** @type {unknown} */ (document.getElementById(id)));

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 */
function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} name */
function shape(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'i');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** @type {Record<State | Verdict, string>} */
const NAMES = {
  new: 'New',
  changed: 'Changed',
  unchanged: 'Unchanged',
  failed: 'Failed',
  not_bought: 'Not bought',
  quarantined: 'Quarantined',
  rejected: 'Rejected',
  approved: 'Approved',
};

const count = new Intl.NumberFormat('en-US');
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** @param {number} micros */
const dollars = (micros) => `$${(micros / 1e6).toFixed(3)}`;

/** @param {number} bytes */
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** What an error of this run means. @type {Record<string, { title: string, meaning: string } | undefined>} */
const meanings = JSON.parse(byId('meanings').textContent ?? '{}');

/** @param {State} state @param {string | undefined} code */
function describeState(state, code) {
  if (code !== undefined && meanings[code]) return meanings[code].title;
  if (state === 'not_bought') return 'Not bought in this run';
  if (state === 'quarantined') return 'Its row is not valid';
  return code === undefined ? NAMES[state] : `${NAMES[state]}: ${code}`;
}

const MAX_DIFF_WORDS = 400;

/**
 * The words of a text, marked where they differ from a text before.
 * @param {string} before @param {string} after @returns {(Node | string)[]}
 */
function markChanges(before, after) {
  const [a, b] = [before, after].map((text) => text.match(/\s+|[^\s]+/g) ?? []);
  if (!a || !b || a.length > MAX_DIFF_WORDS || b.length > MAX_DIFF_WORDS) return [after];
  // The length of the longest common part of the rests of both texts.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      /** @type {Uint16Array} */ (common[i])[j] =
        a[i] === b[j]
          ? (common[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(common[i + 1]?.[j] ?? 0, common[i]?.[j + 1] ?? 0);
  /** @type {{ tag: 'del' | 'ins' | '', text: string }[]} */
  const parts = [];
  /** @param {'del' | 'ins' | ''} tag @param {string | undefined} text */
  const add = (tag, text = '') => {
    const last = parts.at(-1);
    if (last?.tag === tag) last.text += text;
    else parts.push({ tag, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add('', a[i]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) {
      add('del', a[i]);
      i += 1;
    } else {
      add('ins', b[j]);
      j += 1;
    }
  }
  return parts.map(({ tag, text }) => (tag === '' ? text : element(tag, '', text)));
}
