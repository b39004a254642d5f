// --- the controls of the live page, and before them the example whose graph is shown -------------------------------------

const [whole, ...further] = page.examples.graphs; // of each further graph what differs from the first
for (const graph of further) graph.page = Object.fromEntries(Object.entries(graph.page).map(([key, [same, rest]]) => [key, Array.isArray(rest) ? [...whole.page[key].slice(0, same), ...rest] : rest]));
for (const { page: { nodes }, leaves } of page.examples.graphs) nodes.forEach((node, k) => {
  if (Number.isInteger(node)) { nodes[k] = [names[node], null, [], null, "parameter"]; leaves.theta.push([k, node]); }
});
for (const wire of new Set(page.examples.graphs.flatMap(graph => graph.page.wires))) wire.edges = wire.edges.flatMap(([k, slot, count]) => Array.from({ length: count }, (_, n) => [k, slot + n]));
page.examples.svgs.forEach((parts, k) => { // and of each further picture
  const div = made("div", "", { className: "graph", hidden: true }), lines = document.querySelector("#picture svg").outerHTML.split("\n");
  const text = parts.flatMap(part => Array.isArray(part) ? lines.slice(...part) : part).join("\n").replaceAll(page.examples.key, `${page.examples.key}-${k}`);
  div.append(document.adoptNode(new DOMParser().parseFromString(text, "text/html").querySelector("svg"))); $("picture").append(div);
});
const graphs = new Map(), divs = [...document.querySelectorAll("#picture > .graph")];
let shownGraph = null;
function graphAt(index) {
  if (!graphs.has(index)) graphs.set(index, graphOf(page.examples.graphs[index].page, ROWS[index], divs[index].querySelector("svg")));
  return graphs.get(index);
}
function exampleAt(k, theta = state.theta) { // its graph, computed
  const [index, constants] = page.examples.targets[page.examples.of[k]], graph = graphAt(index), { leaves } = page.examples.graphs[index];
  return [graph, graph.leavesOf(leaves, theta, train.x.subarray(k * wide[0], (k + 1) * wide[0]), train.y.subarray(k * wide[1], (k + 1) * wide[1]), constants), index];
}
function whereNotFinite(k, theta) { const [graph, data] = exampleAt(k, theta); return graph.notFinite(data); }
let graphVersion = -1, lasting = 0; // the version that is shown, and how much of the scale of its tints the next one keeps
function showExample(at) { // at a step; without one, with everything computed
  const [graph, data, index] = exampleAt(chosen);
  if (shownGraph !== index) { divs.forEach((div, k) => { div.hidden = k !== index; }); shownGraph = index; $("picture").onscroll(); $("graphnotes").textContent = page.examples.graphs[index].notes; }
  const kept = graphVersion === version ? 1 : lasting;
  graph.compute(data); graphVersion = version; lasting = .9; unmarked();
  $("seek").max = graph.steps.length;
  graph.go(at ?? graph.steps.length, kept);
  if (at === undefined) {
    graph.settle();
    $("told").replaceChildren(made("p", `Example ${chosen} after ${state.steps === 1 ? "1 step" : `${state.steps} steps`}: every value and every gradient of its loss. Forward, Backward and Update show how they come about.`));
    $("count").textContent = "";
  }
  return graph;
}
function isExample(k) { if (!Number.isInteger(k) || k < 0 || k >= N) throw new Error(`an example is a whole number from 0 to ${N - 1}; got ${k}`); }
function choose(k) {
  isExample(k);
  chosen = k; $("example").value = chosen; acting = null; graphVersion = -1; lasting = 0;
  const target = page.labels ? page.classes[page.labels[chosen]] : Array.from(train.y.subarray(chosen * wide[1], (chosen + 1) * wide[1]), x => number(x)).join(", ");
  $("target").textContent = `target ${target}`;
  land(); showExample(); repaint();
}

// --- playing ----------------------------------------------------------------------------------------------------------

let playing = false, frameAsked = 0, due = { numbers: 0, map: 0, along: 0, said: 0 }, frames = [];
function wake() { if (!frameAsked) frameAsked = requestAnimationFrame(tick); }
function tick(time) {
  frameAsked = 0;
  if (playing) {
    frames.push(time); while (frames[0] < time - 1000) frames.shift();
    const began = performance.now();
    for (let k = Number($("speed").value); k > 0 && performance.now() - began < 25; k--) if (!step()) { halted(); break; }
  }
  moveOn(time); nearer(); paint(time);
  if (playing || acting || depth !== wanted) wake();
}
function play() {
  if (playing) return;
  playing = true; stopped = ""; frames = []; acting = null; buttons();
  if ($("speed").value === "0") perform(lesson());
  wake();
}
function pause() { acting = null; land(); if (playing) halted(); }
function halted() { playing = false; acting = null; land(); buttons(); changedByReader(); }
function takeStep(f) {
  const before = state.theta[weight], taken = f();
  if (taken) { answered(before); changedByReader(); } else halted();
  return taken;
}
function buttons() { $("play").textContent = playing ? "Pause" : "Play"; $("play").setAttribute("aria-pressed", playing); }

