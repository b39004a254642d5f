// --- the picture at a step ---------------------------------------------------------------------------------------------------

let now = 0, timer = null;
const stepNow = () => now ? steps[now - 1] : {};
let known, wireOf, innerOf, between; // the step after which a node has its value; the wire of an edge, and the one inside an open scope; the stage and its source that a wire joins
function placed() {
  known = nodes.map(({ row }) => row === null ? 0 : null);
  page.groups.forEach((g, k) => [...g.nodes, ...g.aside].forEach(n => known[n] = k + 1));
  const byEdge = wires => new Map(wires.flatMap(({ id, edges: parts }) => parts.map(([k, slot]) => [`${k} ${slot}`, id])));
  wireOf = byEdge(page.wires.filter(wire => !wire.home)); innerOf = byEdge(page.wires.filter(wire => wire.home));
  between = new Map(page.wires.map(({ id, home, edges: [[k, slot] = []] }) => {
    const group = page.level === "stages" && !home && (page.folded ?? page.groups).find(g => g.nodes.includes(k)), source = group && group.sources.find(s => s.nodes.includes(nodes[k].parents[slot]));
    return [id, source && [group, source]];
  }));
}
placed();
const finely = f => { const coarse = page.digits; page.digits = page.fine; try { return f(); } finally { page.digits = coarse; } }; // of a value, not of a stage
const joinsValues = wire => page.level === "values" || Boolean(wire.home); // whether a wire joins two values, not two stages

// Twin: tint and strength in viz/picture/colours.py. Equal by test_steps, test_the_page_writes_and_tints_as_the_picture_does.
function tint(x, largest) {
  if (x === null) return "none";
  if (!isFinite(x)) return "var(--broken)";
  if (x === 0) return "var(--zero)";
  const t = Math.max(.15, Math.sqrt(Math.min(1, Math.abs(x) / largest)));
  return `color-mix(in srgb, var(--${x > 0 ? "positive" : "negative"}) ${5 * Math.ceil(20 * t)}%, var(--card))`;
}

function slot(text, ground, k, largest, mark = "") { // one gradient: its words and the ground under them
  const bar = adjoints[now][k], blank = hiddenSlope(k);
  text.textContent = mark + (blank ? "?" : number(bar));
  const shade = blank ? null : bar;
  if (ground) ground.style.fill = shade === null && !mark ? "var(--paper)" : tint(shade, largest);
  text.style.fill = "var(--ink)";
}

function titles() { // the words that a pointer or a screen reader finds on a card or an edge, true at this step
  for (const { id, k, ks } of page.cards) {
    const about = n => `${nodes[n].name}: ${known[n] > now ? "not computed yet" : `value ${exact(value[n])}, gradient ${hiddenSlope(n) ? "to be predicted" : exact(adjoints[now][n])}`}`;
    element(id).querySelector("title").textContent = ks ? element(id).querySelector("text").textContent : about(k);
  }
  for (const wire of page.wires) {
    const title = element(wire.id).querySelector("title"), [k, slot] = wire.edges[0] ?? [];
    if (title) title.textContent = joinsValues(wire) && known[k] <= now && !hiddenFactor(k, slot) ? `local derivative ${exact(partial[k][slot])}` : "";
  }
}

const largestOf = xs => xs.reduce((most, x) => isFinite(x) ? Math.max(most, Math.abs(x)) : most, 0);
function show() {
  titles();
  const [largest, added] = scaled([largestOf(adjoints.at(-1)), largestOf(edges.flat().map(({ more }) => more))]); // for tints, and for wires
  const moving = stepNow(), active = new Set(moving.way === "seed" ? [last] : moving.group?.nodes);
  if (moving.way === "backward") edges[now].forEach(({ p }) => active.add(p));
  for (const card of page.cards) card.grids ? panel(card, active, largest) : finely(() => single(card, active, largest));
  const flows = flowByWire();
  for (const wire of page.wires) joinsValues(wire) ? finely(() => draw(wire, flows, added)) : draw(wire, flows, added);
  marked();
  const [title, ...lines] = moving.group?.sources ? narration() : finely(narration), box = $("told");
  box.replaceChildren(made("h1", title), ...lines.map(text => made("p", text)));
  const back = now - seed;
  $("count").textContent = now < seed ? `forward ${now}/${seed - 1}` : `backward ${back}/${steps.length - seed}`;
  $("seek").value = now;
  moves();
}

