// The chart: uPlot for axes, zoom and cursor; the curves are drawn here, since every run has x of its own.

const $ = id => document.getElementById(id);
const view = {x: 0, y: 0, account: "wire", pareto: "uplink", band: "std", logx: true, logy: false, best: false, hidden: new Set(), zoom: null, target: null};
const dark = matchMedia("(prefers-color-scheme: dark)");
const dpr = () => window.devicePixelRatio || 1;
let plot = null;    // the uPlot
let lines = [];     // of the shown curves: {index, sum, seeds}
let full = null;    // {x: [low, high], y: [low, high]} of all of them, in coordinates of the axes
let focused = null; // index of the curve that the pointer is at
let printing = false;

const isDark = () => dark.matches && !printing;

// The colours of dark paper, by those of white paper.
const onDark = {"#000000": "#f0f2f5", "#0072b2": "#3f9fe0", "#d55e00": "#f0763a", "#009e73": "#22c493", "#cc79a7": "#e29cc4", "#e69f00": "#f2b21b", "#56b4e9": "#a4d8f8"};
const colourOf = curve => isDark() ? onDark[curve.colour] ?? curve.colour : curve.colour;
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const withAccount = name => name.replace("*", view.account);
const axisX = () => axis(page.x[view.x], view.logx);
const axisY = () => axis(page.y[view.y], view.logy);
const axis = (a, log) => ({...a, column: withAccount(a.name), log});
const value = (a, p) => a.log ? 10 ** p : p; // of a coordinate
const coordinate = (a, v) => a.log ? log10(v) : v;

// wordsOf returns an axis's title. Logarithmic axes of bits name the prefix at every tick.
function wordsOf(a, most) {
  let words = a.label;
  if (a.name.includes("*") && view.account !== "wire") words += ` (${view.account})`;
  const unit = a.unit === "bit" && a.log ? "bit" : scaleOf(a.unit, most)[1];
  return unit ? `${words} (${unit})` : words;
}

const runsOf = curve => curve.runs.map(key => runs.get(key)).filter(Boolean);

function compute() {
  const x = axisX(), y = axisY();
  const steps = x.column === "sim_time_s" && [...runs.values()].some(r => r.budget > 0), silent = [];
  lines = [];
  page.curves.forEach((curve, index) => {
    if (view.hidden.has(index)) return;
    const all = runsOf(curve), seeds = all.map(r => points(r, x, y, view.best));
    const sum = summarise(seeds, view.band, steps);
    if (sum.x.length > 0) lines.push({index, curve, sum, seeds});
    else if (x.log) silent.push({index, curve, seeds: all.filter(r => r.count > 1 && r.columns[x.column]?.[r.count - 1] === 0).map(r => points(r, {...x, log: false}, y, view.best))});
  });
  lines.push(...silent.map(l => reference(l)).filter(Boolean));
  lines.sort((a, b) => a.index - b.index);
  full = {x: extent(lines.flatMap(l => ends(l.sum.x)), 0.025), y: extent(lines.flatMap(yEnds), 0.05)};
}

// reference makes a level line of a curve without a place on a logarithmic axis, such as a baseline that sends nothing.
function reference(l) {
  const lasts = l.seeds.filter(s => s.y.length > 0).map(s => s.y[s.y.length - 1]);
  const xs = lines.flatMap(o => o.sum.x);
  if (lasts.length === 0 || xs.length === 0) return null;
  const [y, low, high] = edges(lasts, view.band);
  const x = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  return {...l, sum: {x, y: [y, y], low: [low, low], high: [high, high], seeds: lasts.length}, seeds: lasts.map(v => ({x, y: [v, v]}))};
}

const ends = xs => [xs[0], xs[xs.length - 1]];
const yEnds = l => (view.band === "seeds" ? l.seeds.map(s => s.y) : [l.sum.low, l.sum.high]).flatMap(ys => {
  let low = Infinity, high = -Infinity;
  for (const y of ys) { low = Math.min(low, y); high = Math.max(high, y); }
  return low <= high ? [low, high] : [];
});

