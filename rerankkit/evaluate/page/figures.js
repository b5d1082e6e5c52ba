/* The figures over all queries: differences with their intervals, curves, quality against latency. */

function drawForest() {
  const measure = data.measures[state.measure];
  const found = data.outcomes.filter((one) => one.measure === measure);
  const host = document.querySelector("#forest .plot");
  document.querySelector("#forest .scroll").replaceChildren(table(["run", "difference", "from", "to", "detectable"],
    found.map((one) => [data.systems[one.system], signed(one.difference), signed(one.low), signed(one.high), number(one.detectable)]), "Differences"));
  show(host, (width) => {
    const narrow = width < 560;
    const left = narrow ? 4 : Math.min(240, width * 0.3), right = width - 12, step = narrow ? 54 : 40;
    const ends = found.flatMap((one) => [one.low, one.high, one.difference, one.detectable, -(one.detectable ?? 0)]).filter(known);
    const pad = (Math.max(0, ...ends) - Math.min(0, ...ends)) * 0.06 || 0.01;
    const domain = [Math.min(0, ...ends) - pad, Math.max(0, ...ends) + pad];
    const x = scale(domain, [left, right]);
    const bottom = 12 + step * found.length;
    const marks = ticks(...domain, narrow ? 4 : 7);
    const children = marks.map((value) => svg("line", { class: "grid", x1: x(value), x2: x(value), y1: 8, y2: bottom }));
    found.forEach((one, i) => {
      const y = 12 + step * i + step / 2 + (narrow ? 10 : 0);
      if (known(one.detectable)) {
        children.push(svg("rect", { class: "band", x: x(-one.detectable), width: x(one.detectable) - x(-one.detectable), y: y - 11, height: 22 }));
      }
    });
    children.push(svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 8, y2: bottom }));
    found.forEach((one, i) => {
      const y = 12 + step * i + step / 2 + (narrow ? 10 : 0);
      children.push(narrow ? text(left, y - 18, clipped(data.systems[one.system], width / 7), { class: "strong" })
        : text(0, y + 4, clipped(data.systems[one.system], left / 7.2), { class: "strong" }));
      if (known(one.low) && known(one.high)) {
        children.push(svg("line", { x1: x(one.low), x2: x(one.high), y1: y, y2: y, stroke: colour(one.system), "stroke-width": 2.5 }));
        for (const end of [one.low, one.high]) {
          children.push(svg("line", { x1: x(end), x2: x(end), y1: y - 5, y2: y + 5, stroke: colour(one.system), "stroke-width": 2 }));
        }
      }
      if (known(one.difference)) children.push(mark(one.system, x(one.difference), y));
    });
    children.push(...columns(marks, x, bottom, (value) => (value > 0 ? "+" : "") + short(value)));
    const told = found.map((one) => `${data.systems[one.system]} ${signed(one.difference)} (${signed(one.low)} to ${signed(one.high)})`);
    return { height: bottom + 26, label: `${measure}, difference from ${data.systems[0]}: ${told.join("; ")}`, children };
  });
}
const clipped = (words, letters) => (words.length > letters ? words.slice(0, Math.max(3, letters - 1)) + "…" : words);

function drawCurves() {
  const { depths, levels, runs } = data.curves;
  const systems = data.systems.map((_, system) => system);
  legend(document.getElementById("legend"), systems);
  drawCurve(document.getElementById("depth-curve"), {
    label: "nDCG by depth", xs: depths, series: runs.map((run) => run.ndcg), map: Math.log, marks: depths.filter((d) => [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000].includes(d)),
    name: "k", x: "depth k", format: String,
  });
  drawCurve(document.getElementById("precision-curve"), {
    label: "Precision by recall", xs: levels, series: runs.map((run) => run.precision), marks: [0, 0.2, 0.4, 0.6, 0.8, 1], name: "recall", x: "recall", from: 0, format: short,
  });
}

