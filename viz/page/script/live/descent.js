// --- the state: parameters, what the optimiser remembers, and where the epoch stands -----------------------------------

const page = JSON.parse(document.getElementById("data").textContent);
const number = (x, digits = page.digits) => spelled(x, digits);
function typed(id) { // a number, written with a point or a comma
  const text = $(id).value.trim(), x = Number(text.replace(",", ".").replaceAll("−", "-"));
  if (!text || !isFinite(x)) throw new Error(text ? `“${text}” is no number.` : "Type a number.");
  return x;
}
const $ = id => document.getElementById(id);
function unpacked(text) { // 64-bit floats, as Python packed them
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let k = 0; k < raw.length; k++) bytes[k] = raw.charCodeAt(k);
  return new Float64Array(bytes.buffer);
}
const rowsOf = set => set && { n: set.n, x: unpacked(set.x), y: unpacked(set.y) };
const train = rowsOf(page.train), held = rowsOf(page.held), N = train.n;
const wide = [train.x.length / N, train.y.length / N]; // numbers of one example, and of its target
const names = page.names, P = names.length, K = page.outputs;
const [program, seen] = PROGRAMS.map(make => make()); // the loss; the outputs with the units
const ofTheta = (places, theta) => places.flatMap(([at, count]) => count ? Array.from(theta.subarray(at, at + count)) : at); // or a number of its own
const ofModel = theta => Float64Array.from(ofTheta(page.model, theta));

// Settings that may change at any time between two steps.
const first = page.optimizer;
const setting = { lr: first.lr, batch: page.batch, optimizer: first.rule, seed: page.seed };
const moving = new Set(first.moving), frozen = new Set();
let movers = Int32Array.from(moving);
function freeze(k, on) { if (on) frozen.add(k); else frozen.delete(k); movers = Int32Array.from([...moving].filter(n => !frozen.has(n))); }
const state = { theta: null, memory: null, epoch: 0, at: 0, steps: 0, shares: 0, losses: [], heldLosses: [], before: null };
let random = generator(page.seed), batch = train, checkpoints = [], stride = 1, version = 0;
const gradient = new Float64Array(P), lastStep = new Float64Array(P);
let lastGradient = null; // of the step taken last: what the update line tells

// What the state holds is replaced by every step and never written into: a checkpoint keeps it as it is.
const forgotten = () => [0, 1, 2].map(() => new Float64Array(P));
const start = unpacked(page.theta);

function arraysOf() { // the parameters array by array: W of W[0,1]; those without an index are one array together
  const found = new Map();
  names.forEach((name, k) => { const array = name.includes("[") ? name.slice(0, name.indexOf("[")) : name; found.set(array, [...(found.get(array) ?? []), k]); });
  return found;
}
const arrays = arraysOf();

function startOf(seed) { // Python's numbers for its own seed; for another one, drawn with the spread of each array
  if (seed === page.seed) return start.slice();
  const draw = generator(seed), theta = start.slice(), lone = [...arrays.values()].filter(ks => ks.length === 1).flat();
  for (const ks of [...[...arrays.values()].filter(ks => ks.length > 1), lone]) {
    const mean = ks.reduce((sum, k) => sum + start[k], 0) / ks.length;
    const spread = Math.sqrt(ks.reduce((sum, k) => sum + (start[k] - mean) ** 2, 0) / ks.length);
    for (const k of ks) if (moving.has(k) && spread > 0) theta[k] = mean + spread * draw.normal();
  }
  return theta;
}

function rewind(seed = setting.seed) {
  setting.seed = seed; random = generator(seed);
  Object.assign(state, { theta: startOf(seed), memory: first.memory && setting.optimizer === first.rule ? first.memory.map(unpacked) : forgotten(), epoch: 0, at: 0, steps: 0, shares: 0, losses: [], heldLosses: [], before: null });
  checkpoints = []; stride = 1; lastGradient = null; lastStep.fill(0); batch = train; version++; stopped = ""; scales = {}; lasting = 0;
  keepCheckpoint();
}

// --- the loss ---------------------------------------------------------------------------------------------------------

