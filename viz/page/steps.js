"use strict";
const ROWS = /*rows*/[];
const page = JSON.parse(document.getElementById("data").textContent);
const nodes = page.nodes.map(([name, row, parents, data, role], k) => ({ k, name, row, parents, data: data === null ? null : Number(data), role }));
const svg = document.querySelector("#picture svg"), uid = svg.id;
const $ = id => document.getElementById(id);
const element = id => document.getElementById(`${uid}-${id}`);
const last = page.output;

// --- numbers ---------------------------------------------------------------------------------------------------------

function number(x, digits = page.digits) {
  if (x === null || x === undefined) return "–";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(digits - 1).split("e"), exponent = Number(power);
  const trimmed = text => text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  const plain = 1e-3 <= Math.abs(x) && Math.abs(x) < 1e5;
  const text = plain ? trimmed(x.toFixed(Math.max(0, digits - 1 - exponent))) : `${trimmed(mantissa)}e${exponent}`;
  return text.replace(/-/g, "−");
}
const bracketed = text => text.startsWith("−") ? `(${text})` : text;

// --- the graph, computed as in Python: forward, and in reverse edge by edge ------------------------------------------

let value = [], partial = [], leaves = nodes.map(node => node.data), changed = false;

function forward(data) {
  const y = [], d = [];
  for (const node of nodes) {
    const { k, row, parents } = node;
    if (row === null) { y[k] = data[k]; d[k] = []; continue; }
    const operands = parents.map(p => y[p]);
    y[k] = ROWS[row].f(...operands);
    d[k] = ROWS[row].d(y[k], ...operands);
    if (refuses(page.rows[row], y[k], operands)) throw new Error(`${refusal(row)}; got ${from(parents, y)}`);
  }
  return [y, d];
}

// Where Python raises: + − × and a quotient by anything but 0 may overflow, a row with a domain may not leave it.
function refuses({ name, domain }, y, operands) {
  if (!domain || operands.some(Number.isNaN)) return false;
  if (name === "divide") return operands[1] === 0;
  return Number.isNaN(y) || !Number.isFinite(y) && operands.every(Number.isFinite);
}
const refusal = row => `${page.rows[row].name} is defined for ${page.rows[row].domain}`;
const from = (parents, y) => parents.map(p => `${number(y[p], 17)} from ${nodes[p].name}`).join(" and ");

function missing(k, slot) { // a derivative that is not finite where the value and its operands are
  const { parents } = nodes[k];
  return !Number.isFinite(partial[k][slot]) && [k, ...parents].every(n => Number.isFinite(value[n]));
}

function passed(bar, k, slot) { // an adjoint of 0 passes nothing on
  return bar === 0 ? 0 : bar * partial[k][slot];
}

// Every step shows some nodes for the first time, or passes their adjoints on to their operands.
const steps = [...page.groups.map(g => ({ way: "forward", group: g })), { way: "seed" }, ...page.groups.slice().reverse().map(g => ({ way: "backward", group: g }))];
const seed = page.groups.length + 1;
let adjoints = [], edges = [];

function sweep() { // the adjoint of every node after every step, and what each step's edges add
  const bar = nodes.map(() => null);
  adjoints = [bar.slice()]; edges = [[]];
  for (const { way, group } of steps) {
    const added = [];
    if (way === "seed") bar[last] = 1;
    if (way === "backward") for (const k of group.nodes.slice().reverse()) {
      if (bar[k] === null) bar[k] = 0;
      nodes[k].parents.forEach((p, slot) => {
        if (nodes[p].role === "constant") return;
        const more = passed(bar[k], k, slot), upstream = bar[k];
        if (upstream && missing(k, slot)) throw new Error(`${page.rows[nodes[k].row].name} has no derivative here; its operand is ${from([p], value)}`);
        bar[p] = (bar[p] ?? 0) + more;
        added.push({ p, k, slot, from: upstream, more, total: bar[p] });
      });
    }
    adjoints.push(bar.slice()); edges.push(added);
  }
}

function compute(data) { // all of it or nothing
  const before = [value, partial, adjoints, edges];
  try { [value, partial] = forward(data); sweep(); } catch (error) { [value, partial, adjoints, edges] = before; throw error; }
  leaves = data;
}

