// --- what the network makes of the data: regions, or a curve -------------------------------------------------------------

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A900", "#666666", "#332288", "#882255"]; // Okabe & Ito 2008; for ten classes two of Tol 2021
const rgb = COLOURS.map(c => [1, 3, 5].map(k => parseInt(c.slice(k, k + 2), 16)));
const W = page.network.reduce((sum, [, layer, , , , , size]) => sum + (layer ? size : 0), K); // numbers that the model gives for one example
const inputs = wide[0], flat = inputs === 1;
let chosen = 0; // the example whose graph is shown

let palette = {};
function readPalette() { // the colours of the theme, for what is painted
  const style = getComputedStyle(document.documentElement);
  palette = Object.fromEntries(["paper", "bar", "line", "ink", "muted", "now", "link", "bad", "plus", "minus", "zero"].map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
}
readPalette();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readPalette(); repaint(); });

function canvas(id) { // its context, and its size on the screen
  const it = $(id), ratio = Math.min(3, devicePixelRatio || 1), wide = it.clientWidth, high = it.clientHeight;
  const size = [Math.max(1, Math.round(wide * ratio)), Math.max(1, Math.round(high * ratio))];
  if (it.width !== size[0] || it.height !== size[1]) [it.width, it.height] = size;
  const c = it.getContext("2d"); c.setTransform(ratio, 0, 0, ratio, 0, 0); c.clearRect(0, 0, wide, high);
  c.font = "11px system-ui, sans-serif"; c.lineWidth = 1;
  return [c, wide, high];
}

function disc(c, x, y, r, colour) { c.beginPath(); c.arc(x, y, r, 0, 7); if (colour) { c.fillStyle = colour; c.fill(); } }
function stroke(c, colour, wide) { c.strokeStyle = colour; c.lineWidth = wide; c.stroke(); }

const column = (x, w, j) => Float64Array.from({ length: x.length / w }, (_, row) => x[row * w + j]);
const spread = xs => { let low = Infinity, high = -Infinity; for (const x of xs) { low = Math.min(low, x); high = Math.max(high, x); } return [low, high]; };
const wider = ([low, high], by = .1) => { const more = by * (high - low) || .5; return [low - more, high + more]; };
const means = Float64Array.from({ length: inputs }, (_, j) => column(train.x, inputs, j).reduce((a, b) => a + b, 0) / N);
const ranges = Array.from({ length: inputs }, (_, j) => wider(spread(column(train.x, inputs, j))));
function telling() { // the two inputs that tell the classes apart best: with the largest share of variance between them
  if (!page.labels || inputs < 3) return [0, Math.min(1, inputs - 1)];
  const shares = Array.from({ length: inputs }, (_, j) => {
    const x = column(train.x, inputs, j), sums = page.classes.map(() => [0, 0]);
    page.labels.forEach((c, k) => { sums[c][0] += x[k]; sums[c][1]++; });
    const all = x.reduce((sum, v) => sum + (v - means[j]) ** 2, 0) || 1;
    return [sums.reduce((sum, [total, n]) => sum + (n ? n * (total / n - means[j]) ** 2 : 0), 0) / all, j];
  });
  return shares.sort((a, b) => b[0] - a[0]).slice(0, 2).map(([, j]) => j).sort((a, b) => a - b);
}
const axes = telling();
const targets = column(train.y, wide[1], 0), targetRange = spread(targets);

function outputs(n, x) { return seen.forward(n, ofModel(state.theta), x, new Float64Array(n * W)); }
function classOf(out, at) {
  if (K === 1) return out[at] > page.limit ? 1 : 0;
  let best = 0;
  for (let k = 1; k < K; k++) if (out[at + k] > out[at + best]) best = k;
  return best;
}
const sigma = x => 1 / (1 + Math.exp(-x));
const share = new Float64Array(Math.max(2, K)), mixed = new Float64Array(3); // written anew for every pixel
function shares(out, at) { // of each class, for the colour alone
  if (K === 1) { share[1] = page.probabilities ? out[at] : sigma(out[at] - page.limit); share[0] = 1 - share[1]; return share; }
  let top = -Infinity, sum = 0;
  for (let k = 0; k < K; k++) top = Math.max(top, out[at + k]);
  for (let k = 0; k < K; k++) { share[k] = page.probabilities ? out[at + k] : Math.exp(out[at + k] - top); sum += share[k]; }
  if (!page.probabilities) for (let k = 0; k < K; k++) share[k] /= sum;
  return share;
}
function blend(parts) {
  mixed.fill(0);
  for (let k = 0; k < parts.length; k++) for (let c = 0; c < 3; c++) mixed[c] += parts[k] * rgb[k % rgb.length][c];
  return mixed;
}
const scaledTarget = x => Math.min(1, Math.max(0, (x - targetRange[0]) / (targetRange[1] - targetRange[0] || 1)));
const tone = x => blend([1 - scaledTarget(x), scaledTarget(x)]);
const css = c => `rgb(${Array.from(c, Math.round).join(",")})`;

