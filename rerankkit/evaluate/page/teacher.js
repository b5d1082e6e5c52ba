/* The teacher's scores, and what a student keeps of them. */

function drawTeacher() {
  const { teacher } = data;
  const select = document.getElementById("student");
  const students = Object.keys(teacher.students).map(Number);
  select.replaceChildren(...students.map((system) => html("option", { value: system }, data.systems[system])));
  select.addEventListener("change", () => drawStudent(Number(select.value)));
  document.getElementById("teacher-told").textContent = teacher.told;
  drawHistogram(teacher);
  if (students.length) {
    select.value = students.at(-1);
    drawStudent(students.at(-1));
    return;
  }
  select.closest(".controls").hidden = true;
  for (const id of ["gap", "scatter", "margins"]) document.getElementById(id).hidden = true;
}

/* The graded in one colour, the unjudged in grey: the rows have their names beside them. */
const gradeColour = (grade) => (known(grade) ? "var(--s1)" : "var(--s0)");

function drawHistogram(teacher) {
  const figure = document.getElementById("histogram"), { edges, bars } = teacher;
  const grades = bars.map((bar) => bar.grade).filter(known);
  const name = (bar) => (known(bar.grade) ? `grade ${bar.grade}` : grades.length ? "unjudged" : "all");
  const shares = bars.map((bar) => { const all = bar.counts.reduce((a, b) => a + b, 0); return bar.counts.map((one) => one / all); });
  figure.querySelector(".scroll").replaceChildren(table(["scores from", "to", ...bars.map(name)],
    edges.slice(0, -1).map((edge, i) => [short(edge), short(edges[i + 1]), ...bars.map((bar) => String(bar.counts[i]))]), "The teacher's scores"));
  show(figure.querySelector(".plot"), (width) => {
    const step = 52, left = 92, right = width - 10, bottom = 8 + step * bars.length, height = bottom + 40;
    const x = scale([edges[0], edges.at(-1)], [left, right]), marks = ticks(edges[0], edges.at(-1), 6);
    const children = [...marks.map((value) => svg("line", { class: "grid", x1: x(value), x2: x(value), y1: 8, y2: bottom })), ...columns(marks, x, bottom),
      text((left + right) / 2, height - 4, "teacher’s score", { "text-anchor": "middle" })];
    shares.forEach((share, i) => {
      const base = 8 + step * (i + 1), y = scale([0, Math.max(...share)], [base, base - step + 8]);
      const d = share.map((one, k) => `V${y(one).toFixed(1)}H${x(edges[k + 1]).toFixed(1)}`).join("");
      children.push(svg("path", { d: `M${x(edges[0])} ${base}${d}V${base}z`, fill: gradeColour(bars[i].grade), "fill-opacity": known(bars[i].grade) ? 0.85 : 0.5 }),
        svg("line", { class: "axis", x1: left, x2: right, y1: base, y2: base }), text(0, base - 20, name(bars[i]), { class: "strong" }),
        text(0, base - 4, count(bars[i].counts.reduce((a, b) => a + b, 0))));
    });
    return { height, label: `The teacher's ${count(teacher.scores)} scores, from ${short(edges[0])} to ${short(edges.at(-1))}`, children };
  });
}

function drawStudent(system) {
  const student = data.teacher.students[system];
  document.getElementById("teacher-warnings").replaceChildren(...student.warnings.map((warning) => html("li", {}, warning)));
  document.getElementById("gap").hidden = !student.worth.length;
  document.querySelector("#gap .scroll").replaceChildren(gapTable(student));
  drawScatter(student);
  drawMargins(student);
}

function gapTable(student) {
  const lines = student.worth.map((one) => {
    const body = html("td", {}, known(one.closed) ? gapBar(one.closed) : "–");
    const cells = [number(one.first_stage), number(one.student), number(one.teacher), percent(one.kept), chance(one.p_student_teacher), percent(one.closed)];
    return html("tr", {}, html("th", { scope: "row" }, one.measure), ...cells.map((cell) => html("td", {}, cell)), body);
  });
  const heads = ["measure", "first stage", "student", "teacher", "teacher kept", "p, student and teacher", "gap closed", ""];
  return html("table", {}, html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, ...lines));
}

