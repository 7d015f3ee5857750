// tell.ts     a webhook's delivery as the API tells it
// choose.ts   which deliveries a call to redeliver means
export * from './choose.ts';
export * from './tell.ts';
