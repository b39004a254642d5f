// --- the commonest mistakes, each with the number it leads to ----------------------------------------------------------

const total = numbers => numbers.reduce((sum, x) => sum + x, 0);
const called = k => nodes[k].name;
const first = []; // the gradients of the numbers that Python had
// The gradient of p where one local derivative, or what has come to one node, is another number.
function slopeWith(p, { edge, factor, at, upstream }) {
  const bar = nodes.map(() => 0);
  bar[last] = 1;
  for (let k = last; k > p; k--) {
    if (k === at) bar[k] = upstream;
    if (bar[k]) nodes[k].parents.forEach((q, slot) => { bar[q] += bar[k] * (edge?.k === k && edge.slot === slot ? factor : partial[k][slot]); });
  }
  return bar[p];
}
function otherArguments(k) { // a derivative at the result in place of the operand, and by the operand in place of the result
  const { row, parents } = nodes[k], [x] = parents.map(p => value[p]);
  const textbook = { sigmoid: x * (1 - x), tanh: 1 - x * x }[page.rows[row].name] ?? ROWS[row].d(x, x)[0];
  return parents.length === 1 ? [ROWS[row].d(ROWS[row].f(value[k]), value[k])[0], textbook] : [];
}
function transposed({ k, slot }) { // the factor W[j,i] where W[i,j] is right
  const operand = page.rows[nodes[k].row].same[slot], name = operand === null ? "" : called(nodes[k].parents[operand]);
  const swapped = nodes.find(n => n.name === name.replace(/\[(\d+),(\d+)\]$/, "[$2,$1]"));
  return swapped && /\[\d+,\d+\]$/.test(name) ? value[swapped.k] : null;
}
const factorOf = e => partial[e.k][e.slot];
function ofLocal({ k, edge: slot }) {
  const d = partial[k][slot], p = nodes[k].parents[slot], into = edges.flat().find(e => e.k === k && e.slot === slot);
  return [
    ["local forgotten", 1, `The factor is ${named({ k, slot })}, not 1.`],
    ["sign", -d, "The sign is wrong."],
    ...partial[k].map((other, s) => ["wrong operand", other, `That is the derivative by another operand, ${called(nodes[k].parents[s])}.`]),
    ...otherArguments(k).map(x => ["wrong argument", x, `That is the derivative at another argument: take it at ${called(p)} = ${number(value[p])}.`]),
    ["value", value[k], `That is the value of ${called(k)}, not a derivative.`], ["value", value[p], `That is the value of ${called(p)}, not a derivative.`],
    ["total for local", into?.more, "That is upstream times local. Only the local derivative is asked for."],
  ];
}
function ofGradient({ k: p }) {
  const into = edges.flat().filter(e => e.p === p), right = adjoints.at(-1)[p], all = f => total(into.map(f)), found = [];
  const add = (key, x, words) => found.push([key, x, words]);
  const along = (key, e, factor, words) => add(key, slopeWith(p, { edge: e, factor }), words), its = e => `${local(e.k, e.slot)} = ${number(factorOf(e))}`;
  const sum = "A gradient is the sum over all paths: each path adds to it (+=), none replaces it (=).";
  if (into.length > 1) {
    into.forEach((e, at) => add(at < into.length - 1 ? "forgotten branch" : "no accumulation", e.more, `That is the path through ${called(e.k)} alone. ${sum}`));
    for (const e of into) add("forgotten branch", right - e.more, `You left out the path through ${called(e.k)}. ${sum}`);
    add("product of paths", into.reduce((x, e) => x * e.more, 1), "You multiplied the paths. Multiply along a path, and add the paths.");
  }
  add("sign", -right, "The sign is wrong.");
  add("local forgotten", all(e => e.from), `A local derivative is missing: the factor is ${into.map(named).join(" and ")}, not 1.`);
  add("upstream forgotten", all(factorOf), `The upstream gradient is missing: multiply by ${into.map(e => of(called(e.k))).join(" and ")}.`);
  add("sum for product", all(e => e.from + factorOf(e)), "You added the upstream gradient and the local derivative. Multiply them.");
  const swapped = into.map(transposed);
  if (swapped.some(x => x !== null)) add("transposed", all(e => e.from * (transposed(e) ?? factorOf(e))), "You took the matrix where its transpose belongs: rows and columns are swapped.");
  const twin = nodes.find(n => n.k !== p && n.name === called(p).replace(/\[(\d+),(\d+)\]$/, "[$2,$1]"));
  if (twin) add("transposed", adjoints.at(-1)[twin.k], `That is the gradient of ${twin.name}: rows and columns are swapped.`);
  const ways = new Set([p]); // the nodes through which p reaches the output
  for (const { k, parents } of nodes) if (parents.some(q => ways.has(q))) ways.add(k);
  const path = edges.flat().filter(e => ways.has(e.p)).reverse(); // those next to p first
  for (const e of path) for (const x of otherArguments(e.k)) along("wrong argument", e, x, `The derivative of ${page.rows[nodes[e.k].row].call} is taken at another argument: take it at ${called(e.p)} = ${number(value[e.p])}.`);
  for (const e of path) partial[e.k].forEach((x, slot) => slot !== e.slot && along("wrong operand", e, x, `That takes the derivative of ${operation(e.k)} by ${called(nodes[e.k].parents[slot])}. Take it by ${called(e.p)}.`));
  for (const e of path) along("sign", e, -factorOf(e), `One local derivative has the wrong sign: ${its(e)}.`);
  for (const e of path) if (nodes[e.k].parents.length === 1) along("value", e, value[e.k], `That takes ${operation(e.k)} where its derivative belongs: ${its(e)}.`);
  for (const e of into) add("double count", right + e.more, into.length > 1 ? `You counted the path through ${called(e.k)} twice.` : "That is twice the gradient: a path is counted twice, or an earlier gradient was not cleared.");
  add("double count", 2 * right, "That is twice the gradient: every path is counted twice, or an earlier gradient was not cleared.");
  if (changed) add("stale", first[p], "That is the gradient at the numbers before they were changed.");
  for (const at of ways) for (const e of edges.flat().filter(e => e.p === at && at !== p)) if (e.total !== adjoints.at(-1)[at]) add("stale", slopeWith(p, { at, upstream: e.total }), `${of(called(at))} was passed on before all of its paths had come in.`);
  for (const e of path.filter(e => !into.includes(e))) {
    along("forgotten branch", e, 0, `You left out the path through ${called(e.k)}. ${sum}`);
    along("local forgotten", e, 1, `A local derivative is missing: ${its(e)}, not 1.`);
  }
  for (const k of [p, ...into.map(e => e.k)]) add("value", value[k], `That is the value of ${called(k)}, not a gradient.`);
  add("inverted", all(e => e.from / factorOf(e)), "You divided by the local derivative. Multiply by it.");
  return found;
}
const mistake = (q, answer) => (q.edge === undefined ? ofGradient : ofLocal)(q).find(([, x]) => isFinite(x) && !near(x, truth(q)) && x && near(answer, x));