const scratch = new Float64Array(P);
const outOf = set => new Float64Array(set.n);
function losses(theta, set = train, out = outOf(set)) { return program.forward(set.n, theta, set.x, set.y, out); }
function meanLoss(theta, set = train) {
  const each = losses(theta, set); let sum = 0;
  for (const x of each) sum += x;
  return sum / set.n;
}
let known = [-1, NaN]; // the loss on all examples belongs to a version of the parameters
function lossNow() { if (known[0] !== version) known = [version, meanLoss(state.theta)]; return known[1]; }
let slopesOf = -1;
function gradientNow() { // the mean gradient over all examples, at the parameters as they are
  if (slopesOf !== version) { program.sum_and_grad(N, state.theta, train.x, train.y, scratch); for (let k = 0; k < P; k++) scratch[k] /= N; slopesOf = version; }
  return scratch;
}

// --- a step: Twin of SGD and Adam in nn/optim.py, and of fit in nn/train.py. Equal by test_live, test_after_100_steps_the_page_has_the_parameters_of_fit.

const remembers = { SGD: 0, momentum: 1, Adam: 3 }; // arrays
function updated(theta, before, g) { // new parameters, and a new memory
  const { lr, optimizer } = setting, { decay, momentum, betas: [b1, b2], eps } = first, to = theta.slice();
  const memory = before.map((x, k) => k < remembers[optimizer] ? x.slice() : x), [m, v, t] = memory;
  let sum = 0;
  for (const k of movers) {
    const slope = decay ? g[k] + decay * theta[k] : g[k];
    if (optimizer === "Adam") {
      m[k] = b1 * m[k] + (1 - b1) * slope; v[k] = b2 * v[k] + (1 - b2) * slope * slope; t[k] += 1;
      to[k] = theta[k] - lr * (m[k] / (1 - b1 ** t[k])) / (Math.sqrt(v[k] / (1 - b2 ** t[k])) + eps);
    } else if (optimizer === "momentum") { m[k] = momentum * m[k] + slope; to[k] = theta[k] - lr * m[k]; }
    else to[k] = theta[k] - lr * slope;
    sum += Math.abs(to[k]) + Math.abs(m[k]) + Math.abs(v[k]);
  }
  return [to, memory, isFinite(sum)];
}

function descend(set, at, rows, was) { // one step by the mean gradient of some rows; the loss before it, or NaN and nothing changed
  const { theta, memory } = state, part = (x, w) => x.subarray(at * w, (at + rows) * w);
  lastGradient = null;
  const total = program.sum_and_grad(rows, theta, part(set.x, wide[0]), part(set.y, wide[1]), gradient);
  if (!isFinite(total)) { undo(set, at, rows, was); return NaN; }
  for (let k = 0; k < P; k++) gradient[k] /= rows;
  const [to, after, finite] = updated(theta, memory, gradient);
  if (!finite) { back(was); stop(`Stopped after step ${state.steps}: the next step would be infinite, so it is not taken. ${advice()}`); return NaN; }
  for (let k = 0; k < P; k++) lastStep[k] = to[k] - theta[k];
  lastGradient = { theta, memory, g: gradient, rows, lr: setting.lr, optimizer: setting.optimizer };
  state.before = { theta, memory, was }; state.theta = to; state.memory = after; state.steps++; version++;
  return total / rows;
}

function step() { // the next batch; true if it was taken
  stopped = "";
  const size = setting.batch || N, { epoch, at, shares } = state, was = { epoch, at, shares, batch, drawn: random.state };
  if (state.at === 0) {
    batch = train;
    if (size < N) batch = shuffled(random.permutation(N));
    state.shares = 0; forgetFuture();
  }
  const rows = Math.min(size, N - state.at), loss = descend(batch, state.at, rows, was);
  if (Number.isNaN(loss)) return false;
  state.shares += loss * rows / N; state.at += rows;
  if (state.at >= N) {
    state.losses.push(state.shares); state.epoch++; state.at = 0;
    if (held) state.heldLosses.push(meanLoss(state.theta, held));
    keepCheckpoint();
  }
  return true;
}
function shuffled(order) {
  const part = { n: N, order, x: new Float64Array(train.x.length), y: new Float64Array(train.y.length) };
  order.forEach((from, to) => { for (const [name, w] of [["x", wide[0]], ["y", wide[1]]]) part[name].set(train[name].subarray(from * w, (from + 1) * w), to * w); });
  return part;
}
function single(k) { stopped = ""; return !Number.isNaN(descend(train, k, 1)); } // a step by the gradient of one example alone

