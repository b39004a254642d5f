// --- the network: units as circles that are maps of themselves, weights as lines; a model without layers as its stages ----

const net = page.network.map(([name, layer, activation, bias, weights, plain, size, own], k) => ({ k, name, layer, activation, bias, weights, plain, size, own }));
for (const [name, same] of Object.entries(Object.groupBy(net, unit => unit.name))) if (same.length > 1) same.forEach((unit, k) => { unit.name = `${name}[${k}]`; });
if (!page.staged) for (const unit of net) if (!unit.layer) unit.name = page.columns[unit.k]; // as the data are called
let slot = K;
for (const unit of net) { unit.slot = unit.layer ? slot : -1; slot += unit.layer ? unit.size : 0; } // its place among the numbers of an example
const layers = net.length ? Math.max(...net.map(unit => unit.layer)) : 0, staged = page.staged;
const inLayer = Array.from({ length: layers + 1 }, (_, layer) => net.filter(unit => unit.layer === layer));
let weight = net.find(unit => unit.layer)?.weights[0]?.[1] ?? 0, unitChosen = null, scales = {}, lines = [], spots = [];
if (weight < 0) weight = 0;

function amounts() { // what the lines show
  const what = $("what").value;
  return what === "gradients" ? gradientNow() : what === "steps" ? lastStep : state.theta;
}
function scaleOf(xs) { // decays slowly, so that what shrinks is seen to shrink
  const what = $("what").value; let top = 0;
  for (const x of xs) if (isFinite(x)) top = Math.max(top, Math.abs(x));
  scales[what] = Math.max(top, (scales[what] ?? 0) * .995) || 1;
  return scales[what];
}

function seats(wide, high) { // the middle of each circle or box, and half its width and height
  const most = Math.max(...inLayer.map(units => units.length)), r = Math.max(3, Math.min(17, high / most / 2.5, wide / (layers + 1) / 3.2));
  const [a, b] = staged ? [Math.max(8, Math.min(56, wide / (layers + 1) / 2.9)), Math.max(6, Math.min(30, high / most / 3.4))] : [r, r], edge = staged ? 6 : 24;
  inLayer.forEach((units, layer) => units.forEach((unit, k) => { spots[unit.k] = [edge + a + (wide - 2 * a - 2 * edge) * layer / layers, (high - 12) * (k + .5) / units.length, a, b]; }));
}
function paintNetwork() {
  const [c, wide, high] = canvas("net"), xs = amounts(), top = scaleOf(xs);
  if (wide < 80) return;
  if (!layers) { paintBars(c, wide, high, xs, top); return; }
  seats(wide, high); lines = [];
  const [x0, y0] = spots[unitChosen ?? 0], t = Math.min(1, depth), s = 1 + 5 * t; // nearer and nearer to the chosen unit
  c.translate(x0 + t * (wide / 2 - x0), y0 + t * (high / 2 - y0)); c.scale(s, s); c.translate(-x0, -y0);
  for (const unit of net) for (const [from, w] of unit.weights) {
    const [x1, y1, r1] = spots[from], [x2, y2, r2] = spots[unit.k], x = w < 0 ? 0 : xs[w];
    const size = Math.min(1, Math.abs(x) / top);
    if (w >= 0) lines.push([x1 + r1, y1, x2 - r2, y2, w]);
    c.beginPath(); c.moveTo(x1 + r1, y1); c.lineTo(x2 - r2, y2);
    c.strokeStyle = w >= 0 && w === weight ? palette.now : x > 0 ? palette.plus : x < 0 ? palette.minus : staged ? palette.muted : palette.line;
    c.globalAlpha = w === weight ? 1 : .25 + .75 * Math.sqrt(size); c.lineWidth = w === weight ? 2 + 4 * size : .4 + 5 * size + (staged ? .8 : 0); c.stroke();
  }
  c.globalAlpha = 1;
  for (const unit of net) (staged ? paintStage : paintUnit)(c, unit, top, xs);
}