function extent(values, margin) {
  let low = Infinity, high = -Infinity;
  for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
  if (!(low <= high)) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
  return [low - (high - low) * margin, high + (high - low) * margin];
}

// draw recomputes the curves and draws the chart anew; with keep the axes stay what they are, only data are new.
function draw(keep) {
  compute();
  if (keep && plot) {
    plot.setData(dummy());
    return;
  }
  plot?.destroy();
  plot = new uPlot(options(), dummy(), $("chart"));
  const x = axisX(), y = axisY();
  $("chart").setAttribute("aria-label", `${y.label} against ${x.label}: ${lines.length} of ${page.curves.length} curves`);
}

// dummy gives uPlot something to scale.
const dummy = () => [[...full.x], [...full.y]];

function options() {
  const now = () => view.zoom ?? full;
  return {
    ...frame(axisX(), axisY(), full, now, room()),
    cursor: {points: {show: false}, drag: {x: true, y: true, uni: 25, setScale: false}, bind: {dblclick: () => () => zoomTo(null)}},
    hooks: {draw: [drawAll], setCursor: [hover], setSelect: [selected], ready: [addDot]},
  };
}

// frame returns options for a chart that draws its data itself: full is the range of these in coordinates of the axes, now() what is
// shown of it.
function frame(x, y, full, now, size) {
  const font = size => `${size}px ${getComputedStyle(document.body).fontFamily}`;
  const common = {stroke: css("--muted"), font: font(12), labelFont: font(13), labelGap: 2, ticks: {stroke: css("--rule"), width: 1, size: 4}, grid: {stroke: css("--faint"), width: 1}};
  const side = (a, dim, space) => ({
    ...common, label: wordsOf(a, Math.abs(value(a, full[dim][1]))),
    splits: (u, _, low, high) => ticksOf(a, low, high, Math.max(2, Math.floor((dim === "x" ? u.bbox.width : u.bbox.height) / dpr() / space))),
    values: (u, splits) => splits.map(p => tickText(a, p, now()[dim])),
  });
  return {
    ...size, legend: {show: false}, padding: [10, 14, 0, 0],
    scales: {x: {time: false, range: () => now().x}, y: {range: () => now().y}},
    axes: [{...side(x, "x", 66), size: 38, labelSize: 22}, {...side(y, "y", 48), size: 58, labelSize: 22}],
    series: [{}, {paths: () => null, points: {show: false}}],
  };
}

function room() {
  const width = Math.max(260, $("chart").parentElement.clientWidth);
  return {width, height: Math.round(Math.min(560, Math.max(320, width * 0.56)))};
}

function ticksOf(a, low, high, n) {
  if (a.log) return logSteps(low, high, n).map(log10);
  const [factor] = scaleOf(a.unit, Math.max(Math.abs(low), Math.abs(high)));
  return niceSteps(low / factor, high / factor, n).map(v => v * factor);
}

function tickText(a, p, [low, high]) {
  const v = value(a, p);
  if (a.unit === "bit" && a.log) {
    const [name, factor] = prefixes.findLast(q => v >= 0.9999 * q[1]) ?? prefixes[0];
    return plain(v / factor) + (name && " " + name);
  }
  const [factor] = scaleOf(a.unit, Math.max(Math.abs(value(a, low)), Math.abs(value(a, high))));
  return plain(+(v / factor).toPrecision(10), 6);
}

// selected zooms into what the pointer dragged over.
function selected(u) {
  const {left, top, width, height} = u.select;
  if (width < 4 || height < 4) return;
  u.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
  zoomTo({x: [u.posToVal(left, "x"), u.posToVal(left + width, "x")], y: [u.posToVal(top + height, "y"), u.posToVal(top, "y")]});
}

function zoomTo(zoom) {
  view.zoom = zoom;
  $("reset").hidden = !zoom;
  if (plot) draw(false);
}

function zoomBy(factor) {
  const now = view.zoom ?? full;
  const middle = plot.cursor.left >= 0 ? {x: plot.posToVal(plot.cursor.left, "x"), y: plot.posToVal(plot.cursor.top, "y")} : null;
  const about = dim => {
    const [low, high] = now[dim], m = middle?.[dim] ?? (low + high) / 2;
    return [m - (m - low) * factor, m + (high - m) * factor];
  };
  zoomTo({x: about("x"), y: about("y")});
}

