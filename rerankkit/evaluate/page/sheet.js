/* A query's documents before and after, in a sheet over the page. */

const PLAIN = new Set("and any are but can did does for from has have how its not than that the their this was were what when where which who why will with you your".split(" "));
let openedQuery = null;

function openQuery(query) {
  if (query === undefined) return;
  openedQuery = query;
  const sheet = document.getElementById("sheet");
  document.getElementById("sheet-body").replaceChildren(...sheetOf(query));
  const at = order.indexOf(query);
  document.getElementById("sheet-before").disabled = at <= 0;
  document.getElementById("sheet-after").disabled = at < 0 || at >= order.length - 1;
  if (!sheet.open) sheet.showModal();
  document.getElementById("sheet-body").focus({ preventScroll: true });
  sheet.scrollTop = 0;
}

function sheetOf(query) {
  const values = data.labels.map((label, m) => {
    const [before, after] = pairOf(m, query);
    const change = known(before) && known(after) ? after - before : null;
    return html("li", {}, html("span", { class: "name" }, label), `${number(before)} → ${number(after)} `,
      html("span", { class: change > 0 ? "gain-cell" : change < 0 ? "loss-cell" : "" }, signed(change)));
  });
  const head = [html("h2", { id: "sheet-head", dir: "auto" }, queryText(query) || `Query ${data.qids[query]}`),
    html("p", { class: "small" }, `Query ${data.qids[query]}`), html("ul", { class: "values" }, ...values)];
  const documents = data.lists[query];
  if (!documents) return [...head, html("p", { class: "note" }, data.notes.unlisted)];
  const words = new Set((queryText(query).toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []).filter((word) => !PLAIN.has(word)));
  const lists = html("div", { class: "both" }, sideOf(documents, 0, state.system, words), sideOf(documents, state.system, 0, words));
  lists.addEventListener("pointerover", (event) => {
    const chosen = event.target.closest("[data-doc]")?.dataset.doc;
    for (const item of lists.querySelectorAll("[data-doc]")) item.classList.toggle("same", item.dataset.doc === chosen);
  });
  lists.addEventListener("pointerleave", () => lists.querySelectorAll(".same").forEach((item) => item.classList.remove("same")));
  return [...head, lists, html("p", { class: "small" }, data.notes.documents)];
}

/* The first documents of a run, and where the other run has them. */
function sideOf(documents, system, other, words) {
  const mine = documents.filter(([, , ranks]) => ranks[system] > 0 && ranks[system] <= data.shown).sort((a, b) => a[2][system] - b[2][system]);
  const items = mine.map(([document, grade, ranks]) => {
    const [docid, title, snippet] = data.documents[document];
    return html("li", { "data-doc": document }, html("span", { class: "rank" }, String(ranks[system])),
      html("div", {}, html("div", { class: "meta" }, gradeOf(grade), movement(ranks, system, other), html("span", { dir: "auto" }, docid)),
        title ? html("div", { class: "title", dir: "auto" }, ...marked(title, words)) : null,
        snippet ? html("p", { class: "snippet", dir: "auto" }, ...marked(snippet, words)) : null));
  });
  const name = system === 0 ? "Before" : "After";
  const list = items.length ? html("ol", { class: "docs" }, ...items) : html("p", { class: "note" }, "This run has nothing for this query.");
  return html("section", { "aria-label": `${name}: ${data.systems[system]}` }, html("h3", { dir: "auto" }, `${name}: ${data.systems[system]}`), list);
}

function gradeOf(grade) {
  if (!known(grade)) return html("span", { class: "grade unjudged" }, "unjudged");
  return html("span", { class: grade > 0 ? "grade positive" : "grade" }, `grade ${grade}`);
}

/* In the list before: where the document goes to; in the list after: where it comes from. */
function movement(ranks, system, other) {
  const here = ranks[system], there = ranks[other], after = system !== 0;
  if (!there) return html("span", { class: `moved ${after ? "up" : "down"}` }, after ? "new: not in the run before" : "gone: not in the run after");
  const steps = after ? there - here : here - there;
  if (!steps) return html("span", { class: "moved" }, "stays");
  const way = steps > 0 ? "up" : "down";
  return html("span", { class: `moved ${way}` }, `${steps > 0 ? "↑" : "↓"} ${Math.abs(steps)} `, html("span", { class: "small" }, after ? `from ${there}` : `to ${there}`));
}

/* The text with the query's words marked. */
function marked(words, wanted) {
  if (!wanted.size) return [words];
  return words.split(/([\p{L}\p{N}]{3,})/u).filter(Boolean).map((part) => (wanted.has(part.toLowerCase()) ? html("mark", {}, part) : part));
}

function listenToSheet() {
  const sheet = document.getElementById("sheet");
  const go = (step) => {
    const at = order.indexOf(openedQuery) + step;
    if (at < 0 || at >= order.length) return;
    moveCursor(at);
    openQuery(order[at]);
  };
  document.getElementById("sheet-close").addEventListener("click", () => sheet.close());
  document.getElementById("sheet-before").addEventListener("click", () => go(-1));
  document.getElementById("sheet-after").addEventListener("click", () => go(1));
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  sheet.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
  });
}
