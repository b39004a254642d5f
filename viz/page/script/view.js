// --- the view: move, zoom and click ----------------------------------------------------------------------------------

const space = () => $("picture").getBoundingClientRect();
let whole, view, cardOf, here = new Map(); // of all of the picture, and of what is on the screen: left, top, width and height in points; the card of a node, and that in the open scope which is looked at
const frame = () => { svg.setAttribute("viewBox", view.join(" ")); for (const stay of headings()) stay(); };

// The heading of a lane stays in view: that of a column at the top, that of a row on the left.
const headed = new Map();
let covered = [0, 0]; // points that headings take of the view, on each axis
function headings() {
  if (!headed.has(svg)) {
    const lanes = [...svg.querySelectorAll(":scope > rect[id*='-lane']")], boxes = lanes.map(lane => ["x", "y", "width", "height"].map(name => Number(lane.getAttribute(name))));
    const axis = new Set(boxes.map(box => box[1])).size < 2 ? 1 : 0;
    headed.set(svg, [axis, lanes.map((lane, k) => heading(lane, boxes[k], axis))]);
  }
  const [axis, heads] = headed.get(svg);
  covered = [0, 0]; covered[axis] = heads.reduce((most, { deep }) => Math.max(most, deep), 0);
  return heads.map(({ stay }) => stay);
}
function heading(lane, box, axis) {
  const texts = [], head = shape("g", {}), ground = lane.cloneNode();
  for (let it = lane.nextElementSibling; it?.tagName === "text"; it = it.nextElementSibling) texts.push(it);
  const deep = axis ? 14 * texts.length + 10 : 2 * (Number(texts[0]?.getAttribute("x")) - box[0]);
  ground.removeAttribute("id"); ground.setAttribute(axis ? "height" : "width", deep);
  head.append(ground, ...texts); svg.append(head);
  return { deep, stay: () => { const by = Math.max(0, Math.min(view[axis] - box[axis], box[axis + 2] - deep)); head.setAttribute("transform", axis ? `translate(0,${by})` : `translate(${by},0)`); } };
}
function framed() {
  $("opens").hidden = !Object.keys(page.inside).length;
  whole = svg.dataset.whole?.split(" ").map(Number);
  if (!whole) {
    const [x, y, width, height] = viewOf(svg), rim = 8; // for the sign at the corner of a stage
    whole = [x - rim, y - rim, width + 2 * rim, height + 2 * rim];
    const room = space(), stretch = Math.max(1, Math.min(room.width / whole[2], room.height / whole[3]) / 3); // a small picture keeps room around it
    whole[0] -= (stretch - 1) * whole[2] / 2; whole[1] -= (stretch - 1) * whole[3] / 2; whole[2] *= stretch; whole[3] *= stretch;
    svg.dataset.whole = whole.join(" "); svg.removeAttribute("width"); svg.removeAttribute("height");
    reachable(page.cards);
  }
  spread();
  view = whole.slice(); frame();
  cardOf = byNode(page.cards);
}
const byNode = cards => new Map(cards.flatMap(({ id, k, ks }) => (ks ?? [k]).map(n => [n, id])));
let gliding = 0, scale = null; // pixels a point; null where all of the picture is shown, however large that is
function zoom(by, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
  cancelAnimationFrame(gliding); movedByReader = true;
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

// The cards of a step come into view; if all of them are in view already, nothing moves.
const AIR = 14; // points to the border of the view
function extent(ks, axis) {
  const boxes = [...new Set(ks.map(k => here.get(k) ?? cardOf.get(k)))].filter(Boolean).map(boxOf);
  const [from, size] = axis ? ["y", "height"] : ["x", "width"];
  return boxes.length ? [Math.min(...boxes.map(b => b[from])) - AIR - covered[axis], Math.max(...boxes.map(b => b[from] + b[size])) + AIR] : [view[axis], view[axis]];
}
function place(axis, near, far) { // where the view begins on this axis, if it is to show the near nodes, and the far ones if there is room
  const room = view[axis + 2], all = extent([...near, ...far], axis), fits = all[1] - all[0] <= room, [low, high] = fits ? all : extent(near, axis);
  if (fits && view[axis] <= low && high <= view[axis] + room) return view[axis];
  const middle = Math.min(low, Math.max(high - room, (all[0] + all[1] - room) / 2)), end = whole[axis] + whole[axis + 2] - room; // as much of the far ones as there is room for
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
  if (!sized) { begin(); return; } // a frame that had no size yet
  const { way, group } = steps[Math.max(0, now - 1)], nears = way === "seed" ? [last] : group.nodes;
  keep();
  here = byNode(page.inside[group?.home]?.cards ?? []);
  const far = nears.flatMap(k => nodes[k].parents);
  if (scale && !movedByReader) reach([...nears, ...far]);
  look(nears, far, time);
}
const SMALLEST = .4, READABLE = [.9, .7]; // pixels a point: a card is still seen; its numbers have 9 pixels, or 7 where that shows all of a picture that leaves over half of the room empty
let natural = null; // the scale of a picture too large to be shown whole
function reach(ks) { // smaller where the cards of this step stand too far apart, and back again
  const { width, height } = space(), [x, y] = [0, 1].map(axis => { const [low, high] = extent(ks, axis); return high - low; });
  const to = Math.min(natural, Math.max(SMALLEST, Math.min(width / x, height / y)));
  if (to === scale) return;
  scale = to; view[0] += (view[2] - width / to) / 2; view[1] += (view[3] - height / to) / 2; view[2] = width / to; view[3] = height / to; frame();
}
let sized = false, movedByReader = false; // true once the reader has chosen a part of the picture
function begin() { // all of it, or where that is too small to be read as much as can be
  const { width, height } = space(), fits = [width / whole[2], height / whole[3]], least = Math.min(...fits);
  if (!width) return;
  sized = true;
  if (least < READABLE[+(Math.max(...fits) > 2 * least)]) { scale = natural = Math.min(1.1, ...fits.filter(x => x >= 1)); view[0] = view[1] = 1e6; } // start off the picture, so that `follow` has to find the step
  else { scale = null; view.splice(0, 4, ...whole); frame(); }
  follow(0);
}
framed(); begin();
addEventListener("resize", () => movedByReader ? follow(0) : begin());
const within = event => { const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()); return [p.x, p.y]; };
$("in").onclick = () => zoom(.8); $("out").onclick = () => zoom(1.25);
$("fit").onclick = () => { cancelAnimationFrame(gliding); movedByReader = true; scale = null; view.splice(0, 4, ...whole); frame(); };

