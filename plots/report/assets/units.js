// How numbers are written.

const prefixes = [["", 1], ["k", 1e3], ["M", 1e6], ["G", 1e9], ["T", 1e12], ["P", 1e15]];
const spans = [[300, 1, "s"], [3 * 3600, 60, "min"], [72 * 3600, 3600, "h"], [Infinity, 86400, "days"]];

// scaleOf returns [factor, unit] by which an axis of a unit that ends at most is labelled.
function scaleOf(unit, most) {
  if (unit === "%") return [0.01, "%"];
  if (unit === "s") {
    const [, length, name] = spans.find(s => most <= s[0]);
    return [length, name];
  }
  if (unit === "bit") {
    const [name, factor] = prefixes.findLast(p => most >= p[1]) ?? prefixes[0];
    return [factor, name + "bit"];
  }
  return [1, ""];
}

// plain writes a number with so many significant digits, without needless zeros.
function plain(v, digits = 4) {
  if (!Number.isFinite(v)) return "–";
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return v.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(+v.toPrecision(digits));
}

// quantity writes a value of a unit for people, as units.go does.
function quantity(v, unit) {
  if (!Number.isFinite(v)) return "–";
  if (unit === "%") return (100 * v).toFixed(2) + " %";
  if (unit === "s") return span(v);
  if (unit === "bit") {
    const [name, factor] = prefixes.findLast(p => Math.abs(v) >= 0.9995 * p[1]) ?? prefixes[0];
    const n = v / factor;
    return n.toFixed(factor === 1 || Math.abs(n) >= 99.95 ? 0 : Math.abs(n) >= 9.995 ? 1 : 2) + " " + name + "bit";
  }
  return plain(v);
}

// spread writes a mean and its deviation in one unit.
function spread(mean, std, unit) {
  if (unit === "%") return `${(100 * mean).toFixed(2)} ± ${(100 * std).toFixed(2)} %`;
  if (unit !== "bit" && unit !== "s") return `${plain(mean)} ± ${plain(std, 2)}`;
  const [factor, name] = scaleOf(unit, unit === "bit" ? mean * 1.0005 : mean);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(mean / factor, 1e-9))));
  return `${(mean / factor).toFixed(digits)} ± ${(std / factor).toFixed(digits)} ${name}`;
}

function span(s) {
  const two = n => String(n).padStart(2, "0");
  if (s < 10) return s.toFixed(1) + "s";
  if (s < 60) return s.toFixed(0) + "s";
  if (s < 3600) return Math.floor(s / 60) + "m" + two(Math.floor(s % 60)) + "s";
  if (s < 48 * 3600) return Math.floor(s / 3600) + "h" + two(Math.floor(s / 60) % 60) + "m";
  return Math.floor(s / 86400) + "d" + two(Math.floor(s / 3600) % 24) + "h";
}

// niceSteps returns the multiples of 1, 2 or 5 times a power of ten within [low, high], at most about n of them.
function niceSteps(low, high, n) {
  const rough = (high - low) / Math.max(n, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.999) ?? 10 * power;
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9 && out.length < 100; k++) out.push(+(k * step).toPrecision(12));
  return out;
}

// logSteps returns values for a logarithmic axis from 10^low to 10^high: decades if there are enough of them, else 1, 2
// and 5 of each, else steps of equal length.
function logSteps(low, high, n) {
  if (high - low < 0.7) return niceSteps(10 ** low, 10 ** high, n);
  const out = [];
  const every = Math.ceil((high - low) / n);
  const digits = (high - low) * 3 <= n + 1 ? [1, 2, 5] : [1];
  for (let k = Math.floor(low); k <= high; k++) {
    if (digits.length === 1 && k % every !== 0) continue;
    for (const d of digits) {
      const v = +(d * 10 ** k).toPrecision(12);
      if (Math.log10(v) >= low - 1e-9 && Math.log10(v) <= high + 1e-9) out.push(v);
    }
  }
  return out;
}
