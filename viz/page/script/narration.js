// --- the narration: each step in words -------------------------------------------------------------------------------

const once = text => text.replace(/\(\((−[^()]*)\)\)/g, "($1)"); // σ(−1), and not σ((−1))
function written(row, texts) {
  const { form, vectors, name, call, index, leading } = page.rows[row];
  if (form) { let k = 0; return form.replace(/\{\}/g, () => texts[k++]); }
  if (name === "dot") { const n = texts.length / 2; return texts.slice(0, n).map((t, k) => `${t} · ${texts[n + k]}`).join(" + "); }
  if (name === "sum") return texts.join(" + ");
  const list = texts.slice(leading).join(", ");
  return `${call}(${[vectors ? `[${list}]` : list, ...texts.slice(0, leading)].join(", ")})${index}`; // take([a, b], i), as the call is written
}
const of = name => `∂${page.nodes[last][0]}/∂${name}`;
const hiddenSlope = k => asked.some(q => !q.solved && q.edge === undefined && q.k === k);
const hiddenFactor = (k, slot) => asked.some(q => !q.solved && q.k === k && q.edge === slot);
const slopeText = k => hiddenSlope(k) ? "?" : number(adjoints[now][k]);

// One sign means one thing: ∂y/∂x is a total derivative, ∂(v1 + x)/∂x the local one of an operation.
function operation(k) {
  const { row, parents } = nodes[k], { vectors, leading } = page.rows[row], names = parents.map(p => bracketed(nodes[p].name));
  if (parents.length > 6 && vectors > 1) return `${names[0]} · ${names[names.length / vectors]} + …`;
  return written(row, [...names.slice(0, leading), ...few(names.slice(leading), 6, 3)]);
}
function local(k, slot) {
  const text = operation(k), call = /^[\p{L}\p{N}_]+\([^()]*\)$/u.test(text);
  return `∂${call ? text : `(${text})`}/∂${nodes[nodes[k].parents[slot]].name}`;
}
function factor({ k, slot }) {
  const name = page.rows[nodes[k].row].same[slot]; // the operand that the local derivative is
  const symbol = local(k, slot);
  return name === null || hiddenFactor(k, slot) ? symbol : `${symbol} [= ${nodes[nodes[k].parents[name]].name}]`;
}

function cameIn(p, until = null) { // how many of the terms of a gradient have come in by now, or with this edge
  const terms = edges.slice(0, now + 1).flat().filter(e => e.p === p);
  return until ? terms.indexOf(until) + 1 : terms.length;
}
function partly(p, edge) { const n = cameIn(p, edge); return n < page.uses[p] ? `, ${n} of ${page.uses[p]} in` : ""; }
function line(edge) {
  const { p, k, slot, from, more, total } = edge, blank = hiddenSlope(p) || hiddenSlope(k) || hiddenFactor(k, slot);
  if (hiddenSlope(p)) return `${of(nodes[p].name)} += ?`;
  const d = hiddenFactor(k, slot) ? "?" : number(partial[k][slot]);
  const numbers = `${hiddenSlope(k) ? "?" : number(from)} · ${bracketed(d)}`, sum = blank ? "?" : number(more);
  const several = page.uses[p] > 1 ? `   total ${blank ? "?" : number(total)}${partly(p, edge)}` : "";
  return `${of(nodes[p].name)} += ${of(nodes[k].name)} · ${factor(edge)} = ${numbers} = ${sum}${several}`;
}

// Twin: few in viz/numbers.py, with the numbers of viz/picture/stages.py. Equal by test_steps, test_the_page_writes_and_tints_as_the_picture_does.
const few = (items, most = 6, first = 4) => items.length > most ? [...items.slice(0, first), "…", items[items.length - 1]] : items;
const listed = items => `[${few(items).join(", ")}]`;
function array({ nodes: ks, shape }, text) { // a number, a vector, or a matrix row by row
  if (!shape.length || ks.length === 1) return text(ks[0]);
  if (shape.length < 2) return listed(ks.map(text));
  const columns = ks.length / shape[0];
  return listed([...Array(shape[0]).keys()].map(row => listed(ks.slice(row * columns, (row + 1) * columns).map(text))));
}
const numbers = source => array(source, k => number(value[k]));

