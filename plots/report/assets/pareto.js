// The scatter: what each shown curve came to, against how far it compressed, with the Pareto front.

const ratios = {uplink: "Uplink compression against float32 (×)", both: "Uplink + downlink compression against float32 (×)"};
const scatter = {plot: null, marks: [], full: null};

const ratioAxis = () => ({name: view.pareto, label: ratios[view.pareto], log: true});
const outcomeName = () => view.best ? "best" : "final";
const outcomeAxis = () => ({...metricAxis(), label: capital(outcomeName() + " " + small(metricAxis().label)), log: false});
const capital = text => text[0].toUpperCase() + text.slice(1);
const small = text => text[0].toLowerCase() + text.slice(1);

// outcomes returns what the runs of a curve came to that sent something.
const outcomes = curve => runsOf(curve).map(r => r.outcome ?? {}).filter(o => o[view.pareto] > 0 && Number.isFinite(o[outcomeName()]));

// marksOf returns a mark for each shown curve, in coordinates of the axes. On the front are those that no other beats.
function marksOf() {
  const marks = [];
  page.curves.forEach((curve, index) => {
    const seeds = outcomes(curve);
    if (view.hidden.has(index) || seeds.length === 0) return;
    const [y, low, high] = edges(seeds.map(o => o[outcomeName()]), view.band);
    marks.push({index, curve, x: log10(meanStd(seeds.map(o => o[view.pareto]))[0]), y, low, high, seeds: seeds.length});
  });
  const sign = metricAxis().low ? -1 : 1;
  const beats = (a, b) => a.x >= b.x && sign * (a.y - b.y) >= 0 && (a.x > b.x || a.y !== b.y);
  for (const m of marks) m.front = !marks.some(o => beats(o, m));
  return marks;
}

const frontOf = marks => marks.filter(m => m.front).sort((a, b) => a.x - b.x || b.y - a.y);

function drawPareto() {
  scatter.plot?.destroy();
  scatter.plot = null;
  scatter.marks = [];
  $("pareto").hidden = !metricAxis() || page.curves.filter(c => outcomes(c).length > 0).length < 2;
  if ($("pareto").hidden) return;
  scatter.marks = marksOf();
  scatter.full = {x: extent(scatter.marks.map(m => m.x), 0.08), y: extent(scatter.marks.flatMap(m => [m.low, m.high]), 0.08)};
  const x = ratioAxis(), y = outcomeAxis(), range = () => scatter.full;
  const chart = frame(x, y, scatter.full, range, scatterRoom());
  scatter.plot = new uPlot({...chart, cursor: {points: {show: false}, x: false, y: false, drag: {x: false, y: false, setScale: false}},
    hooks: {draw: [drawMarks], setCursor: [hoverMark]}}, [[...scatter.full.x], [...scatter.full.y]], $("pareto-chart"));
  const names = frontOf(scatter.marks).map(m => m.curve.label).join("; ");
  $("pareto-note").textContent = `${y.label} against compression, ${$("band").selectedOptions[0].text}. Filled marks, which the line joins, are the Pareto front: no other shown curve compresses as far and ends as high, and does better in one of the two.`;
  $("pareto-front").textContent = names ? "On the front: " + names : "All curves are hidden";
  $("pareto-chart").setAttribute("aria-label", `${y.label} against ${x.label}: ${scatter.marks.length} curves. ${$("pareto-front").textContent}`);
}

function scatterRoom() {
  const width = Math.max(260, Math.min(940, $("pareto-chart").parentElement.clientWidth));
  return {width, height: Math.round(Math.min(480, Math.max(300, width * 0.5)))};
}

function drawMarks(u) {
  const {ctx, bbox} = u, at = m => [u.valToPos(m.x, "x", true), u.valToPos(m.y, "y", true)];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const steps = stepsOf(frontOf(scatter.marks).map(at));
  drawFront(ctx, steps);
  for (const m of scatter.marks) drawMark(u, m, ...at(m));
  drawNames(u, scatter.marks.map(m => [m, ...at(m)]), steps);
  ctx.restore();
}