// A pinch zooms, and so does the wheel of a mouse; two fingers on a trackpad move. In a frame the wheel and one finger
// belong to the notebook, which scrolls.
const inside = window !== parent;
if (inside) $("picture").style.touchAction = "pan-y";
$("picture").addEventListener("wheel", event => {
  const { deltaX, deltaY, deltaMode, ctrlKey, metaKey } = event, asked = ctrlKey || metaKey;
  if (inside && !asked) return;
  event.preventDefault();
  if (!asked && !deltaMode && (deltaX || Math.abs(deltaY) < 50)) shift(deltaX, deltaY);
  else zoom(Math.exp(Math.max(-.4, Math.min(.4, (deltaMode ? 30 : 1) * deltaY / (asked ? 120 : 800)))), ...within(event));
}, { passive: false });
function shift(dx, dy) { // by pixels
  const { a } = svg.getScreenCTM();
  cancelAnimationFrame(gliding); movedByReader = true; view[0] += dx / a; view[1] += dy / a; frame();
}
$("picture").addEventListener("focusin", ({ target }) => { // what the keyboard reaches comes into view
  const at = target.getBoundingClientRect(), room = space(), over = (low, high, from, to) => low < from ? low - from - 4 : high > to ? high - to + 4 : 0;
  const by = [over(at.left, at.right, room.left, room.right), over(at.top, at.bottom, room.top, room.bottom)];
  if (by[0] || by[1]) shift(...by);
});
const fingers = new Map();
let moved = false;
const apart = () => { const [[x, y], [u, v] = [x, y]] = [...fingers.values()]; return { far: Math.hypot(u - x, v - y), clientX: (x + u) / 2, clientY: (y + v) / 2 }; };
$("picture").onpointerdown = event => { cancelAnimationFrame(gliding); if (!fingers.size) moved = false; fingers.set(event.pointerId, [event.clientX, event.clientY]); };
addEventListener("pointermove", event => {
  const held = fingers.get(event.pointerId);
  if (!held || !event.buttons) return;
  const before = apart();
  if (!moved && fingers.size === 1 && Math.hypot(event.clientX - held[0], event.clientY - held[1]) < 4) return;
  moved = true; fingers.set(event.pointerId, [event.clientX, event.clientY]);
  const after = apart();
  if (before.far && after.far) zoom(before.far / after.far, ...within(after));
  shift(before.clientX - after.clientX, before.clientY - after.clientY);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, ({ pointerId }) => fingers.delete(pointerId));

function reachable(cards) { // each card by pointer and keyboard, with a name that `titles` keeps true
  for (const [group, mine] of cards.map(card => [element(card.id), card.ks ?? [card.k]])) {
    group.classList.add("click"); group.setAttribute("tabindex", "0"); group.setAttribute("role", "button");
    group.addEventListener("click", () => moved || enter(mine));
    group.addEventListener("keydown", event => { if (event.key === "Enter") enter(mine); });
  }
  svg.setAttribute("role", "group");
}
function enter(mine) { // the step of a card
  play(false);
  const leaf = mine.find(n => nodes[n].row === null);
  if (leaf !== undefined && !$("iffed").hidden && free.some(n => n.k === leaf)) { $("leaf").value = leaf; offer(); $("number").focus(); return; }
  const forth = Math.max(...mine.map(n => known[n])), passes = steps.findIndex((s, i) => i >= seed && s.group.nodes.some(n => mine.includes(n))) + 1;
  go(now >= seed ? passes || steps.length : forth);
}

// Values and stages: the same graph and the same step, in the other picture.
const words = { values: "Show values", stages: "Show stages" };
(async () => { // what nobody sees at first is packed
  if (!window.DecompressionStream) return;
  const packed = Uint8Array.from(atob(page.packed), c => c.charCodeAt(0)), text = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  const [other, inside] = JSON.parse(await text), staged = () => $("picture").querySelector("[data-level=stages]");
  $("picture").insertAdjacentHTML("beforeend", other);
  staged()?.insertAdjacentHTML("beforeend", inside);
  if (page.other) { $("level").hidden = false; $("level").textContent = words[page.other.level]; }
  themed(); spread();
})();
function relaid(change) { // the same graph at the same step in a picture that has changed
  const { way, group } = stepNow(), k = group?.nodes.at(way === "backward" ? 0 : -1), ended = now === steps.length;
  change();
  ordered(); placed(); framed(); compute(leaves, false);
  $("seek").max = steps.length; movedByReader = false;
  const at = way === "seed" ? seed : steps.findIndex(step => step.way === way && [...step.group.nodes, ...step.group.aside].includes(k)) + 1;
  now = ended ? steps.length : at; begin(); go(now);
}
const swap = () => relaid(() => {
  const { other, ...mine } = page, { level, digits, groups, folded, cards, wires, inside } = mine;
  page = { ...mine, ...other, other: { level, digits, groups, folded, cards, wires, inside } };
  svg.setAttribute("hidden", ""); svg = $("picture").querySelector(`svg[data-level=${page.level}]`); svg.removeAttribute("hidden");
  $("level").textContent = words[level];
});
$("level").onclick = () => { play(false); swap(); };

compute(leaves.slice(), false); // what Python computed: nothing of it is refused
first.push(...adjoints.at(-1));
if (page.exercise) $("if").hidden = true; // the answers are those of Python's numbers
if (page.exercise) recall();
if (page.asked.length) quiz(page.asked);
addEventListener("hashchange", () => jump());
function jump() { const found = location.hash.match(/^#step=(\d+)$/); go(found ? Number(found[1]) : now); }
jump();
