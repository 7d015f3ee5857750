// home.ts   the page at /
export * from './home.ts';
