// nights.ts  the due times of a cron in a time zone, one per local date
export * from './nights.ts';
