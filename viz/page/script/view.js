// --- the view: move, zoom and click ----------------------------------------------------------------------------------

const whole = svg.getAttribute("viewBox").split(" ").map(Number), space = () => $("picture").getBoundingClientRect(), room = space();
const stretch = Math.max(1, Math.min(room.width / whole[2], room.height / whole[3]) / 3); // a small picture keeps room around it
whole[0] -= (stretch - 1) * whole[2] / 2; whole[1] -= (stretch - 1) * whole[3] / 2; whole[2] *= stretch; whole[3] *= stretch;
const view = whole.slice();
const frame = () => svg.setAttribute("viewBox", view.join(" "));
svg.removeAttribute("width"); svg.removeAttribute("height"); frame();
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
let movedByReader = false; // true once the reader has chosen a part of the picture
function begin() { // all of it, or where that is too small to be read as much as can be
  const { width, height } = space(), fits = [width / whole[2], height / whole[3]];
  if (!width) return;
  if (Math.min(...fits) < .9) { scale = Math.min(1.1, ...fits.filter(x => x >= .9)); view[0] = view[1] = 1e6; } // start off the picture, so that `follow` has to find the step
  else { scale = null; view.splice(0, 4, ...whole); frame(); }
  follow(0);
}
begin();
addEventListener("resize", () => movedByReader ? follow(0) : begin());
const point = event => { const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()); return [p.x, p.y]; };
$("in").onclick = () => zoom(.8); $("out").onclick = () => zoom(1.25);
$("fit").onclick = () => { cancelAnimationFrame(gliding); movedByReader = true; scale = null; view.splice(0, 4, ...whole); frame(); };
$("picture").addEventListener("wheel", event => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.12 : .89, ...point(event)); }, { passive: false });
let held = null, moved = false;
$("picture").onpointerdown = event => { if (!event.isPrimary) return; cancelAnimationFrame(gliding); held = point(event); moved = false; };
addEventListener("pointermove", event => {
  if (!held || !event.buttons || !event.isPrimary) return;
  const [x, y] = point(event); if (Math.hypot(x - held[0], y - held[1]) * svg.getScreenCTM().a > 4) moved = true;
  if (moved) { movedByReader = true; view[0] += held[0] - x; view[1] += held[1] - y; frame(); }
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

compute(leaves.slice(), false); // what Python computed: nothing of it is refused
if (page.asked.length) quiz(page.asked);
addEventListener("hashchange", () => jump());
function jump() { const found = location.hash.match(/^#step=(\d+)$/); go(found ? Number(found[1]) : now); }
jump();