// --- what is said ----------------------------------------------------------------------------------------------------

function written(row, texts) {
  const { form, vectors, name } = page.rows[row];
  if (form) { let k = 0; return form.replace(/\{\}/g, () => texts[k++]); }
  if (name === "dot") { const n = texts.length / 2; return texts.slice(0, n).map((t, k) => `${t} · ${texts[n + k]}`).join(" + "); }
  if (name === "sum") return texts.join(" + ");
  return `${page.rows[row].call}(${vectors ? `[${texts.join(", ")}]` : texts.join(", ")})`;
}
const of = name => `∂${page.nodes[last][0]}/∂${name}`;
const hiddenSlope = k => asked.some(q => !q.solved && q.edge === undefined && q.k === k);
const hiddenFactor = (k, slot) => asked.some(q => !q.solved && q.k === k && q.edge === slot);
const slopeText = k => hiddenSlope(k) ? "?" : number(adjoints[now][k]);

function factor({ p, k, slot }) {
  const name = page.rows[nodes[k].row].same[slot]; // the operand that the local derivative is
  const symbol = `∂${nodes[k].name}/∂${nodes[p].name}`;
  return name === null || hiddenFactor(k, slot) ? symbol : `${symbol} [= ${nodes[nodes[k].parents[name]].name}]`;
}

function line(edge) {
  const { p, k, slot, from, more, total } = edge, blank = hiddenSlope(p) || hiddenSlope(k) || hiddenFactor(k, slot);
  const d = hiddenFactor(k, slot) ? "?" : number(partial[k][slot]);
  const numbers = `${hiddenSlope(k) ? "?" : number(from)} · ${bracketed(d)}`, sum = blank ? "?" : number(more);
  const several = page.uses[p] > 1 ? `   total ${blank ? "?" : number(total)}` : "";
  return `${of(nodes[p].name)} += ${of(nodes[k].name)} · ${factor(edge)} = ${numbers} = ${sum}${several}`;
}

const few = items => items.length > 6 ? [...items.slice(0, 4), "…", items[items.length - 1]] : items;
const listed = items => `[${few(items).join(", ")}]`;
function array({ nodes: ks, shape }, text) { // a number, a vector, or a matrix row by row
  if (!shape.length || ks.length === 1) return text(ks[0]);
  if (shape.length < 2) return listed(ks.map(text));
  const columns = ks.length / shape[0];
  return listed([...Array(shape[0]).keys()].map(row => listed(ks.slice(row * columns, (row + 1) * columns).map(text))));
}
const numbers = source => array(source, k => number(value[k]));