function drawAll(u) {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  drawTarget(u);
  const ordered = [...lines].sort((a, b) => (a.index === focused) - (b.index === focused));
  for (const l of ordered) if (view.band !== "none" && view.band !== "seeds") drawBand(u, l);
  for (const l of ordered) drawLine(u, l);
  ctx.restore();
  if (lines.length === 0) {
    ctx.save();
    ctx.fillStyle = css("--muted");
    ctx.font = `${15 * dpr()}px sans-serif`;
    ctx.textAlign = "center";
    ctx.fillText(emptyText(), bbox.left + bbox.width / 2, bbox.top + bbox.height / 2);
    ctx.restore();
  }
}

function emptyText() {
  if (page.curves.length === 0) return "No runs yet";
  if (view.hidden.size === page.curves.length) return "All curves are hidden";
  return "No values on these axes yet";
}

const fade = l => focused === null || l.index === focused ? 1 : 0.3;

function drawBand(u, l) {
  if (l.sum.seeds < 2) return;
  const {ctx} = u, s = l.sum;
  ctx.globalAlpha = 0.16 * fade(l);
  ctx.fillStyle = colourOf(l.curve);
  ctx.beginPath();
  for (let i = 0; i < s.x.length; i++) ctx.lineTo(u.valToPos(s.x[i], "x", true), u.valToPos(s.high[i], "y", true));
  for (let i = s.x.length - 1; i >= 0; i--) ctx.lineTo(u.valToPos(s.x[i], "x", true), u.valToPos(s.low[i], "y", true));
  ctx.fill();
  ctx.globalAlpha = 1;
}

function drawLine(u, l) {
  const {ctx} = u, wide = l.index === focused ? 1.6 : 1;
  ctx.strokeStyle = ctx.fillStyle = colourOf(l.curve);
  ctx.globalAlpha = fade(l);
  ctx.lineJoin = "round";
  const width = (lines.length > 20 ? 1.4 : 1.9) * dpr() * wide;
  if (view.band === "seeds") {
    for (const s of l.seeds) stroke(u, s, l.curve, width * 0.65);
  } else {
    stroke(u, l.sum, l.curve, width);
  }
  ctx.setLineDash([]);
  for (const s of view.band === "seeds" ? l.seeds : [l.sum]) drawMarkers(u, s, l);
  ctx.globalAlpha = 1;
}

function stroke(u, s, curve, width) {
  const {ctx} = u;
  ctx.lineWidth = width;
  ctx.setLineDash((curve.dash ?? []).map(d => d * 1.3 * dpr()));
  ctx.beginPath();
  for (let i = 0; i < s.x.length; i++) ctx.lineTo(u.valToPos(s.x[i], "x", true), u.valToPos(s.y[i], "y", true));
  ctx.stroke();
}

// drawMarkers marks about a dozen points of those in view, at places that differ from curve to curve.
function drawMarkers(u, s, l) {
  const [low, high] = (view.zoom ?? full).x;
  const gap = (high - low) / 12;
  let next = low + gap * ((l.index * 0.37) % 1);
  for (let i = 0; i < s.x.length; i++) {
    if (s.x[i] < next && !(s.x.length === 1)) continue;
    next = s.x[i] + gap;
    u.ctx.fill(new Path2D(markerPath(l.curve.marker, u.valToPos(s.x[i], "x", true), u.valToPos(s.y[i], "y", true), 3.1 * dpr())));
  }
}

// markerPath returns a marker around a centre as an SVG path, in the shapes of plots.Look.
function markerPath(shape, x, y, r) {
  const [corners, turn, grow] = [[0], [4, 0.25, 1.25], [3, 0.5, 1.45], [4, 0.5, 1.35], [3, 1.5, 1.45]][shape];
  if (!corners) return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  let path = "";
  for (let i = 0; i < corners; i++) {
    const angle = Math.PI * turn + 2 * Math.PI * i / corners;
    path += `${i ? "L" : "M"}${x + r * grow * Math.cos(angle)} ${y - r * grow * Math.sin(angle)}`;
  }
  return path + "Z";
}

