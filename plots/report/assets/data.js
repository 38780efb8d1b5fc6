// What the page knows: the object in #data, and of each run its columns, decoded.

const page = JSON.parse(document.getElementById("data").textContent);
const runs = new Map(); // by key: {columns: {name: Float64Array}, count, ...}

// numbers decodes a column of n values; see column.go.
function numbers(code, n) {
  const out = new Float64Array(n);
  if (typeof code === "number") return out.fill(code);
  if (Array.isArray(code)) return Float64Array.from(code);
  if (code.d) code.d.reduce((sum, step, i) => (out[i] = sum + step), 0);
  else for (let i = 0; i < n; i++) out[i] = code.a + code.b * i;
  return out;
}

// addLines puts lines into their run, in place of what it had from there on. Missing values are NaN.
function addLines(lines) {
  const run = runs.get(lines.key);
  if (!run) return;
  const count = lines.from + lines.count;
  const columns = {};
  const column = name => columns[name] ??= (() => {
    const c = new Float64Array(count).fill(NaN);
    c.set((run.columns[name] ?? c).subarray(0, lines.from));
    return c;
  })();
  Object.keys(run.columns).forEach(column);
  for (const block of lines.blocks) {
    const at = block.at === undefined ? null : numbers(block.at, block.n);
    for (const [name, code] of Object.entries(block.cols)) {
      const c = column(name), v = numbers(code, block.n);
      v.forEach((value, i) => { c[lines.from + (at ? at[i] : i)] = value; });
    }
  }
  for (const account of ["wire", "payload", "side", "entropy", "paper"]) {
    for (const direction of ["uplink", "downlink"]) steps(columns, `${direction}_${account}_bits`, lines.from);
    const up = columns[`uplink_${account}_bits_cum`], down = columns[`downlink_${account}_bits_cum`];
    if (up && down) columns[`total_${account}_bits_cum`] = up.map((v, i) => v + down[i]);
  }
  run.columns = columns;
  run.count = count;
}

// steps fills in bits per round, from a line on, where they are what their sum grows by.
function steps(columns, name, from) {
  const sum = columns[name + "_cum"], own = columns[name];
  if (!sum || own?.subarray(from).some(v => !Number.isNaN(v))) return;
  columns[name] = sum.map((v, i) => i < from && own ? own[i] : i === 0 ? v : v - sum[i - 1]);
}

// addRuns takes the list of runs; lines of runs that stay are kept.
function addRuns(list) {
  const keys = new Set(list.map(r => r.key));
  for (const key of runs.keys()) if (!keys.has(key)) runs.delete(key);
  for (const r of list) runs.set(r.key, Object.assign(runs.get(r.key) ?? {columns: {}, count: 0}, r));
}

const log10 = v => v > 0 ? Math.log10(v) : NaN;
const same = v => v;

// points returns a run's y over x in the coordinates of the axes, as {x, y}: finite, ascending, of equal x the
// last. Axes are {column, log, low}.
function points(run, x, y, best) {
  const xs = run.columns[x.column], ys = run.columns[y.column];
  const out = {x: [], y: []};
  if (!xs || !ys) return out;
  const fx = x.log ? log10 : same, fy = y.log ? log10 : same;
  let order = [];
  for (let i = 0; i < run.count; i++) if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) order.push(i);
  if (order.some((i, k) => k > 0 && xs[order[k - 1]] > xs[i])) order.sort((a, b) => xs[a] - xs[b] || a - b);
  let top = NaN;
  for (const i of order) {
    top = !(best && (y.low ? top < ys[i] : top > ys[i])) ? ys[i] : top;
    const px = fx(xs[i]), py = fy(best ? top : ys[i]);
    if (!Number.isFinite(px) || !(Math.abs(py) < 1e150)) continue;
    const n = out.x.length;
    const k = n > 0 && out.x[n - 1] === px ? n - 1 : n;
    out.x[k] = px; out.y[k] = py;
  }
  const n = out.x.length, end = fx(run.budget);
  if (n > 0 && x.column === "sim_time_s" && run.state === "done" && out.x[n - 1] < end) { // a finished run holds its last value
    out.x.push(end);
    out.y.push(out.y[n - 1]);
  }
  return out;
}

// at interpolates a curve at x within its range.
function at(c, x) {
  let low = 0, high = c.x.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (c.x[mid] <= x) low = mid; else high = mid;
  }
  if (c.x[low] >= x || low === high) return c.y[low];
  if (c.x[high] === x) return c.y[high];
  const t = (x - c.x[low]) / (c.x[high] - c.x[low]);
  return c.y[low] * (1 - t) + c.y[high] * t;
}

function meanStd(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return [mean, 0];
  return [mean, Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / (values.length - 1))];
}

// held returns the value that a curve of steps holds at x, or, with before, just before it.
function held(c, x, before) {
  let low = 0, high = c.x.length; // the point sought is below high
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (before ? c.x[mid] < x : c.x[mid] <= x) low = mid; else high = mid;
  }
  return c.y[low];
}

// edges returns the mean of values and the ends of their band.
function edges(values, band) {
  const [mean, std] = meanStd(values);
  if (band === "minmax") return [mean, Math.min(...values), Math.max(...values)];
  const half = band === "std" ? std : band === "ci95" ? std * (page.student[values.length] ?? 0) : 0;
  return [mean, mean - half, mean + half];
}

// summarise averages curves over seeds as the figures of plots do: along the lines that one sees, where all seeds have
// values; curves without common x point by point. Steps have two points wherever a curve jumps, before and after.
function summarise(seeds, band, steps) {
  const curves = seeds.filter(c => c.x.length > 0);
  const out = {x: [], y: [], low: [], high: [], seeds: curves.length};
  if (curves.length === 0) return out;
  const add = (x, values) => [x, ...edges(values, band)].forEach((v, i) => out[["x", "y", "low", "high"][i]].push(v));
  const from = Math.max(...curves.map(c => c.x[0])), to = Math.min(...curves.map(c => c.x[c.x.length - 1]));
  if (from > to) {
    const n = Math.min(...curves.map(c => c.x.length));
    for (let i = 0; i < n; i++) add(meanStd(curves.map(c => c.x[i]))[0], curves.map(c => c.y[i]));
    return out;
  }
  if (steps) {
    const grid = [...new Set(curves.flatMap(c => c.x))].filter(x => x >= from && x <= to).sort((a, b) => a - b);
    for (const x of grid) {
      if (x > from) add(x, curves.map(c => held(c, x, true)));
      add(x, curves.map(c => held(c, x, false)));
    }
    return out;
  }
  const longest = curves.reduce((a, c) => c.x.length > a.x.length ? c : a);
  add(from, curves.map(c => at(c, from)));
  for (const x of longest.x) if (x > from && x < to) add(x, curves.map(c => at(c, x)));
  if (to > from) add(to, curves.map(c => at(c, to)));
  return out;
}
