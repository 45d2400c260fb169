// Draws the hub's gateways, every two seconds. Texts come from gateway-words.js.
import * as words from "./gateway-words.js";
import { clockTime } from "./words.js";

const LOOK_MS = 2_000;

const at = (id) => document.getElementById(id);
let shown = "";
let lookedAt;

async function look() {
  try {
    const answer = await fetch("/api/gateways");
    if (answer.status === 404) return text("summary", "This hub has no gateway intake.");
    if (!answer.ok) throw new Error(String(answer.status));
    draw(await answer.json());
    lookedAt = Date.now();
    contact("Live", "live");
  } catch {
    contact(lookedAt === undefined ? "No contact" : `No contact since ${clockTime(lookedAt, Date.now())}`, "lost");
  } finally {
    setTimeout(() => void look(), LOOK_MS);
  }
}

function draw({ gateways, now }) {
  text("summary", words.summary(gateways));
  const cards = gateways.map((row) => ({ ...words.gatewaySentence(row, now), figures: words.figures(row, now), row }));
  const drawing = JSON.stringify(cards.map(({ row: _row, ...card }) => card));
  if (drawing === shown) return;
  shown = drawing;
  at("gateways").replaceChildren(...cards.map(drawCard));
}

function drawCard({ row, tone, text: sentence, next, hints, figures }) {
  return el("article", { class: `card tone-${tone}` }, [
    el("div", { class: "head" }, [el("h2", {}, row.gateway), el("small", {}, row.program ?? "")]),
    el("p", {}, sentence),
    ...(next === "" ? [] : [el("p", { class: "next" }, next)]),
    ...hints.map((hint) => el("p", { class: "hint" }, hint)),
    el(
      "table",
      { class: "routes told" },
      figures.map(([name, value]) => el("tr", {}, [el("th", { scope: "row" }, name), el("td", {}, value)])),
    ),
  ]);
}

function contact(said, tone) {
  at("contact").className = `contact ${tone}`;
  text("contact", said);
}

function text(id, value) {
  const element = at(id);
  if (element.textContent !== value) element.textContent = value;
}

/** Text is only ever set as text: nothing that a gateway says is taken for HTML. */
function el(name, attributes, children = []) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...[children].flat());
  return element;
}

void look();
