// The page: controls, the address's hash as memory, saving, and lines that arrive while runs go on.

const switches = ["logx", "logy", "best"];

function fillSelect(node, list, chosen) {
  const groups = new Map();
  node.replaceChildren();
  list.forEach((a, i) => {
    const option = element("option", {value: i, textContent: a.label, selected: i === chosen});
    if (!a.group) return node.append(option);
    if (!groups.has(a.group)) {
      groups.set(a.group, element("optgroup", {label: a.group}));
      node.append(groups.get(a.group));
    }
    groups.get(a.group).append(option);
  });
}

function drawControls() {
  fillSelect($("x"), page.x, view.x);
  fillSelect($("y"), page.y, view.y);
  $("account").replaceChildren(...page.accounts.map(a => element("option", {value: a, textContent: a})));
  $("account").value = view.account;
  $("band").value = view.band;
  $("pareto-x").value = view.pareto;
  for (const s of switches) $(s).checked = view[s];
}

// changed draws what depends on the view.
function changed() {
  focused = null; // what is under the pointer may be gone
  draw(false);
  drawLegend();
  drawCosts();
  drawPareto();
  remember();
}

function drawHead() {
  document.title = page.title + " · flsim";
  $("title").textContent = page.title;
  $("subtitle").textContent = page.subtitle;
  $("synthetic").textContent = page.synthetic ?? "";
  $("synthetic").hidden = !page.synthetic;
  $("notes").hidden = !page.notes?.length;
  $("notes").querySelector("ul").replaceChildren(...(page.notes ?? []).map(text => element("li", {textContent: text})));
  const sheets = page.cases ?? [];
  $("cases").hidden = sheets.length === 0;
  $("cases").querySelector(".sheets").replaceChildren(...sheets.map(c => {
    const curve = page.curves[c.curve];
    const picture = element("img", {src: c.src, width: c.w, height: c.h, alt: `Contact sheet of ${curve.label}, ${c.caption}`});
    return element("figure", {}, element("figcaption", {}, swatch(curve), element("span", {textContent: curve.label}), element("small", {textContent: c.caption})), picture);
  }));
}

function drawEverything() {
  document.documentElement.classList.toggle("dark", isDark());
  drawHead();
  drawControls();
  drawTables();
  changed();
}

// The address's hash holds what differs from the defaults, so that a view can be sent to others.
const defaults = {};

function remember() {
  const now = viewText();
  const parts = Object.keys(now).filter(k => now[k] !== defaults[k]).map(k => k + "=" + encodeURIComponent(now[k]));
  try {
    history.replaceState(null, "", parts.length ? "#" + parts.join("&") : location.pathname + location.search);
  } catch { /* some browsers forbid it for files */ }
}

const viewText = () => ({
  x: page.x[view.x].name, y: page.y[view.y]?.name ?? "", bits: view.account, seeds: view.band, logx: String(view.logx), logy: String(view.logy), best: String(view.best),
  target: String(view.target), pareto: view.pareto, hidden: [...view.hidden].sort((a, b) => a - b).join(","),
});

function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
  const place = (list, name) => Math.max(0, list.findIndex(a => a.name === name));
  if (given.has("x")) setX(place(page.x, given.get("x")));
  if (given.has("y")) setY(place(page.y, given.get("y")));
  if (page.accounts.includes(given.get("bits"))) view.account = given.get("bits");
  if ([...$("band").options].some(o => o.value === given.get("seeds"))) view.band = given.get("seeds");
  for (const s of switches) if (given.has(s)) view[s] = given.get(s) === "true";
  if (Number.isFinite(parseFloat(given.get("target")))) view.target = parseFloat(given.get("target"));
  if (ratios[given.get("pareto")]) view.pareto = given.get("pareto");
  if (given.get("hidden")) view.hidden = new Set(given.get("hidden").split(",").map(Number).filter(i => i >= 0 && i < page.curves.length));
}

