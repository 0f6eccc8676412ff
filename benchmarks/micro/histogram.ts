// Nanoseconds of Histogram.record, for values as a server sees them: spread over many buckets, in no order.
// Run: npm run build:tests && node .build/benchmarks/micro/histogram.js

import { Histogram } from '../../src/observe/histogram.ts';

const SAMPLES = 1 << 16;
const ROUNDS = 200;
const REPETITIONS = 7;

/** Log-uniform from 1 µs to 10 s. */
const valuesUs = Float64Array.from({ length: SAMPLES }, () => Math.exp(Math.random() * Math.log(1e7)));
const histogram = new Histogram();
let checksum = 0;

function measureNs(each: (valueUs: number) => void): number {
  const start = process.hrtime.bigint();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let index = 0; index < SAMPLES; index += 1) each(valuesUs[index] as number);
  }
  return Number(process.hrtime.bigint() - start) / (ROUNDS * SAMPLES);
}

const best = (each: (valueUs: number) => void): number =>
  Math.min(...Array.from({ length: REPETITIONS }, () => measureNs(each)));

const loopNs = best((valueUs) => {
  checksum += valueUs;
});
const recordNs = best((valueUs) => histogram.record(valueUs));

console.log(`record: ${recordNs.toFixed(1)} ns, of which the loop ${loopNs.toFixed(1)} ns`);
console.log(`${histogram.count} values, p99 ${histogram.quantileUs(0.99)} µs (checksum ${checksum > 0})`);
