// --- curves: the losses of all epochs, and the loss along one weight -----------------------------------------------------

let along = null; // the loss on a range of the chosen weight: { k, low, high, xs, ys, version }
let lossPlot = null;

function paintLosses() {
  const [c, wide, high] = canvas("losses"), loss = lossNow(), last = state.losses.length === state.epoch ? [loss] : [];
  if (wide < 80) return;
  const curves = [[[...state.losses, ...last], palette.link], [state.heldLosses, palette.now]].filter(([ys]) => ys.length);
  const all = [...curves.flatMap(([ys]) => spread(ys.filter(isFinite))), loss].filter(isFinite), epochs = Math.max(1, state.losses.length, state.epoch);
  const [low, high0] = all.length ? spread(all) : [0, 1], log = low > 0 && high0 / low > 20, f = log ? Math.log10 : x => x;
  const range = wider([f(low), f(high0)], .05).map(v => log ? Math.max(-323, Math.min(308.2, v)) : v), from = log ? range : [low < 0 ? range[0] : 0, range[1]];
  c.save();
  const [x, y] = frame(c, wide, high, [0, epochs], from, "epoch", log ? "loss (logarithmic)" : "loss", v => number(log ? 10 ** v : v, 2));
  curves.forEach(([ys, colour], which) => {
    const every = Math.max(1, Math.floor(ys.length / (2 * wide)));
    const at = Math.min(ys.length, state.epoch + 1 - which); // where the curve of what came later begins
    for (const [a, b, alpha] of [[0, at, 1], [at, ys.length, .3]]) {
      c.beginPath(); c.globalAlpha = alpha; c.strokeStyle = colour; c.lineWidth = 1.8; c.setLineDash(which ? [4, 3] : []);
      for (let k = Math.max(0, a - (a ? every : 0)); k < b; k += every) if (isFinite(ys[k])) c.lineTo(x(k + which), y(f(ys[k])));
      if (b && b === ys.length && isFinite(ys[b - 1])) c.lineTo(x(b - 1 + which), y(f(ys[b - 1])));
      c.stroke();
    }
  });
  if (held) ["training", "validation"].forEach((name, which) => { // which curve is which
    const at = PLOT.top + 12 + 15 * which;
    c.beginPath(); c.globalAlpha = 1; c.setLineDash(which ? [4, 3] : []); c.moveTo(wide - 90, at); c.lineTo(wide - 70, at); c.strokeStyle = which ? palette.now : palette.link; c.stroke();
    c.fillStyle = palette.ink; c.textAlign = "left"; c.textBaseline = "middle"; c.fillText(name, wide - 65, at);
  });
  c.restore(); c.globalAlpha = 1; c.setLineDash([]);
  if (isFinite(loss)) disc(c, x(state.epoch), y(f(loss)), 3.5, palette.link); // the loss now
  c.beginPath(); c.moveTo(x(state.epoch), PLOT.top); c.lineTo(x(state.epoch), high - PLOT.bottom); stroke(c, palette.muted, 1);
  lossPlot = { epochs, left: PLOT.left, wide: over(wide) };
  const it = $("losses"); it.setAttribute("aria-valuemax", epochs); it.setAttribute("aria-valuenow", state.epoch);
  it.setAttribute("aria-valuetext", `epoch ${state.epoch} of ${epochs}`);
}
function goTo(epoch) { pause(); travel(Math.max(0, Math.min(state.losses.length, Math.round(epoch)))); changedByReader(); }
let dragging = false;
const epochAt = event => (event.offsetX - lossPlot.left) / lossPlot.wide * lossPlot.epochs;
$("losses").onpointerdown = event => { if (!lossPlot) return; dragging = true; $("losses").setPointerCapture(event.pointerId); goTo(epochAt(event)); };
$("losses").onpointermove = event => { if (dragging) goTo(epochAt(event)); };
$("losses").onpointerup = $("losses").onpointercancel = () => { dragging = false; };
$("losses").onkeydown = event => {
  const by = { ArrowLeft: -stride, ArrowDown: -stride, ArrowRight: stride, ArrowUp: stride, PageDown: -10 * stride, PageUp: 10 * stride, Home: -Infinity, End: Infinity }[event.key];
  if (by) { event.preventDefault(); event.stopPropagation(); goTo(state.epoch + by); }
};

