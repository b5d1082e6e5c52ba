/* What is chosen, and what is drawn when. */

const data = JSON.parse(document.getElementById("data").textContent);
const state = { system: data.systems.length > 1 ? 1 : 0, measure: 0, order: "gain", find: "" };

const drawings = { measure: [], system: [], order: [], find: [] };
const on = (names, draw) => names.forEach((name) => drawings[name].push(draw));
function changed(name) {
  for (const draw of drawings[name]) draw();
}

function chooser(select) {
  const name = select.dataset.state;
  const options = { measure: data.labels.map((label, m) => [m, label]), system: data.systems.map((label, s) => [s, label]).slice(1) }[name];
  if (options) select.replaceChildren(...options.map(([value, label]) => html("option", { value }, label)));
  select.value = state[name];
  select.addEventListener("change", () => {
    state[name] = name === "order" ? select.value : Number(select.value);
    for (const other of document.querySelectorAll(`select[data-state="${name}"]`)) other.value = select.value;
    changed(name);
  });
}

function listenToTheme() {
  const button = document.getElementById("theme"), themes = ["", "light", "dark"];
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement, next = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % themes.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    button.textContent = `Theme: ${next || "as the system"}`;
  });
}

function begin() {
  const several = data.systems.length > 1;
  for (const [id, there] of [["forest", several], ["queries", several], ["curves", true], ["cost", data.timings.length], ["teacher", data.teacher], ["learning", data.learning.length]]) {
    document.getElementById(id).hidden = !there;
  }
  document.querySelectorAll("select[data-state]").forEach(chooser);
  listenToTheme();
  if (several) {
    const queries = () => { arrange(); drawQueries(); };
    on(["measure"], drawForest);
    on(["measure", "system", "order", "find"], queries);
    document.getElementById("find").addEventListener("input", (event) => { state.find = event.target.value; changed("find"); });
    document.getElementById("lists-note").textContent = data.notes.lists;
    listenToBars();
    listenToSheet();
    drawForest();
    queries();
  }
  drawCurves();
  if (data.timings.length) { on(["measure"], drawCost); drawCost(); }
  if (data.teacher) drawTeacher();
  if (data.learning.length) drawLearning();
}
begin();