// A stage's formula with the numbers of what it takes in place of the names, and after it those that it does not name.
const vectors = sources => sources.flatMap(s => s.parts ?? [s]);
function substituted({ formula, sources: takes }) {
  const sources = vectors(takes);
  const [, right] = formula.split(/=(.*)/s), names = sources.slice().sort((a, b) => b.name.length - a.name.length), put = new Set();
  const escaped = names.map(({ name }) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const whole = names.length ? new RegExp(`(?<![\\p{L}\\p{N}_])(?:${escaped.join("|")})(?=[⁰¹²³⁴-⁹⁻ᵀ]|(?![\\p{L}\\p{N}\\p{M}_]))`, "gu") : /(?!)/;
  const text = right?.trim().replace(whole, name => { put.add(name); return bracketed(numbers(names.find(s => s.name === name))); });
  const rest = sources.filter(({ name }) => !put.has(name)).map(s => `${s.name} = ${numbers(s)}`);
  return (put.size ? ` = ${text}` : "") + (rest.length ? ` with ${rest.join(", ")}` : "");
}

// ∂outputs/∂source by a reverse pass of each output through the nodes of a stage.
function jacobian(inside, outs, source) {
  const own = new Set(inside), order = [...new Set(inside.flatMap(k => nodes[k].parents).filter(p => !own.has(p))), ...inside], back = inside.slice().reverse();
  return outs.map(out => {
    const bar = new Map([[out, 1]]), stays = zeros(order, out), gone = new Set();
    const local = (x, k, slot) => x === 0 && undefinedProduct(x, k, slot, stays, gone) ? NaN : x === 0 || isFinite(partial[k][slot]) ? passed(x, k, slot) : x * partial[k][slot];
    for (const k of back) if (bar.has(k)) nodes[k].parents.forEach((p, slot) => {
      vanishes(bar.get(k), k, slot, gone);
      bar.set(p, (bar.get(p) ?? 0) + local(bar.get(k), k, slot));
    });
    return source.nodes.map(k => bar.get(k) ?? 0);
  });
}

const every = (J, entry) => J.every((row, i) => row.every((x, j) => x === entry(i, j)));
const flat = source => source.nodes.map(k => value[k]);
function form(J, source, operands) { // the name of a Jacobian that is 0, one, or an operand in every entry; "" of any other
  const rows = J.length, columns = J[0].length;
  if (every(J, () => 0)) return "0";
  for (const unit of [1, -1]) if (rows === columns && every(J, (i, j) => i === j ? unit : 0)) return unit > 0 ? "I" : "−I";
  for (const x of operands) {
    const v = flat(x), [r, c] = x.shape.length > 1 ? x.shape : [v.length, 1];
    if (x.shape.length < 2 && v.length > 1 && columns === rows * v.length && every(J, (i, j) => Math.floor(j / v.length) === i ? v[j % v.length] : 0)) return `${x.name} ${rows > 1 || vectors([source]).some(s => s.shape.length > 1) ? "in each" : "as a"} row`;
    if (r === rows && c === columns && every(J, (i, j) => v[i * c + j])) return x.name;
    if (c === rows && r === columns && every(J, (i, j) => v[j * c + i])) return `${x.name} transposed`;
  }
  return "";
}

// The last operation of a stage if all its outputs are that function of something: its derivatives are a diagonal before
// the Jacobian of what comes before it.
function ending({ outs, nodes: inside }, source) {
  const row = nodes[outs[0]].row, ends = new Set(outs), slopes = outs.map(k => partial[k][0]);
  if (!page.rows[row].ends || !slopes.every(isFinite) || outs.some(k => nodes[k].row !== row) || inside.some(k => nodes[k].parents.some(p => ends.has(p)))) return null;
  return { slopes, prime: `${page.rows[row].call}′`, inner: jacobian(inside.filter(k => !ends.has(k)), outs.map(k => nodes[k].parents[0]), source) };
}

function regular(J, source, operands) { // of one number, of choices, or of a convolution
  const rows = J.length, columns = J[0].length;
  if (every(J, () => J[0][0])) return `${number(J[0][0])} in each place`;
  const ones = J.every(row => row.every(x => x === 0 || x === 1) && row.filter(x => x).length === 1);
  if (ones) return rows === columns && J[0].every((_, j) => J.filter(row => row[j]).length === 1) ? "a permutation" : "a choice";
  if (vectors([source]).length > 1) return "";
  const by = vectors([source])[0].shape;
  for (const x of operands) {
    const size = shape => shape.reduce((a, b) => a * b, 1);
    if (x.shape.length !== by.length || size(by) === size(x.shape)) continue;
    const inside = size(by) < size(x.shape), [kernel, long] = inside ? [by, x.shape] : [x.shape, by];
    if (kernel.some((k, i) => k > long[i])) continue;
    const places = shape => shape.reduce((all, n) => all.flatMap(at => [...Array(n).keys()].map(k => [...at, k])), [[]]);
    const index = at => at.reduce((k, i, axis) => k * long[axis] + i, 0), v = flat(x);
    const windows = places(long.map((n, i) => n - kernel[i] + 1)).map(start => places(kernel).map(at => index(at.map((i, axis) => i + start[axis]))));
    if (windows.length !== rows) continue;
    if (inside && every(J, (i, j) => v[windows[i][j]])) return `windows of ${x.name}`;
    if (!inside && every(J, (i, j) => v[windows[i].indexOf(j)] ?? 0)) return `band of ${x.name}`;
  }
  return "";
}

// Twin: label in viz/picture/jacobians.py. Equal by test_steps_typed, test_stages_follow_too_and_their_jacobians_are_named_as_python_names_them.
function jacobianName(group, source) {
  const rows = group.outs.length, columns = source.nodes.length, size = `${rows}×${columns} matrix`;
  if (rows * columns > 1e5) return size;
  const end = ending(group, source), operands = vectors(group.sources.filter(s => s !== source));
  const J = end ? end.inner.map((row, i) => row.map(x => end.slopes[i] && x && end.slopes[i] * x)) : jacobian(group.nodes, group.outs, source);
  if (rows * columns === 1) return number(J[0][0]);
  const diagonal = () => `diag(${few(J.map((row, i) => number(row[i])), 4, 2).join(", ")})`;
  const name = form(J, source, operands), inner = name || !end ? "" : form(end.inner, source, operands);
  if (name) return name;
  if (inner === "I") return `diag(${end.prime})${rows < 5 ? ` = ${diagonal()}` : ""}`;
  if (inner && inner !== "0") return `diag(${end.prime})·${inner.includes(" ") || inner === "−I" ? `(${inner})` : inner}`;
  const p = group.outs.map(k => value[k]), room = 4e-16 * Math.max(...p.map(Math.abs));
  const soft = rows === columns && group.single && J.every((row, i) => row.every((x, j) => Math.abs(x - ((i === j ? p[i] : 0) - p[i] * p[j])) <= room));
  if (soft) return `diag(${group.name}) − ${group.name}·${group.name}ᵀ`;
  if (rows === columns && every(J, (i, j) => i === j ? J[i][j] : 0)) return diagonal();
  if (rows === 1 && columns < 5) return listed(J[0].map(x => number(x)));
  return columns === 1 && rows < 5 ? `column ${listed(J.map(row => number(row[0])))}` : regular(J, source, operands) || size;
}
const derivative = (group, source) => changed || source.what === null ? jacobianName(group, source) : source.what;

function throughWords(name, gradients) { // Backward through f4: gradients of x4 and W2
  const names = few([...new Set(gradients)]), last = names.pop();
  return `Backward through ${name}: gradient${names.length ? "s" : ""} of ${names.length ? `${names.join(", ")} and ` : ""}${last}`;
}

function narration() { // the title of the step now on the screen, and its lines
  if (now === 0) return ["Start", "The leaves have their numbers. Step forward to compute the rest, and then back through the graph."];
  const { way, group } = steps[now - 1];
  if (way === "seed") return ["Backward: the output's own gradient", `${of(nodes[last].name)} = 1`];
  if (group.sources) return staged(way, group);
  const node = nodes[group.nodes[0]], names = node.parents.map(p => bracketed(nodes[p].name)), numbers = node.parents.map(p => bracketed(number(value[p])));
  if (way === "forward") return [`Forward: compute ${node.name}`, `${node.name} = ${once(written(node.row, names))} = ${once(written(node.row, numbers))} = ${number(value[node.k])}`];
  const own = edges[now].filter(({ k }) => !unseen.has(k));
  if (!own.length) return [`Backward through ${node.name}: it passes nothing on`, "It has no operand that takes a gradient.", ...besides()];
  return [throughWords(node.name, own.map(({ p }) => nodes[p].name)), ...own.map(line), ...besides()];
}

function besides() { // what the values that are not shown add, in this step, to those that are
  const sums = new Map();
  for (const { k, p, more } of edges[now]) if (unseen.has(k) && cardOf.has(p)) sums.set(p, (sums.get(p) ?? 0) + more);
  return few([...sums].map(([p, more]) => `${of(nodes[p].name)} += ${hiddenSlope(p) ? "?" : number(more)} through what is not shown   total ${slopeText(p)}`));
}

function staged(way, group) {
  const outs = { nodes: group.outs, shape: group.shape };
  if (way === "forward") return [`Forward: ${group.title}`, `${group.formula}${substituted(group)}`, `${group.name} = ${numbers(outs)}`];
  const bars = array(outs, slopeText);
  return [throughWords(group.title, group.sources.filter(s => !s.constant).map(s => s.name)), ...group.sources.filter(s => !s.constant).map(s => {
    const blank = s.nodes.some(hiddenSlope), put = s.product && !blank ? ` = ${bars} · ${bracketed(derivative(group, s))}` : "";
    const sums = new Map(s.nodes.map(k => [k, 0]));
    for (const { k, p, more } of edges[now]) if (sums.has(p) && !unseen.has(k)) sums.set(p, sums.get(p) + more);
    const added = blank ? "?" : array(s, k => number(sums.get(k))), total = s.several ? `   total ${array(s, slopeText)}` : "";
    return `${of(s.name)} ${s.several ? "+=" : "="} ${s.product ? `${of(group.name)} · ∂${group.name}/∂${s.name}` : `what ${group.title} passes on`}${put} = ${added}${total}`;
  }), ...besides()];
}
