// --- the graph of one example, on numbers that are handed in; the names of the other scripts that its picture needs ------

let asked = [];
let strongest = [0, 0]; // the scale of tints, and that of wires: they grow at once, and decay as they are told
const scaled = largest => strongest = strongest.map((x, k) => Math.max(x, largest[k]));
const ask = () => {}, marked = () => {}, moves = () => {};
const still = matchMedia("(prefers-reduced-motion: reduce)");
const host = svg.closest("#picture");
const cardOf = new Map(page.cards.flatMap(({ id, k, ks }) => (ks ?? [k]).map(n => [n, id])));
function follow() { // what moves comes into view, within the frame of the picture
  if (now === 0 || now === steps.length || host.scrollWidth <= host.clientWidth && host.scrollHeight <= host.clientHeight) return;
  const { way, group } = steps[now - 1], card = element(cardOf.get(way === "seed" ? last : group.nodes[0]) ?? "");
  if (!card) return;
  const at = card.getBoundingClientRect(), room = host.getBoundingClientRect();
  host.scrollBy({ left: at.left + at.width / 2 - room.left - room.width / 2, top: at.top + at.height / 2 - room.top - room.height / 2, behavior: still.matches ? "auto" : "smooth" });
}
changed = true; // names of Jacobians are those of the numbers now

// The numbers of the leaves: parameters, the example's inputs and targets, and constants.
function leavesOf(places, theta, x, y, constants) {
  const data = nodes.map(node => node.data);
  for (const [source, numbers] of [[places.theta, theta], [places.x, x], [places.y, y]]) for (const [k, at] of source) data[k] = numbers[at];
  places.free.forEach(([k], at) => { data[k] = constants[at]; });
  return data;
}
const called = ({ k, name, role }) => role === "constant" && /^[(−\d∞n]/.test(name) ? bracketed(number(value[k], 6)) : name;
const formula = ({ name, row, parents }) => row === null ? name // of a long sum the beginning and the end
  : `${name} = ${written(row, parents.map(p => nodes[p].name)).replace(/^((?:[^+]*\+ ){3}).*\+ (?:.*\+ ){4}/, "$1… + ")}`;
// What a step moves along the wires of the picture: [path, text, whether it goes back]. Forward the operands' numbers, and
// back what each adds to a gradient.
function flights(step) {
  const { way, group } = steps[step - 1] ?? {}, moved = new Map();
  const add = (k, slot, x) => {
    const id = wireOf.get(`${k} ${slot}`), p = nodes[k].parents[slot];
    if (id !== undefined) moved.set(id, (moved.get(id) ?? new Map()).set(p, way === "forward" ? x : (moved.get(id)?.get(p) ?? 0) + x));
  };
  if (way === "forward") for (const k of group.nodes) nodes[k].parents.forEach((p, slot) => add(k, slot, value[p]));
  if (way === "backward") for (const { k, slot, more } of edges[step]) add(k, slot, more);
  return [...moved].map(([id, xs]) => {
    const texts = few([...xs].sort(([a], [b]) => a - b).map(([, x]) => number(x, 3)), 3, 2);
    return [element(id).querySelector("path"), xs.size > 1 ? `[${texts.join(", ")}]` : texts[0], way === "backward"];
  });
}
const example = {
  steps, seed, page, svg, nodes, flights, formula,
  go(step, kept = 1) { strongest = strongest.map(x => kept * x); go(step); }, // with so much of the scale before
  tint: x => tint(x, strongest[0]),
  value: k => value[k], slope: k => adjoints.at(-1)[k], partial: k => partial[k],
  texts(k) { // where the picture writes the number of a node
    const { id, grids } = page.cards.find(card => card.k === k || card.ks?.includes(k)) ?? {};
    if (!id) return null;
    if (!grids) return element(id).querySelectorAll("text")[1];
    const g = grids.findIndex(grid => !grid.slope && grid.cells.includes(k));
    return g < 0 ? null : element(`${id}-${g}`).querySelectorAll("text")[1 + grids[g].cells.indexOf(k)];
  },
  compute: data => compute(data, false),
  leavesOf,
  settle() { // everything is computed, and no step is on its way
    for (const it of svg.querySelectorAll(".now, .flow")) it.classList.remove("now", "flow");
  },
  get now() { return now; },
  numbers: output => Object.fromEntries(nodes.map(node => [node.k === last ? output : called(node), [value[node.k], node.role === "constant" ? null : adjoints.at(-1)[node.k]]])),
  notFinite(data) { // the first node without a finite number, in words
    try { forward(data, true); } catch (error) { return error.message; }
    const [y] = forward(data, false), broken = nodes.find(({ k }) => !isFinite(y[k]));
    return broken && formula(broken);
  },
};
