/* The queries by their difference: bars with a cursor, and a list in pages. */

const PAGE = 20;
let order = [];
let cursor = 0;
let pageStart = 0;

const queryText = (query) => (data.queries ? data.queries[query] : "") || "";
/* The values of the baseline and of the chosen system, over the documents that they are compared on. */
const pairOf = (measure, query) => (data.there[measure][state.system]
  ?? [data.values[measure][0], data.values[measure][state.system]]).map((values) => values[query]);
const valueOf = (system, query) => pairOf(state.measure, query)[system ? 1 : 0];
function difference(query) {
  const [theirs, ours] = pairOf(state.measure, query);
  return known(ours) && known(theirs) ? ours - theirs : null;
}

/* Which queries are shown, and in which order. */
function arrange() {
  const wanted = state.find.trim().toLowerCase();
  order = data.qids.map((_, query) => query).filter((query) => known(difference(query))
    && (!wanted || data.qids[query].toLowerCase() === wanted || queryText(query).toLowerCase().includes(wanted)));
  const by = { gain: (query) => -difference(query), loss: (query) => difference(query), base: (query) => valueOf(0, query) }[state.order];
  if (by) order.sort((a, b) => by(a) - by(b) || a - b);
  cursor = 0;
  pageStart = 0;
}

function drawQueries() {
  const host = document.getElementById("bars");
  host.setAttribute("aria-valuemax", Math.max(1, order.length));
  const sums = order.reduce((found, query) => { found[Math.sign(Number(difference(query).toFixed(9))) + 1] += 1; return found; }, [0, 0, 0]);
  document.getElementById("tally").textContent =
    `${data.systems[state.system]} by ${data.labels[state.measure]}: better in ${count(sums[2])}, worse in ${count(sums[0])}, equal in ${count(sums[1])} of ${count(order.length)} queries`;
  show(host, (width) => {
    const height = width < 560 ? 180 : 240, left = 44, right = width - 4, top = 10, bottom = height - 10;
    const values = order.map(difference), low = Math.min(0, ...values), high = Math.max(0, ...values);
    const room = (high - low || 1) * 0.05;
    const y = scale([low - room, high + room], [bottom, top]), step = (right - left) / Math.max(1, order.length);
    const gap = step > 4 ? Math.min(3, step * 0.2) : 0;
    const bars = (sign) => values.map((value, i) => (value * sign > 0
      ? `M${(left + i * step).toFixed(2)} ${y(0).toFixed(1)}V${y(value).toFixed(1)}h${(step - gap).toFixed(2)}V${y(0).toFixed(1)}z` : "")).join("");
    const zero = y(0);
    const at = left + cursor * step;
    const children = [...rows(ticks(low - room, high + room, 5), y, left, right, (value) => (value > 0 ? "+" : "") + short(value)),
      svg("path", { class: "up", d: bars(1) }), svg("path", { class: "down", d: bars(-1) }),
      svg("line", { class: "axis", x1: left, x2: right, y1: zero, y2: zero })];
    if (order.length) children.push(svg("rect", { class: "cursor", x: at - 1.5, width: Math.max(3, step - gap) + 3, y: top - 4, height: bottom - top + 8, rx: 3 }));
    host.dataset.left = left;
    host.dataset.step = step;
    return { height, label: "", children };
  });
  tellBar();
  drawList();
}

function tellBar() {
  const host = document.getElementById("bars"), query = order[cursor];
  const told = query === undefined ? "No query" :
    `${data.qids[query]}${queryText(query) ? ` “${queryText(query)}”` : ""}: ${number(valueOf(0, query))} → ${number(valueOf(state.system, query))} (${signed(difference(query))})`;
  host.setAttribute("aria-valuenow", cursor + 1);
  host.setAttribute("aria-valuetext", told);
  document.getElementById("bar-told").replaceChildren(html("bdi", {}, told));
}

function moveCursor(to) {
  cursor = Math.max(0, Math.min(order.length - 1, to));
  const host = document.getElementById("bars");
  host.querySelector(".cursor")?.setAttribute("x", Number(host.dataset.left) + cursor * Number(host.dataset.step) - 1.5);
  tellBar();
}

function barAt(event) {
  const host = document.getElementById("bars"), box = host.getBoundingClientRect();
  return Math.floor((event.clientX - box.left - Number(host.dataset.left)) / Number(host.dataset.step));
}

function listenToBars() {
  const host = document.getElementById("bars");
  const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: 10, PageUp: -10 };
  host.addEventListener("keydown", (event) => {
    if (event.key in moves) moveCursor(cursor + moves[event.key]);
    else if (event.key === "Home") moveCursor(0);
    else if (event.key === "End") moveCursor(order.length - 1);
    else if (event.key === "Enter" || event.key === " ") openQuery(order[cursor]);
    else return;
    event.preventDefault();
  });
  host.addEventListener("pointermove", (event) => {
    const at = barAt(event);
    if (event.pointerType === "mouse" && at >= 0 && at < order.length && at !== cursor) moveCursor(at);
  });
  host.addEventListener("click", (event) => {
    const at = barAt(event);
    if (at < 0 || at >= order.length) return;
    moveCursor(at);
    openQuery(order[at]);
  });
}

/* A bar in a row of the list, from the middle to the right for a gain, to the left for a loss. */
function mini(value, most) {
  const end = 70 + (66 * value) / (most || 1);
  return svg("svg", { class: "mini", viewBox: "0 0 140 14", width: 140, height: 14, "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 70, x2: 70, y1: 0, y2: 14 }),
    svg("rect", { class: value >= 0 ? "up" : "down", x: Math.min(70, end), width: Math.abs(end - 70), y: 3, height: 8, rx: 1 }));
}

function drawList() {
  const host = document.getElementById("query-list");
  const most = order.reduce((found, query) => Math.max(found, Math.abs(difference(query))), 0);
  const shown = order.slice(pageStart, pageStart + PAGE);
  const items = shown.map((query) => {
    const value = difference(query), kind = value > 0 ? "gain-cell" : value < 0 ? "loss-cell" : "";
    const button = html("button", { type: "button", "data-query": query },
      html("span", {}, html("span", { class: "qid" }, data.qids[query]), html("span", { class: "text", dir: "auto" }, queryText(query))),
      html("span", { class: "number before" }, number(valueOf(0, query))), html("span", { class: "number after" }, number(valueOf(state.system, query))),
      html("span", { class: `number ${kind}` }, signed(value)), mini(value, most));
    button.addEventListener("click", () => openQuery(query));
    return html("li", {}, button);
  });
  const turn = (label, to, off) => {
    const button = html("button", { type: "button", class: "quiet" }, label);
    button.disabled = off;
    button.addEventListener("click", () => {
      pageStart = to;
      drawList();
      host.querySelector(".rows button")?.focus();
    });
    return button;
  };
  const heads = html("div", { class: "heads", "aria-hidden": "true" }, html("span", {}, "Query"), html("span", { class: "before" }, "before"),
    html("span", { class: "after" }, "after"), html("span", {}, "difference"), html("span", { class: "mini" }, ""));
  const pager = html("div", { class: "pager" }, turn("← Back", Math.max(0, pageStart - PAGE), pageStart === 0),
    turn("More →", pageStart + PAGE, pageStart + PAGE >= order.length),
    html("span", {}, `${count(order.length ? pageStart + 1 : 0)} to ${count(Math.min(order.length, pageStart + PAGE))} of ${count(order.length)}`));
  host.replaceChildren(heads, html("ol", { class: "rows", "aria-label": "Queries: before, after, difference" }, ...items), pager);
}