function paintUnit(c, unit, top, xs) {
  const [x, y, r] = spots[unit.k], trouble = troubles.get(unit.k);
  c.save(); disc(c, x, y, r, palette.bar); c.clip();
  if (grid && (unit.layer || axes.includes(unit.k))) c.drawImage(unitMap(unit), x - r, y - r, 2 * r, 2 * r);
  c.restore();
  disc(c, x, y, r);
  c.strokeStyle = unit.k === unitChosen ? palette.now : trouble ? palette.bad : palette.muted; c.lineWidth = unit.k === unitChosen ? 3 : 1.4;
  if (trouble) c.setLineDash([3, 2]);
  c.stroke(); c.setLineDash([]);
  if (unit.bias >= 0) { const b = xs[unit.bias]; disc(c, x - r * .9, y + r * .9, 1.5 + 3 * Math.min(1, Math.abs(b) / top), b > 0 ? palette.plus : b < 0 ? palette.minus : palette.line); }
  c.fillStyle = palette.ink; c.textBaseline = "middle";
  if (!unit.layer && inLayer[0].length < 13) { c.textAlign = "center"; c.textBaseline = "top"; c.fillText(unit.name, Math.max(x, c.measureText(unit.name).width / 2 + 2), y + r + 2); }
  if (trouble && r > 9) { c.textAlign = "center"; c.fillStyle = palette.bad; c.fillText(trouble.kind, x, y - r - 6); }
}
function paintStage(c, unit, top, xs) { // a box with a map of each of its outputs, its name above, its parameters below
  const [x, y, a, b] = spots[unit.k], wide = Math.min(unit.size, Math.ceil(Math.sqrt(unit.size * a / b))), high = Math.ceil(unit.size / wide);
  c.fillStyle = palette.bar; c.fillRect(x - a, y - b, 2 * a, 2 * b);
  if (grid) for (let k = 0; k < unit.size; k++) c.drawImage(unitMap(unit, k), x - a + 2 * a * (k % wide) / wide + .5, y - b + 2 * b * Math.floor(k / wide) / high + .5, 2 * a / wide - 1, 2 * b / high - 1);
  c.strokeStyle = unit.k === unitChosen ? palette.now : palette.muted; c.lineWidth = unit.k === unitChosen ? 3 : 1.4; c.strokeRect(x - a, y - b, 2 * a, 2 * b);
  c.fillStyle = palette.ink; c.textAlign = "center"; c.textBaseline = "bottom"; c.fillText(unit.name, x, y - b - 3, 2.6 * a);
  const step = Math.min(9, 2 * a / Math.max(1, unit.own.length));
  unit.own.forEach((w, k) => {
    const at = x + (k + .5 - unit.own.length / 2) * step, size = 14 * Math.min(1, Math.abs(xs[w]) / top);
    c.fillStyle = w === weight ? palette.now : xs[w] > 0 ? palette.plus : palette.minus;
    c.fillRect(at - step * .4, y + b + 18 - size, step * .8, size + 1); lines.push([at, y + b + 3, at, y + b + 19, w]);
  });
}

const RED = [0xD6, 0x60, 0x4D], BLUE = [0x43, 0x93, 0xC3], mapped = new Map(), tops = new Map();
function unitMap(unit, output = 0) { // its output over the plane of the data, on a scale that decays slowly
  const key = `unit ${unit.k} ${output}`;
  if (mapped.get(key) === grid) return pictures.get(key);
  mapped.set(key, grid);
  const wide = flat ? grid.n : grid.side, high = flat ? 1 : grid.side;
  const at = k => unit.layer ? grid.out[k * W + unit.slot + output] : grid.x[k * inputs + unit.k + output];
  let top = (tops.get(key) ?? 0) * .97;
  for (let k = 0; k < wide * high; k++) if (isFinite(at(k))) top = Math.max(top, Math.abs(at(k)));
  tops.set(key, top);
  return image(key, wide, high, (k, to, place) => { const x = at(k) / (top || 1); to.set(x > 0 ? RED : BLUE, place); to[place + 3] = 255 * Math.abs(x) || 0; });
}

function paintBars(c, wide, high, xs, top) {
  const rows = Math.min(P, Math.max(2, Math.floor(high / 18))), shown = P > rows ? rows - 1 : P; lines = [];
  for (let k = 0; k < shown; k++) {
    const y = high * (k + .5) / rows, middle = 90 + (wide - 170) / 2, x = middle + xs[k] / top * (wide - 170) / 2;
    c.fillStyle = xs[k] > 0 ? palette.plus : palette.minus; c.globalAlpha = k === weight ? 1 : .7; c.fillRect(Math.min(x, middle), y - 6, Math.abs(x - middle), 12); c.globalAlpha = 1;
    if (k === weight) { c.strokeStyle = palette.now; c.lineWidth = 2; c.strokeRect(2, y - 8, wide - 4, 16); }
    c.fillStyle = palette.ink; c.textBaseline = "middle"; c.textAlign = "left"; c.fillText(names[k], 8, y); c.textAlign = "right"; c.fillText(number(xs[k], 4), wide - 8, y);
    lines.push([0, y, wide, y, k]);
  }
  if (shown < P) { c.fillStyle = palette.muted; c.textAlign = "center"; c.fillText(`… ${P - shown} more`, wide / 2, high * (shown + .5) / rows); }
}

// --- units that cannot learn: Twin of OFF in nn/doctor.py. Equal by test_live_page, test_the_badges_name_the_units_that_diagnose_names.

