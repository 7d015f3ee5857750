// Catalogues: reports of their runs, and reviews of their images.
//
// find-catalogue.ts  which catalogue a path names, for which tenant
// report-routes.ts   the paths of reports and reviews
// serve-report.ts    report.html and its files, from the store
// reviews.ts         reads and stores reviews
export { registerReports } from './report-routes.ts';
