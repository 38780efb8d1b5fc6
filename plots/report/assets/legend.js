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

function drawLegend() {
  const last = new Map(lines.map(l => [l.index, l.sum.y[l.sum.y.length - 1]]));
  const y = axisY(), wanted = $("search").value.trim().toLowerCase();
  $("search").hidden = page.curves.length <= 8;
  const items = page.curves.map((curve, index) => {
    const shown = !view.hidden.has(index);
    const text = last.has(index) ? quantity(value(y, last.get(index)), y.unit) : "";
    const toggle = element("button", {type: "button", className: "toggle"}, swatch(curve),
      element("span", {className: "name", textContent: curve.label}), element("span", {className: "value", textContent: text, title: "last value on these axes"}));
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