const OFF = {
  relu: ["dead", z => z <= 0, .99, "A dead ReLU passes no gradient: take leaky_relu, a smaller learning rate, or another seed."],
  sigmoid: ["saturated", z => 4 * z * (1 - z) < .01, .9, "Its slope is almost 0: scale the inputs to about 1, start from smaller weights, or take a smaller rate."],
  tanh: ["saturated", z => 1 - z * z < .01, .9, "Its slope is almost 0: scale the inputs to about 1, start from smaller weights, or take a smaller rate."],
};
const troubles = new Map();
function examine() {
  troubles.clear();
  for (const unit of net) {
    const rule = OFF[unit.activation];
    if (!unit.layer || !rule || unit.layer === layers && rule[0] === "saturated") continue;
    let off = 0;
    for (let k = 0; k < N; k++) if (rule[1](judged.out[k * W + unit.slot])) off++;
    if (off / N >= rule[2]) troubles.set(unit.k, { kind: rule[0], rule });
  }
  const kinds = new Map();
  for (const [k, { rule }] of troubles) kinds.set(rule, [...(kinds.get(rule) ?? []), net[k].name]);
  const shown = [...kinds].map(([[kind, , share, advice], units]) => `${few(units).join(", ")}: ${kind} on at least ${100 * share} % of the examples. ${advice}`).concat(plateau());
  if ($("findings").textContent !== shown.join("")) $("findings").replaceChildren(...shown.map(text => made("li", text)));
}

// A loss that stays within 2 % for 100 epochs, where the gradient promises little of a step as long as the parameters
// themselves: with a learning rate that is only too small it promises more. What is said stays up to twice of both.
const FLAT = { epochs: 100, fall: .02, promise: .25 };
let flatNow = false;
function plateau() {
  const { epochs, fall, promise } = FLAT, loss = lossNow(), past = state.losses.slice(Math.max(0, state.epoch - epochs), state.epoch), [low, high] = spread([...past, loss]);
  const wrong = judged.right ? judged.right.filter(right => !right).length : null, most = Math.abs(loss) * (1 + flatNow), length = of => Math.hypot(...Array.from(movers, k => of[k]));
  flatNow = past.length === epochs && high - low <= fall * most && length(gradientNow()) * Math.max(1, length(state.theta)) <= promise * most && (wrong ?? loss > .001 * state.losses[0]);
  if (!flatNow) return [];
  const counted = wrong === null ? "" : `, and ${wrong} of ${N} examples ${wrong === 1 ? "is" : "are"} wrong`;
  return [`The loss hardly falls any more${counted}: the gradient is small, as on a plateau or at a local minimum. ${wrong === null ? "If this loss is too large, try" : "Try"} New seed, a larger learning rate, or more units.`];
}
const few = (items, most = 4) => items.length > most ? [...items.slice(0, 3), `and ${items.length - 3} more`] : items;

const outputOf = (k, j = 0) => net[k].layer ? judged.out[chosen * W + net[k].slot + j] : train.x[chosen * inputs + k + j];
const listOf = xs => xs.length > 1 ? `[${few(xs.map(x => number(x)), 6).join(", ")}]` : number(xs[0]);
function describe() { // the chosen unit, as the sum that it computes
  const unit = net[unitChosen], own = unit && `${listOf(Array.from({ length: unit.size }, (_, j) => outputOf(unit.k, j)))} in example ${chosen}`;
  if (!unit?.layer || !unit.plain || unit.weights.some(w => w[1] < 0)) { $("unit").textContent = unit ? `${unit.name} = ${own}` : ""; return; }
  const first = unit.weights.length > 6 ? [...unit.weights.slice(0, 5), null] : unit.weights;
  const terms = first.map(w => w ? `${bracketed(number(state.theta[w[1]], 3))}·${net[w[0]].name}` : "…").join(" + ");
  const bias = unit.bias < 0 ? "" : ` + ${bracketed(number(state.theta[unit.bias], 3))}`, g = { add: "", dot: "" }[unit.activation] ?? unit.activation;
  $("unit").textContent = `${unit.name} = ${g}${g ? "(" : ""}${terms}${bias}${g ? ")" : ""} = ${own}`;
}

const toSegment = (x, y, [x1, y1, x2, y2]) => {
  const t = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2 || 1)));
  return Math.hypot(x - x1 - t * (x2 - x1), y - y1 - t * (y2 - y1));
};
const unitAt = ({ offsetX: x, offsetY: y }) => net.find(({ k }) => spots[k] && Math.abs(x - spots[k][0]) <= spots[k][2] + 2 && Math.abs(y - spots[k][1]) <= spots[k][3] + 2);
$("net").onclick = event => {
  const { offsetX: x, offsetY: y } = event, unit = unitAt(event);
  chooseUnit(unit ? unit.k : null);
  const near = lines.map(line => [toSegment(x, y, line), line[4]]).sort((a, b) => a[0] - b[0])[0];
  if (!unit && near && near[0] < 9) pickWeight(near[1]);
  repaint();
};
if (staged) { $("h-net").textContent = "Stages of the model"; $("unitsaid").textContent = "stage"; }
if (!layers) { $("h-net").textContent = "Parameters"; $("whatsaid").textContent = "bars show"; }
$("what").onchange = () => repaint();