// stepsOf returns the corners of steps from each point of the front down to the height of the next.
const stepsOf = points => points.flatMap(([x, y], i) => i > 0 ? [[points[i - 1][0], y], [x, y]] : [[x, y]]);

function drawFront(ctx, steps) {
  ctx.strokeStyle = css("--rule");
  ctx.globalAlpha = 0.4;
  ctx.lineWidth = 5 * dpr();
  ctx.lineJoin = "round";
  ctx.beginPath();
  for (const [x, y] of steps) ctx.lineTo(x, y);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function drawMark(u, m, x, y) {
  const {ctx} = u, shape = new Path2D(markerPath(m.curve.marker, x, y, 4.6 * dpr()));
  ctx.strokeStyle = colourOf(m.curve);
  ctx.lineWidth = 1.6 * dpr();
  ctx.beginPath();
  ctx.moveTo(x, u.valToPos(m.low, "y", true));
  ctx.lineTo(x, u.valToPos(m.high, "y", true));
  ctx.stroke();
  ctx.fillStyle = m.front ? colourOf(m.curve) : css("--paper");
  ctx.fill(shape);
  ctx.stroke(shape);
}

// drawNames writes the curves' labels beside their marks, those of the front first, where neither marks nor lines are.
function drawNames(u, marks, steps) {
  const {ctx, bbox} = u, size = 11 * dpr(), gap = 9 * dpr();
  ctx.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = css("--muted");
  const around = (x, y, x2, y2, by) => [Math.min(x, x2) - by, Math.min(y, y2) - by, Math.max(x, x2) + by, Math.max(y, y2) + by];
  const taken = marks.flatMap(([m, x, y]) => [around(x, y, x, y, gap * 0.7), around(x, u.valToPos(m.low, "y", true), x, u.valToPos(m.high, "y", true), 0)]);
  steps.forEach(([x, y], i) => i > 0 && taken.push(around(...steps[i - 1], x, y, 2 * dpr())));
  const free = b => b[0] >= bbox.left && b[2] <= bbox.left + bbox.width && b[1] >= bbox.top && b[3] <= bbox.top + bbox.height &&
    !taken.some(t => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1]);
  for (const [m, x, y] of [...marks].sort((a, b) => b[0].front - a[0].front)) {
    const w = ctx.measureText(m.curve.label).width, h = size * 0.6;
    const box = [[x + gap, y], [x - gap - w, y], [x - w / 2, y - 1.6 * gap], [x - w / 2, y + 1.6 * gap], [x + gap, y - 1.3 * gap], [x + gap, y + 1.3 * gap], [x - gap - w, y + 1.3 * gap]].map(([l, mid]) => [l, mid - h, l + w, mid + h]).find(free);
    if (!box) continue;
    taken.push(box);
    ctx.fillText(m.curve.label, box[0], (box[1] + box[3]) / 2);
  }
}

// hoverMark tells about the mark that the pointer is at.
function hoverMark(u) {
  const {left, top} = u.cursor, tip = $("pareto-tip");
  const far = m => Math.hypot(u.valToPos(m.x, "x") - left, u.valToPos(m.y, "y") - top);
  const near = left >= 0 && scatter.marks.length > 0 ? scatter.marks.reduce((a, b) => far(b) < far(a) ? b : a) : null;
  tip.hidden = !near || far(near) > 28;
  if (tip.hidden) return;
  const y = outcomeAxis(), half = near.high - near.y;
  const reached = ["std", "ci95"].includes(view.band) && near.seeds > 1 ? spread(near.y, half, y.unit) : quantity(near.y, y.unit);
  tip.replaceChildren(element("div", {className: "row near"}, swatch(near.curve), element("span", {textContent: near.curve.label}), element("b", {textContent: reached})),
    element("div", {className: "at", textContent: `compressed ${plain(10 ** near.x, 3)}×${near.front ? ", on the front" : ""}`}));
  placeTip(u, tip);
}