// Twin: VALUE, GRADIENT and CELLS in viz/picture/paint.py say which texts and shapes of a card hold its numbers.
function single({ id, k }, active, largest) {
  const group = element(id), [, first, second] = group.querySelectorAll("text");
  group.classList.toggle("future", known[k] > now);
  group.classList.toggle("now", active.has(k));
  if (first) { first.textContent = known[k] > now ? "" : number(value[k]); slot(second, group.querySelector("path"), k, largest, "∂ "); if (known[k] > now) second.textContent = ""; }
  else { const [text] = group.querySelectorAll("text"); text.textContent = text.textContent.replace(/\S*$/, number(value[k])); } // after its name
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

function flowByWire() { // the sum that has flown along each wire up to now, and the wires of this step
  const sums = new Map(), mine = new Set();
  for (let step = 1; step <= now; step++) for (const { k, slot, more } of edges[step]) {
    for (const id of [wireOf, innerOf].map(ids => ids.get(`${k} ${slot}`)).filter(id => id !== undefined)) {
      sums.set(id, (sums.get(id) ?? 0) + more);
      if (step === now) mine.add(id);
    }
  }
  return [sums, mine];
}

function draw(wire, [sums, mine], added) {
  const { id, edges: parts } = wire, group = element(id), label = element(`${id}-label`), sum = sums.get(id);
  group.classList.toggle("quiet", sum === undefined);
  group.classList.toggle("flow", mine.has(id));
  const [line, tip] = group.querySelectorAll("path");
  if (sum !== undefined && joinsValues(wire)) {
    const broken = !isFinite(sum), t = sum && Math.max(.15, Math.min(1, Math.sqrt(Math.abs(sum) / added)));
    line.style.stroke = tip.style.fill = `var(--${broken ? "infinite" : sum > 0 ? "plus" : sum < 0 ? "minus" : "neutral"})`;
    line.style.strokeWidth = .9 + 1.4 * (broken ? 1 : t);
  } else { line.style.stroke = tip.style.fill = line.style.strokeWidth = ""; }
  if (!label) return;
  const [k, slot] = parts[0], ready = known[k] <= now;
  const texts = label.querySelectorAll("text"), back = label.querySelector("path"), stage = between.get(id);
  const answer = !!stage && stage[0].outs.includes(last) && stage[1].nodes.some(hiddenSlope); // ∂L/∂h, which is asked
  label.classList.toggle("hidden", !ready || hiddenFactor(k, slot) || answer);
  const name = stage && derivative(...stage), kept = stage && stage[1].product && !stage[1].several && name.split(" = ")[0] === stage[1].what?.split(" = ")[0];
  if (stage && texts[1]) texts[1].textContent = `= ${name}`;
  if (joinsValues(wire) && parts.length === 1) {
    texts[0].textContent = `×${number(partial[k][slot])}`;
    if (texts[1]) texts[1].textContent = number(sum);
    if (back) back.style.fill = texts[1].style.fill = `var(--${!isFinite(sum) ? "infinite" : sum > 0 ? "rise" : sum < 0 ? "fall" : "muted"})`;
  }
  // What flows back is there once it has flown, and its formula while the Jacobian has the name from which it was made.
  const gone = sum === undefined || hiddenSlope(k) || hiddenSlope(nodes[k].parents[slot]) || stage && changed && !kept;
  if (back) for (const part of [back, texts[texts.length - 1]]) part.classList.toggle("hidden", gone);
}

function go(step) { now = Math.max(0, Math.min(steps.length, step)); show(); ask(); follow(); }