// A stage's formula with the numbers of what it takes in place of the names, and after it those that it does not name.
const vectors = sources => sources.flatMap(s => s.parts ?? [s]);
function substituted({ formula, sources: takes }) {
  const sources = vectors(takes);
  const [, right] = formula.split(/=(.*)/s), names = sources.slice().sort((a, b) => b.name.length - a.name.length), put = new Set();
  const escaped = names.map(({ name }) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const whole = names.length ? new RegExp(`(?<![\\p{L}\\p{N}_])(?:${escaped.join("|")})(?=[⁰¹²³⁴-⁹⁻ᵀ]|(?![\\p{L}\\p{N}\\p{M}_]))`, "gu") : /(?!)/;
  const text = right?.trim().replace(whole, name => { put.add(name); return bracketed(numbers(names.find(s => s.name === name))); });
  const rest = sources.filter(({ name }) => !put.has(name)).map(s => `${s.name} = ${numbers(s)}`);
  return (put.size ? ` = ${text}` : "") + (rest.length ? ` with ${rest.join(", ")}` : "");
}

// ∂outputs/∂source by a reverse pass of each output through the stage, and its name, where it has one in every entry.
function jacobian(group, source) {
  return group.outs.map(out => {
    const bar = new Map([[out, 1]]);
    for (const k of group.nodes.slice().reverse()) if (bar.get(k)) nodes[k].parents.forEach((p, slot) => bar.set(p, (bar.get(p) ?? 0) + passed(bar.get(k), k, slot)));
    return source.nodes.map(k => bar.get(k) ?? 0);
  });
}
function called(group, source) {
  const rows = group.outs.length, columns = source.nodes.length, size = `${rows}×${columns} matrix`;
  if (rows * columns > 1e5) return size;
  const J = jacobian(group, source), is = entry => J.every((row, i) => row.every((x, j) => x === entry(i, j)));
  if (rows * columns === 1) return number(J[0][0]);
  if (is(() => 0)) return "0";
  for (const unit of [1, -1]) if (rows === columns && is((i, j) => i === j ? unit : 0)) return unit > 0 ? "I" : "−I";
  for (const x of vectors(group.sources.filter(s => s !== source))) {
    const v = x.nodes.map(k => value[k]), [r, c] = x.shape.length > 1 ? x.shape : [v.length, 1];
    if (x.shape.length < 2 && v.length > 1 && columns === rows * v.length && is((i, j) => Math.floor(j / v.length) === i ? v[j % v.length] : 0)) return `${x.name} ${rows > 1 || vectors([source]).some(s => s.shape.length > 1) ? "in each" : "as a"} row`;
    if (r === rows && c === columns && is((i, j) => v[i * c + j])) return x.name;
    if (c === rows && r === columns && is((i, j) => v[j * c + i])) return `${x.name} transposed`;
  }
  if (rows === columns && is((i, j) => i === j ? J[i][j] : 0)) return `diag(${few(J.map((row, i) => number(row[i]))).join(", ")})`;
  return rows === 1 && columns < 5 ? listed(J[0].map(x => number(x))) : columns === 1 && rows < 5 ? `column ${listed(J.map(row => number(row[0])))}` : size;
}
const what = (group, source) => changed ? called(group, source) : source.what;

function told() {
  if (now === 0) return ["Start", "The leaves have their numbers. Step forward to compute the rest, and then back through the graph."];
  const { way, group } = steps[now - 1];
  if (way === "seed") return ["Backward: the output's own gradient", `${of(nodes[last].name)} = 1`];
  if (page.level === "stages") return staged(way, group);
  const node = nodes[group.nodes[0]], names = node.parents.map(p => bracketed(nodes[p].name)), numbers = node.parents.map(p => bracketed(number(value[p])));
  if (way === "forward") return [`Forward: compute ${node.name}`, `${node.name} = ${written(node.row, names)} = ${written(node.row, numbers)} = ${number(value[node.k])}`];
  if (!edges[now].length) return [`Backward: ${node.name} passes nothing on`, "It has no operand that takes a gradient."];
  return [`Backward: ${node.name} passes its gradient to its operands`, ...edges[now].map(line)];
}

function staged(way, group) {
  const outs = { nodes: group.outs, shape: group.shape };
  if (way === "forward") return [`Forward: ${group.title}`, `${group.formula}${substituted(group)}`, `${group.name} = ${numbers(outs)}`];
  const bars = array(outs, slopeText);
  return [`Backward: ${group.title} passes its gradient to what it takes`, ...group.sources.filter(s => !s.constant).map(s => {
    const put = s.product ? ` = ${bars} · ${bracketed(what(group, s))}` : "";
    const sums = new Map(s.nodes.map(k => [k, 0])), blank = s.nodes.some(hiddenSlope);
    for (const { p, more } of edges[now]) if (sums.has(p)) sums.set(p, sums.get(p) + more);
    const added = blank ? "?" : array(s, k => number(sums.get(k))), total = s.several ? `   total ${array(s, slopeText)}` : "";
    return `${of(s.name)} ${s.several ? "+=" : "="} ${s.product ? `${of(group.name)} · ∂${group.name}/∂${s.name}` : `what ${group.title} passes on`}${put} = ${added}${total}`;
  })];
}

// --- what is shown ---------------------------------------------------------------------------------------------------

let now = 0, timer = null;
const known = []; // the step after which a node has its value
nodes.forEach(({ k, row }) => known[k] = row === null ? 0 : null);
page.groups.forEach((g, k) => g.nodes.forEach(n => known[n] = k + 1));

const ramp = { plus: [0xF4, 0xA5, 0x82], minus: [0x92, 0xC5, 0xDE] };
function tint(x, largest) {
  if (x === null) return "none";
  if (!Number.isFinite(x)) return "#D8B9FF";
  if (x === 0) return "var(--zero)";
  const t = Math.max(.15, Math.sqrt(Math.abs(x) / largest)), end = x > 0 ? ramp.plus : ramp.minus;
  return `rgb(${end.map(c => Math.round(255 + t * (c - 255))).join(",")})`;
}

function slot(text, ground, k, largest) { // one gradient: its words and the ground under them
  const bar = adjoints[now][k], blank = hiddenSlope(k);
  text.textContent = (page.level === "stages" ? "" : "∂ ") + (blank ? "?" : number(bar));
  const shade = blank ? null : bar;
  if (ground) ground.style.fill = shade === null && page.level === "stages" ? "var(--paper)" : tint(shade, largest);
  text.style.fill = shade === null || shade === 0 ? "var(--ink)" : "#1F2328";
}

function titles() { // what a pointer or a screen reader finds on a card or an edge, true at this step
  for (const { id, k, ks } of page.cards) {
    const about = n => `${nodes[n].name}: ${known[n] > now ? "not computed yet" : `value ${number(value[n], 17)}, gradient ${hiddenSlope(n) ? "to be predicted" : number(adjoints[now][n], 17)}`}`;
    element(id).querySelector("title").textContent = ks ? element(id).querySelector("text").textContent : about(k);
  }
  for (const { id, edges: parts, unused } of page.wires) {
    const title = element(id).querySelector("title"), [k, slot] = parts[0] ?? [];
    if (title) title.textContent = page.level === "values" && !unused && known[k] <= now && !hiddenFactor(k, slot) ? `local derivative ${number(partial[k][slot], 17)}` : "";
  }
}

function show() {
  titles();
  const largest = adjoints[adjoints.length - 1].reduce((most, x) => Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most, 0) || 1;
  const moving = now ? steps[now - 1] : {}, active = new Set(moving.way === "seed" ? [last] : moving.group?.nodes);
  if (moving.way === "backward") edges[now].forEach(({ p }) => active.add(p));
  for (const card of page.cards) (card.grids ? panel : single)(card, active, largest);
  const added = edges.flat().reduce((most, { more }) => Number.isFinite(more) ? Math.max(most, Math.abs(more)) : most, 0) || 1;
  const flows = flown();
  for (const wire of page.wires) draw(wire, flows, added);
  const [title, ...lines] = told(), box = $("told");
  box.replaceChildren(Object.assign(document.createElement("h1"), { textContent: title }), ...lines.map(text => Object.assign(document.createElement("p"), { textContent: text })));
  const back = now - seed;
  $("count").textContent = now < seed ? `forward ${now}/${seed - 1}` : `backward ${back}/${steps.length - seed}`;
  $("seek").value = now;
}

function single({ id, k }, active, largest) {
  const group = element(id), [, first, second] = group.querySelectorAll("text");
  group.classList.toggle("future", known[k] > now);
  group.classList.toggle("now", active.has(k));
  if (first) { first.textContent = known[k] > now ? "" : number(value[k]); slot(second, group.querySelector("path"), k, largest); if (known[k] > now) second.textContent = ""; }
  else group.querySelector("text").textContent = number(value[k]);
}

function panel({ id, ks, grids }, active, largest) {
  const group = element(id);
  group.classList.toggle("now", ks.some(k => active.has(k)));
  group.classList.toggle("future", ks.every(k => known[k] > now));
  grids.forEach(({ slope, cells }, g) => {
    const part = element(`${id}-${g}`), grounds = part.querySelectorAll("rect"), texts = [...part.querySelectorAll("text")].slice(1);
    cells.forEach((k, c) => {
      if (k === null) return;
      if (slope) slot(texts[c], grounds[c], k, largest);
      else texts[c].textContent = number(value[k], page.digits);
      if (known[k] > now) texts[c].textContent = "";
    });
  });
}

const wireOf = new Map(page.wires.flatMap(({ id, edges: parts }) => parts.map(([k, slot]) => [`${k} ${slot}`, id])));
function flown() { // what has flown along each wire up to now, and in this step
  const sums = new Map(), mine = new Set();
  for (let step = 1; step <= now; step++) for (const { k, slot, more } of edges[step]) {
    const id = wireOf.get(`${k} ${slot}`);
    if (id === undefined) continue;
    sums.set(id, (sums.get(id) ?? 0) + more);
    if (step === now) mine.add(id);
  }
  return [sums, mine];
}

const between = new Map(page.wires.map(({ id, edges: [[k, slot] = []] }) => { // the stage and its source that a wire joins
  const group = page.level === "stages" && page.groups.find(g => g.nodes.includes(k)), source = group && group.sources.find(s => s.nodes.includes(nodes[k].parents[slot]));
  return [id, source && [group, source]];
}));
function draw({ id, edges: parts, unused }, [sums, mine], added) {
  const group = element(id), label = element(`${id}-label`), sum = sums.get(id);
  group.classList.toggle("quiet", sum === undefined);
  group.classList.toggle("flow", mine.has(id));
  const [line, tip] = group.querySelectorAll("path");
  if (sum !== undefined && page.level === "values") {
    line.style.stroke = tip.style.fill = `var(--${sum > 0 ? "plus" : sum < 0 ? "minus" : "neutral"})`;
    line.style.strokeWidth = .9 + 1.4 * (sum && Math.max(.15, Math.min(1, Math.sqrt(Math.abs(sum) / added))));
  } else { line.style.stroke = tip.style.fill = line.style.strokeWidth = ""; }
  if (!label) return;
  const [k, slot] = parts[0], ready = known[k] <= now;
  label.classList.toggle("hidden", !ready || hiddenFactor(k, slot));
  const texts = label.querySelectorAll("text");
  if (!unused && parts.length === 1 && texts.length === 1) texts[0].textContent = number(partial[k][slot], Math.max(2, page.digits - 1));
  else if (texts[1] && between.get(id)) texts[1].textContent = `= ${what(...between.get(id))}`;
}

function go(step) { now = Math.max(0, Math.min(steps.length, step)); show(); ask(); follow(); }

// --- play ------------------------------------------------------------------------------------------------------------

function play(on) {
  clearInterval(timer); timer = null;
  if (on) { if (now === steps.length) go(0); timer = setInterval(() => now < steps.length ? go(now + 1) : play(false), Number($("speed").value)); }
  $("play").textContent = timer ? "Pause" : "Play"; $("play").setAttribute("aria-pressed", Boolean(timer));
}
const halt = f => () => { play(false); f(); };
const acts = { start: () => go(0), back: () => go(now - 1), step: () => go(now + 1), backward: () => go(seed), end: () => go(steps.length) };
for (const [id, act] of Object.entries(acts)) $(id).onclick = halt(act);
$("play").onclick = () => play(!timer);
$("speed").onchange = () => timer && play(true);
$("seek").max = steps.length; $("seek").oninput = event => { play(false); go(Number(event.target.value)); };
const keys = { ArrowLeft: acts.back, ArrowRight: acts.step, Home: acts.start, End: acts.end, b: acts.backward };
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.id !== "seek") return;
  if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play(!timer); }
  else if (keys[event.key]) { event.preventDefault(); halt(keys[event.key])(); }
});

