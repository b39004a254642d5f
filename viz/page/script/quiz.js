// --- the quiz: which factors, and then how much ----------------------------------------------------------------------

let asked = [], current = 0, began = 0, stays = false; // the questions; the one on the screen, since when; whether the reader looks at a verdict
const question = q => q.edge === undefined ? of(nodes[q.k].name) : local(q.k, q.edge);
const truth = q => q.edge === undefined ? adjoints.at(-1)[q.k] : partial[q.k][q.edge];
// Relatively near; of a sum that is 0 but for its rounding, near beside its terms. Twin: near in viz/page/exercise.py.
const near = (a, b, terms = 0) => Math.abs(a - b) <= (b ? 5e-3 * Math.abs(b) + 1e-14 * terms : 1e-12);
const into = q => q.edge === undefined ? edges.flat().filter(e => e.p === q.k) : []; // the edges that add to a gradient
const terms = q => into(q).reduce((sum, e) => sum + Math.abs(e.more), 0);
const stepOf = q => steps.findLastIndex((_, s) => edges[s + 1].some(e => q.edge === undefined ? e.p === q.k : e.k === q.k && e.slot === q.edge)) + 1 || seed;
const records = new Map(); // of each question what was tried, also while it is not asked
const recordOf = ({ k, edge = "" }) => `${k} ${edge}`;
function quiz(items) {
  asked = items.map(q => {
    if (!records.has(recordOf(q))) records.set(recordOf(q), { tries: [], told: false, seconds: 0, factors: null, ...q, solved: q.mode === "worked" });
    return records.get(recordOf(q));
  });
  began = performance.now();
  $("item").replaceChildren(...asked.map((q, k) => new Option(question(q), k)));
  toggle($("quiz"), $("quizzed"), asked.length > 0);
  if (asked.length) choose(Math.max(0, asked.some(q => q.tries.length || q.told) ? asked.findIndex(q => !q.solved) : 0)); else show();
}
// What was tried is still known when the page is loaded again, but for a frame in a notebook, which may keep nothing.
const shelf = `chainrule ${page.exercise}`;
function remember() { if (page.exercise) try { sessionStorage.setItem(shelf, JSON.stringify([...records])); } catch { /* it may keep nothing */ } }
function recall() {
  try {
    for (const [key, q] of JSON.parse(sessionStorage.getItem(shelf)) ?? []) records.set(key, { ...q, tries: q.tries.map(([text, words, good, x]) => [text, words, good, x ?? NaN]) });
  } catch { /* nothing is kept */ }
}
function choose(k, there = true) { // the question k, and the step that it asks about
  clock(); current = k; stays = false; $("item").value = k; $("answer").value = ""; say("verdict", "", true); $("beside").replaceChildren();
  const q = asked[k];
  if (q.mode === "worked") { say("verdict", `Worked example ${k + 1} of ${asked.filter(({ mode }) => mode === "worked").length}: read the line below, factor by factor.`, true); stays = true; }
  pose();
  if (there) go(stepOf(q));
}
function clock() { const q = asked[current]; if (q && !q.solved) q.seconds += (performance.now() - began) / 1000; began = performance.now(); }
function choices(q) { // the products that add up to a gradient, among others that do not
  const paths = into(q);
  if (q.mode === "blank" || paths.length > 4 || !paths.length) return [];
  const right = paths.map(e => `${of(called(e.k))} · ${local(e.k, e.slot)}`), wrong = [];
  for (const { k, slot } of paths) {
    const slots = [...nodes[k].parents.keys()].filter(s => !/^−?[\d∞]/.test(called(nodes[k].parents[s]))); // nobody takes a derivative by a plain number
    wrong.push(...slots.map(s => `${of(called(k))} · ${local(k, s)}`).slice(0, 3), local(k, slot), `${of(called(k))} + ${local(k, slot)}`);
  }
  const others = [...new Set(wrong)].filter(text => !right.includes(text)).slice(0, 4);
  return [...new Set(right), ...others].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).map(text => [text, right.filter(r => r === text).length]);
}
function pose() {
  const q = asked[current], open = !q.solved && !q.told, ticks = open && !q.factors ? choices(q) : [], strict = q.mode === "asked" && ticks.length > 0;
  $("factors").hidden = !ticks.length; $("which").textContent = `Which products add up to ${question(q)}? Tick them, then Check.`;
  $("ticks").replaceChildren(...ticks.map(([text]) => {
    const label = made("label"), box = made("input", "", { type: "checkbox" });
    label.append(box, ` ${text}`); return label;
  }));
  $("much").hidden = strict || !open; $("check").hidden = $("tell").hidden = !open; $("goon").hidden = !stays || asked.every(q => q.solved);
  const answered = asked.filter(a => a.mode !== "worked"), good = answered.filter(a => a.solved && !a.told);
  $("score").textContent = `Score: ${good.length} of ${answered.length} right, ${good.filter(a => a.tries.length < 2).length} at the first try.`;
  $("handin").hidden = !page.exercise;
}
function judgeFactors(q) {
  const ticks = [...$("ticks").querySelectorAll("input")], right = choices(q).map(([, times]) => times > 0), ticked = ticks.map(box => box.checked);
  if (!ticked.includes(true)) { say("verdict", "Tick the products first.", false); return; }
  const said = choices(q).filter((_, k) => ticked[k]).map(([text]) => text).join(" + ");
  const missing = right.some((is, k) => is && !ticked[k]), over = right.some((is, k) => !is && ticked[k]), twice = choices(q).some(([, times]) => times > 1);
  if (!missing && !over) { q.factors = true; say("verdict", `Right. ${twice ? "That product comes twice, once for each operand. " : ""}How much is it?`, true); pose(); $("answer").focus(); }
  else {
    const words = missing && over ? "One product is missing, and one does not belong." : missing ? "A product is missing: there is one for each path." : "A product does not belong. On each path: the upstream gradient times the local derivative.";
    q.tries.push([said, words, false, NaN]); say("verdict", words, false); // a try like any other, and no number
  }
}
function verdict(q, answer) {
  const right = truth(q);
  if (near(answer, right, terms(q))) return [true, `Right: ${number(right)}.`, ""];
  const [key, , words] = mistake(q, answer) ?? [];
  if (key) return [false, words, key];
  return [false, Math.abs(answer - right) <= .05 * Math.abs(right) ? "Close. Give three digits." : `Not yet. ${advice(q)}`, "other"];
}
function advice(q) {
  if (q.edge !== undefined) return `Take the derivative of ${operation(q.k)} by ${called(nodes[q.k].parents[q.edge])}.`;
  return into(q).length > 1 ? "Multiply along each path, and add the paths." : "Multiply the upstream gradient by the local derivative.";
}
function named({ k, slot }) {
  const operand = page.rows[nodes[k].row].same[slot];
  return operand === null ? number(partial[k][slot]) : nodes[nodes[k].parents[operand]].name;
}
function ask() { // the first question that the step now on the screen answers
  const { way } = stepNow();
  if (way !== "backward" || stays) return;
  const here = q => edges[now].some(e => q.edge === undefined ? e.p === q.k : e.k === q.k && e.slot === q.edge);
  const next = asked.findIndex(q => !q.solved && here(q));
  if (next >= 0 && !(asked[current] && !asked[current].solved && here(asked[current])) && next !== current) choose(next, false);
}
function rightSum(q) { // the right gradient, path by path
  const paths = into(q), few = paths.length && paths.length < 5, sum = f => paths.map(f).join(" + ");
  return `${question(q)} = ${few ? `${sum(e => `${of(called(e.k))} · ${local(e.k, e.slot)}`)} = ${sum(e => `${bracketed(number(e.from))} · ${bracketed(number(factorOf(e)))}`)} = ` : ""}${number(truth(q))}`;
}
function beside(q) { // what the reader wrote first, beside what is right
  const column = (title, ...lines) => { const box = made("div"); box.append(made("b", title), ...lines.map(text => made("p", text))); return box; };
  const mine = q.tries.filter(([, , good]) => !good).map(([text, words]) => `${question(q)} = ${text}: ${words}`);
  $("beside").replaceChildren(...(mine.length ? [column("You wrote", ...mine)] : []), column("The chain rule", rightSum(q)));
}
function settle(q, text, good) { // the verdict stays until the reader goes on
  clock(); q.solved = true; remember(); stays = true; beside(q); show();
  say("verdict", text + (asked.every(other => other.solved) ? " All questions are answered." : ""), good); pose(); $($("goon").hidden ? "handin" : "goon").focus();
}
function answered() {
  const q = asked[current]; let x;
  if (q.solved || q.told) return;
  if (!$("factors").hidden && !$("answer").value.trim()) { judgeFactors(q); return; }
  try { x = evaluated($("answer").value); } catch (error) { say("verdict", error.message, false); return; }
  const [good, text, key] = verdict(q, x);
  q.tries.push([$("answer").value.trim(), text, good, x]);
  if (good) settle(q, text, true); else say("verdict", text, false);
}
entered("answer", "check", () => { answered(); remember(); });
$("ticks").onkeydown = event => { if (event.key === "Enter") { event.preventDefault(); $("check").click(); } };
$("item").onchange = () => choose(Number($("item").value));
$("tell").onclick = () => { const q = asked[current]; q.told = true; settle(q, `${question(q)} = ${number(truth(q))}.`, true); };
$("goon").onclick = () => { stays = false; const next = [...asked.keys()].find(k => k > current && (!asked[k].solved || asked[k].mode === "worked")) ?? asked.findIndex(q => !q.solved); choose(next); };
addEventListener("pagehide", () => { clock(); remember(); });
$("quiz").onclick = () => {
  const on = $("quizzed").hidden;
  clock();
  if (!on && page.asked.length) toggle($("quiz"), $("quizzed"), false); // its answers stay blank
  else quiz(!on ? [] : page.asked.length ? page.asked : free.filter(n => n.role !== "constant").map(({ k }) => ({ k })));
};