// --- one weight -------------------------------------------------------------------------------------------------------

names.forEach((name, k) => $("weight").append(new Option(name, k)));
function range() { const w = state.theta[weight], r = Math.max(2, Math.abs(w)); return [w - r, w + r]; }
function pickWeight(k) {
  weight = k; $("weight").value = k; along = null;
  const [low, high] = range(); Object.assign($("value"), { min: low, max: high, step: (high - low) / 2000 });
  $("freeze").checked = frozen.has(k); $("freeze").disabled = !moving.has(k);
  showWeight();
}
let cost = 0; // milliseconds that a curve along a weight takes: it is drawn anew as often as that allows
function lossAlong() {
  const w = state.theta[weight];
  let low = Number($("value").min), high = Number($("value").max);
  if (w < low || w > high) { [low, high] = range(); Object.assign($("value"), { min: low, max: high, step: (high - low) / 2000 }); }
  const began = performance.now(), theta = state.theta.slice(), xs = Array.from({ length: 41 }, (_, k) => low + (high - low) * k / 40);
  const ys = xs.map(x => { theta[weight] = x; return meanLoss(theta); });
  along = { ...along, low, high, xs, ys, slope: gradientNow()[weight], loss: lossNow(), w };
  cost = performance.now() - began;
}
function paintAlong() {
  const [c, wide, high] = canvas("along");
  if (wide < 80 || !along) return;
  const { low, high: to, xs, ys, slope, loss, w } = along, finite = ys.filter(isFinite);
  const yrange = wider(spread([...finite, loss]), .12);
  if (Math.min(...finite) >= 0) yrange[0] = Math.max(0, yrange[0]);
  const [x, y] = frame(c, wide, high, [low, to], yrange, names[weight], "loss");
  along.at = place => low + (to - low) * Math.max(0, Math.min(1, (place - PLOT.left) / over(wide)));
  c.save(); c.beginPath(); c.rect(PLOT.left, PLOT.top, over(wide), up(high)); c.clip();
  c.beginPath(); xs.forEach((v, k) => { if (isFinite(ys[k])) c.lineTo(x(v), y(ys[k])); }); stroke(c, palette.link, 2);
  const reach = (to - low) * .22;
  c.beginPath(); c.moveTo(x(w - reach), y(loss - slope * reach)); c.lineTo(x(w + reach), y(loss + slope * reach)); stroke(c, palette.now, 2.2); c.restore(); // the dot is whole also on an axis
  disc(c, x(w), y(loss), 5, palette.ink);
}
function showWeight() {
  const w = state.theta[weight], slope = gradientNow()[weight];
  if (document.activeElement !== $("value")) $("value").value = w;
  $("value").setAttribute("aria-valuetext", number(w));
  $("weightsaid").textContent = `${names[weight]} = ${number(w)}, slope ∂loss/∂${names[weight]} = ${number(slope)}`;
  $("update").replaceChildren(...updateLines().map(text => made("p", text)));
}
$("weight").onchange = () => { pickWeight(Number($("weight").value)); if (!wanted) chooseUnit(null); repaint(); };
$("value").oninput = () => { pause(); setWeight(weight, Number($("value").value)); };
const pull = event => { if (event.buttons && along?.at) { pause(); setWeight(weight, along.at(event.offsetX)); } };
$("along").onpointerdown = event => { $("along").setPointerCapture(event.pointerId); pull(event); };
$("along").onpointermove = pull;
$("freeze").onchange = () => { freeze(weight, $("freeze").checked); };
function setWeight(k, x) {
  state.theta = state.theta.slice(); state.theta[k] = x; state.before = null; version++; lastGradient = null; stopped = "";
  lossAlong(); changedByReader();
}

// --- the update in numbers --------------------------------------------------------------------------------------------