function drawCurve(figure, { label, xs, series, map, marks, name, x: title, from, format }) {
  figure.querySelector(".scroll").replaceChildren(table([name, ...data.systems],
    xs.map((value, i) => [format(value), ...series.map((one) => number(one[i]))]), label));
  show(figure.querySelector(".plot"), (width) => {
    const height = Math.max(240, Math.min(340, width * 0.72)), left = 40, right = width - 14, bottom = height - 42;
    const all = series.flat();
    const lowest = from ?? Math.max(0, Math.min(...all) - 0.05), highest = Math.min(1, Math.max(...all) * 1.04 + 0.01);
    const x = scale([xs[0], xs.at(-1)], [left + 6, right], map), y = scale([lowest, highest], [bottom, 8]);
    const fitting = marks.filter((value, i) => !(width < 380 && i % 2 && marks.length > 6));
    const children = [...rows(ticks(lowest, highest, 5), y, left, right), svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      ...columns(fitting, x, bottom, format), text((left + right) / 2, height - 4, title, { "text-anchor": "middle" })];
    series.forEach((one, system) => {
      children.push(line(system, xs.map((value, i) => [x(value), y(one[i])])));
      xs.forEach((value, i) => { if (marks.includes(value)) children.push(mark(system, x(value), y(one[i]))); });
    });
    const middle = xs[Math.floor(xs.length / 2)], at = xs.indexOf(xs.includes(10) ? 10 : middle);
    const told = series.map((one, system) => `${data.systems[system]} ${number(one[at])}`).join(", ");
    return { height, label: `${label}. At ${name} ${format(xs[at])}: ${told}`, children };
  });
}

function drawCost() {
  const host = document.querySelector("#cost .plot"), measure = data.measures[state.measure], m = state.measure;
  const value = (system) => data.means[m][system];
  const timed = data.timings.filter((one) => known(value(one.system)));
  document.querySelector("#cost .scroll").replaceChildren(table(["run", measure, "median ms", "95th percentile"],
    timed.map((one) => [data.systems[one.system], number(value(one.system)), short(one.p50), known(one.p95) ? short(one.p95) : "–"]), "Quality and latency"));
  show(host, (width) => {
    const height = Math.max(260, Math.min(380, width * 0.5)), left = 48, right = width - 16, bottom = height - 42;
    const times = timed.flatMap((one) => [one.p50, one.p95 ?? one.p50]);
    const floor = timed.some((one) => one.system === 0) ? null : value(0);
    const worth = [...timed.map((one) => value(one.system)), floor].filter(known);
    const span = Math.max(...worth) - Math.min(...worth) || 0.1;
    const y = scale([Math.min(...worth) - span * 0.15, Math.max(...worth) + span * 0.2], [bottom, 8]);
    const domain = [Math.min(...times) / 1.6, Math.max(...times) * 1.6];
    const x = scale(domain, [left, right], Math.log10);
    const steps = [];
    for (let power = Math.floor(Math.log10(domain[0])); power <= Math.log10(domain[1]); power += 1) {
      for (const factor of [1, 2, 5]) if (factor * 10 ** power >= domain[0] && factor * 10 ** power <= domain[1]) steps.push(factor * 10 ** power);
    }
    const few = steps.length > width / 60 ? steps.filter((one) => Math.log10(one) % 1 === 0) : steps;
    const children = [...rows(ticks(Math.min(...worth) - span * 0.1, Math.max(...worth) + span * 0.1, 5), y, left, right),
      svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }), ...columns(few, x, bottom),
      text((left + right) / 2, height - 4, "milliseconds a query", { "text-anchor": "middle" })];
    if (known(floor)) {
      children.push(svg("line", { class: "curve", stroke: colour(0), "stroke-dasharray": "5 4", x1: left, x2: right, y1: y(floor), y2: y(floor) }),
        text(right, y(floor) - 6, data.systems[0], { "text-anchor": "end" }));
    }
    for (const one of timed) {
      const across = x(one.p50), up = y(value(one.system)), half = across > (left + right) / 2;
      if (known(one.p95)) children.push(svg("line", { x1: across, x2: x(one.p95), y1: up, y2: up, stroke: colour(one.system), "stroke-width": 2 }));
      children.push(mark(one.system, across, up), text(across, up - 12, clipped(data.systems[one.system], (half ? across - left : right - across) / 6 + 6),
        { class: "strong", "text-anchor": half ? "end" : "start" }));
    }
    const told = timed.map((one) => `${data.systems[one.system]}: ${number(value(one.system))} in ${short(one.p50)} ms`).join("; ");
    return { height, label: `${measure} against latency. ${told}`, children };
  });
}
