import { TOKENS } from './tokens.ts';

const BASE = `
/* Ids must be shown letter by letter. */
* { box-sizing: border-box; font-variant-ligatures: none; }
html { background: var(--page); color: var(--ink); }
body { font: var(--text-m)/1.55 var(--font); max-width: 84rem; margin: 0 auto; padding: 0 var(--space-5) 4rem; }
a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--soft); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--rendering); outline-offset: 2px; }
h1 { font-size: var(--text-xl); line-height: 1.3; margin: var(--space-4) 0 var(--space-2); overflow-wrap: anywhere; }
h2 { font-size: var(--text-l); margin: var(--space-6) 0 var(--space-3); }
p { margin: var(--space-2) 0; overflow-wrap: anywhere; }
.soft, dt, time { color: var(--soft); }
.failed { color: var(--failed); }
code, pre { font: .9em/1.5 var(--mono); font-variant-ligatures: none; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: var(--space-4); overflow-x: auto; white-space: pre-wrap; }
/* The default underline hides underscores. */
a:has(> code) { text-underline-offset: .4em; } td code { overflow-wrap: normal; } li code { white-space: pre-wrap; }
time, .number, .stat strong { font-variant-numeric: tabular-nums; }`;

const FRAME = `
.top { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-4); align-items: center; padding: var(--space-3) 0; border-bottom: 1px solid var(--line); }
.top a { text-decoration: none; color: var(--soft); padding: var(--space-1) 0; }
.top a:hover, .top a[aria-current] { color: var(--ink); } .top a[aria-current] { box-shadow: 0 2px 0 var(--brand); }
.top form { margin: 0; } button.link { border: 0; background: none; padding: var(--space-1) 0; font-weight: 400; color: var(--soft); } button.link:hover { color: var(--ink); text-decoration: underline; }
.top .home { font-weight: 700; color: var(--ink); display: inline-flex; gap: var(--space-2); align-items: center; margin-right: auto; }
.home svg { width: 1.25rem; height: 1.25rem; }`;

const ELEMENTS = `
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: var(--space-4); }
.card > :first-child { margin-top: 0; } .card > :last-child { margin-bottom: 0; }
.error, .problem { border-left: .25rem solid var(--failed); } .warning { border-left: .25rem solid var(--warning); }
.stack { display: grid; gap: var(--space-3); grid-template-columns: minmax(0, 1fr); }
.badge { display: inline-flex; gap: .35em; align-items: center; padding: .1rem .6rem; border: 1px solid; border-radius: 1rem; font-size: var(--text-s); font-weight: 600; white-space: nowrap; }
.badge svg { width: .8em; height: .8em; flex: none; }
.queued { color: var(--queued); } .rendering, .pending { color: var(--rendering); } .storing { color: var(--storing); }
.completed, .delivered { color: var(--completed); } .badge.failed { color: var(--failed); } .canceled { color: var(--canceled); }
.stats { display: grid; gap: var(--space-3); grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
.stat { display: block; text-decoration: none; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: var(--space-3) var(--space-4); }
a.stat:hover { border-color: var(--soft); }
.stat span { display: block; color: var(--soft); font-size: var(--text-s); } .stat strong { display: block; font-size: var(--text-xxl); line-height: 1.2; font-weight: 600; }
.empty { border: 1px dashed var(--line); border-radius: var(--radius); padding: var(--space-5); text-align: center; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: var(--text-s); color: var(--soft); }
td, th { padding: var(--space-2) var(--space-4) var(--space-2) 0; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child th { border-top: 0; } .number { text-align: right; white-space: nowrap; } .pair { white-space: nowrap; } th.number { color: inherit; font-size: inherit; }
ol, ul { list-style: none; margin: 0; padding: 0; }
li { padding: var(--space-2) 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; } li:first-child { border-top: 0; }
dl { display: grid; grid-template-columns: fit-content(11rem) minmax(0, 1fr); gap: var(--space-1) var(--space-5); margin: 0; }
dt { overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
progress { width: 100%; height: .6rem; accent-color: var(--rendering); }
button, .button { font: inherit; font-weight: 600; color: var(--ink); background: var(--page); border: 1px solid var(--soft); border-radius: var(--radius); padding: .35rem .9rem; cursor: pointer; text-decoration: none; display: inline-block; }
button:hover, .button:hover { border-color: var(--ink); }
input, select { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: var(--radius); padding: .35rem .6rem; max-width: 100%; min-height: 2.3rem; }
input[type=radio], input[type=checkbox] { padding: 0; min-height: 0; } fieldset { border: 1px solid var(--line); border-radius: var(--radius); padding: var(--space-3) var(--space-4); margin: 0; min-width: 0; }
form { margin: 0; }
.filters { display: flex; flex-wrap: wrap; gap: var(--space-3); align-items: end; } .filters label { display: grid; font-size: var(--text-s); color: var(--soft); }
button.primary { background: var(--ink); color: var(--page); border-color: var(--ink); }
.narrow { max-width: 32rem; }
.actions { display: flex; flex-wrap: wrap; gap: var(--space-3); align-items: center; margin: var(--space-4) 0; } .action { display: inline-flex; flex-wrap: wrap; gap: var(--space-2); align-items: center; }
.row { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-4); align-items: center; } .between { justify-content: space-between; }
.views { display: inline-flex; border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.views a { padding: .25rem .9rem; text-decoration: none; color: var(--soft); } .views a[aria-current] { background: var(--line); color: var(--ink); font-weight: 600; }
.filters label { min-width: 0; max-width: 100%; } .filters .row label { display: inline-flex; gap: var(--space-1); align-items: center; }
summary { cursor: pointer; font-weight: 600; } .filter[open] > summary { margin-bottom: var(--space-3); }
/* Filters are always open where there is space. */
@media (min-width: 40.01rem) { @supports selector(::details-content) { .filter > summary { display: none; } .filter::details-content { content-visibility: visible; } } }
/* A form has two columns. A row of a table becomes a block: its values stand below each other, each with its name. */
@media (max-width: 40rem) {
  .filters { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); } .filters .row, .filters label:has([type=datetime-local]) { grid-column: 1 / -1; }
  .filters input:not([type=checkbox]), .filters select { width: 100%; }
  .rows table, .rows tbody, .rows tr, .rows td { display: block; } .rows tr:first-child { display: none; }
  .rows tr { border-top: 1px solid var(--line); padding: var(--space-3) 0; } .rows tr:nth-child(2) { border-top: 0; }
  .rows td { position: relative; min-height: 1.6rem; border: 0; padding: .1rem 0 .1rem 6.5rem; overflow-wrap: anywhere; } .rows td:empty { display: none; } .rows td code { overflow-wrap: anywhere; } .pair { white-space: normal; }
  .rows td::before { content: attr(data-head); position: absolute; left: 0; width: 6rem; color: var(--soft); font-size: var(--text-s); }
}`;

