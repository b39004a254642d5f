// --- what moves: sums that are not whole yet, and the way back -----------------------------------------------------------

const shape = (name, attributes, text = "") => { const it = document.createElementNS("http://www.w3.org/2000/svg", name); for (const [k, v] of Object.entries(attributes)) it.setAttribute(k, v); it.textContent = text; return it; };
const inPicture = it => svg.getScreenCTM().inverse().multiply(it.getScreenCTM()); // a part may stand in an open scope, or have moved
function boxOf(id) { // where a part of the picture stands
  const it = element(id), { x, y, width, height } = it.getBBox(), m = inPicture(it);
  return { x: m.a * x + m.e, y: m.d * y + m.f, width: m.a * width, height: m.d * height };
}
let added = [], running = 0; // what stands in the picture for this step only
function moves() {
  cancelAnimationFrame(running);
  for (const it of added) it.remove();
  for (const label of svg.querySelectorAll(".under")) label.classList.remove("under");
  added = [svg.appendChild(shape("g", { "aria-hidden": "true", "pointer-events": "none", class: "moves" }))];
  const [sums, mine] = flowByWire(), back = now > seed;
  for (const { id } of page.wires) element(id).classList.toggle("back", back && mine.has(id));
  if (!back) return;
  const pattern = shape("pattern", { id: "hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(shape("rect", { width: 1.7, height: 4, class: "stripe" })); added[0].append(pattern);
  for (const card of page.cards) unfinished(card, sums);
  travel(page.wires.filter(wire => mine.has(wire.id) && !intoOpen(wire)));
}
function unfinished({ id, k, ks, grids }, sums) { // a gradient of which some terms are in, and some are not
  const mine = new Set(ks ?? [k]), out = page.wires.filter(wire => !intoOpen(wire)).filter(({ edges: [[head, slot] = []] }) => head !== undefined && mine.has(nodes[head].parents[slot]));
  const [came, all] = ks ? [out.filter(wire => sums.has(wire.id)).length, out.length] : [cameIn(k), page.uses[k]];
  if (!came || came >= all || [...mine].some(hiddenSlope)) return;
  const group = element(id), box = boxOf(id), grounds = grids ? grids.flatMap(({ slope }, g) => slope ? [...element(`${id}-${g}`).querySelectorAll("rect")] : []) : [group.querySelector("path")];
  for (const ground of grounds.filter(Boolean)) {
    const { x, y, width, height } = ground.getBBox(), hatch = shape("path", { d: ground.getAttribute("d") ?? `M${x},${y}h${width}v${height}h${-width}z`, fill: "url(#hatch)", class: "hatch" });
    ground.after(hatch); added.push(hatch);
  }
  added[0].append(shape("text", { x: box.x + box.width / 2, y: box.y + box.height + 9, class: "tag" }, `${came} of ${all} in`));
}
const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
function travel(wires) { // along each wire its number goes back, after a head that points back; the words under it give way
  const labels = page.wires.map(({ id }) => `${id}-label`).filter(id => element(id) && !element(id).classList.contains("hidden")).map(id => [element(id), boxOf(id)]), taken = [...labels.map(([, box]) => box), ...page.cards.map(({ id }) => boxOf(id))];
  const going = wires.map(({ id, edges: parts }) => {
    const line = element(id).querySelector("path"), long = line.getTotalLength(), shift = inPicture(line), on = far => line.getPointAtLength(far).matrixTransform(shift), tip = on(0), base = on(Math.min(8, long));
    const [dx, dy] = [(base.x - tip.x) / 2, (base.y - tip.y) / 2];
    added[0].append(shape("path", { d: `M${tip.x},${tip.y}L${base.x - dy},${base.y + dx} ${base.x + dy},${base.y - dx}Z`, class: "head" }));
    const [k, slot] = parts[0], p = nodes[k].parents[slot], stage = between.get(id);
    const words = stage ? of(stage[1].name) : hiddenSlope(p) || hiddenSlope(k) ? "?" : finely(() => number(edges[now].find(e => e.k === k && e.slot === slot)?.more));
    const tag = added[0].appendChild(shape("text", { class: "tag" }, words)), { width, height } = tag.getBBox();
    const at = share => { const { x, y } = on(long * (.95 - .72 * share)); return { x: x - width / 2, y: y - height / 2, width, height }; };
    const rest = element(`${id}-label`) ? undefined : [1, .9, .8, .7, .6, .5, .4, .3, .2, .1, 0].find(share => !taken.some(box => meet(box, at(share)))); // where it can stay, if its wire says it nowhere
    return { tag, at, rest };
  });
  const place = (those, share) => {
    const boxes = those.map(({ tag, at, rest }) => { const box = at(share ?? rest); tag.setAttribute("x", box.x + box.width / 2); tag.setAttribute("y", box.y + box.height / 2 + 3); return box; });
    for (const [label, box] of labels) label.classList.toggle("under", boxes.some(tag => meet(tag, box)));
  };
  const start = performance.now();
  const move = t => {
    const share = still.matches ? 1 : Math.min(1, Math.max(0, (t - start) / 800));
    if (share < 1) { place(going, share); running = requestAnimationFrame(move); return; }
    for (const { tag, rest } of going) if (rest === undefined) tag.remove(); // the label says it now, or the words above the picture
    place(going.filter(({ rest }) => rest !== undefined));
  };
  move(start);
}
