// --- one zoom of three levels: the network; a unit, with its weights and its map; its values, as cards ------------------

let depth = 0, wanted = 0, built = null, writers = []; // how deep the view is, and is going to be; what is shown within a unit
const LEVELS = [staged ? "the model" : "the network", staged ? "one stage" : "one unit", "its values"];
const levelNow = () => depth < .6 ? 0 : depth < 1.5 ? 1 : 2;

function zoomTo(level) {
  wanted = Math.max(0, Math.min(2, level));
  if (wanted && unitChosen === null) chooseUnit(inLayer[Math.min(1, layers)][0].k);
  if (calm.matches) depth = wanted;
  $("depth").value = Math.round(wanted); $("depth").setAttribute("aria-valuetext", LEVELS[Math.round(wanted)]); $("level").textContent = LEVELS[Math.round(wanted)];
  repaint();
}
function nearer() { // a frame of the zoom
  if (depth === wanted) return;
  depth = Math.abs(wanted - depth) < .02 ? wanted : depth + .22 * (wanted - depth);
  if (levelNow() !== (built?.level ?? 0)) paintInside();
}
function chooseUnit(k) {
  unitChosen = k; $("unitname").value = k ?? "";
  if (net[k]?.bias >= 0) pickWeight(net[k].bias);
  describe(); $("said").textContent = $("unit").textContent;
  repaint();
}

// --- a unit: what it takes, with its weights, and what it makes of it ---------------------------------------------------