// --- what if ---------------------------------------------------------------------------------------------------------

const free = nodes.filter(node => node.row === null && node.role !== "given");
for (const { k, name, role } of free) $("leaf").append(new Option(role === "constant" ? `${name} (constant)` : name, k));
const chosen = () => Number($("leaf").value);
const offer = () => { $("number").value = String(leaves[chosen()]); };
function set(data) {
  try { compute(data); } catch (error) { $("said").textContent = `${error.message}. The numbers stay as they were.`; $("said").className = "bad"; return false; }
  changed = data.some((x, k) => x !== nodes[k].data && nodes[k].row === null);
  $("said").textContent = changed ? "Forward and backward have followed." : ""; $("said").className = "good";
  show(); return true;
}
$("leaf").onchange = offer;
$("iffed").onsubmit = event => {
  event.preventDefault();
  const data = leaves.slice(); let x;
  try { x = evaluated($("number").value); } catch (error) { x = NaN; }
  if (!Number.isFinite(x)) { $("said").textContent = "That is no number."; $("said").className = "bad"; return; }
  data[chosen()] = x; if (set(data)) offer();
};
$("reset").onclick = () => { set(nodes.map(node => node.data)); offer(); };
const toggle = (button, form, on) => { form.hidden = !on; button.setAttribute("aria-pressed", on); follow(0); };
$("if").onclick = () => { toggle($("if"), $("iffed"), $("iffed").hidden); offer(); if (!$("iffed").hidden) $("number").focus(); };

