// --- the quiz: a number to predict -----------------------------------------------------------------------------------

let asked = [];
const question = q => q.edge === undefined ? of(nodes[q.k].name) : `∂${nodes[q.k].name}/∂${nodes[nodes[q.k].parents[q.edge]].name}`;
function quiz(items) {
  asked = items.map(q => ({ ...q, solved: false }));
  $("item").replaceChildren(...asked.map((q, k) => new Option(question(q), k)));
  toggle($("quiz"), $("quizzed"), asked.length > 0);
  $("verdict").textContent = ""; show();
}
const truth = q => q.edge === undefined ? adjoints[adjoints.length - 1][q.k] : partial[q.k][q.edge];
const near = (a, b) => Math.abs(a - b) <= 5e-3 * Math.abs(b) + 1e-12;
function verdict(q, answer) {
  const right = truth(q);
  if (near(answer, right)) return [true, `Right: ${number(right)}.`];
  const into = edges.flat().filter(e => e.p === q.k);
  if (q.edge === undefined && into.length > 1 && into.some(e => near(answer, e.more))) return [false, "You left out the other path: a gradient is the sum over all of them."];
  if (right && near(answer, -right)) return [false, "The sign of the derivative is the other one."];
  if (q.edge === undefined && into.length && near(answer, into.reduce((t, e) => t + e.from, 0))) return [false, `A local derivative is missing: the factor is ${into.map(named).join(" and ")}, not 1.`];
  if (q.edge !== undefined && near(answer, 1)) return [false, `The factor is ${named({ k: q.k, slot: q.edge })}, not 1.`];
  if (Math.abs(answer - right) <= .05 * Math.abs(right)) return [false, "Close. Give three digits."];
  return [false, "Not yet. Multiply along each path, and add the paths."];
}
function named({ k, slot }) {
  const operand = page.rows[nodes[k].row].same[slot];
  return operand === null ? number(partial[k][slot]) : nodes[nodes[k].parents[operand]].name;
}
function ask() { // the first question that the step now on the screen answers
  const { way, group } = now ? steps[now - 1] : {};
  if (way !== "backward") return;
  const next = asked.findIndex(q => !q.solved && edges[now].some(e => q.edge === undefined ? e.p === q.k : e.k === q.k && e.slot === q.edge));
  if (next >= 0) $("item").value = next;
}
function solved(q, text, good) {
  q.solved ||= good; $("verdict").textContent = text; $("verdict").className = good ? "good" : "bad"; show();
  if (good) { const next = asked.findIndex(other => !other.solved); if (next >= 0) $("item").value = next; $("answer").value = ""; }
  if (good && asked.every(other => other.solved)) $("verdict").textContent += " All questions are answered.";
}
$("quizzed").onsubmit = event => {
  event.preventDefault();
  const q = asked[Number($("item").value)]; let x;
  try { x = evaluated($("answer").value); } catch (error) { $("verdict").textContent = error.message; $("verdict").className = "bad"; return; }
  const [good, text] = verdict(q, x); solved(q, text, good);
};
$("tell").onclick = () => { const q = asked[Number($("item").value)]; solved(q, `${question(q)} = ${number(truth(q))}.`, true); };
$("quiz").onclick = () => quiz(asked.length && !$("quizzed").hidden ? [] : page.asked.length ? page.asked : free.filter(n => n.role !== "constant").map(({ k }) => ({ k })));

// A number, or an expression of the names in the picture; nothing is ever run. Twin: viz/expression.py, which has Python's
// parser and more functions. Equal by test_steps, test_the_page_evaluates_an_expression_as_python_does.
const sigmoid = x => 1 / (1 + Math.exp(-x));
const FUNCTIONS = new Map(Object.entries({ exp: Math.exp, log: Math.log, ln: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sin: Math.sin, cos: Math.cos, abs: Math.abs, sigmoid, σ: sigmoid, relu: x => Math.max(x, 0) }));
function evaluated(text) {
  const names = new Map(nodes.map(({ k, name }) => [name, value[k]]));
  let rest = text.replace(/−/g, "-").replace(/[·×]/g, "*").trim(), depth = 0;
  if (!rest) throw new Error("Type a number, or an expression of the names in the picture.");
  const take = pattern => { const found = rest.match(pattern); if (found) rest = rest.slice(found[0].length).trimStart(); return found; };
  const sum = () => { let x = product(); for (let s; (s = take(/^[+-]/));) x = s[0] === "+" ? x + product() : x - product(); return x; };
  const product = () => { let x = sign(); for (let s; (s = take(/^(\*(?!\*)|\/)/));) x = s[0] === "*" ? x * sign() : x / sign(); return x; };
  const deeper = f => { if (++depth > 200) throw new Error("That expression is too deep."); return f(); };
  const sign = () => deeper(signed), signed = () => take(/^-/) ? -sign() : take(/^\+/) ? sign() : power();
  const power = () => { const x = atom(); return take(/^(\*\*|\^)/) ? Math.pow(x, sign()) : x; };
  const atom = () => {
    let found;
    if (take(/^\(/)) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return x; }
    if ((found = take(/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i))) return Number(found[0]);
    if ((found = take(/^([\p{L}_]+)\s*\((?=.*\))/u)) && FUNCTIONS.has(found[1])) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return FUNCTIONS.get(found[1])(x); }
    const known = [...names.keys()].filter(name => name && rest.startsWith(name)).sort((a, b) => b.length - a.length)[0];
    if (known) { rest = rest.slice(known.length).trimStart(); return names.get(known); }
    throw new Error(`“${(found?.[0] ?? rest).slice(0, 20)}” is neither a number nor a name in the picture.`);
  };
  const x = sum();
  if (rest) throw new Error(`“${rest.slice(0, 20)}” is left over.`);
  return x;
}