const power = t => [...String(t)].map(digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
function updateLines() {
  const name = names[weight];
  if (!moving.has(weight)) return [`${name} is none of the optimiser's parameters: it stays.`];
  if (frozen.has(weight)) return [`${name} is frozen: it stays.`];
  const taken = lastGradient, { theta, memory, rows } = taken ?? { theta: state.theta, memory: state.memory, rows: N };
  const g = (taken?.g ?? gradientNow())[weight], how = taken ?? setting, { decay, momentum, betas: [b1, b2], eps } = first;
  const w = theta[weight], [m, v, t] = memory.map(x => x[weight]), n = x => bracketed(number(x));
  const slope = decay ? g + decay * w : g, lr = number(how.lr);
  const lines = [taken ? `The last step, by the mean gradient of ${rows === 1 ? "1 example" : `${rows} examples`}:` : `${setting.batch ? "A" : "The next"} step, by the mean gradient of all examples${setting.batch ? ", not of the next minibatch" : ""}:`];
  if (decay) lines.push(`g = ∂L/∂${name} + ${number(decay)} · ${name} = ${n(g)} + ${number(decay)} · ${n(w)} = ${number(slope)}`);
  if (how.optimizer === "Adam") {
    const m1 = b1 * m + (1 - b1) * slope, v1 = b2 * v + (1 - b2) * slope * slope, mh = m1 / (1 - b1 ** (t + 1)), vh = v1 / (1 - b2 ** (t + 1));
    lines.push(`m = ${number(b1)} · ${n(m)} + ${number(1 - b1)} · ${n(slope)} = ${number(m1)};  v = ${number(b2)} · ${n(v)} + ${number(1 - b2)} · ${n(slope)}² = ${number(v1)}`);
    lines.push(`m̂ = m / (1 − ${number(b1)}${power(t + 1)}) = ${number(mh)};  v̂ = v / (1 − ${number(b2)}${power(t + 1)}) = ${number(vh)}`);
    lines.push(`${name} ← ${number(w)} − ${lr} · ${n(mh)} / (√${number(vh)} + ${number(eps)}) = ${number(w - how.lr * mh / (Math.sqrt(vh) + eps))}`);
  } else if (how.optimizer === "momentum") {
    const m1 = momentum * m + slope;
    lines.push(`v = ${number(momentum)} · ${n(m)} + ${n(slope)} = ${number(m1)}`, `${name} ← ${number(w)} − ${lr} · ${n(m1)} = ${number(w - how.lr * m1)}`);
  } else lines.push(`${name} ← ${number(w)} − ${lr} · ${n(slope)} = ${number(w - how.lr * slope)}`);
  return lines;
}
function gradientSizes() { // the mean size of the gradient of each array, the first ones; as long as the largest of them
  const g = gradientNow(), sizes = [...arrays].slice(0, 8).map(([array, ks]) => [array, ks.reduce((sum, k) => sum + Math.abs(g[k]), 0) / ks.length]), top = Math.max(...sizes.map(x => x[1])) || 1;
  return sizes.map(([array, size]) => { const it = made("span", `${array} ${number(size, 2)}`); bar(it, size / top); return it; });
}

const reply = (text, good = "") => { $("verdict").textContent = text; $("verdict").className = good; };
$("guess").onchange = () => { try { typed("guess"); reply("A step will tell."); } catch (error) { reply(error.message, "bad"); } };
function answered(before) { // what the reader predicted of the chosen weight, beside what it is
  const now = state.theta[weight]; let guess;
  try { guess = typed("guess"); } catch { if (!$("guess").value) reply(""); return; }
  $("guess").value = "";
  const right = Math.abs(guess - now) <= .02 * Math.abs(now - before) + 5e-4 * Math.abs(now);
  const why = Math.sign(guess - before) === Math.sign(before - now) ? "A step goes against the gradient." : "A step is η times what the optimiser makes of the gradient.";
  reply(right ? `Right: ${number(now)}.` : `It is ${number(now)}, not ${number(guess)}. ${why}`, right ? "good" : "bad");
}