function table(heads, rows) { // a cell is a text, a button for a weight, or a function that writes it anew
  const it = made("table"), head = it.createTHead().insertRow(), body = it.createTBody();
  head.append(...heads.map(text => made("th", text, { scope: "col" })));
  for (const row of rows) {
    const tr = body.insertRow();
    for (const cell of row) {
      const td = tr.insertCell();
      if (Number.isInteger(cell)) td.append(made("button", names[cell], { type: "button", onclick: () => { pickWeight(cell); repaint(); } }));
      else if (typeof cell === "function") writers.push(() => { const [x, top] = [].concat(cell()); td.textContent = number(x); if (top !== undefined) bar(td, x / (top || 1)); });
      else td.textContent = cell;
    }
  }
  return it;
}
const bar = (td, x) => { td.style.backgroundImage = `linear-gradient(90deg, color-mix(in srgb, var(--${x > 0 ? "plus" : "minus"}) 45%, transparent) ${Math.round(100 * Math.min(1, Math.abs(x)))}%, transparent 0)`; };
const theta = k => () => [state.theta[k], Math.max(...net[unitChosen].weights.filter(w => w[1] >= 0).map(w => Math.abs(state.theta[w[1]])), ...net[unitChosen].own.map(w => Math.abs(state.theta[w])))];
const slopeAt = k => () => gradientNow()[k];
const whose = () => { const it = made("p"); writers.push(() => { it.textContent = `The inputs are those of example ${chosen}. ∂loss/∂w is the mean over all ${N} examples.`; }); return it; };
function withinUnit(unit) {
  if (!unit.layer) return [made("p", staged ? `The inputs: ${page.columns.join(", ")}.` : `${unit.name} is an input.`)];
  if (staged) {
    const own = unit.own.length ? [whose(), table(["parameter", "w", "mean ∂loss/∂w"], unit.own.map(w => [w, theta(w), slopeAt(w)]))] : [];
    const found = Array.from({ length: unit.size }, (_, j) => [String(j), () => outputOf(unit.k, j)]);
    return [made("p", `It takes ${unit.weights.map(([from]) => net[from].name).join(", ") || "parameters alone"}.${unit.size > 1 ? " Above is a map of each of its outputs." : ""}`), ...own, table(["output", "in this example"], found)];
  }
  const known = unit.weights.filter(([, w]) => w >= 0);
  const rows = known.map(([from, w]) => [net[from].layer ? net[from].name.replace(/^.*\//, "") : net[from].name, w, theta(w), () => outputOf(from), () => state.theta[w] * outputOf(from), slopeAt(w)]);
  if (unit.bias >= 0) rows.push(["bias", unit.bias, () => state.theta[unit.bias], "", () => state.theta[unit.bias], slopeAt(unit.bias)]);
  const sum = () => known.reduce((total, [from, w]) => total + state.theta[w] * outputOf(from), unit.bias < 0 ? 0 : state.theta[unit.bias]);
  if (unit.plain && known.length === unit.weights.length) rows.push(["sum", "", "", "", sum, ""]);
  const g = { add: "output", dot: "output" }[unit.activation] ?? unit.activation;
  return [whose(), table(["from", "weight", "w", "input", "w·input", "mean ∂loss/∂w"], [...rows, [g, "", "", "", () => outputOf(unit.k), ""]])];
}

function paintUnitMap(unit) {
  const [c, wide, high] = canvas("unitmap"), [a, b] = axes, across = Math.ceil(Math.sqrt(unit.size)), down = Math.ceil(unit.size / across);
  if (wide < 40 || !grid) return;
  const known = unit.layer || staged || axes.includes(unit.k);
  if (flat) { paintUnitCurve(c, wide, high, unit); return; }
  if (known) for (let k = 0; k < unit.size; k++) c.drawImage(unitMap(unit, k), PLOT.left + over(wide) * (k % across) / across, PLOT.top + up(high) * Math.floor(k / across) / down, over(wide) / across - (across > 1), up(high) / down - (down > 1));
  if (unit.size > 1) return;
  const [x, y] = frame(c, wide, high, ranges[a], ranges[b], page.columns[a], page.columns[b]);
  for (let k = 0; k < N; k++) disc(c, x(train.x[k * inputs + a]), y(train.x[k * inputs + b]), k === chosen ? 4 : 2, k === chosen ? palette.now : page.labels ? COLOURS[page.labels[k] % COLOURS.length] : palette.ink);
}
function paintUnitCurve(c, wide, high, unit) {
  const at = (k, j) => unit.layer ? grid.out[k * W + unit.slot + j] : grid.x[k], js = [...Array(unit.size).keys()], ks = [...Array(grid.n).keys()];
  const [x, y] = frame(c, wide, high, ranges[0], wider(spread(ks.flatMap(k => js.map(j => at(k, j))).filter(isFinite))), page.columns[0], "output");
  for (const j of js) { c.beginPath(); for (const k of ks) if (isFinite(at(k, j))) c.lineTo(x(grid.x[k]), y(at(k, j))); stroke(c, COLOURS[j % COLOURS.length], 2); }
}

// --- its values: the cards of the graph of the chosen example that lie within it ----------------------------------------

function nodesWithin(graph, parts, k) { // what it computes, in order, and what it takes for that
  const others = new Set(parts.flatMap((ks, n) => n === k ? [] : ks)), inner = new Set(parts[k]), outside = p => graph.nodes[p].row === null || others.has(p);
  for (const n of inner) for (const p of graph.nodes[n].parents) if (!outside(p)) inner.add(p);
  const order = [...inner].sort((a, b) => a - b), taken = order.flatMap(n => {
    const { parents, row } = graph.nodes[n], half = parents.length / 2;
    return row !== null && graph.page.rows[row].name === "dot" ? parents.slice(0, half).flatMap((p, i) => [p, parents[half + i]]) : parents;
  });
  return [[...new Set(taken.filter(outside))], order];
}
function card(graph, k, column) {
  const { name, row, parents, role } = graph.nodes[k], li = made("li", "", { className: `card ${row === null ? role : "operation"}` }), value = made("b"), slope = made("span");
  li.append(made("i", graph.formula(graph.nodes[k])), ...column && column !== name ? [made("i", column)] : [], value, slope);
  const local = row !== null && parents.length < 4 ? parents.map((p, slot) => [graph.nodes[p], made("small"), slot]).filter(([p]) => p.role !== "constant") : [];
  li.append(...local.map(([, it]) => it));
  writers.push(() => {
    value.textContent = number(graph.value(k));
    slope.textContent = role === "constant" ? "" : `∂ ${number(graph.slope(k))}`;
    slope.style.background = role === "constant" ? "none" : graph.tint(graph.slope(k));
    for (const [p, it, slot] of local) it.textContent = `∂${name}/∂${p.name} = ${number(graph.partial(k)[slot], 3)}`;
  });
  return li;
}
function withinValues(unit) {
  const graph = graphOfChosen(), { parts, x } = page.examples.graphs[shownGraph].leaves, columns = new Map(x.map(([k, at]) => [k, page.columns[at]])), found = nodesWithin(graph, parts, unit.k), most = 60;
  const lists = found.map(ks => new Map(ks.slice(0, most).map(k => [k, card(graph, k, columns.get(k))]))), div = made("div", "", { className: "wired" }), svg = drawn("svg", "aria-hidden", "true");
  div.append(svg, ...lists.flatMap((list, n) => {
    const ks = found[n], it = made("div"), ul = made("ul"), what = n ? unit.layer ? "and computes, in this example:" : "In this example:" : "It takes";
    ul.append(...list.values()); it.append(made("p", ks.length > most ? `${what} (the first ${most} of ${ks.length})` : what), ul);
    return ks.length ? [it] : [];
  }));
  const all = new Map(lists.flatMap(list => [...list])), wires = [...lists[1]].flatMap(([k, to]) => {
    const from = [...all.keys()].filter(p => graph.nodes[k].parents.includes(p));
    return from.map((p, place) => [all.get(p), to, (place + 1) / (from.length + 1), drawn("path")]);
  });
  svg.append(...wires.map(wire => wire[3]));
  writers.push($("within").onscroll = () => { for (const wire of wires) wired(...wire); });
  return [made("p", "∂ is the gradient of the loss of this example alone."), div];
}
const drawn = (tag, ...attribute) => { const it = document.createElementNS("http://www.w3.org/2000/svg", tag); if (attribute.length) it.setAttribute(...attribute); return it; };
const boxOf = ({ offsetParent: list, offsetLeft, offsetTop, offsetWidth, offsetHeight }) => [list.offsetLeft + offsetLeft, list.offsetTop + offsetTop, offsetWidth, offsetHeight];
function wired(from, to, place, path) { // from a card on the left, from the one above, or past others of its column
  const [x1, y1, w1, h1] = boxOf(from), [x2, y2, w2, h2] = boxOf(to), start = y1 + h1 / 2, y = y2 + place * h2, middle = x2 + w2 / 2;
  const tip = `M${x2 - 5} ${y - 3}L${x2} ${y}L${x2 - 5} ${y + 3}`;
  path.setAttribute("d", x1 + w1 < x2 ? `M${x1 + w1} ${start}C${x2 - 20} ${start} ${x2 - 24} ${y} ${x2} ${y}${tip}`
    : from.nextSibling === to ? `M${middle} ${y1 + h1}V${y2}M${middle - 3} ${y2 - 5}L${middle} ${y2}L${middle + 3} ${y2 - 5}` : `M${x1} ${start}C${x2 - 26} ${start} ${x2 - 26} ${y} ${x2} ${y}${tip}`);
}

function paintInside() { // as often as it can be read
  const level = net.length ? levelNow() : 0, unit = net[unitChosen], graph = level === 2 ? shownGraph : null;
  if (level !== (built?.level ?? 0) || unit !== built?.unit || graph !== built?.graph) {
    built = { level, unit, graph }; writers = [];
    const here = document.activeElement, held = here === $("net") || $("inside").contains(here); // what is hidden loses the focus
    $("net").hidden = level > 0; $("inside").hidden = level === 0; $("unitmap").hidden = level !== 1; $("what").parentElement.hidden = level > 0;
    $("within").replaceChildren(...(!level ? [] : level === 1 ? withinUnit(unit) : withinValues(unit)));
    if (held) (level ? $("within") : $("net")).focus({ preventScroll: true });
    $("unitmap").setAttribute("aria-label", level ? `The output of ${unit.name} over the plane of the data` : "");
  }
  if (!level) return;
  for (const write of writers) write();
  if (level === 1) paintUnitMap(unit);
}

// --- the zoom by slider, keys, wheel and fingers ------------------------------------------------------------------------

for (const unit of net) $("unitname").append(new Option(unit.name, unit.k));
$("unitname").onchange = () => chooseUnit(Number($("unitname").value));
$("depth").oninput = () => zoomTo(Number($("depth").value));
$("zoom").hidden = !net.length;
$("network").addEventListener("keydown", event => {
  if (!net.length || /^(SELECT|INPUT)$/.test(event.target.tagName)) return;
  const by = { "+": 1, "=": 1, "-": -1, Escape: -1 }[event.key] ?? (event.key === "Enter" && event.target === $("net") ? 1 : 0);
  const unit = net[unitChosen ?? 0], row = inLayer[unit.layer].indexOf(unit), [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (!by && (!dx && !dy || event.target !== $("net"))) return;
  event.preventDefault(); event.stopPropagation();
  if (by) { zoomTo(Math.round(wanted) + by); return; }
  const column = inLayer[Math.max(0, Math.min(layers, unit.layer + dx))];
  chooseUnit(unitChosen === null ? unit.k : column[Math.max(0, Math.min(column.length - 1, (dx ? Math.round((row + .5) / inLayer[unit.layer].length * column.length - .5) : row) + dy))].k);
});
let settling = 0;
function pulled(by, event) { // a wheel or two fingers pull the view nearer, and it settles at the next level
  if (!wanted && unitChosen === null) { const unit = unitAt(event); if (unit) chooseUnit(unit.k); }
  zoomTo(wanted + by);
  clearTimeout(settling); settling = setTimeout(() => zoomTo(Math.round(wanted)), 250);
}
$("network").addEventListener("wheel", event => { if (net.length && (event.ctrlKey || event.metaKey)) { event.preventDefault(); pulled(-event.deltaY / 150, event); } }, { passive: false });
$("net").ondblclick = event => { if (unitAt(event)) zoomTo(1); };
const fingers = new Map();
const apart = () => { const [[x, y], [u, v]] = [...fingers.values()]; return Math.hypot(x - u, y - v); };
$("network").addEventListener("pointerdown", event => { if (event.pointerType === "touch") fingers.set(event.pointerId, [event.clientX, event.clientY]); });
$("network").addEventListener("pointermove", event => {
  if (!fingers.has(event.pointerId)) return;
  const before = fingers.size === 2 && apart();
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (before && net.length) pulled((apart() - before) / 120, event);
});
for (const type of ["pointerup", "pointercancel"]) addEventListener(type, event => fingers.delete(event.pointerId));
