// --- the graph, computed as in Python: forward, and in reverse edge by edge ------------------------------------------

let value = [], partial = [], leaves = nodes.map(node => node.data), changed = false;
const fixed = []; // whether a value is computed from constants alone
for (const { k, row, parents, role } of nodes) fixed[k] = row === null ? role === "constant" : parents.every(p => fixed[p]);
let unseen; // what the page computes and does not show

function forward(data, judged) {
  const y = [], d = [];
  for (const { k, row, parents } of nodes) {
    if (row === null) { y[k] = data[k]; d[k] = []; continue; }
    const operands = parents.map(p => y[p]);
    [y[k], d[k]] = derived(row, operands);
    if (judged && refuses(page.rows[row], y[k], operands)) throw new Error(`${refusal(page.rows[row], y[k], operands)}; got ${from(parents, y)}`);
  }
  return [y, d];
}

function derived(row, operands) { // a value and its local derivatives; NaN for one that Python's rule refuses
  const y = ROWS[row].f(...operands), d = ROWS[row].d(y, ...operands);
  const arithmetic = OVERFLOWS.has(page.rows[row].name) || ![y, ...operands].every(isFinite);
  return [y, arithmetic ? d : d.map(x => isFinite(x) ? x : NaN)];
}

// Where Python raises: + − × and a quotient by anything but 0 may overflow, a row with a domain may not leave it. Of a row
// of the reader's the page cannot know whether it may: it may not.
const OVERFLOWS = new Set(["add", "subtract", "multiply", "divide", "sum", "dot", "leaky_relu"]);
function refuses({ name, domain }, y, operands) {
  if (operands.some(isNaN)) return false;
  if (name === "divide") return operands[1] === 0;
  return domain && isNaN(y) || !OVERFLOWS.has(name) && !isFinite(y) && operands.every(isFinite);
}
function refusal({ name, domain }, y, operands) {
  const large = name.startsWith("exp") || name === "power" && operands[0] !== 0 && !isNaN(y);
  return large ? `${name} is beyond the largest number here` : domain ? `${name} is defined for ${domain}` : `${name} has no value here`;
}
const from = (parents, y) => parents.map(p => `${exact(y[p])} from ${nodes[p].name}`).join(" and ");

// An adjoint of 0 passes nothing on, and neither does a branch not taken: not 0 · ∞.
function passed(bar, k, slot) {
  const d = partial[k][slot];
  if (bar === 0 || d === 0 && !isFinite(bar) || fixed[nodes[k].parents[slot]] && !isFinite(d)) return 0;
  return bar * d;
}
const finite = () => value.every(isFinite);
// Whether ∞ meets −∞ or a factor below 1: of an overflow that may be any number. Twin: `lost` in zeros.py.
const lost = (bar, d, low = Math.min(Math.abs(bar), Math.abs(d))) => bar !== bar || 0 < low && low < 1 && !isFinite(bar + d);
function vanishes(bar, k, slot, gone) { // a product below the smallest number is no zero
  const d = partial[k][slot];
  if ((bar || gone.has(k)) && d && bar * d === 0) gone.add(nodes[k].parents[slot]);
}
function undefinedProduct(bar, k, slot, stays, gone) { // why this adjoint times this derivative has no value; "" where it has one
  const p = nodes[k].parents[slot], d = partial[k][slot], { name } = page.rows[nodes[k].row];
  if (lost(bar, d) && !fixed[p] && finite()) return `the gradient through ${name} overflows here; its operand is ${from([p], value)}`;
  if (isFinite(d) || fixed[p] || (bar === 0 ? !(gone.has(k) && finite()) && stays(k, p) : !isNaN(d) || [value[k], value[p]].some(isNaN))) return "";
  const why = bar ? "" : `, and the gradient that reaches it is ${gone.has(k) ? "below the smallest number" : "0 at this point only"}: 0 · ∞ has no value`;
  return `${name} has no derivative here; its operand is ${from([p], value)}${why}`;
}

// Every step shows some nodes for the first time, or passes their adjoints on to their operands.
let steps, seed, adjoints = [], edges = [];
function ordered() {
  const { groups } = page, way = (way, groups) => groups.map(group => ({ way, group }));
  steps = [...way("forward", groups), { way: "seed" }, ...way("backward", groups.slice().reverse())];
  seed = groups.length + 1;
  unseen = new Set(groups.flatMap(g => g.aside));
}
ordered();

function sweep(judged) { // the adjoint of every node after every step, and what each step's edges add
  const bar = nodes.map(() => null), stays = zeros(nodes.map(({ k }) => k), last), gone = new Set();
  adjoints = [bar.slice()]; edges = [[]];
  for (const { way, group } of steps) {
    const added = [];
    if (way === "seed") bar[last] = 1;
    if (way === "backward") for (const k of [...group.nodes, ...group.aside].sort((a, b) => b - a)) {
      if (bar[k] === null) bar[k] = 0;
      nodes[k].parents.forEach((p, slot) => {
        if (nodes[p].role === "constant") return;
        const more = passed(bar[k], k, slot), why = judged && undefinedProduct(bar[k], k, slot, stays, gone);
        if (why) throw new Error(why);
        vanishes(bar[k], k, slot, gone);
        bar[p] = (bar[p] ?? 0) + more;
        added.push({ p, k, slot, from: bar[k], more, total: bar[p] });
      });
    }
    adjoints.push(bar.slice()); edges.push(added);
  }
  const none = judged && finite() && nodes.find(({ k }) => isNaN(bar[k]) && !fixed[k]);
  if (none) throw new Error(`the gradient overflows: ∞ − ∞ has no value; got it at ${none.name}`);
}

function compute(data, judged = true) { // all of it or nothing
  const before = [value, partial, adjoints, edges];
  try { [value, partial] = forward(data, judged); sweep(judged); } catch (error) { [value, partial, adjoints, edges] = before; throw error; }
  leaves = data;
}
