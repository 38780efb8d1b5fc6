// The legend, and the small pictures of lines that legend, readout and tables share.

function element(tag, properties = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

function svg(tag, attributes) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, v] of Object.entries(attributes)) e.setAttribute(name, v);
  return e;
}

// swatch draws a curve's line and marker.
function swatch(curve) {
  const s = svg("svg", {class: "swatch", viewBox: "0 0 34 14", "aria-hidden": "true"});
  const colour = colourOf(curve);
  s.append(svg("line", {x1: 0, y1: 7, x2: 34, y2: 7, stroke: colour, "stroke-width": 2, "stroke-dasharray": (curve.dash ?? []).join(" ")}),
    svg("path", {d: markerPath(curve.marker, 17, 7, 3.4), fill: colour}));
  return s;
}

// lastText tells what a shown curve came to: of the metric what the table of results says, else the mean over the seeds of
// their last values, each where it ends.
function lastText(l) {
  const y = axisY(), name = view.best ? "best" : "final", table = page.tables.find(t => t.id === "results");
  if (y.name === page.metric && table) {
    const cell = table.rows.find(r => r.curve === l.index).cells[table.columns.findIndex(h => h.text === name)];
    return `${name} ${textOf(cell).replace(/ ±[^%]*/, " ")}`;
  }
  const lasts = l.seeds.filter(s => s.y.length > 0).map(s => value(y, s.y[s.y.length - 1]));
  return "last " + quantity(meanStd(lasts)[0], y.unit);
}

function drawLegend() {
  const drawn = new Map(lines.map(l => [l.index, l]));
  const wanted = $("search").value.trim().toLowerCase();
  $("search").hidden = page.curves.length <= 8;
  const items = page.curves.map((curve, index) => {
    const shown = !view.hidden.has(index);
    const text = drawn.has(index) ? lastText(drawn.get(index)) : "";
    const toggle = element("button", {type: "button", className: "toggle"}, swatch(curve),
      element("span", {className: "name", textContent: curve.label}), element("span", {className: "value", textContent: text, title: "mean over the seeds of their last values on these axes, or best ones"}));
    toggle.setAttribute("aria-pressed", shown);
    toggle.onclick = () => show(index, !shown);
    const only = element("button", {type: "button", className: "only", textContent: "only", onclick: () => showOnly(index)});
    only.setAttribute("aria-label", "Show only " + curve.label);
    const item = element("li", {}, toggle, only);
    item.hidden = wanted !== "" && !wanted.split(/\s+/).every(w => curve.label.toLowerCase().includes(w));
    item.onpointerenter = () => shown && focus(index);
    item.onpointerleave = () => focus(null);
    return item;
  });
  const held = document.activeElement?.closest("#legend li");
  const place = held ? [...$("legend").children].indexOf(held) : -1;
  const second = document.activeElement?.classList.contains("only");
  $("legend").replaceChildren(...items);
  if (place >= 0) items[place]?.querySelector(second ? ".only" : ".toggle").focus();
}

function show(index, shown) {
  if (shown) view.hidden.delete(index); else view.hidden.add(index);
  changed();
}

function showOnly(index) {
  view.hidden = new Set(page.curves.map((_, i) => i).filter(i => i !== index));
  changed();
}

// showFound shows, or hides, the curves that the search leaves.
function showFound(shown) {
  [...$("legend").children].forEach((item, index) => {
    if (item.hidden) return;
    if (shown) view.hidden.delete(index); else view.hidden.add(index);
  });
  changed();
}
