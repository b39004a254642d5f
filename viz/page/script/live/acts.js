// --- the three acts of a step: forward, backward, update ----------------------------------------------------------------

let acting = null; // { acts, next }: what plays, and when it goes on
const calm = matchMedia("(prefers-reduced-motion: reduce)");
function perform(acts) { acting = { acts, next: 0 }; moveOn(performance.now()); wake(); }
function moveOn(time) {
  if (!acting) return;
  fly(time);
  if (time < acting.next) return;
  const mine = acting, { value, done } = mine.acts.next();
  if (acting === mine) { if (done) acting = null; else mine.next = time + value; }
  if (!acting) land();
}
function* through(from, to) { // the steps of the graph, each after its numbers have come along the wires; at once where nothing may move
  const graph = showExample(from), pace = Math.max(40, Math.min(900, 8000 / Math.max(1, to - from)));
  if (calm.matches) { graph.go(to); yield 500; return; }
  yield 150;
  for (let step = from + 1; step <= to; step++) {
    launch(graph, step, pace);
    yield pace;
    land(); graph.go(step);
    yield pace * .4;
  }
}
function* update(f) { // before, the change, and after
  const before = number(lossNow()), taken = takeStep(f);
  if (!taken) return;
  if (!calm.matches) { side("before", before); yield 1100; side("change", before); yield 1300; }
  side("after", before); yield calm.matches ? 500 : 900;
}
const graphOfChosen = () => exampleAt(chosen)[0];
const ends = () => { const graph = graphOfChosen(); return [graph.seed - 1, graph.steps.length]; };
function* all(f) { yield* through(0, ends()[0]); yield* through(...ends()); yield* update(f); }
function* lesson() { while (playing && $("speed").value === "0") yield* all(step); }
const acts = {
  forward: () => perform(through(0, ends()[0])),
  backward: () => perform(through(...ends())),
  updateact: () => perform(update(step)),
};

// --- numbers that travel along the wires --------------------------------------------------------------------------------

let flying = []; // [element, path, its length, whether back, when it began, how long it takes]
function launch(graph, step, time) {
  if (time < 120) return;
  for (const [path, text, back] of graph.flights(step)) {
    const it = drawn("text", "class", `flight${back ? " back" : ""}`); it.textContent = back ? `◂ ${text}` : text;
    graph.svg.append(it); flying.push([it, path, path.getTotalLength(), back, performance.now(), time]);
  }
}
function fly(time) {
  for (const [it, path, length, back, began, takes] of flying) {
    const t = Math.max(0, Math.min(1, (time - began) / takes)), eased = t * t * (3 - 2 * t), { x, y } = path.getPointAtLength(length * (back ? 1 - eased : eased));
    it.setAttribute("x", x); it.setAttribute("y", y - 3);
  }
}
function land() { for (const [it] of flying) it.remove(); flying = []; }

// --- an update: the parameters before it, what it adds to them, and after it ----------------------------------------------

function side(which, lossBefore) {
  if (!state.before) return;
  const from = state.before.theta, before = which === "before", [graph, data, index] = exampleAt(chosen, before ? from : state.theta);
  if (shownGraph !== index) showExample();
  graph.compute(data); graph.go(graph.steps.length); graph.settle(); graphVersion = version;
  for (const [k, at] of page.examples.graphs[index].leaves.theta) {
    const text = graph.texts(k);
    if (!text) continue;
    const change = state.theta[at] - from[at];
    text.classList.toggle("changed", change !== 0);
    if (which === "change" && change) text.textContent = `${change > 0 ? "+" : ""}${number(change, 3)}`;
  }
  const w = names[weight], rows = lastGradient?.rows, lines = {
    before: `Before the update: ${w} = ${number(from[weight])}, loss ${lossBefore}.`,
    change: `The change of each parameter: that of ${w} is ${number(state.theta[weight] - from[weight])}.`,
    after: `After the update: ${w} = ${number(from[weight])} → ${number(state.theta[weight])}, loss ${lossBefore} → ${number(lossNow())}.`,
  };
  $("told").replaceChildren(made("h1", `Update: ${which === "change" ? "the change" : which}`), made("p", lines[which]), made("p", rows > 1 ? `The gradient of the step is the mean of those of ${rows} examples. This picture shows one example.` : ""));
  for (const button of document.querySelectorAll("#sides button")) button.setAttribute("aria-pressed", button.id === which);
  $("sides").hidden = false; told0 = lossBefore;
}
let told0 = "";
for (const which of ["before", "change", "after"]) $(which).onclick = () => { acting = null; land(); side(which, told0); };
function unmarked() { // numbers of another moment
  $("sides").hidden = true;
  for (const it of document.querySelectorAll("#picture .changed")) it.classList.remove("changed");
}
