// --- scopes that open in place: a stage makes room for its values, and all else keeps its place around them ---------------

const opened = new Set(), buttons = new Map(), HEADER = 22, RIM = 2; // points above what is inside, and around it
let folded = null; // the steps, cards and wires of the stages while none is open
const insideOf = id => svg.querySelector(`[data-inside="${id}"]`);
const attributes = (it, ...names) => names.map(name => Number(it.getAttribute(name)));
const viewOf = it => it.getAttribute("viewBox").split(" ").map(Number);
const give = (it, values) => { for (const [name, x] of Object.entries(values)) it.setAttribute(name, x); };
const kept = (it, name) => it.dataset[name] ??= it.getAttribute(name); // as it was while all scopes were folded
const intoOpen = ({ id, home }) => !home && opened.has((between.get(id) || [{}])[0].id); // its edges are drawn inside, one by one
const boxes = new Map(); // of each panel then: left, top, width and height
function prepared() {
  folded = { groups: page.groups, cards: page.cards, wires: page.wires };
  for (const { id } of page.cards) boxes.set(id, attributes(element(id).querySelector("rect"), "x", "y", "width", "height"));
  for (const id of Object.keys(page.inside)) {
    const button = shape("g", { role: "button", tabindex: "0", class: "toggle click" });
    button.append(shape("circle", { r: 7 }), shape("path", {}));
    button.addEventListener("click", () => moved || turn(id));
    button.addEventListener("keydown", event => { if (event.key === "Enter") turn(id); });
    buttons.set(id, button); element(id).after(button); entitled(id);
    insideOf(id).removeAttribute("display"); reachable(page.inside[id].cards); insideOf(id).setAttribute("display", "none");
  }
}
function entitled(id) {
  const is = opened.has(id), button = buttons.get(id);
  give(button, { "aria-expanded": is, "aria-label": `${is ? "Close" : "Open"} ${element(id).querySelector("text").textContent}` });
  button.lastChild.setAttribute("d", `M-3.5,0h7${is ? "" : "M0,-3.5v7"}`);
}

// Each point moves by what has opened before it, and in part where that stands beside it: nothing comes nearer to anything.
function spread() {
  if (page.level !== "stages" || !svg.querySelector("[data-inside]")) return;
  if (!folded) prepared();
  const grown = [...opened].map(id => {
    const box = boxes.get(id), [, , wide, high] = viewOf(insideOf(id));
    return [box, [Math.max(0, wide + 2 * RIM - box[2]), Math.max(0, high + HEADER + RIM - box[3])]];
  });
  const along = axis => x => grown.reduce((at, [box, more]) => at + more[axis] * Math.min(1, Math.max(0, (x - box[axis]) / box[axis + 2])), x);
  const to = [along(0), along(1)], moveBy = ([x, y, wide, high]) => [to[0](x + wide / 2) - x - wide / 2, to[1](y + high / 2) - y - high / 2];
  for (const [id, box] of boxes) seated(id, box, to, moveBy);
  const panelOf = new Map(folded.cards.flatMap(({ id, ks }) => ks.map(k => [k, id])));
  for (const { id, edges: [[k, slot] = []] } of folded.wires) {
    const point = end => ([x, y]) => { if (!boxes.has(end) || opened.has(end)) return [to[0](x), to[1](y)]; const [dx, dy] = moveBy(boxes.get(end)); return [x + dx, y + dy]; };
    bent(id, point(panelOf.get(nodes[k]?.parents[slot])), point(panelOf.get(k)), point());
    const label = element(`${id}-label`);
    if (label) label.setAttribute("transform", `translate(${moveBy(attributes(label.querySelector("rect"), "x", "y", "width", "height"))})`);
  }
  const more = [0, 1].map(axis => grown.reduce((sum, [, more]) => sum + more[axis], 0)), notes = svg.querySelector(":scope > g[transform]:not([id], [role])");
  if (notes) notes.setAttribute("transform", `translate(0,${more[1]}) ${kept(notes, "transform")}`);
  whole[2] += more[0]; whole[3] += more[1];
}
function seated(id, [x, y, wide, high], to, moveBy) { // a panel, with its button and with what is inside
  const is = opened.has(id), group = element(id), left = to[0](x), top = to[1](y);
  const [dx, dy] = is ? [left - x, top - y] : moveBy([x, y, wide, high]), size = is ? [to[0](x + wide) - left, to[1](y + high) - top] : [wide, high];
  give(group, { transform: `translate(${dx},${dy})` });
  give(group.querySelector("rect"), { width: size[0], height: size[1] });
  give(group.querySelector("path"), { d: `M${x},${y + 20}H${x + size[0]}` });
  group.classList.toggle("open", is);
  if (!buttons.has(id)) return;
  buttons.get(id).setAttribute("transform", `translate(${x + dx + size[0] + 3},${y + dy - 3})`);
  const inner = insideOf(id), [, , w, h] = viewOf(inner);
  if (is) { inner.removeAttribute("display"); give(inner, { x: left + (size[0] - w) / 2, y: top + HEADER + (size[1] - HEADER - RIM - h) / 2, width: w, height: h }); }
  else inner.setAttribute("display", "none");
}
function bent(id, tail, head, between) { // a wire: its ends go with the cards at which they end
  const [stem, tip] = element(id).querySelectorAll("path");
  const points = path => kept(path, "d").match(/-?[\d.]+,-?[\d.]+/g).map(pair => pair.split(",").map(Number));
  const curve = points(stem), moved = curve.map((at, k) => (k < 2 ? tail : k > curve.length - 3 ? head : between)(at).map(x => x.toFixed(2)).join());
  stem.setAttribute("d", `M${moved[0]}C${moved.slice(1).join(" ")}`);
  const [[x, y], ...wings] = points(tip), [u, v] = head([x, y]);
  tip.setAttribute("d", `M${[u, v]}L${wings.map(([a, b]) => [a + u - x, b + v - y]).join(" ")}Z`);
}
function turn(id) { // open a scope, or close it
  play(false);
  relaid(() => {
    if (!opened.delete(id)) opened.add(id);
    entitled(id); element(id).classList.remove("now", "future");
    const ids = [...opened], { inside } = page, { groups, cards, wires } = folded;
    page.folded = groups;
    page.groups = groups.flatMap(g => opened.has(g.id) ? inside[g.id].groups.map((one, k) => ({ ...one, home: g.id, aside: k ? [] : g.aside })) : [g]);
    page.cards = [...ids.flatMap(home => inside[home].cards), ...cards.filter(card => !opened.has(card.id))];
    page.wires = [...wires, ...ids.flatMap(home => inside[home].wires.map(wire => ({ ...wire, home })))];
  });
  const own = page.folded.find(g => g.id === id).nodes;
  here = byNode(opened.has(id) ? page.inside[id].cards : []);
  look(own, [...here.keys()], still.matches ? 0 : 180);
}
const openHere = () => { const { group } = stepNow(), id = group?.home ?? group?.id; if (buttons.has(id)) turn(id); };