// --- predict ---------------------------------------------------------------------------------------------------------

let asked = [];
const question = q => q.edge === undefined ? of(nodes[q.k].name) : `∂${nodes[q.k].name}/∂${nodes[nodes[q.k].parents[q.edge]].name}`;
function quiz(items) {
  asked = items.map(q => ({ ...q, solved: false }));
  $("item").replaceChildren(...asked.map((q, k) => new Option(question(q), k)));
  toggle($("quiz"), $("quizzed"), asked.length > 0);
  $("verdict").textContent = ""; show();
}
const truth = q => q.edge === undefined ? adjoints[adjoints.length - 1][q.k] : partial[q.k][q.edge];
const near = (a, b) => Math.abs(a - b) <= 5e-3 * Math.abs(b) + 1e-12;
function verdict(q, answer) {
  const right = truth(q);
  if (near(answer, right)) return [true, `Right: ${number(right)}.`];
  const into = edges.flat().filter(e => e.p === q.k);
  if (q.edge === undefined && into.length > 1 && into.some(e => near(answer, e.more))) return [false, "You left out the other path: a gradient is the sum over all of them."];
  if (right && near(answer, -right)) return [false, "The sign of the derivative is the other one."];
  if (q.edge === undefined && into.length && near(answer, into.reduce((t, e) => t + e.from, 0))) return [false, `A local derivative is missing: the factor is ${into.map(named).join(" and ")}, not 1.`];
  if (q.edge !== undefined && near(answer, 1)) return [false, `The factor is ${named({ k: q.k, slot: q.edge })}, not 1.`];
  if (Math.abs(answer - right) <= .05 * Math.abs(right)) return [false, "Close. Give three digits."];
  return [false, "Not yet. Multiply along each path, and add the paths."];
}
function named({ k, slot }) {
  const operand = page.rows[nodes[k].row].same[slot];
  return operand === null ? number(partial[k][slot]) : nodes[nodes[k].parents[operand]].name;
}
function ask() { // the first question that the step now on the screen answers
  const { way, group } = now ? steps[now - 1] : {};
  if (way !== "backward") return;
  const next = asked.findIndex(q => !q.solved && edges[now].some(e => q.edge === undefined ? e.p === q.k : e.k === q.k && e.slot === q.edge));
  if (next >= 0) $("item").value = next;
}
function solved(q, text, good) {
  q.solved ||= good; $("verdict").textContent = text; $("verdict").className = good ? "good" : "bad"; show();
  if (good) { const next = asked.findIndex(other => !other.solved); if (next >= 0) $("item").value = next; $("answer").value = ""; }
  if (good && asked.every(other => other.solved)) $("verdict").textContent += " All questions are answered.";
}
$("quizzed").onsubmit = event => {
  event.preventDefault();
  const q = asked[Number($("item").value)]; let x;
  try { x = evaluated($("answer").value); } catch (error) { $("verdict").textContent = error.message; $("verdict").className = "bad"; return; }
  const [good, text] = verdict(q, x); solved(q, text, good);
};
$("tell").onclick = () => { const q = asked[Number($("item").value)]; solved(q, `${question(q)} = ${number(truth(q))}.`, true); };
$("quiz").onclick = () => quiz(asked.length && !$("quizzed").hidden ? [] : page.asked.length ? page.asked : free.filter(n => n.role !== "constant").map(({ k }) => ({ k })));

