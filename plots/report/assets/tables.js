// Tables that sort, and the cost of a target, which is computed here for any target.

const sorting = {}; // by table: {column, down}

const textOf = cell => Array.isArray(cell) ? cell[0] : cell;
const numberOf = cell => Array.isArray(cell) ? cell[1] : NaN;

// drawTable fills a table element.
function drawTable(node, table) {
  const kept = sorting[table.id];
  const heads = [{text: "curve"}, ...table.columns];
  const numeric = heads.map((_, i) => i > 0 && table.rows.some(r => Array.isArray(r.cells[i - 1])));
  const head = element("tr", {}, ...heads.map((h, i) => headCell(node, table, h, i, numeric[i])));
  const best = table.columns.map((h, i) => h.best && table.rows.length > 1 ? Math.max(...table.rows.map(r => numberOf(r.cells[i])).filter(Number.isFinite)) : NaN);
  const body = element("tbody");
  for (const row of sorted(table.rows, kept)) {
    const curve = page.curves[row.curve];
    const first = element("th", {scope: "row"}, element("div", {className: "curve"}, swatch(curve), element("span", {textContent: curve.label})));
    const tr = element("tr", {className: row.muted ? "muted" : ""}, first);
    row.cells.forEach((cell, i) => {
      const text = textOf(cell);
      const kind = numeric[i + 1] ? "num" : text.length > 28 ? "long" : "";
      tr.append(element("td", {className: kind + (numberOf(cell) === best[i] ? " best" : ""), textContent: text}));
    });
    body.append(tr);
  }
  node.replaceChildren(element("thead", {}, head), body);
}

function headCell(node, table, h, i, numeric) {
  const kept = sorting[table.id];
  const button = element("button", {type: "button", textContent: h.text, title: h.hint ?? ""});
  button.onclick = () => {
    const now = sorting[table.id];
    sorting[table.id] = now?.column === i ? {column: i, down: !now.down} : {column: i, down: !!h.high};
    drawTable(node, table);
    node.querySelectorAll("thead button")[i].focus();
  };
  const cell = element("th", {scope: "col", className: numeric ? "num" : ""}, button);
  cell.setAttribute("aria-sort", kept?.column === i ? (kept.down ? "descending" : "ascending") : "none");
  return cell;
}

// sorted orders rows by a column: numbers by size, words by alphabet; cells without a number come last.
function sorted(rows, kept) {
  if (!kept) return rows;
  const sign = kept.down ? -1 : 1, i = kept.column - 1;
  const text = r => i < 0 ? page.curves[r.curve].label : textOf(r.cells[i]);
  return [...rows].sort((a, b) => {
    const u = i < 0 ? NaN : numberOf(a.cells[i]), v = i < 0 ? NaN : numberOf(b.cells[i]);
    if (Number.isNaN(u) !== Number.isNaN(v)) return Number.isNaN(u) ? 1 : -1;
    return sign * (Number.isNaN(u) ? text(a).localeCompare(text(b), "en", {numeric: true}) : u - v);
  });
}

function drawTables() {
  const place = $("tables");
  for (const table of page.tables) {
    let section = $("table-" + table.id);
    if (!section) {
      const scroll = element("div", {className: "scroll", tabIndex: 0}, element("table"));
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", table.title);
      section = element("section", {id: "table-" + table.id}, element("h2", {textContent: table.title}), element("p", {className: "note"}), scroll);
      place.append(section);
    }
    section.querySelector(".note").textContent = table.note ?? "";
    drawTable(section.querySelector("table"), table);
  }
  for (const section of [...place.children]) if (!page.tables.some(t => "table-" + t.id === section.id)) section.remove();
}

// costOf returns what it took a run to reach a target: up to its first evaluation at or above it.
function costOf(run, target, account) {
  const metric = run.columns[page.metric];
  if (!metric) return null;
  for (let i = 0; i < run.count; i++) {
    if (!(metric[i] >= target)) continue;
    const of = name => run.columns[name]?.[i] ?? NaN;
    return {uplink: of(`uplink_${account}_bits_cum`), downlink: of(`downlink_${account}_bits_cum`), total: of(`total_${account}_bits_cum`), round: of("round"), time: of("sim_time_s")};
  }
  return null;
}

