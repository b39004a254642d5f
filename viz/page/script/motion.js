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
function travel(wires) { // along each wire its number goes back, after a head that points back
  const labelled = [], going = wires.map(({ id, edges: parts }) => {
    const line = element(id).querySelector("path"), long = line.getTotalLength(), shift = inPicture(line), on = far => line.getPointAtLength(far).matrixTransform(shift), tip = on(0), base = on(Math.min(8, long));
    const [dx, dy] = [(base.x - tip.x) / 2, (base.y - tip.y) / 2];
    added[0].append(shape("path", { d: `M${tip.x},${tip.y}L${base.x - dy},${base.y + dx} ${base.x + dy},${base.y - dx}Z`, class: "head" }));
    const [k, slot] = parts[0], p = nodes[k].parents[slot], stage = between.get(id);
    const words = stage ? of(stage[1].name) : hiddenSlope(p) || hiddenSlope(k) ? "?" : finely(() => number(edges[now].find(e => e.k === k && e.slot === slot)?.more));
    const text = shape("text", { class: "tag" }, words);
    added[0].append(text);
    if (element(`${id}-label`)) labelled.push(text);
    return share => { const at = on(long * (.95 - .72 * share)); text.setAttribute("x", at.x); text.setAttribute("y", at.y + 3); };
  });
  const start = performance.now();
  const move = t => {
    const share = still.matches ? 1 : Math.min(1, Math.max(0, (t - start) / 800));
    for (const go of going) go(share);
    if (share < 1) running = requestAnimationFrame(move);
    else for (const tag of labelled) tag.remove(); // the label says it now
  };
  move(start);
}
