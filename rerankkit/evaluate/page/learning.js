/* How checkpoints learnt: the loss with its terms, and the dev measure with the step that was kept. */

function drawLearning() {
  document.getElementById("learning-curves").replaceChildren(...data.learning.map((one) => {
    const panels = [learningFigure(`${one.name}: training loss`, one.lines, {})];
    if (one.dev) {
      const { measure, points, best, first_stage: floor } = one.dev;
      panels.push(learningFigure(`${one.name}: ${measure} on dev`, [{ name: measure, points }], { best, floor }));
    }
    return html("div", { class: "pair" }, ...panels);
  }));
}

function learningFigure(title, lines, { best, floor }) {
  const plot = html("div", { class: "plot" });
  const steps = [...new Set(lines.flatMap((one) => one.points.map(([step]) => step)))].sort((a, b) => a - b);
  const values = lines.map((one) => new Map(one.points));
  const numbers = table(["step", ...lines.map((one) => one.name)], steps.map((step) => [String(step), ...values.map((of) => number(of.get(step)))]), title);
  const names = lines.map((one, i) => html("li", {}, svg("svg", { width: 34, height: 14, "aria-hidden": "true" }, line(i + 1, [[1, 7], [33, 7]])), one.name));
  const kept = best ? `Kept: step ${count(best[0])}, ${number(best[1])}${known(floor) ? `; the dashed line is the first stage’s ${number(floor)}` : ""}.` : null;
  show(plot, (width) => {
    const height = Math.max(220, Math.min(300, width * 0.6)), left = 48, right = width - 14, bottom = height - 42;
    const all = [...lines.flatMap((one) => one.points.map(([, value]) => value)), floor].filter(known);
    const low = Math.min(...all), high = Math.max(...all), pad = (high - low) * 0.08 || 0.05;
    const x = scale([steps[0], steps.at(-1)], [left + 6, right]), y = scale([low - pad, high + pad], [bottom, 8]);
    const children = [...rows(ticks(low - pad, high + pad, 5), y, left, right), svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      ...columns(ticks(steps[0], steps.at(-1), 5), x, bottom), text((left + right) / 2, height - 4, "training step", { "text-anchor": "middle" }),
      ...lines.map((one, i) => line(i + 1, one.points.filter(([, value]) => known(value)).map(([step, value]) => [x(step), y(value)])))];
    if (known(floor)) children.push(svg("line", { class: "curve", stroke: colour(0), "stroke-dasharray": "5 4", x1: left, x2: right, y1: y(floor), y2: y(floor) }));
    if (best) children.push(mark(1, x(best[0]), y(best[1])));
    const ends = lines.map((one) => `${one.name} from ${number(one.points[0][1])} to ${number(one.points.at(-1)[1])}`);
    return { height, label: `${title}: ${ends.join(", ")}`, children };
  });
  return html("figure", {}, html("figcaption", {}, html("h3", { dir: "auto" }, title), kept ? html("p", {}, kept) : null),
    html("ul", { class: "legend" }, ...names), plot,
    html("details", { class: "numbers" }, html("summary", {}, "The same in numbers"), html("div", { class: "scroll", role: "region", "aria-label": `${title} in numbers`, tabindex: "0" }, numbers)));
}
