(function () {
  "use strict";
  const colors = ["#3b82c4", "#e07b24", "#2f9e62", "#cf4a52", "#8a63c9", "#a37b4f", "#d066a8", "#7c8896", "#a39a26", "#22a1b5"];
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const places = Array.from(document.querySelectorAll(".graph"));
  const plots = [];

  // What is drawn takes its colours from the style, light or dark.
  const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function short(value) {
    if (value === null || value === undefined) return "";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size >= 1e6) return +(value / 1e6).toPrecision(3) + "M";
    if (size >= 1e4) return +(value / 1e3).toPrecision(3) + "k";
    if (size < 1e-4) return value.toExponential(1);
    return String(+value.toPrecision(3));
  }

  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

  // Of lines on top of each other each is drawn at the sum of those below it.
  function stacked(lines, count) {
    const sum = new Array(count).fill(0);
    return lines.map((line) => line.values.map((value, at) => (sum[at] += value === null ? 0 : value)));
  }

  function marks(drawing) {
    return (u) => {
      const ctx = u.ctx, ratio = uPlot.pxRatio;
      ctx.save();
      ctx.font = 11 * ratio + "px system-ui, sans-serif";
      ctx.strokeStyle = ctx.fillStyle = shade("--mark");
      ctx.lineWidth = ratio;
      ctx.textBaseline = "alphabetic";
      ctx.setLineDash([4 * ratio, 4 * ratio]);
      let last = Infinity;
      for (const mark of drawing.marks.slice().sort((a, b) => a.value - b.value)) {
        const y = Math.round(u.valToPos(mark.value, "y", true));
        ctx.beginPath();
        ctx.moveTo(u.bbox.left, y);
        ctx.lineTo(u.bbox.left + u.bbox.width, y);
        ctx.stroke();
        if (last - y < 13 * ratio) continue; // its label would lie over the one below
        last = y;
        ctx.textAlign = "left";
        ctx.fillText(mark.label + " (" + short(mark.value) + ")", u.bbox.left + 4 * ratio, Math.max(y - 4 * ratio, u.bbox.top + 10 * ratio));
      }
      ctx.restore();
    };
  }

  function draw(at) {
    const drawing = drawings[at], place = places[at];
    const times = Array.from({ length: drawing.count }, (_, slot) => drawing.start + slot * drawing.period);
    let values = drawing.lines.map((line) => line.values);
    if (drawing.stacked) values = stacked(drawing.lines, drawing.count);
    const axis = { stroke: shade("--quiet"), grid: { stroke: shade("--grid"), width: 1 }, ticks: { stroke: shade("--grid"), width: 1 }, font: "11px system-ui, sans-serif" };
    const highest = Math.max(0, ...drawing.marks.map((mark) => mark.value));
    const options = {
      width: Math.max(place.clientWidth, 60), height: Math.max(place.clientHeight, 60),
      legend: { show: false }, cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: [drawing.start, drawing.start + drawing.period * drawing.count] },
        y: { range: (u, least, most) => [Math.min(0, least || 0), (Math.max(most || 0, highest) || 1) * (drawing.marks.length ? 1.18 : 1.08)] },
      },
      axes: [
        Object.assign({ size: 26, space: 48, values: (u, splits) => splits.map(clock) }, axis),
        Object.assign({ size: 44, values: (u, splits) => splits.map(short) }, axis),
      ],
      series: [{}].concat(drawing.lines.map((line, number) => {
        const color = colors[number % colors.length];
        return { label: line.label, stroke: color, width: 1.5, fill: drawing.stacked ? color + "d0" : undefined, points: { size: 4 } };
      })),
      hooks: { draw: [marks(drawing)] },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    };
    if (drawing.stacked) { // the highest first, so that the lower ones lie over it
      options.series = [options.series[0]].concat(options.series.slice(1).reverse());
      values = values.slice().reverse();
    }
    return new uPlot(options, [times].concat(values), place);
  }

  function legend(at) {
    const list = places[at].parentElement.querySelector(".legend");
    if (!list) return;
    drawings[at].lines.forEach((line, number) => {
      const item = document.createElement("li"), chip = document.createElement("i"), value = document.createElement("b");
      chip.style.background = colors[number % colors.length];
      const last = line.values.filter((one) => one !== null).pop();
      value.textContent = short(last);
      value.title = "the newest value";
      item.append(chip, line.label || "sum", value);
      list.append(item);
    });
  }

  function all() {
    plots.splice(0).forEach((plot) => plot.destroy());
    drawings.forEach((_, at) => plots.push(draw(at)));
  }

  drawings.forEach((_, at) => legend(at));
  all();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  let waiting;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => plots.forEach((plot, at) => plot.setSize({ width: Math.max(places[at].clientWidth, 60), height: Math.max(places[at].clientHeight, 60) })), 100);
  });
})();
