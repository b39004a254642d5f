// --- the code beside the graph: the lines that make the values of this step -------------------------------------------------

const code = page.code, linesOf = new Map(); // the button of each line, by its function and its place in it
const callsOf = k => code?.at[k] ?? []; // the lines at work when a value was made, the innermost first
const lineKey = ([part, line]) => `${part} ${line}`;
function list() { // every function with its lines; one that makes a value leads to its step
  const busy = new Set(code.at.flat().map(lineKey));
  code.parts.forEach(({ name, first, lines }, part) => {
    $("code").append(made("h2", name === "<lambda>" ? "lambda" : name));
    lines.forEach((text, line) => {
      const at = made(busy.has(`${part} ${line}`) ? "button" : "span", text || " ");
      at.dataset.line = first + line; at.dataset.text = text;
      if (at.type) { at.type = "button"; at.onclick = () => toLine(part, line); }
      linesOf.set(`${part} ${line}`, at); $("code").append(at);
    });
  });
}
function toLine(part, line) { // the next step of this line, in the direction in which the reader goes
  play(false);
  const makes = ({ group }) => group?.nodes.some(k => callsOf(k).some(at => lineKey(at) === `${part} ${line}`));
  const back = now >= seed, places = steps.map((step, s) => makes(step) ? s + 1 : 0).filter(s => s && back === s > seed);
  go(places.find(s => s > now) ?? places[0] ?? now);
}
const rounds = at => at[3].map(([round, of]) => `round ${round} of ${of}`).join(", ");
function lineOf(at) { return `line ${code.parts[at[0]].first + at[1]}${at[3].length ? `, ${rounds(at)}` : ""}`; }
function marked() { // the lines of the step now on the screen
  if (!code) return;
  for (const at of linesOf.values()) { at.removeAttribute("aria-current"); at.className = ""; at.textContent = at.dataset.text || " "; }
  const { way, group } = stepNow(), makers = way === "seed" ? [last] : group?.nodes ?? [];
  for (const k of makers) for (const at of callsOf(k)) linesOf.get(lineKey(at)).className = "at";
  const [at, ...calls] = callsOf(makers.at(-1)), line = at && linesOf.get(lineKey(at));
  $("round").textContent = at ? [lineOf(at), ...calls.map(call => `called from ${lineOf(call)}`)].join(", ") : now ? "This step has no line of its own." : "";
  if (!line) return;
  line.setAttribute("aria-current", "step");
  const [start, end] = at[2], text = line.dataset.text;
  if (end > start && !group?.sources) line.replaceChildren(text.slice(0, start), made("mark", text.slice(start, end)), text.slice(end));
  const pane = $("code"), top = line.offsetTop - pane.offsetTop;
  if (top < pane.scrollTop + 20 || top > pane.scrollTop + pane.clientHeight - 40) pane.scrollTop = top - pane.clientHeight / 3;
}
if (code) list(); else $("source").remove();
