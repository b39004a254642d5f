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