function setX(i) {
  view.x = i;
  view.logx = !!page.x[i].log;
  zoomTo(null);
}

function setY(i) {
  view.y = i;
  view.logy = !!page.y[i]?.log;
  zoomTo(null);
}

function setTarget(v) {
  if (!Number.isFinite(v)) return;
  view.target = v;
  plot.redraw(false, false);
  drawCosts();
  remember();
}

function listen() {
  $("x").onchange = e => { setX(+e.target.value); drawControls(); changed(); };
  $("y").onchange = e => { setY(+e.target.value); drawControls(); changed(); };
  $("account").onchange = e => { view.account = e.target.value; view.zoom = null; changed(); };
  $("band").onchange = e => { view.band = e.target.value; changed(); };
  for (const s of switches) $(s).onchange = e => { view[s] = e.target.checked; zoomTo(null); changed(); };
  $("controls").onsubmit = e => e.preventDefault();
  $("reset").onclick = () => zoomTo(null);
  $("all").onclick = () => showFound(true);
  $("none").onclick = () => showFound(false);
  $("search").oninput = drawLegend;
  $("target").oninput = e => setTarget(parseFloat(e.target.value) / (metricAxis()?.unit === "%" ? 100 : 1));
  $("pareto-x").onchange = e => { view.pareto = e.target.value; drawPareto(); remember(); };
  $("png").onclick = savePNG;
  $("csv").onclick = saveCSV;
  $("chart").onkeydown = keys;
  dark.onchange = drawEverything;
  window.onbeforeprint = () => { printing = true; drawEverything(); };
  window.onafterprint = () => { printing = false; drawEverything(); };
  window.onhashchange = () => { recall(); drawControls(); changed(); };
  new ResizeObserver(() => {
    const {width, height} = room();
    if (plot && (plot.width !== width || plot.height !== height)) plot.setSize({width, height});
    scatter.plot?.setSize(scatterRoom());
  }).observe($("chart").parentElement);
}

function keys(e) {
  const step = plot.over.clientWidth / 50;
  const move = by => {
    const left = plot.cursor.left >= 0 ? plot.cursor.left : plot.over.clientWidth / 2;
    const top = plot.cursor.top >= 0 ? plot.cursor.top : plot.over.clientHeight / 2;
    plot.setCursor({left: Math.min(plot.over.clientWidth, Math.max(0, left + by)), top});
  };
  const does = {ArrowLeft: () => move(-step), ArrowRight: () => move(step), "+": () => zoomBy(0.7), "=": () => zoomBy(0.7), "-": () => zoomBy(1 / 0.7), 0: () => zoomTo(null), Escape: () => zoomTo(null)}[e.key];
  if (!does || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  does();
}

function save(name, href) {
  const link = element("a", {href, download: name});
  document.body.append(link);
  link.click();
  link.remove();
}

const fileName = ending => `${page.title}-${withAccount(page.y[view.y].name)}-${withAccount(page.x[view.x].name)}`.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/_bits_cum/g, "_bits") + ending;