// --- the grid on which the outputs, and those of every unit, are known ------------------------------------------------

let fine = 44, grid = null;
function survey() { // over the two chosen inputs, the others at their mean; in steps so coarse that it stays quick
  const began = performance.now(), n = flat ? 121 : fine * fine, x = new Float64Array(n * inputs), [a, b] = axes;
  const [alow, ahigh] = ranges[a], [blow, bhigh] = ranges[b];
  for (let k = 0; k < n; k++) {
    x.set(means, k * inputs);
    if (flat) x[k] = alow + (ahigh - alow) * k / (n - 1);
    else { x[k * inputs + b] = bhigh - (bhigh - blow) * (Math.floor(k / fine) + .5) / fine; x[k * inputs + a] = alow + (ahigh - alow) * (k % fine + .5) / fine; }
  }
  grid = { n, x, out: outputs(n, x), side: fine };
  const took = performance.now() - began;
  if (took > 12 && fine > 16) fine = Math.max(16, Math.floor(fine * .8));
}

const pictures = new Map(); // small canvases that are painted anew and stretched
function image(key, wide, high, colour) {
  if (!pictures.has(key)) pictures.set(key, made("canvas"));
  const it = pictures.get(key); it.width = wide; it.height = high;
  const c = it.getContext("2d"), data = c.createImageData(wide, high);
  for (let k = 0; k < wide * high; k++) colour(k, data.data, 4 * k); // writes red, green, blue and alpha
  c.putImageData(data, 0, 0);
  return it;
}

let judged = null; // what the network says of every example
function judge() {
  const out = outputs(N, train.x), right = page.labels && page.labels.map((c, k) => classOf(out, k * W) === c);
  judged = { out, right, accuracy: right && right.filter(Boolean).length / N };
}

const PLOT = { left: 44, right: 8, top: 8, bottom: 22 }, over = wide => wide - PLOT.left - PLOT.right, up = high => high - PLOT.top - PLOT.bottom; // its room
function frame(c, wide, high, [xlow, xhigh], [ylow, yhigh], xname, yname, written = v => number(v, 2)) { // axes with their ends written; gives the places of numbers
  const x = v => PLOT.left + (v - xlow) / (xhigh - xlow) * over(wide), y = v => high - PLOT.bottom - (v - ylow) / (yhigh - ylow) * up(high);
  c.strokeStyle = palette.line; c.strokeRect(PLOT.left + .5, PLOT.top + .5, over(wide) - 1, up(high) - 1);
  c.fillStyle = palette.muted; c.textBaseline = "alphabetic";
  c.textAlign = "left"; c.fillText(number(xlow, 2), PLOT.left, high - 8); c.textAlign = "right"; c.fillText(number(xhigh, 2), wide - PLOT.right, high - 8);
  c.textAlign = "center"; c.fillText(xname, (PLOT.left + wide - PLOT.right) / 2, high - 8);
  c.textAlign = "right"; for (const [text, at] of [[written(yhigh), PLOT.top + 9], [written(ylow), high - PLOT.bottom]]) c.fillText(text, PLOT.left - 3, at, PLOT.left - 4);
  c.save(); c.translate(11, (PLOT.top + high - PLOT.bottom) / 2); c.rotate(-Math.PI / 2); c.textAlign = "center"; c.fillText(yname, 0, 0); c.restore();
  return [x, y];
}

