// Draws the live status, once per second, from the hub's own event stream. Texts come from words.js.
import * as words from "./words.js";

/** Seconds shown in the curve. */
const PULSE_SECONDS = 60;
/** Without an event for so long the hub counts as gone. */
const SILENT_MS = 5_000;

const at = (id) => document.getElementById(id);
const drawn = new Map();
const pulse = [];
let last;

const events = new EventSource("/api/events");
events.addEventListener("status", (event) => {
  last = { status: JSON.parse(event.data), receivedAt: Date.now() };
  draw(last.status);
});
setInterval(showContact, 1_000);

function draw(status) {
  const { hub } = status;
  notePulse(hub);
  text("hub-name", `${hub.name}${words.workerSentence(hub.worker)}`);
  text("since", ` · Running since ${words.clockTime(hub.startedAt, hub.now)}`);
  document.title = hub.ready ? `${hub.name} – Lineshaft` : `Not ready – ${hub.name}`;
  const { tone, title, text: sentence } = words.headline(status);
  at("state").className = `state tone-${tone}`;
  text("state-title", title);
  text("state-text", sentence);
  redraw("figures", figures(hub), (rows) => rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  redraw("stuck", stuckOf(status), drawStuck);
  redraw("systems", [hub.systems, Math.floor(hub.now / 1000)], ([systems]) =>
    systems.map((system) => drawSystem(system, hub.now)),
  );
  redraw("flows", hub.flows, (flows) => flows.map(drawFlow));
  redraw("facts", status.facts, (facts) =>
    facts.length ? facts.map((fact) => drawFact(fact, hub.now)) : [el("li", {}, "No facts yet.")],
  );
  const { faults, plant } = status;
  at("plant-section").hidden = !plant;
  if (plant) {
    text("plant-heading", `${plant.name}, behind its gateway`);
    redraw("plant", [plant, faults, Math.floor(hub.now / 1000)], () => drawPlant(plant, faults ?? [], hub.now));
  }
  at("faults-section").hidden = !faults;
  const others = faults?.filter((offer) => offer.system !== plant?.system);
  if (others) redraw("faults", [others, Math.floor(hub.now / 1000)], () => drawFaults(others, hub.now));
  showContact();
}

/** Replaces a part only when what it shows has changed, so that a button or an opened detail keeps its place. */
function redraw(id, data, drawing) {
  const shown = JSON.stringify(data);
  if (drawn.get(id) === shown) return;
  drawn.set(id, shown);
  const holder = at(id);
  const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
  const open = new Set([...holder.querySelectorAll("details[open]")].map((details) => details.dataset.id));
  holder.replaceChildren(...drawing(data));
  for (const details of holder.querySelectorAll("details")) details.open = open.has(details.dataset.id);
  if (focused !== undefined) holder.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function figures(hub) {
  const done = hub.flows.flatMap((flow) => flow.routes).reduce((sum, route) => sum + route.done, 0);
  const waiting = hub.systems.reduce(
    (sum, { backlog }) => sum + backlog.pending + backlog.sending + backlog.checking,
    0,
  );
  return [
    ["Facts taken", words.number(hub.intake.accepted)],
    ["Deliveries done", words.number(done)],
    ["Waiting or on their way", words.number(waiting)],
    ["Duplicates not applied", words.number(hub.intake.duplicates)],
  ];
}

function stuckOf({ parked, hub, ledgerProblem }) {
  const refused = hub.intake.refused;
  const total = hub.systems.reduce((sum, { backlog }) => sum + backlog.parked, 0);
  return {
    parked,
    total,
    refused,
    ledgerProblem,
    day: new Date(hub.now).toDateString(),
    now: hub.now - (hub.now % 60_000),
  };
}

function drawStuck({ parked, total, refused, ledgerProblem, now }) {
  const rows = parked.map((row) =>
    el("article", { class: "stuck" }, [
      el("p", {}, [el("strong", {}, `${row.key} to ${row.system}: `), row.message]),
      el("p", { class: "next" }, row.next),
      el(
        "p",
        { class: "source" },
        `Since ${words.clockTime(row.since, now)} (${words.duration(now - row.since)}). For: ${row.owner}.`,
      ),
      el("details", { "data-id": String(row.delivery) }, [
        el("summary", {}, "Commands for this delivery"),
        el("code", {}, `lineshaft trace ${shell(row.key)}`),
        el("code", {}, `lineshaft resend ${row.delivery} --why "…"`),
        el("code", {}, `lineshaft edit ${row.delivery} --set /field=value --why "…"`),
      ]),
    ]),
  );
  if (total > parked.length)
    rows.push(el("p", { class: "hint" }, `and ${words.number(total - parked.length)} more: lineshaft parked`));
  if (ledgerProblem) rows.unshift(el("p", { class: "hint" }, ledgerProblem));
  if (rows.length === 0) rows.push(el("p", { class: "calm" }, "Nothing is stuck."));
  if (refused > 0)
    rows.push(
      el(
        "p",
        { class: "hint" },
        `${words.counted(refused, "fact was", "facts were")} refused since the start; each sender was told why, and the hub kept it.`,
      ),
    );
  return rows;
}

function drawSystem(system, now) {
  const { tone, text: sentence, technical } = words.systemSentence(system, now);
  const { pending, sending, checking, parked } = system.backlog;
  const { done, unavailable, rejected, uncertain } = system.outcomes;
  const sends = done + unavailable + rejected + uncertain + pending + sending + checking + parked > 0;
  const chips = [
    ["done", done, "good"],
    ["waiting", pending, ""],
    ["on their way", sending, ""],
    ["being looked up", checking, "warn"],
    ["need a person", parked, "bad"],
    ["tried again", unavailable, ""],
  ].filter(([word, value]) => value > 0 || word === "done" || word === "waiting");
  const lostSource = system.sources.some((source) => source.state === "waiting");
  return el("article", { class: `card tone-${lostSource && tone === "good" ? "warn" : tone}` }, [
    el("div", { class: "head" }, [el("h3", {}, system.name), el("small", {}, system.connector)]),
    sends || system.sources.length === 0 || tone !== "good" ? el("p", {}, sentence) : "",
    details(`${system.name} technical`, technical),
    sends
      ? el(
          "div",
          { class: "chips" },
          chips.map(([word, value, chipTone]) => chip(`${words.number(value)} ${word}`, chipTone)),
        )
      : "",
    ...system.sources.flatMap((source) => {
      const told = words.sourceSentence(source, now);
      return [el("p", { class: "source" }, told.text), details(`${system.name} ${source.name}`, told.technical)];
    }),
  ]);
}

function drawFlow(flow) {
  const parked = flow.routes.reduce((sum, route) => sum + route.parked, 0);
  return el("article", { class: `card tone-${parked > 0 ? "warn" : "idle"}` }, [
    el("div", { class: "head" }, [
      el("h3", {}, flow.name),
      el("small", {}, words.contractName(flow.contract)),
      el("small", { class: "time" }, words.counted(flow.accepted, "fact")),
    ]),
    el("table", { class: "routes" }, [
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ["To", "Done", "Retried", "Looked up", "Parked"].map((name) => el("th", {}, name)),
        ),
      ),
      el(
        "tbody",
        {},
        flow.routes.map((route) =>
          el("tr", {}, [
            el("td", {}, [route.system, el("small", {}, words.operationName(route.operation))]),
            ...[route.done, route.retried, route.lookedUp, route.parked].map((value) =>
              el("td", {}, words.number(value)),
            ),
          ]),
        ),
      ),
    ]),
    el("p", { class: "source" }, `${words.flowSpeed(flow)} Owner: ${flow.owner}.`),
  ]);
}

