export { FakeClock, seededRandom, settled } from "./fake-clock.ts";