// A number, or an expression of the names in the picture; nothing is ever run.
const sigmoid = x => 1 / (1 + Math.exp(-x));
const FUNCTIONS = new Map(Object.entries({ exp: Math.exp, log: Math.log, ln: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sin: Math.sin, cos: Math.cos, abs: Math.abs, sigmoid, σ: sigmoid, relu: x => Math.max(x, 0) }));
function evaluated(text) {
  const names = new Map(nodes.map(({ k, name }) => [name, value[k]]));
  let rest = text.replace(/−/g, "-").replace(/[·×]/g, "*").trim(), depth = 0;
  if (!rest) throw new Error("Type a number, or an expression of the names in the picture.");
  const take = pattern => { const found = rest.match(pattern); if (found) rest = rest.slice(found[0].length).trimStart(); return found; };
  const sum = () => { let x = product(); for (let s; (s = take(/^[+-]/));) x = s[0] === "+" ? x + product() : x - product(); return x; };
  const product = () => { let x = sign(); for (let s; (s = take(/^(\*(?!\*)|\/)/));) x = s[0] === "*" ? x * sign() : x / sign(); return x; };
  const deeper = f => { if (++depth > 200) throw new Error("That expression is too deep."); return f(); };
  const sign = () => deeper(signed), signed = () => take(/^-/) ? -sign() : take(/^\+/) ? sign() : power();
  const power = () => { const x = atom(); return take(/^(\*\*|\^)/) ? Math.pow(x, sign()) : x; };
  const atom = () => {
    let found;
    if (take(/^\(/)) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return x; }
    if ((found = take(/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i))) return Number(found[0]);
    if ((found = take(/^([\p{L}_]+)\s*\((?=.*\))/u)) && FUNCTIONS.has(found[1])) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return FUNCTIONS.get(found[1])(x); }
    const known = [...names.keys()].filter(name => name && rest.startsWith(name)).sort((a, b) => b.length - a.length)[0];
    if (known) { rest = rest.slice(known.length).trimStart(); return names.get(known); }
    throw new Error(`“${(found?.[0] ?? rest).slice(0, 20)}” is neither a number nor a name in the picture.`);
  };
  const x = sum();
  if (rest) throw new Error(`“${rest.slice(0, 20)}” is left over.`);
  return x;
}

