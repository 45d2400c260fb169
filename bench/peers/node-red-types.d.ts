/** What the adapter uses of node-red; the package has no types of its own. */
declare module "node-red" {
  import type { EventEmitter } from "node:events";
  import type { Server } from "node:http";
  const runtime: {
    events: EventEmitter;
    init(server: Server, settings: object): void;
    start(): Promise<void>;
    stop(): Promise<void>;
  };
  export default runtime;
}