const IMAGES = `
.image { display: block; max-width: 100%; width: auto; height: auto; max-height: 50rem; background: var(--card); border-radius: var(--radius); border: 1px solid var(--line); }
.gallery { display: grid; gap: var(--space-4); grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
/* The box of a tile is on its image. */
.pick { position: relative; min-width: 0; } .pick > input { position: absolute; z-index: 1; left: var(--space-2); top: var(--space-2); width: 1.25rem; height: 1.25rem; accent-color: var(--brand); }
.acts { margin-top: var(--space-4); }
.tile { display: block; text-decoration: none; min-width: 0; }
.tile .frame { display: grid; place-items: center; aspect-ratio: 1; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.tile:hover .frame { border-color: var(--soft); } .tile img { width: 100%; height: 100%; object-fit: contain; }
.tile .name { display: block; margin: var(--space-2) 0 var(--space-1); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.columns { display: grid; gap: var(--space-5); margin-top: var(--space-5); grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { .columns.two { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: var(--space-6); } }
.columns h2 { margin-top: 0; }`;

const CHARTS = `
.timeline { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 var(--space-4); }
.step { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; }
.step > :first-child { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { grid-column: 2; display: block; width: 100%; height: .5rem; margin-top: .2rem; border-radius: .15rem; background: var(--card); }
.bar rect { fill: var(--rendering); }
@media (max-width: 40rem) {
  body { padding: 0 var(--space-4) 3rem; }
  .timeline { grid-template-columns: minmax(0, 1fr); } .bar { grid-column: 1; } .step > :first-child { text-align: left; }
  .gallery { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: var(--space-3); }
}
.chart { display: block; width: 100%; height: 7rem; } .chart .done { fill: var(--completed); } .chart .dead { fill: var(--failed); }
.chart .axis { fill: var(--line); }
.legend { display: flex; justify-content: space-between; color: var(--soft); font-size: var(--text-s); font-variant-numeric: tabular-nums; }`;

/** The style sheet of every page. */
export const PAGE_STYLES = [TOKENS, BASE, FRAME, ELEMENTS, IMAGES, CHARTS].join('\n');
