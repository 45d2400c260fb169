import { refuseDeepNesting } from "@lineshaft/core";
import type { Fact } from "@lineshaft/core";
import type { MqttSubscription } from "./options.ts";
import type { Publish } from "./packets.ts";
import { compileTopic } from "./topic-template.ts";
import type { TopicTemplate } from "./topic-template.ts";

/** A subscription, ready for use. */
export interface Route {
  subscription: MqttSubscription;
  template: TopicTemplate;
  contract: string;
  /** What the broker is asked for: `$share/hub/plant/+/completion`. */
  filter: string;
}

export function compileRoute(subscription: MqttSubscription): Route {
  const { topic, contract, shared } = subscription;
  const template = compileTopic(topic);
  return {
    subscription,
    template,
    contract: typeof contract === "string" ? contract : contract.id,
    filter: shared === undefined ? template.filter : `$share/${shared}/${template.filter}`,
  };
}

/** W3C Trace Context, §3.2. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** Longest correlation shown with a fact, in bytes. */
const CORRELATION_BYTES = 64;

/**
 * The fact a message carries, by the first subscription its topic belongs to; undefined when it belongs to none.
 * User property `id` is the fact's own id, `traceparent` its trace.
 */
export function factOf(publish: Publish, routes: readonly Route[]): Fact | undefined {
  for (const { template, subscription, contract } of routes) {
    const fields = template.match(publish.topic);
    if (fields === undefined) continue;
    const id = userProperty(publish, "id");
    const trace = userProperty(publish, "traceparent");
    const fact = {
      contract,
      raw: publish.payload,
      fields: withUserProperties(fields, publish, subscription.userProperties),
      origin: originOf(publish),
      ...(id && { id }),
      ...(trace !== undefined && TRACEPARENT.test(trace) && { trace }),
      ...(subscription.translate && { translate: subscription.translate }),
    };
    return publish.cut ? { ...fact, translate: refuseCut } : refuseDeepNesting(fact);
  }
  return undefined;
}

/** A payload without its end may still parse by chance; it must not pass for the whole. */
function refuseCut(): never {
  throw new Error("The message is longer than the source's packetBytes. Send smaller ones, or raise the limit.");
}

function userProperty(publish: Publish, name: string): string | undefined {
  return publish.properties.user.find((property) => property[0] === name)?.[1];
}

function withUserProperties(
  fields: Record<string, string>,
  publish: Publish,
  wanted: MqttSubscription["userProperties"],
): Record<string, string> {
  for (const [field, name] of Object.entries(wanted ?? {})) {
    const value = userProperty(publish, name);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

/** Topic, and the sender's correlation where it is text a person can read. */
function originOf(publish: Publish): string {
  const { correlationData } = publish.properties;
  if (!correlationData?.length || correlationData.length > CORRELATION_BYTES) return publish.topic;
  const text = correlationData.toString("utf8");
  return /^[\x20-\x7e]+$/.test(text) ? `${publish.topic} (correlation ${text})` : publish.topic;
}
