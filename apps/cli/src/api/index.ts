// api.ts  the API as the command line uses it
export { type Api, openApi } from './api.ts';
