// forecast.ts  the queue position and the ETA of a render (main decision: createForecast)
// eta.ts       …the estimate (pure)
export { createForecast, type Forecast, type ReadForecast } from './forecast.ts';
