// A number, or an expression of the names in the picture; nothing is ever run. Twin: viz/expression.py, which has Python's
// parser and more functions. Equal by test_steps_typed, test_the_page_evaluates_an_expression_as_python_does.
const sigmoid = x => 1 / (1 + Math.exp(-x));
const FUNCTIONS = new Map(Object.entries({ exp: Math.exp, log: Math.log, ln: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sin: Math.sin, cos: Math.cos, abs: Math.abs, sigmoid, σ: sigmoid, relu: x => Math.max(x, 0) }));
function evaluated(text) {
  const names = new Map(nodes.map(({ k, name }) => [name, value[k]]));
  const all = text.replace(/−/g, "-").replace(/[·×]/g, "*").trim();
  let rest = all, depth = 0, stars = []; // the places of signs of products that were left out, from the end
  if (!rest) throw new Error("Type a number, or an expression of the names in the picture.");
  const take = pattern => { const found = rest.match(pattern); if (found) rest = rest.slice(found[0].length).trimStart(); return found; };
  const sum = () => { let x = product(); for (let s; (s = take(/^[+-]/));) x = s[0] === "+" ? x + product() : x - product(); return x; };
  const product = () => { let x = sign(); for (let s; (s = take(/^(\*(?!\*)|\/)/) ?? forgotten());) x = s[0] === "*" ? x * sign() : x / sign(); return x; };
  const forgotten = () => /^[\p{L}_(]/u.test(rest) ? stars.unshift(all.length - rest.length) && "*" : null; // what can only be a factor
  const deeper = f => { if (++depth > 200) throw new Error("That expression is too deep."); return f(); };
  const sign = () => deeper(signed), signed = () => take(/^-/) ? -sign() : take(/^\+/) ? sign() : power();
  const power = () => { const x = atom(); return take(/^(\*\*|\^)/) ? Math.pow(x, sign()) : x; };
  const atom = () => {
    let found;
    if (take(/^\(/)) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return x; }
    if ((found = take(/^(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?/i))) return Number(found[0].replace(",", ".")); // 0,5 is 0.5: no call has two arguments
    if ((found = take(/^([\p{L}_]+)\s*\((?=.*\))/u)) && FUNCTIONS.has(found[1])) { const x = sum(); if (!take(/^\)/)) throw new Error("A bracket is not closed."); return FUNCTIONS.get(found[1])(x); }
    const known = [...names.keys()].filter(name => name && rest.startsWith(name)).sort((a, b) => b.length - a.length)[0];
    if (known) { rest = rest.slice(known.length).trimStart(); return names.get(known); }
    throw new Error(`“${(found?.[0] ?? rest).slice(0, 20)}” is neither a number nor a name in the picture.`);
  };
  const x = sum();
  if (rest) throw new Error(`“${rest.slice(0, 20)}” is left over.`);
  if (stars.length) throw new Error(`Write ${stars.reduce((text, at) => `${text.slice(0, at).trimEnd()}*${text.slice(at)}`, all)}: a product needs its *.`);
  if (!isFinite(x)) throw new Error(`That is ${spelled(x, 1)}, which is no finite number.`);
  return x;
}
