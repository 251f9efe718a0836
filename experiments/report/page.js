"use strict";
// The report without this script is whole; with it, tables sort, curves say their values, and banks and codes are explored.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function short(value) {
  return Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-2) ? value.toExponential(2) : String(+value.toPrecision(4));
}

function picture(base64) {
  const image = new Image();
  image.src = "data:image/png;base64," + base64;
  return image;
}

// Tables: a click on a heading sorts by its column, a second one the other way.
function sortable(table) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = element("button", { type: "button" }, ...heading.childNodes);
    heading.replaceChildren(button);
    button.addEventListener("click", () => sort(table, heading));
  }
}

function sort(table, heading) {
  const rising = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, key: key(row.cells[heading.cellIndex].textContent) }));
  rows.sort((a, b) => (rising ? compare(a.key, b.key) : compare(b.key, a.key)));
  body.append(...rows.map((each) => each.row));
}

function key(text) {
  const words = text.trim().replaceAll(",", "").replace("−", "-");
  const number = parseFloat(words);
  return words === "" ? -Infinity : Number.isNaN(number) ? words.toLowerCase() : number;
}

function compare(a, b) {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

// Banks of filters: a slider swaps the sheet in place; a click follows one unit over all stops.
function banks(view, data) {
  const [height, width] = data.tile, sheets = data.stops.map((stop) => picture(stop.sheet));
  const scale = Math.max(2, Math.floor(480 / (data.columns * (width + 1))));
  const slider = element("input", { type: "range", min: 0, max: data.stops.length - 1, value: 0, step: 1, "aria-label": data.what });
  const label = element("output"), said = element("p", { class: "quiet", "aria-live": "polite" });
  const bank = element("canvas", { tabindex: 0, "aria-label": "filters; arrow keys choose a unit" }), strip = element("div", { class: "strip" });
  let unit = 0;
  const cell = (index) => [(index % data.columns) * (width + 1), Math.floor(index / data.columns) * (height + 1)];
  function draw() {
    const stop = +slider.value, sheet = sheets[stop], context = (bank.width = sheet.width * scale, bank.height = sheet.height * scale, bank.getContext("2d"));
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, 0, 0, bank.width, bank.height);
    const [left, top] = cell(unit);
    context.strokeStyle = "#d55e00";
    context.lineWidth = 3;
    context.strokeRect(left * scale - 1, top * scale - 1, width * scale + 2, height * scale + 2);
    label.textContent = data.stops[stop].name;
    slider.setAttribute("aria-valuetext", data.stops[stop].name);
  }
  function follow(index) {
    unit = Math.max(0, Math.min(index, data.stops[+slider.value].units - 1));
    said.textContent = `Unit ${unit} over ${data.what}:`;
    strip.replaceChildren(...data.stops.map((stop, i) => {
      const tile = element("canvas", { width: width * 4, height: height * 4 }), context = tile.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(sheets[i], ...cell(unit), width, height, 0, 0, width * 4, height * 4);
      return element("figure", {}, tile, element("figcaption", {}, stop.name));
    }));
    draw();
  }
  slider.addEventListener("input", draw);
  bank.addEventListener("click", (event) => {
    const grown = bank.width / bank.getBoundingClientRect().width;
    follow(Math.floor((event.offsetY * grown) / scale / (height + 1)) * data.columns + Math.floor((event.offsetX * grown) / scale / (width + 1)));
  });
  bank.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.columns, ArrowDown: data.columns }[event.key];
    if (step) (event.preventDefault(), follow(unit + step));
  });
  view.append(element("p", {}, element("label", {}, `${data.what} `, slider), " ", label), bank, said, strip);
  Promise.all(sheets.map((sheet) => sheet.decode())).then(() => follow(0));
}

// Codes: the picture under the pointer.
function points(view, data) {
  const [height, width] = data.tile, sheet = picture(data.sheet), side = 420, margin = 12;
  const shown = element("canvas", { width: width * 4, height: height * 4 }), said = element("p", { class: "quiet", "aria-live": "polite" }, "Move over the codes.");
  const panels = data.panels.map((panel) => {
    const canvas = element("canvas", { width: side, height: side, tabindex: 0, "aria-label": `${panel.title}; arrow keys go through the pictures` });
    const [xs, ys] = [0, 1].map((axis) => panel.places.map((place) => place[axis]));
    const along = (values, value) => margin + ((value - Math.min(...values)) / (Math.max(...values) - Math.min(...values) || 1)) * (side - 2 * margin);
    const places = panel.places.map(([x, y]) => [along(xs, x), side - along(ys, y)]);
    canvas.addEventListener("pointermove", (event) => choose(nearest(places, canvas, event)));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) (event.preventDefault(), choose((chosen + step + places.length) % places.length));
    });
    return { title: panel.title, canvas, places };
  });
  let chosen = 0;
  function nearest(places, canvas, event) {
    const grown = side / canvas.getBoundingClientRect().width, [x, y] = [event.offsetX * grown, event.offsetY * grown];
    const distances = places.map((place) => Math.hypot(place[0] - x, place[1] - y));
    return distances.indexOf(Math.min(...distances));
  }
  function choose(index) {
    chosen = index;
    for (const { canvas, places } of panels) {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, side, side);
      places.forEach(([x, y], i) => {
        context.beginPath();
        context.arc(x, y, i === chosen ? 7 : 2.5, 0, 2 * Math.PI);
        context.fillStyle = data.colors[i];
        context.fill();
      });
    }
    const context = shown.getContext("2d"), [row, column] = [Math.floor(chosen / data.columns), chosen % data.columns];
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, column * (width + 1), row * (height + 1), width, height, 0, 0, shown.width, shown.height);
    said.textContent = `${data.names[chosen]}, picture ${chosen}`;
  }
  const columns = panels.map(({ title, canvas }) => element("figure", {}, element("figcaption", {}, title), canvas));
  view.append(element("div", { class: "strip" }, ...columns, element("figure", {}, shown, said)));
  sheet.decode().then(() => (choose(0), (said.textContent = "Move over the codes.")));
}