// --- the picture: move, zoom, click ----------------------------------------------------------------------------------

const whole = svg.getAttribute("viewBox").split(" ").map(Number), space = () => $("picture").getBoundingClientRect(), room = space();
const grow = Math.max(1, Math.min(room.width / whole[2], room.height / whole[3]) / 3); // a small picture is not blown up
whole[0] -= (grow - 1) * whole[2] / 2; whole[1] -= (grow - 1) * whole[3] / 2; whole[2] *= grow; whole[3] *= grow;
const view = whole.slice();
const frame = () => svg.setAttribute("viewBox", view.join(" "));
svg.removeAttribute("width"); svg.removeAttribute("height"); frame();
let gliding = 0, scale = null; // pixels a point; null where all of the picture is shown, however large that is
function zoom(by, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
  cancelAnimationFrame(gliding); placed = true;
  const size = Math.min(8, Math.max(.02, view[2] * by / whole[2])) * whole[2] / view[2];
  view[0] = x + (view[0] - x) * size; view[1] = y + (view[1] - y) * size; view[2] *= size; view[3] *= size; frame();
  scale = svg.getScreenCTM().a;
  const { width, height } = space(); // as much as is on the screen, also beside a picture that fits
  view[0] += (view[2] - width / scale) / 2; view[1] += (view[3] - height / scale) / 2; view[2] = width / scale; view[3] = height / scale; frame();
}
function keep() { // the words above the picture take more or less room with every step: what is on the screen stays where it is
  const { width, height } = space();
  if (!scale || !width) return;
  const before = view[2] / 2 - width / scale / 2, below = view[3] - height / scale;
  view[0] += before; view[1] += below; view[2] = width / scale; view[3] = height / scale; frame();
}