function regions(times) { // so many pixels for each cell of the grid, with outputs between those of the grid's points
  const { side, out } = grid, fine = side * times, scores = new Float64Array(fine * fine * K), classes = new Uint8Array(fine * fine);
  for (let k = 0; k < fine * fine; k++) {
    const u = Math.min(side - 1, Math.max(0, (k % fine + .5) / times - .5)), v = Math.min(side - 1, Math.max(0, (Math.floor(k / fine) + .5) / times - .5));
    const i = Math.min(side - 2, Math.floor(u)), j = Math.min(side - 2, Math.floor(v)), a = u - i, b = v - j, at = (j * side + i) * W;
    for (let n = 0; n < K; n++) scores[k * K + n] = (1 - b) * ((1 - a) * out[at + n] + a * out[at + W + n]) + b * ((1 - a) * out[at + side * W + n] + a * out[at + side * W + W + n]);
    classes[k] = page.labels ? classOf(scores, k * K) : 0;
  }
  const edge = k => classes[k] !== classes[k % fine ? k - 1 : k] || classes[k] !== classes[k < fine ? k : k - fine];
  return image("map", fine, fine, (k, to, at) => {
    const found = page.labels ? blend(shares(scores, k * K)) : tone(scores[k * K]);
    if (isFinite(found[0])) { to.set(found, at); to[at + 3] = edge(k) ? 255 : page.labels ? 110 : 130; }
  });
}

let places = []; // of the examples, in the picture
function dot(c, x, y, k, colour) {
  places[k] = [x, y];
  disc(c, x, y, N > 400 ? 2.5 : 4, colour); stroke(c, palette.paper, 1);
  if (judged?.right && !judged.right[k]) { disc(c, x, y, 6.5); stroke(c, palette.bad, 1.8); }
}
function marked(c) {
  if (!places[chosen]) return;
  disc(c, ...places[chosen], 9.5); stroke(c, palette.ink, 2);
}

function paintData() {
  const [c, wide, high] = canvas("map"), [a, b] = axes;
  if (wide < 80 || !grid) return;
  if (flat) paintCurve(c, wide, high);
  else {
    const shown = regions(playing ? 2 : 4);
    c.imageSmoothingEnabled = true;
    c.drawImage(shown, PLOT.left, PLOT.top, over(wide), up(high));
    const [x, y] = frame(c, wide, high, ranges[a], ranges[b], page.columns[a], page.columns[b]);
    for (let k = 0; k < N; k++) dot(c, x(train.x[k * inputs + a]), y(train.x[k * inputs + b]), k, page.labels ? COLOURS[page.labels[k] % COLOURS.length] : css(tone(targets[k])));
  }
  marked(c);
}

function paintCurve(c, wide, high) { // one input: the outputs over it, among the data
  const same = wide0 => wide0 === K, y0 = page.labels ? page.labels : targets;
  const all = [...grid.out.filter((_, k) => k % W < K).filter(isFinite), ...(same(train.y.length / N) ? train.y : y0)];
  const [x, y] = frame(c, wide, high, ranges[0], wider(spread(all)), page.columns[0], "output");
  const top = page.labels && K > 1;
  for (let k = 0; k < N; k++) for (let j = 0; j < (same(train.y.length / N) && !top ? K : 1); j++) dot(c, x(train.x[k]), y(top ? train.y[k * K + page.labels[k]] : train.y[k * (train.y.length / N) + j]), k, COLOURS[page.labels ? page.labels[k] : j]);
  for (let j = 0; j < K; j++) {
    c.beginPath();
    for (let k = 0; k < grid.n; k++) { const v = grid.out[k * W + j]; if (isFinite(v)) c.lineTo(x(grid.x[k]), y(v)); }
    stroke(c, K > 1 ? COLOURS[j % COLOURS.length] : palette.ink, 2);
  }
}

for (const [id, at] of [["across", 0], ["up", 1]]) {
  page.columns.forEach((name, k) => $(id).append(new Option(name, k)));
  $(id).value = axes[at]; $(id).parentElement.hidden = flat || inputs === 2;
  $(id).onchange = () => { axes[at] = Number($(id).value); survey(); repaint(); };
}
$("means").hidden = inputs < 3;
const shades = page.labels ? page.classes : !flat ? targetRange.map(x => number(x)) : K > 1 ? Array.from({ length: K }, (_, j) => `output ${j}`) : [];
$("legend").replaceChildren(...page.labels || flat ? [] : [K > 1 ? `output 0 of ${K}, and its target: ` : "output and target: "], ...shades.map((name, k) => {
  const entry = made("span"), mark = made("i");
  mark.style.background = COLOURS[k % COLOURS.length]; entry.append(mark, name); return entry;
}));
$("map").onclick = event => {
  const near = places.map(([x, y], k) => [Math.hypot(x - event.offsetX, y - event.offsetY), k]).sort((p, q) => p[0] - q[0])[0];
  if (near && near[0] < 16) choose(near[1]);
};