// --- travel in time ---------------------------------------------------------------------------------------------------

function keepCheckpoint() {
  if (state.epoch % stride) return;
  checkpoints.push({ epoch: state.epoch, steps: state.steps, theta: state.theta, memory: state.memory, optimizer: setting.optimizer, random: random.state });
  if (checkpoints.length > 400) { stride *= 2; checkpoints = checkpoints.filter(({ epoch }) => epoch % stride === 0); }
}
function travel(epoch) { // to the last checkpoint up to that epoch; what came later stays on the curve until a step is taken
  const found = checkpoints.filter(c => c.epoch <= epoch).at(-1) ?? checkpoints[0];
  Object.assign(state, { theta: found.theta, memory: found.optimizer === setting.optimizer ? found.memory : forgotten(), epoch: found.epoch, steps: found.steps, at: 0, shares: 0, before: null });
  random.state = found.random; batch = train; lastGradient = null; lastStep.fill(0); version++; stopped = "";
}
function forgetFuture() {
  if (state.losses.length === state.epoch) return;
  state.losses.length = state.epoch; if (held) state.heldLosses.length = state.epoch;
  checkpoints = checkpoints.filter(({ epoch }) => epoch <= state.epoch);
}

// --- where a loss is not finite: the parameters before the step that led there, and the example and node by name ---------

let stopped = "";
const advice = () => `A learning rate below ${number(setting.lr)} may help, or inputs scaled to about 1.`;
function stop(text) { stopped = text; lastGradient = null; }
function back(to) { if (to) { ({ epoch: state.epoch, at: state.at, shares: state.shares, batch, drawn: random.state } = to); forgetFuture(); } } // to where a step began
function undo(set, at, rows, was) {
  const each = program.forward(rows, state.theta, set.x.subarray(at * wide[0], (at + rows) * wide[0]), set.y.subarray(at * wide[1], (at + rows) * wide[1]), new Float64Array(rows));
  const row = Math.max(0, each.findIndex(x => !isFinite(x))), k = (set.order ?? [])[at + row] ?? at + row;
  const why = whereNotFinite(k, state.theta);
  if (state.before) {
    const { theta, memory, was: earlier } = state.before;
    Object.assign(state, { theta, memory, before: null }); state.steps--; version++; back(earlier ?? was);
  } else back(was);
  stop(`Stopped after step ${state.steps}: the loss of example ${k} is not finite${why ? `, from ${why}` : ""}. The parameters are the last good ones. ${advice()}`);
}

// --- settings ---------------------------------------------------------------------------------------------------------

function set(changes) { // each is checked before any is taken
  const { lr, batch: size, seed } = changes, optimizer = { sgd: "SGD", adam: "Adam" }[String(changes.optimizer).toLowerCase()] ?? changes.optimizer;
  if (lr !== undefined && !(Number.isFinite(lr) && lr > 0)) throw new Error(`a learning rate is a finite number above 0; got ${lr}`);
  if (size !== undefined && size !== null && !(Number.isInteger(size) && size >= 0)) throw new Error(`a batch is a whole number of examples, 0 for all; got ${size}`);
  if (optimizer !== undefined && !["SGD", "momentum", "Adam"].includes(optimizer)) throw new Error(`an optimizer is SGD, momentum or Adam; got ${optimizer}`);
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0)) throw new Error(`a seed is a whole number from 0 on; got ${seed}`);
  if (lr !== undefined) setting.lr = lr;
  if (size !== undefined) setting.batch = size >= N ? 0 : size ?? 0;
  if (optimizer !== undefined && optimizer !== setting.optimizer) { setting.optimizer = optimizer; state.memory = forgotten(); }
  if (seed !== undefined) rewind(seed);
}