function gapBar(closed) {
  const end = 20 + 80 * Math.max(-0.2, Math.min(1.4, closed));
  return svg("svg", { viewBox: "0 0 140 14", width: 140, height: 14, "aria-hidden": "true" },
    svg("rect", { class: closed >= 0 ? "up" : "down", x: Math.min(20, end), width: Math.abs(end - 20), y: 3, height: 8, rx: 1 }),
    ...[20, 100].map((x) => svg("line", { class: "axis", x1: x, x2: x, y1: 0, y2: 14 })));
}

function drawScatter(student) {
  const { x: across, y: up, side, counts } = student.cells, { slope, intercept, r } = student.line;
  const most = Math.max(...counts.map(([, , n]) => n));
  document.querySelector("#scatter .told").textContent = known(slope) ?
    `student = ${short(slope)} × teacher ${intercept < 0 ? "−" : "+"} ${short(Math.abs(intercept))}; correlation ${number(r, 2)}, within queries ${number(student.line.within, 2)}; Kendall’s tau of a query ${number(student.tau, 2)} on average; ${count(student.candidates)} candidates` : "";
  show(document.querySelector("#scatter .plot"), (width) => {
    const height = Math.max(250, Math.min(360, width * 0.8)), left = 44, right = width - 10, bottom = height - 40, top = 8;
    const x = scale(across, [left, right]), y = scale(up, [bottom, top]), w = (right - left) / side, h = (bottom - top) / side;
    const cells = counts.map(([i, j, n]) => svg("rect", { x: left + i * w, y: bottom - (j + 1) * h, width: w + 0.3, height: h + 0.3,
      fill: "var(--accent)", "fill-opacity": (0.12 + (0.88 * Math.log1p(n)) / Math.log1p(most)).toFixed(2) }));
    const children = [...rows(ticks(...up, 5), y, left, right), ...columns(ticks(...across, 6), x, bottom), ...cells,
      svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }), text((left + right) / 2, height - 4, "teacher’s score", { "text-anchor": "middle" })];
    if (known(slope)) {
      const clip = svg("clipPath", { id: "inside" }, svg("rect", { x: left, y: top, width: right - left, height: bottom - top }));
      children.push(clip, svg("line", { class: "curve", stroke: "var(--loss)", "clip-path": "url(#inside)",
        x1: x(across[0]), x2: x(across[1]), y1: y(slope * across[0] + intercept), y2: y(slope * across[1] + intercept) }));
    }
    return { height, label: `The student's scores over the teacher's: correlation ${number(r, 2)}`, children };
  });
}

function drawMargins(student) {
  const figure = document.getElementById("margins");
  const bins = student.margins.filter((one) => known(one.tau));
  const name = (one) => (known(one.high) ? `${one.low}–${one.high}` : `${one.low} +`);
  figure.querySelector(".scroll").replaceChildren(table(["margin", "tau", "same order", "pairs"], bins.map((one) => [name(one), number(one.tau, 3), percent(one.share), count(one.pairs)]), "Agreement by margin"));
  show(figure.querySelector(".plot"), (width) => {
    const height = Math.max(220, Math.min(300, width * 0.6)), left = 40, right = width - 6, bottom = height - 40;
    const low = Math.min(0, ...bins.map((one) => one.tau)), y = scale([low * 1.15, 1], [bottom, 14]), step = (right - left) / Math.max(1, bins.length);
    const children = [...rows(ticks(low, 1, 5), y, left, right), text((left + right) / 2, height - 4, "teacher’s margin, in deviations of its scores", { "text-anchor": "middle" })];
    bins.forEach((one, i) => {
      const middle = left + (i + 0.5) * step, edge = Math.min(y(0), y(one.tau));
      children.push(svg("rect", { class: one.tau < 0 ? "down" : "up", x: middle - step * 0.34, width: step * 0.68, y: edge, height: Math.abs(y(one.tau) - y(0)), rx: 2 }),
        text(middle, edge - 5, number(one.tau, 2), { "text-anchor": "middle" }), text(middle, bottom + 18, name(one), { "text-anchor": "middle" }));
    });
    children.push(svg("line", { class: "axis", x1: left, x2: right, y1: y(0), y2: y(0) }));
    return { height, label: `Kendall's tau by the teacher's margin: ${bins.map((one) => `${name(one)} ${number(one.tau, 2)}`).join(", ")}`, children };
  });
}