// What a step is about comes into view; where all of it is in view already, nothing moves.
const cardOf = new Map(page.cards.flatMap(({ id, k, ks }) => (ks ?? [k]).map(n => [n, id])));
const AIR = 14; // points to the border of the view
function extent(ks, axis) {
  const boxes = [...new Set(ks.map(k => cardOf.get(k)))].filter(Boolean).map(id => element(id).getBBox());
  const [from, size] = axis ? ["y", "height"] : ["x", "width"];
  return boxes.length ? [Math.min(...boxes.map(b => b[from])) - AIR, Math.max(...boxes.map(b => b[from] + b[size])) + AIR] : [view[axis], view[axis]];
}
function place(axis, near, far) { // where the view begins on this axis, if it is to show the near nodes, and the far ones if there is room
  const room = view[axis + 2], all = extent([...near, ...far], axis), [low, high] = all[1] - all[0] <= room ? all : extent(near, axis);
  if (view[axis] <= low && high <= view[axis] + room) return view[axis];
  const middle = (low + high - room) / 2, end = whole[axis] + whole[axis + 2] - room;
  if (end <= whole[axis]) return (whole[axis] + end) / 2; // all of it, in the middle
  if (all[1] <= whole[axis] + room) return whole[axis]; // as long as it fits with the headings
  return Math.min(end, Math.max(whole[axis], middle));
}
function look(near, far, time) {
  cancelAnimationFrame(gliding);
  const [x, y] = view, to = [place(0, near, far), place(1, near, far)], start = performance.now();
  if (x === to[0] && y === to[1]) return;
  const glide = t => {
    const share = time ? Math.min(1, Math.max(0, (t - start) / time)) : 1;
    if (share < 1) { view[0] = x + share * (to[0] - x); view[1] = y + share * (to[1] - y); } else [view[0], view[1]] = to;
    frame();
    if (share < 1) gliding = requestAnimationFrame(glide);
  };
  glide(start);
}
const still = matchMedia("(prefers-reduced-motion: reduce)");
function follow(time = still.matches ? 0 : 180) {
  const { way, group } = steps[Math.max(0, now - 1)], nears = way === "seed" ? [last] : group.nodes;
  keep();
  look(nears, nears.flatMap(k => nodes[k].parents), time);
}
let placed = false; // whether the reader has chosen a part of the picture
function begin() { // all of it, or where that is too small to be read as much as can be
  const { width, height } = space(), fits = [width / whole[2], height / whole[3]];
  if (!width) return;
  if (Math.min(...fits) < .9) { scale = Math.min(1.1, ...fits.filter(x => x >= .9)); view[0] = view[1] = 1e6; } // from nowhere: the step's place is looked for
  else { scale = null; view.splice(0, 4, ...whole); frame(); }
  follow(0);
}
begin();
addEventListener("resize", () => placed ? follow(0) : begin());
const point = event => { const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()); return [p.x, p.y]; };
$("in").onclick = () => zoom(.8); $("out").onclick = () => zoom(1.25);
$("fit").onclick = () => { cancelAnimationFrame(gliding); placed = true; scale = null; view.splice(0, 4, ...whole); frame(); };
$("picture").addEventListener("wheel", event => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.12 : .89, ...point(event)); }, { passive: false });
let held = null, moved = false;
$("picture").onpointerdown = event => { if (!event.isPrimary) return; cancelAnimationFrame(gliding); held = point(event); moved = false; };
addEventListener("pointermove", event => {
  if (!held || !event.buttons || !event.isPrimary) return;
  const [x, y] = point(event); if (Math.hypot(x - held[0], y - held[1]) * svg.getScreenCTM().a > 4) moved = true;
  if (moved) { placed = true; view[0] += held[0] - x; view[1] += held[1] - y; frame(); }
});
addEventListener("pointerup", () => { held = null; });
for (const { id, k, ks } of page.cards) {
  const group = element(id), mine = ks ?? [k];
  group.classList.add("click");
  group.addEventListener("click", () => {
    if (moved) return;
    play(false);
    const leaf = mine.find(n => nodes[n].row === null);
    if (leaf !== undefined && !$("iffed").hidden && free.some(n => n.k === leaf)) { $("leaf").value = leaf; offer(); $("number").focus(); return; }
    const forth = Math.max(...mine.map(n => known[n])), passes = steps.findIndex((s, i) => i >= seed && s.group.nodes.some(n => mine.includes(n))) + 1;
    go(now >= seed ? passes || steps.length : forth);
  });
}

compute(leaves.slice()); // what Python computed: nothing of it is refused
if (page.asked.length) quiz(page.asked);
addEventListener("hashchange", () => jump());
function jump() { const found = location.hash.match(/^#step=(\d+)$/); go(found ? Number(found[1]) : now); }
jump();