function paint(time) { // lines and losses at every frame, the rest as often as it can be read
  if (time >= due.map) { judge(); survey(); examine(); paintData(); due.map = time + (playing ? 120 : 0); }
  paintNetwork(); paintLosses();
  if (time >= due.numbers) { told(time); if (!acting && graphVersion !== version) showExample(); describe(); paintInside(); showWeight(); due.numbers = time + 250; }
  if (time >= due.along) { lossAlong(); paintAlong(); due.along = time + Math.max(250, 12 * cost); }
}
function repaint() { due = { ...due, numbers: 0, map: 0, along: 0 }; wake(); }
function changedByReader() { due.said = 0; repaint(); }
function told(time) {
  report();
  $("epoch").textContent = state.epoch.toLocaleString("en"); $("loss").textContent = number(lossNow());
  $("accuracy").textContent = judged.right ? `, ${number(100 * judged.accuracy, 3)} % right` : held && state.heldLosses.length ? `, validation ${number(state.heldLosses[Math.max(0, state.epoch - 1)])}` : "";
  $("sizes").replaceChildren(made("span", "mean |∂loss/∂w|"), ...gradientSizes());
  $("stopped").textContent = stopped; $("stopped").hidden = !stopped;
  if (time >= due.said) { $("said").textContent = `${playing ? "Learning. " : ""}Epoch ${state.epoch}, loss ${number(lossNow())}${$("accuracy").textContent}.`; due.said = time + 6000; }
}

// --- controls ---------------------------------------------------------------------------------------------------------

$("play").onclick = () => playing ? pause() : play();
$("step").onclick = () => { pause(); takeStep(step); };
$("one").onclick = () => { pause(); perform(all(() => single(chosen))); };
$("rewind").onclick = () => { pause(); rewind(); changedByReader(); };
$("newseed").onclick = () => { pause(); change({ seed: setting.seed + 1 }); };
for (const [id, f] of Object.entries(acts)) $(id).onclick = () => { pause(); f(); };
$("seek").oninput = () => { pause(); acting = null; showExample(Number($("seek").value)); };
$("example").max = N - 1; $("example").onchange = () => { try { choose(typed("example")); } catch (error) { $("example").value = chosen; $("target").textContent = error.message; } };
$("map").onkeydown = event => {
  const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (by) { event.preventDefault(); event.stopPropagation(); choose((chosen + by + N) % N); }
};
$("speed").onchange = () => { acting = null; land(); if (playing && $("speed").value === "0") perform(lesson()); };

function change(changes) { // by a control or by window.live: the controls follow
  set(changes); stopped = ""; controls(); changedByReader();
}
function controls() {
  $("rate").value = Math.log10(setting.lr); $("lr").value = Number(setting.lr.toPrecision(6)); $("rate").setAttribute("aria-valuetext", number(setting.lr));
  $("optimizer").value = setting.optimizer; $("seed").value = setting.seed;
  if (![...$("batch").options].some(option => Number(option.value) === setting.batch)) $("batch").append(new Option(setting.batch, setting.batch));
  $("batch").value = setting.batch;
}
for (const size of [0, 1, ...[4, 8, 16, 32, 64, 128].filter(size => size < N)]) $("batch").append(new Option(size === 0 ? `all ${N}` : size, size));
const tried = f => { try { f(); } catch (error) { pause(); stopped = error.message; controls(); repaint(); } };
$("rate").oninput = () => change({ lr: Number((10 ** Number($("rate").value)).toPrecision(3)) });
$("lr").onchange = () => tried(() => change({ lr: typed("lr") }));
$("batch").onchange = () => change({ batch: Number($("batch").value) });
$("optimizer").onchange = () => change({ optimizer: $("optimizer").value });
$("seed").onchange = () => tried(() => { pause(); change({ seed: typed("seed") }); });

function python() {
  const float = x => Object.is(x, -0) ? "-0.0" : Number.isInteger(x) && Math.abs(x) < 1e15 ? `${x}.0` : String(x);
  return `assign(${page.python.call}, [${ofTheta(page.python.at, state.theta).map(float).join(", ")}])`;
}
$("copy").onclick = () => {
  pause(); $("python").value = python(); $("python").hidden = false; $("python").select();
  navigator.clipboard?.writeText($("python").value).then(() => { $("copied").textContent = "Copied."; }, () => { $("copied").textContent = "Select the text and copy it."; });
};