function drawFact(fact, now) {
  return el("li", {}, [
    el("time", {}, words.clockTime(fact.receivedTime, now)),
    el("div", { class: "what" }, [
      `${words.contractName(fact.contract)} ${fact.object}`,
      el(
        "small",
        {},
        `from ${fact.source}${fact.duplicates > 0 ? `, sent ${words.counted(fact.duplicates + 1, "time")}` : ""}`,
      ),
    ]),
    el(
      "div",
      { class: "chips" },
      fact.deliveries.length === 0
        ? [chip("kept, goes nowhere", "")]
        : fact.deliveries.map(({ system, state, receipt }) => {
            const { word, tone } = words.stateWord(state);
            return chip(`${system}: ${state === "done" && receipt ? receipt : word}`, tone);
          }),
    ),
  ]);
}

/** The link in a sentence, its switch, and for each machine whether what it counted has arrived. */
function drawPlant(plant, faults, now) {
  const { gateway, machines } = plant;
  const { tone, text: sentence } = words.plantSentence(plant, now);
  const columns = ["Machine", "Does", "Order", "Pieces counted", "Booked in Odoo", "On their way"];
  return [
    el("article", { class: `card tone-${tone}` }, [
      el("p", {}, sentence),
      el("div", { class: "buttons" }, [
        ...faults.filter((offer) => offer.system === plant.system).map((offer) => faultButton(offer, now)),
        gateway.page
          ? el("a", { href: gateway.page, target: "_blank", rel: "noopener" }, "The gateway's own page")
          : "",
      ]),
      el("table", { class: "routes whole-words" }, [
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            columns.map((name) => el("th", {}, name)),
          ),
        ),
        el(
          "tbody",
          {},
          machines.map((machine) =>
            el("tr", {}, [
              el("td", {}, [machine.name, el("small", {}, machine.protocol)]),
              el("td", {}, words.machineWord(machine)),
              el("td", {}, machine.order || "–"),
              ...[machine.counted, machine.booked, machine.counted - machine.booked].map((value) =>
                el("td", {}, words.number(value)),
              ),
            ]),
          ),
        ),
      ]),
    ]),
  ];
}

