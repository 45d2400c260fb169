/**
 * All that this package can ever publish: whether a Sparkplug host is there, and its request that an edge node introduce
 * itself again. The constructor is private, so that no other message can be made, least of all one that writes to a device.
 */
export class Publication {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;

  private constructor(topic: string, payload: Buffer, qos: 0 | 1, retain: boolean) {
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
  }

  /** A host's birth (`online`) or death certificate (Sparkplug 3.0 §6.4.26). `timestamp` in ms since 1970. */
  static state(hostId: string, online: boolean, timestamp: number): Publication {
    return new Publication(`spBv1.0/STATE/${hostId}`, Buffer.from(JSON.stringify({ online, timestamp })), 1, true);
  }

  /**
   * A request for a rebirth (Sparkplug 3.0 §5.9): one metric of a fixed name that is true. The specification would leave
   * out the datatype; common edge nodes read a metric without one as null, and stay silent.
   */
  static rebirth({ group, node }: { group: string; node: string }, timestamp: number): Publication {
    const time = varint(timestamp);
    const name = Buffer.from("Node Control/Rebirth");
    const metric = Buffer.from([0x0a, name.length, ...name, 0x18, ...time, 0x20, BOOLEAN, 0x70, 1]);
    const payload = Buffer.from([0x08, ...time, 0x12, metric.length, ...metric]);
    return new Publication(`spBv1.0/${group}/NCMD/${node}`, payload, 0, false);
  }
}

// The datatype's number.
const BOOLEAN = 11;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