// What is handed in: a line for each question, and what was typed, not in plain. `viz.check` reads it.
function handedIn() {
  clock();
  const all = asked.filter(q => q.mode !== "worked"), plural = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const lines = all.map(q => `${question(q)}: ${q.told ? "shown" : q.solved ? "answered" : "open"}, ${q.tries.length === 1 ? "1 try" : `${q.tries.length} tries`}, ${Math.round(q.seconds)} s`);
  const items = all.map(q => [q.k, q.tries.map(([, , , x]) => Number.isFinite(x) ? x : null), q.told, Math.round(q.seconds)]);
  const words = [`Exercise in back propagation, ${plural(all.length, "question")}`, ...lines].join("\n"), body = JSON.stringify({ graph: page.exercise, items });
  return `${words}\n[[${btoa(JSON.stringify([seal(words.replace(/[>\s]/g, "") + body), body])).replace(/.{70}(?=.)/g, "$&\n")}]]`;
}
// Twin: seal in viz/page/exercise.py. Equal by test_exercise, test_what_is_handed_in_is_checked_from_the_graph_alone.
const seal = text => [...text].reduce((sum, c) => Math.imul(sum ^ c.codePointAt(0), 16777619) >>> 0, 2166136261); // FNV-1a
$("handin").onclick = () => { const box = $("handed"); box.value = handedIn(); $("copythis").hidden = false; box.select(); navigator.clipboard?.writeText(box.value).catch(() => {}); };