const targetText = v => quantity(v, metricAxis()?.unit).replace(/\.?0+ %$/, " %");

const metricAxis = () => page.y.find(a => a.name === page.metric);

function drawCosts() {
  const unit = metricAxis()?.unit, scale = unit === "%" ? 100 : 1;
  $("costs").hidden = !page.curves.length || !metricAxis();
  if ($("costs").hidden) return;
  $("target-unit").textContent = unit === "%" ? " %" : "";
  if (document.activeElement !== $("target")) $("target").value = +(view.target * scale).toPrecision(6);
  $("presets").replaceChildren(...(page.targets ?? []).map(v => {
    const b = element("button", {type: "button", textContent: targetText(v), onclick: () => setTarget(v)});
    b.setAttribute("aria-pressed", v === view.target);
    return b;
  }));
  const rows = page.curves.map((curve, index) => costRow(curve, index));
  $("costs-note").textContent = `Spent up to the first evaluation at or above ${targetText(view.target)}, which ${reachedText(view.target)}; ${view.account} bits of all clients` +
    (page.curves.some(c => c.runs.length > 1) ? "; mean ± sample standard deviation over the seeds that reach it." : ".");
  drawTable($("costs-table"), {id: "costs", rows, columns: [{text: "seeds"}, {text: "uplink"}, {text: "against the best", hint: "uplink, as a multiple of the cheapest curve's, among those that reach the target with all seeds"}, {text: "downlink"}, {text: "total"}, {text: "rounds"}, {text: "simulated time"}]});
}

// costsOf returns what a target took each run of a curve that reached it, and whether all did.
function costsOf(curve, target) {
  const all = runsOf(curve), found = all.map(r => costOf(r, target, view.account)).filter(Boolean);
  return {all, found, whole: all.length > 0 && found.length === all.length};
}

// reachedText says how many curves reach a target, as the end of a sentence.
function reachedText(target) {
  const costs = page.curves.map(c => costsOf(c, target));
  const whole = costs.filter(c => c.whole).length, partly = costs.filter(c => !c.whole && c.found.length > 0).length;
  if (partly === 0) return `${whole} of ${costs.length} curves reach`;
  return `${whole} of ${costs.length} curves reach with all seeds, ${partly} with some`;
}

function costRow(curve, index) {
  const {all, found, whole} = costsOf(curve, view.target);
  const cell = (name, unit) => {
    const [mean, std] = meanStd(found.map(f => f[name]));
    if (!Number.isFinite(mean)) return "–";
    return [found.length > 1 ? spread(mean, std, unit) : quantity(mean, unit), mean];
  };
  const seeds = [`${found.length} of ${all.length}`, found.length / Math.max(1, all.length)];
  if (found.length === 0) return {curve: index, muted: true, cells: [seeds, "not reached", "–", "–", "–", "–", "–"]};
  return {curve: index, cells: [seeds, cell("uplink", "bit"), whole ? against(meanStd(found.map(f => f.uplink))[0]) : "–", cell("downlink", "bit"), cell("total", "bit"), cell("round"), cell("time", "s")]};
}

// against compares uplink bits with those of the curve that needs fewest. Curves that some seeds alone reach the target
// with do not count: their mean is that of the lucky ones.
function against(bits) {
  let least = Infinity;
  for (const curve of page.curves) {
    const {found, whole} = costsOf(curve, view.target);
    if (whole) least = Math.min(least, meanStd(found.map(f => f.uplink))[0]);
  }
  return least > 0 ? [plain(bits / least, 3) + "×", bits / least] : "–";
}

// firstTarget is the highest of the runs' targets that some curve reaches with all seeds, else the lowest. Runs without
// targets have a round value that half of the curves reach.
function firstTarget() {
  const given = page.targets ?? [];
  if (given.length > 0) return given.findLast(v => page.curves.some(c => costsOf(c, v).whole)) ?? given[0];
  const bestOf = run => (run.columns[page.metric] ?? []).reduce((a, v) => v > a ? v : a, -Infinity);
  const bests = page.curves.map(c => Math.max(...runsOf(c).map(bestOf))).filter(Number.isFinite).sort((a, b) => a - b);
  return Math.floor((bests[Math.floor(bests.length / 2)] ?? 0) * 20) / 20;
}