// savePNG saves the chart with its title and a legend below.
function savePNG() {
  const scale = dpr(), chart = plot.ctx.canvas, row = 20 * scale, top = 30 * scale;
  const canvas = element("canvas"), ctx = canvas.getContext("2d");
  const font = px => `${px * scale}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.font = font(13);
  const widest = Math.max(60, ...lines.map(l => ctx.measureText(l.curve.label).width)) + 60 * scale;
  const columns = Math.max(1, Math.min(lines.length, Math.floor(chart.width / widest)));
  canvas.width = chart.width;
  canvas.height = top + chart.height + (Math.ceil(lines.length / columns) + 0.5) * row;
  ctx.fillStyle = css("--paper");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = css("--ink");
  ctx.font = "bold " + font(15);
  ctx.fillText(page.title, 12 * scale, 20 * scale);
  const indent = ctx.measureText(page.title).width + 24 * scale;
  ctx.fillStyle = css("--muted");
  ctx.font = font(12);
  ctx.fillText((page.synthetic ? "synthetic data · " : "") + page.subtitle, indent, 20 * scale);
  ctx.drawImage(chart, 0, top);
  ctx.font = font(13);
  lines.forEach((l, i) => legendEntry(ctx, l.curve, 12 * scale + (i % columns) * (chart.width / columns), top + chart.height + (Math.floor(i / columns) + 0.5) * row, scale));
  save(fileName(".png"), canvas.toDataURL("image/png"));
}

function legendEntry(ctx, curve, x, y, scale) {
  ctx.strokeStyle = ctx.fillStyle = colourOf(curve);
  ctx.lineWidth = 2 * scale;
  ctx.setLineDash((curve.dash ?? []).map(d => d * 1.3 * scale));
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + 34 * scale, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fill(new Path2D(markerPath(curve.marker, x + 17 * scale, y, 3.4 * scale)));
  ctx.fillStyle = css("--ink");
  ctx.fillText(curve.label, x + 42 * scale, y + 4.5 * scale);
}

// saveCSV saves the shown curves, a line for each point of each, in the records' units.
function saveCSV() {
  const x = axisX(), y = axisY();
  const quote = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const rows = [["curve", x.column, y.column, "low", "high", "seeds"]];
  for (const l of lines) l.sum.x.forEach((p, i) => rows.push([l.curve.label, value(x, p), value(y, l.sum.y[i]), value(y, l.sum.low[i]), value(y, l.sum.high[i]), l.sum.seeds]));
  const href = URL.createObjectURL(new Blob([rows.map(r => r.map(c => quote(String(c))).join(",")).join("\n") + "\n"], {type: "text/csv"}));
  save(fileName(".csv"), href);
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

// follow draws what the server says of runs that go on.
function follow() {
  const state = $("live");
  state.hidden = false;
  const tell = (text, on) => { state.textContent = text; state.classList.toggle("off", !on); };
  tell("Live", true);
  const source = new EventSource("events");
  source.addEventListener("update", e => {
    const news = JSON.parse(e.data);
    const shown = {x: page.x[view.x]?.name, y: page.y[view.y]?.name, hidden: new Set([...view.hidden].map(i => page.curves[i]?.label)), first: page.curves.length === 0};
    const axes = JSON.stringify([page.x, page.y]);
    Object.assign(page, {synthetic: "", notes: [], targets: []}, news);
    delete page.runs;
    delete page.lines;
    addRuns(news.runs);
    news.lines.forEach(addLines);
    view.x = Math.max(0, page.x.findIndex(a => a.name === shown.x));
    view.y = Math.max(0, page.y.findIndex(a => a.name === shown.y));
    view.hidden = new Set(page.curves.flatMap((c, i) => shown.hidden.has(c.label) ? [i] : []));
    if (shown.first) { setY(0); view.target = firstTarget(); }
    drawHead();
    drawTables();
    if (axes !== JSON.stringify([page.x, page.y])) { drawControls(); draw(false); } else draw(true);
    drawLegend();
    drawCosts();
    drawPareto();
    tell(news.runs.length ? `Live: ${news.runs.filter(r => r.state === "done").length} of ${news.runs.length} runs done` : "Live: waiting for runs", true);
  });
  source.onerror = () => tell(source.readyState === EventSource.CLOSED ? "The server is gone" : "The server does not answer; trying again", false);
}

function start() {
  addRuns(page.runs);
  page.lines.forEach(addLines);
  delete page.lines;
  const first = page.y.findIndex(a => a.name === page.metric);
  view.y = Math.max(0, first);
  view.logy = !!page.y[view.y]?.log;
  view.target = firstTarget();
  Object.assign(defaults, viewText());
  recall();
  listen();
  drawEverything();
  if (page.live) follow();
  window.flsim = {page, runs, view, chart: () => plot, lines: () => lines, full: () => full, firstTarget, scatter};
}

start();