// Curves: the values under the pointer; a button for each line shows and hides it.
function curves(view, data) {
  const [W, H, left, bottom] = [640, 340, 70, 46], svg = drawn("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": data.title || data.axes[1] });
  const to = [0, 1].map((axis) => {
    const map = data.log[axis] ? Math.log10 : Number, [low, high] = data.limits[axis].map(map);
    return (value) => (axis ? H - bottom - ((map(value) - low) / (high - low)) * (H - bottom - 10) : left + ((map(value) - low) / (high - low)) * (W - left - 10));
  });
  [0, 1].forEach((axis) => ticks(data.limits[axis], data.log[axis]).forEach((value) => {
    const place = to[axis](value), text = drawn("text", axis ? { x: left - 6, y: place + 4, "text-anchor": "end" } : { x: place, y: H - bottom + 18, "text-anchor": "middle" });
    text.textContent = short(value);
    svg.append(drawn("line", axis ? { x1: left, x2: W - 10, y1: place, y2: place } : { x1: place, x2: place, y1: 10, y2: H - bottom }), text);
  }));
  const [x, y] = data.axes.map((name, axis) => {
    const text = drawn("text", axis ? { transform: `translate(14 ${(H - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" } : { x: (W + left) / 2, y: H - 6, "text-anchor": "middle" });
    text.textContent = name;
    return text;
  });
  svg.append(x, y);
  const said = element("p", { class: "quiet values", "aria-live": "polite" }, "Move over the curves for their values."), buttons = element("p", { class: "lines" });
  const lines = data.lines.map((line) => {
    const within = (place) => place.every((value, axis) => value >= data.limits[axis][0] && value <= data.limits[axis][1]);
    const inside = line.places.filter(within), group = drawn("g");
    if (line.marks) inside.forEach((place) => group.append(drawn("circle", { cx: to[0](place[0]), cy: to[1](place[1]), r: 4, fill: line.color })));
    else group.append(drawn("polyline", { points: inside.map((place) => `${to[0](place[0])},${to[1](place[1])}`).join(" "), fill: "none", stroke: line.color, "stroke-width": 2, "stroke-dasharray": line.dashed ? "6 4" : "none" }));
    const button = element("button", { type: "button", "aria-pressed": "true", style: `border-color: ${line.color}` }, line.name);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", on);
      group.style.display = on ? "" : "none";
    });
    buttons.append(button, " ");
    svg.append(group);
    return { ...line, places: inside, button };
  });
  function tell(where) {
    const told = lines.filter((line) => line.places.length && line.button.getAttribute("aria-pressed") === "true").map((line) => {
      const place = line.places.reduce((best, each) => (Math.abs(to[0](each[0]) - where) < Math.abs(to[0](best[0]) - where) ? each : best));
      return `${line.name}: ${short(place[1])} at ${short(place[0])}`;
    });
    said.textContent = told.join("; ");
  }
  let where = left;
  svg.addEventListener("pointermove", (event) => tell((where = (event.offsetX * W) / svg.getBoundingClientRect().width)));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -10, ArrowRight: 10 }[event.key];
    if (step) (event.preventDefault(), tell((where = Math.max(left, Math.min(W - 10, where + step)))));
  });
  view.append(...(data.title ? [element("p", {}, data.title)] : []), svg, buttons, said);
}

function ticks([low, high], log) {
  if (log) {
    const first = Math.ceil(Math.log10(low)), last = Math.floor(Math.log10(high)), every = Math.ceil((last - first + 1) / 6);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i)).filter((_, i) => i % every === 0);
  }
  const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((each) => each * unit >= rough) * unit;
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
}

for (const table of document.querySelectorAll("table")) sortable(table);
for (const view of document.querySelectorAll("[data-view]")) {
  const data = JSON.parse(view.querySelector("script").textContent);
  ({ banks, points, curves })[data.kind](view, data);
  view.hidden = false;
}
