import type { TagChange, TagValue } from "@lineshaft/core";
import { seededRandom } from "@lineshaft/testing";

/** 2026-01-05T06:30+01:00. */
const START = Date.UTC(2026, 0, 5, 5, 30);

/** What a hall of presses says: mostly counters and measured values, now and then a flag, seldom a stop. In batches. */
export function* hallChanges(options: {
  units: number;
  changes: number;
  perSecond: number;
  batch: number;
}): Generator<readonly TagChange[]> {
  const { units, changes, perSecond, batch } = options;
  const random = seededRandom(7);
  const presses = Array.from({ length: units }, (_, i) => ({
    prefix: `ns=2;s=Press${i}.`,
    count: i * 300,
    reject: 0,
    stopped: false,
  }));
  const names = presses.map(({ prefix }) => ({
    count: `${prefix}count`,
    reject: `${prefix}reject`,
    state: `${prefix}state`,
    fault: `${prefix}fault`,
    pressure: `${prefix}pressure`,
    power: `${prefix}power`,
    order: `${prefix}order`,
  }));
  let made: TagChange[] = [];
  for (let n = 0; n < changes; n++) {
    const index = n % units;
    const [press, name] = [presses[index], names[index]];
    if (press === undefined || name === undefined) continue;
    const turn = Math.floor(n / units);
    const time = START + Math.floor((n * 1_000) / perSecond);
    const draw = random();
    let [tag, value]: [string, TagValue] = [name.power, 10 + draw * 5];
    if (turn === 0) [tag, value] = [name.order, `MO-${index}`];
    else if (turn === 1) [tag, value] = [name.state, 1];
    else if (draw < 0.4) [tag, value] = [name.count, (press.count = (press.count + 2) % 65_536)];
    else if (draw < 0.41) [tag, value] = [name.reject, ++press.reject];
    else if (draw < 0.7) [tag, value] = [name.pressure, 60 + draw * 100];
    else if (draw < 0.7002) {
      press.stopped = !press.stopped;
      [tag, value] = [name.state, press.stopped ? 2 : 1];
    } else if (draw < 0.701) [tag, value] = [name.fault, draw < 0.7006];
    made.push({ tag, value, quality: "good", sourceTime: time, receivedTime: time });
    if (made.length < batch) continue;
    yield made;
    made = [];
  }
  if (made.length > 0) yield made;
}
