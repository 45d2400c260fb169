// What the page says about a status, apart from how it draws it. No document, no network: tests run it as it is.

const count = new Intl.NumberFormat("en");

/** 12345 → 12,345 */
export function number(value) {
  return count.format(value);
}

/** `one` or `many` of something: 1 fact, 2 facts. */
export function counted(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** 14:02:33, with the date in front when it is not today's. */
export function clockTime(ms, now) {
  const at = new Date(ms);
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })} ${time}`;
}

/** How long something lasts: 40 s, 12 min, 3 h 5 min, 2 days. */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** 3 ms, 1.4 s */
export function latency(ms) {
  if (!Number.isFinite(ms) || ms <= 0) return "–";
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

/** How fast a flow is, as a sentence. */
export function flowSpeed({ p50Ms, p99Ms, routes }) {
  if (!routes.some((route) => route.done > 0)) return "Nothing delivered yet.";
  return `From taken to done: half within ${latency(p50Ms)}, 99 of 100 within ${latency(p99Ms)}.`;
}

/** The one headline: tone, title, text. */
export function headline({ hub, parked }) {
  const held = hub.systems.filter((system) => system.breaker !== "closed");
  const parkedCount = hub.systems.reduce((sum, system) => sum + system.backlog.parked, 0);
  const lostSources = hub.systems.flatMap((system) => system.sources).filter((source) => source.state === "waiting");
  if (!hub.ready)
    return { tone: "bad", title: "Not taking facts", text: hub.problem ?? "The hub is starting or stopping." };
  if (hub.problem) return { tone: "warn", title: "Running with a problem", text: hub.problem };
  if (held.length > 0)
    return {
      tone: "warn",
      title: `${list(held.map((system) => system.name))} ${held.length === 1 ? "does" : "do"} not answer`,
      text: "Facts are still taken and kept. They go out when the system is back.",
    };
  if (parkedCount > 0)
    return {
      tone: "warn",
      title: `${counted(parkedCount, "delivery", "deliveries")} ${parkedCount === 1 ? "needs" : "need"} a person`,
      text: parked[0] ? `Oldest: ${parked[0].key} to ${parked[0].system}.` : "Everything else is on its way.",
    };
  if (lostSources.length > 0)
    return {
      tone: "warn",
      title: `${counted(lostSources.length, "source is", "sources are")} not connected`,
      text: "What they would bring in waits there; they are tried again by themselves.",
    };
  return { tone: "good", title: "Everything is on its way", text: "Every fact that was taken is delivered or moving." };
}

/** What stands with one system: tone, sentence, and the technical text behind it where there is one. */
export function systemSentence(system, now) {
  if (system.breaker === "open")
    return {
      tone: "bad",
      text: `Does not answer since ${clockTime(system.since, now)}. ${nextTry(system.nextProbeAt, now)}What comes in for it waits.`,
      technical: system.message,
    };
  if (system.breaker === "probing")
    return { tone: "warn", text: "Trying whether it is back …", technical: system.message };
  const { pending, sending, checking, parked } = system.backlog;
  if (parked > 0)
    return { tone: "warn", text: `Answers. ${counted(parked, "delivery waits", "deliveries wait")} for a person.` };
  if (checking > 0)
    return {
      tone: "warn",
      text: `Answers. Looking up ${counted(checking, "delivery", "deliveries")} of which nobody knows yet.`,
    };
  if (pending + sending > 0) return { tone: "good", text: "Answers. Working." };
  return { tone: "good", text: "Answers. Nothing waits." };
}

/** Where several workers share the work: what this one has of it. */
export function workerSentence({ lanes, workers }) {
  if (workers < 2) return "";
  return ` · one of ${workers} workers, with ${lanes} of 64 lanes. What waits, is stuck or came last is of all of them; counts since the start are of this one.`;
}

/** One source of a system, as a sentence, with the technical text behind it. */
export function sourceSentence(source, now) {
  if (source.state === "running")
    return { text: `Listening on ${source.name}: ${counted(source.facts, "fact")} so far.` };
  if (source.state === "connecting") return { text: `${source.name} is connecting.` };
  if (source.state === "elsewhere") return { text: `${source.name} is run by another worker.` };
  if (source.state === "stopped") return { text: `${source.name} is stopped.` };
  return {
    text: `${source.name} is not connected since ${clockTime(source.since, now)}. ${nextTry(source.nextTryAt, now)}`.trim(),
    technical: source.message,
  };
}

/** The plant behind the gateway: whether it is linked, and what it keeps. */
export function plantSentence({ gateway, cutSince }, now) {
  const { state, since, waiting = 0, oldest, problem } = gateway;
  if (problem) return { tone: "bad", text: problem };
  if (state === "starting") return { tone: "warn", text: "The machines and their gateway are starting." };
  if (state === "stopped")
    return { tone: "bad", text: `The gateway does not run since ${clockTime(since, now)}. It is started again.` };
  const kept =
    waiting === 0
      ? "nothing new was to tell so far"
      : `${counted(waiting, "fact waits", "facts wait")} at it, the oldest since ${clockTime(oldest ?? now, now)}`;
  if (state === "down")
    return {
      tone: "warn",
      text: `No link to the gateway since ${clockTime(since, now)} (${duration(now - since)}). It goes on collecting: ${kept}.`,
    };
  if (cutSince !== undefined)
    return {
      tone: "warn",
      text: `The link was cut at ${clockTime(cutSince, now)}. The gateway notices when the hub stays silent; ${kept}.`,
    };
  if (waiting >= CATCHING_UP)
    return { tone: "warn", text: `Linked since ${clockTime(since, now)}, and catching up: ${kept}.` };
  return {
    tone: "good",
    text: `Linked since ${clockTime(since, now)}. What the machines count is at the hub within seconds.`,
  };
}

/** As many facts wait at a linked gateway only after a cut. */
const CATCHING_UP = 20;

const machineStates = {
  execute: "running",
  held: "jammed",
  starting: "being set up",
  completing: "being cleared",
};

/** What a machine does, in plant words. */
export function machineWord({ state, reason }) {
  if (reason === "NO-ORDER") return "waits for an order";
  return machineStates[state] ?? state;
}

function nextTry(at, now) {
  return at === undefined ? "" : `Next try in ${duration(at - now)}. `;
}

const states = {
  pending: { word: "waiting", tone: "" },
  sending: { word: "on its way", tone: "" },
  checking: { word: "being looked up", tone: "warn" },
  parked: { word: "needs a person", tone: "bad" },
  done: { word: "done", tone: "good" },
  dropped: { word: "dropped", tone: "" },
  superseded: { word: "overtaken", tone: "" },
  suppressed: { word: "stale, kept back", tone: "" },
};

/** A delivery's state in plant words, and its tone. */
export function stateWord(state) {
  return states[state] ?? { word: state, tone: "" };
}

/** completion.v1 → Completion */
export function contractName(contract) {
  const name = contract.replace(/\.v\d+$/, "").replaceAll("-", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** completeOrder → complete order */
export function operationName(operation) {
  return operation.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** a, b and c */
export function list(names) {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
