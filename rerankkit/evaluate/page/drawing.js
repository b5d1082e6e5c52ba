/* Elements, scales and axes. Every text enters as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2"];

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}
const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

const known = (value) => value !== null && value !== undefined;
const colour = (system) => `var(--s${system === 0 ? 0 : 1 + ((system - 1) % 7)})`;
const minus = (text) => text.replace("-", "\u2212");
const number = (value, digits = 4) => (known(value) ? minus(value.toFixed(digits)) : "–");
const signed = (value, digits = 4) => (known(value) ? (Number(value.toFixed(digits)) > 0 ? "+" : "") + number(value, digits) : "–");
const percent = (value) => (known(value) ? minus((100 * value).toFixed(1)) + "\u00a0%" : "–");
const chance = (p) => (known(p) ? (p < 0.0001 ? "< 0.0001" : p.toFixed(4)) : "–");
const count = (value) => value.toLocaleString("en");

function scale([low, high], [from, to], map = (value) => value) {
  const span = map(high) - map(low) || 1;
  return (value) => from + ((map(value) - map(low)) / span) * (to - from);
}

/* Round numbers between two values, about as many as wanted. */
function ticks(low, high, wanted = 5) {
  const raw = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}
const short = (value) => minus(String(Number(value.toPrecision(3))));

/* A picture that is drawn anew where its width changes; draw(width) gives the SVG's height, label and children. */
const pictures = new Map();
const watcher = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) if (pictures.get(target)?.width !== contentRect.width) redraw(target);
});
function redraw(host) {
  const picture = pictures.get(host);
  picture.width = host.clientWidth;
  if (!picture.width) return;
  const { height, label, children } = picture.draw(picture.width);
  const hidden = host.getAttribute("role") === "slider" ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  host.replaceChildren(svg("svg", { viewBox: `0 0 ${picture.width} ${height}`, height, ...hidden }, ...children));
}
function show(host, draw) {
  const fresh = !pictures.has(host);
  pictures.set(host, { draw, width: 0 });
  if (fresh) watcher.observe(host);
  redraw(host);
}

function text(x, y, words, attributes = {}) {
  return svg("text", { x, y, ...attributes }, words);
}

/* Horizontal lines with their values at the left. */
function rows(values, y, left, right, format = short) {
  return values.flatMap((value) => [
    svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
    text(left - 8, y(value) + 4, format(value), { "text-anchor": "end" }),
  ]);
}

/* Values below the bottom line. */
function columns(values, x, bottom, format = short) {
  return values.map((value) => text(x(value), bottom + 18, format(value), { "text-anchor": "middle" }));
}

const SHAPES = [
  "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0", "M-4.2-4.2h8.4v8.4h-8.4z",
  "M0-5.4L5 3.8H-5z", "M0-5.6L5.6 0L0 5.6L-5.6 0z", "M0 5.4L5-3.8H-5z", "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z", "M-5-2.5h10v5h-10z",
];
function mark(system, x, y) {
  return svg("path", { d: SHAPES[system % SHAPES.length], transform: `translate(${x} ${y})`, fill: colour(system) });
}
function line(system, points) {
  const d = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return svg("path", { class: "curve", d, stroke: colour(system), "stroke-dasharray": DASHES[system % DASHES.length] || null });
}
function legend(host, systems) {
  host.replaceChildren(...systems.map((system) => html("li", {},
    svg("svg", { width: 34, height: 14, "aria-hidden": "true" }, line(system, [[1, 7], [33, 7]]), mark(system, 17, 7)),
    html("span", { dir: "auto" }, data.systems[system]))));
}

/* A small table: heads, then rows whose first cell is their head. */
function table(heads, lines, label) {
  const head = html("tr", {}, ...heads.map((one) => html("th", { scope: "col" }, one)));
  const body = lines.map(([first, ...rest]) =>
    html("tr", {}, html("th", { scope: "row", dir: "auto" }, first), ...rest.map((one) => html("td", {}, one))));
  return html("table", { "aria-label": label }, html("thead", {}, head), html("tbody", {}, ...body));
}