function drawTarget(u) {
  const y = axisY();
  if (view.target === null || y.name !== page.metric) return;
  const {ctx, bbox} = u, at = u.valToPos(coordinate(y, view.target), "y", true);
  if (!(at > bbox.top && at < bbox.top + bbox.height)) return;
  ctx.strokeStyle = ctx.fillStyle = css("--rule");
  ctx.lineWidth = dpr();
  ctx.setLineDash([2 * dpr(), 3 * dpr()]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, at);
  ctx.lineTo(bbox.left + bbox.width, at);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `${11 * dpr()}px sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.fillText("target", bbox.left + 5 * dpr(), at - 4 * dpr());
}

let dot;

function addDot(u) {
  dot = element("div", {className: "dot", hidden: true});
  u.over.append(dot);
}

// hover tells the values of the curves at the cursor, the nearest one first of all.
function hover(u) {
  const {left, top} = u.cursor;
  if (!(left >= 0) || lines.length === 0) return leave();
  const x = u.posToVal(left, "x");
  const found = [];
  for (const l of lines) {
    const s = l.sum, n = s.x.length;
    const px = Math.min(Math.max(x, s.x[0]), s.x[n - 1]);
    if (Math.abs(u.valToPos(px, "x") - left) > 12) continue;
    const y = at({x: s.x, y: s.y}, px);
    found.push({l, px, y, far: Math.abs(u.valToPos(y, "y") - top), half: at({x: s.x, y: s.high}, px)});
  }
  if (found.length === 0) return leave();
  const near = found.reduce((a, b) => b.far < a.far ? b : a);
  focus(near.far < 40 ? near.l.index : null);
  dot.hidden = false;
  dot.style.transform = `translate(${u.valToPos(near.px, "x")}px, ${u.valToPos(near.y, "y")}px)`;
  dot.style.borderColor = colourOf(near.l.curve);
  showTip(u, found, near, x);
}

function leave() {
  $("tip").hidden = true;
  if (dot) dot.hidden = true;
  focus(null);
}

function focus(index) {
  if (focused === index) return;
  focused = index;
  plot?.redraw(false, false);
}

const mostInTip = 12;

function showTip(u, found, near, x) {
  const ax = axisX(), ay = axisY();
  found.sort((a, b) => b.y - a.y);
  const from = Math.max(0, Math.min(found.indexOf(near) - mostInTip / 2, found.length - mostInTip));
  const shown = found.slice(from, from + mostInTip);
  const tip = $("tip");
  tip.replaceChildren(element("div", {className: "at", textContent: `${ax.label}: ${quantity(value(ax, x), ax.unit)}`}));
  for (const f of shown) {
    const row = element("div", {className: f === near ? "row near" : "row"});
    row.append(swatch(f.l.curve), element("span", {textContent: f.l.curve.label}), element("b", {textContent: reading(ay, f)}));
    tip.append(row);
  }
  if (found.length > shown.length) tip.append(element("div", {className: "more", textContent: `and ${found.length - shown.length} more`}));
  tip.hidden = false;
  placeTip(u, tip);
}

// placeTip puts a readout beside the cursor, within the chart.
function placeTip(u, tip) {
  const left = u.over.offsetLeft + u.cursor.left, room = tip.parentElement.clientWidth;
  const beside = left + 18 + tip.offsetWidth <= room ? left + 18 : Math.max(0, left - 18 - tip.offsetWidth);
  const y = Math.min(Math.max(0, u.over.offsetTop + u.cursor.top - tip.offsetHeight / 2), Math.max(0, u.height - tip.offsetHeight));
  tip.style.transform = `translate(${Math.round(beside)}px, ${Math.round(y)}px)`;
}

function reading(a, f) {
  const y = value(a, f.y);
  return ["std", "ci95"].includes(view.band) && f.l.sum.seeds > 1 && !a.log ? spread(y, f.half - f.y, a.unit) : quantity(y, a.unit);
}
