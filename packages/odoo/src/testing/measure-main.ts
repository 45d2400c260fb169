import { measureBatches, measureNaive } from "./measure.ts";
import { realPeer } from "./peers.ts";
import { Shop } from "./shop.ts";
const real = realPeer();
if (!("peer" in real)) throw new Error(real.reason);
await using shop = await Shop.open(real.peer);
const [count = 40, ...batches] = process.argv.slice(2).map(Number);
await measureBatches(shop, 5, 5);
const naive = process.env["NONAIVE"] ? 1 : await measureNaive(shop, Math.min(count, 40));
console.log(`naive ${naive.toFixed(0)} ms`);
for (const batch of batches) {
  const each = await measureBatches(shop, count, batch);
  console.log(`count ${count} batch ${batch}: ${each.toFixed(1)} ms, ${(naive / each).toFixed(2)}x`);
}
