// --- the graph of one example, on numbers that are handed in; the names of the other scripts that its picture needs ------

let asked = [];
const ask = () => {}, marked = () => {}, moves = () => {};
const still = matchMedia("(prefers-reduced-motion: reduce)");
const host = svg.closest("#picture");
const cardOf = new Map(page.cards.flatMap(({ id, k, ks }) => (ks ?? [k]).map(n => [n, id])));
function follow() { // what moves comes into view, within the frame of the picture
  if (now === 0 || host.scrollWidth <= host.clientWidth && host.scrollHeight <= host.clientHeight) return;
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
const called = ({ k, name, role }) => role === "constant" && /^[(−\d∞n]/.test(name) ? bracketedName(number(value[k], 6)) : name;
const bracketedName = text => text.startsWith("−") ? `(${text})` : text;
const example = {
  steps, seed, go, page,
  compute: data => compute(data, false),
  leavesOf,
  settle() { // everything is computed, and no step is on its way
    for (const it of svg.querySelectorAll(".now, .flow")) it.classList.remove("now", "flow");
  },
  get now() { return now; },
  numbers: output => Object.fromEntries(nodes.map(node => [node.k === last ? output : called(node), [value[node.k], node.role === "constant" ? null : adjoints.at(-1)[node.k]]])),
  notFinite(data) { // the first node without a finite number, in words
    try { forward(data, true); } catch (error) { return error.message; }
    const [y] = forward(data, false), { name, row } = nodes.find(({ k }) => !Number.isFinite(y[k])) ?? {};
    return name && `${name}${row === null ? "" : ` (${page.rows[row].call})`}`;
  },
};