function drawFaults(faults, now) {
  const systems = [...new Set(faults.map((offer) => offer.system))];
  return systems.map((system) =>
    el("article", { class: "card tone-idle" }, [
      el("h3", {}, system),
      el(
        "div",
        { class: "buttons" },
        faults.filter((offer) => offer.system === system).map((offer) => faultButton(offer, now)),
      ),
    ]),
  );
}

function faultButton(offer, now) {
  const on = offer.activeSince !== undefined || (offer.activeUntil !== undefined && offer.activeUntil > now);
  const left = offer.activeUntil === undefined ? "" : ` – ${words.duration(offer.activeUntil - now)} left`;
  const label = on ? (offer.endTitle ?? `${offer.title}${left}, end it`) : offer.title;
  const button = el(
    "button",
    { type: "button", title: offer.effect, class: on ? "on" : "", "data-id": `${offer.system} ${offer.fault}` },
    label,
  );
  button.addEventListener("click", () => void injectFault(offer, on));
  return button;
}

async function injectFault(offer, on) {
  const answer = await fetch("/api/faults", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ system: offer.system, fault: on ? "none" : offer.fault }),
  }).catch(() => undefined);
  if (!answer?.ok) return text("fault-answer", "The hub did not take it. Is it still running?");
  text("fault-answer", on ? (offer.endEffect ?? `${offer.system} works again.`) : `${offer.system}: ${offer.effect}`);
}

/** Remembers how many facts came in since the status before, per second. */
function notePulse(hub) {
  const before = pulse.at(-1);
  if (before && hub.now <= before.at) return;
  const taken = hub.intake.accepted + hub.intake.duplicates;
  const rate = before ? Math.max(0, ((taken - before.taken) * 1000) / (hub.now - before.at)) : 0;
  pulse.push({ at: hub.now, taken, rate });
  while (pulse.length > PULSE_SECONDS + 1) pulse.shift();
  drawPulse();
}

function drawPulse() {
  const points = pulse.slice(1);
  const top = Math.max(4, ...points.map(({ rate }) => rate));
  const x = (index) => 300 - (points.length - 1 - index) * (300 / (PULSE_SECONDS - 1));
  const y = (rate) => 57 - (rate / top) * 52;
  const line = points
    .map(({ rate }, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(rate).toFixed(1)}`)
    .join(" ");
  at("pulse-line").setAttribute("d", line);
  at("pulse-area").setAttribute("d", points.length > 1 ? `${line} L300 60 L${x(0).toFixed(1)} 60 Z` : "");
  const now = points.at(-1)?.rate ?? 0;
  text("pulse-text", `${now >= 10 ? words.number(Math.round(now)) : now.toFixed(1)} facts per second, last minute`);
}

function showContact() {
  const silent = last ? Date.now() - last.receivedAt : undefined;
  const contact = at("contact");
  const lost = silent !== undefined && silent > SILENT_MS;
  contact.className = `contact ${lost ? "lost" : silent === undefined ? "" : "live"}`;
  const said = lost
    ? `No contact since ${words.clockTime(last.receivedAt, Date.now())}`
    : silent === undefined
      ? "Connecting …"
      : "Live";
  if (contact.textContent !== said) contact.textContent = said;
}

/** The technical text, one click behind the sentence. */
function details(id, technical) {
  if (!technical) return "";
  return el("details", { "data-id": id }, [el("summary", {}, "Details"), el("p", { class: "source" }, technical)]);
}

function chip(label, tone) {
  return el("span", { class: `chip ${tone}` }, label);
}

function text(id, value) {
  const element = at(id);
  if (element.textContent !== value) element.textContent = value;
}

/** Text is only ever set as text: nothing that a message says is taken for HTML. */
function el(name, attributes, children = []) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) if (value !== "") element.setAttribute(attribute, value);
  element.append(...[children].flat().filter((child) => child !== ""));
  return element;
}

/** A word as one writes it in a shell. */
function shell(word) {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