let magnified = null; // pixels a point of the picture of the graph; null fits it to the page, if it can be read then
function magnify(by) {
  const room = $("picture").clientWidth;
  for (const div of divs) {
    const natural = Number(div.querySelector("svg").getAttribute("viewBox").split(" ")[2]), fits = Math.max(.9, Math.min(1.5, room / natural));
    if (by) magnified = Math.max(.3, Math.min(6, (magnified ?? fits) * by));
    div.style.width = `${Math.round(natural * (magnified ?? fits))}px`;
    by = null;
  }
  $("picture").onscroll();
}
function centred() { // on the inputs, across
  const [graph, , index] = exampleAt(chosen), [input] = page.examples.graphs[index].leaves.x, at = input && graph.texts(input[0])?.getBoundingClientRect(), room = $("picture").getBoundingClientRect();
  if (at) $("picture").scrollLeft += at.left + at.width / 2 - room.left - room.width / 2;
}
$("picture").onscroll = () => { // the name of a stage beside the frame is at its edge, where that is on nothing else
  const boxOf = it => it.getBoundingClientRect(), room = boxOf($("picture")), taken = [];
  const names = [...document.querySelectorAll("#picture .graph:not([hidden]) g:has(> g) > title + rect + text")].map(name => {
    name.removeAttribute("transform");
    const at = boxOf(name), own = boxOf(name.previousElementSibling);
    taken.push(own);
    return { name, at, own, by: Math.max(room.left + 4 - at.left, Math.min(0, room.right - 4 - at.right)) };
  });
  for (const { name, at, own, by } of names.sort((a, b) => Math.abs(a.by) - Math.abs(b.by))) { // the nearest first
    const left = at.left + by, right = at.right + by, free = !taken.some(box => box !== own && box.left < right && left < box.right && box.top < at.bottom && at.top < box.bottom);
    if (by && free) taken.push({ left, right, top: at.top, bottom: at.bottom });
    for (const it of name.parentNode.querySelectorAll(`:scope > text[y="${name.getAttribute("y")}"]`)) { it.setAttribute("transform", `translate(${free * by / name.getScreenCTM().a})`); it.classList.toggle("edge", by); }
  }
};
$("in").onclick = () => magnify(1.25); $("out").onclick = () => magnify(.8); $("fit").onclick = () => { magnified = null; magnify(); centred(); };

addEventListener("keydown", event => {
  const { tagName, type } = event.target, writes = /^(SELECT|TEXTAREA)$/.test(tagName) || tagName === "INPUT" && !/^(range|checkbox)$/.test(type);
  if (event.ctrlKey || event.metaKey || event.altKey || writes || event.key === " " && /^(INPUT|BUTTON|SUMMARY)$/.test(tagName)) return;
  const key = { " ": "play", s: "step", o: "one", r: "rewind", f: "forward", b: "backward", u: "updateact" }[event.key];
  if (key) { event.preventDefault(); $(key).click(); }
});
let heardBy = false, reported = 0; // whether Python hears of the parameters; the version that it has
addEventListener("message", ({ source, data }) => {
  setTimeout(() => { readPalette(); repaint(); }); // after the theme has followed the notebook
  if (source !== parent || parent === window || !Array.isArray(data?.theta)) return;
  if (data.theta.some((x, k) => x !== state.theta[k])) live.theta = data.theta;
  heardBy = true; reported = version;
});
function report() { if (heardBy && reported !== version) { parent.postMessage({ theta: Array.from(state.theta) }, "*"); reported = version; } }
new ResizeObserver(() => { magnify(); centred(); repaint(); }).observe($("panels"));

// --- the state in reach, for tests and for the curious -----------------------------------------------------------------

window.live = {
  step(n = 1) { pause(); for (let k = 0; k < n; k++) if (!step()) { halted(); break; } changedByReader(); return live.loss; },
  get theta() { return Array.from(state.theta); },
  set theta(numbers) {
    if (numbers.length !== P || !numbers.every(Number.isFinite)) throw new Error(`theta is ${P} finite numbers`);
    pause(); state.theta = Float64Array.from(numbers); state.before = null; lastGradient = null; version++; scales = {}; lasting = 0; changedByReader();
  },
  get loss() { return lossNow(); },
  get losses() { return state.losses.slice(0, state.epoch); },
  get epoch() { return state.epoch; },
  get stopped() { return stopped; },
  get level() { return LEVELS[Math.round(wanted)]; },
  zoom(level, unit = unitChosen) { if (!net.length) return; if (net[unit]) chooseUnit(unit); zoomTo(level); },
  get troubles() { return [...troubles.keys()].map(k => net[k].name); },
  get fps() { return frames.length < 2 ? 0 : (frames.length - 1) / (frames.at(-1) - frames[0]) * 1000; },
  get python() { return python(); },
  names, play, pause, travel: epoch => goTo(epoch), rewind: () => $("rewind").click(), set: changes => { change(changes); },
  example(k) {
    isExample(k);
    const [graph, data] = exampleAt(k); graph.compute(data); const found = graph.numbers(page.examples.graphs[page.examples.targets[page.examples.of[k]][0]].leaves.output); graphVersion = -1; repaint(); return found;
  },
};

$("settings").open = innerWidth > 640;
rewind(page.seed); controls(); buttons(); judge(); survey(); pickWeight(weight); choose(0); repaint();
