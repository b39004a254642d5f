// --- the controls: buttons and keys that play ------------------------------------------------------------------------

const scaled = largest => largest; // tints are measured by the gradients now
function play(on) {
  clearInterval(timer); timer = null;
  if (on) { if (now === steps.length) go(0); timer = setInterval(() => now < steps.length ? go(now + 1) : play(false), Number($("speed").value)); }
  $("play").textContent = timer ? "Pause" : "Play"; $("play").setAttribute("aria-pressed", Boolean(timer));
}
const pauseThen = f => () => { play(false); f(); };
const commands = { start: () => go(0), back: () => go(now - 1), step: () => go(now + 1), backward: () => go(seed), end: () => go(steps.length) };
for (const [id, act] of Object.entries(commands)) $(id).onclick = pauseThen(act);
$("play").onclick = () => play(!timer);
$("speed").onchange = () => timer && play(true);
$("more").onclick = () => $("more").setAttribute("aria-expanded", $("rest").classList.toggle("open"));
$("seek").max = steps.length; $("seek").oninput = event => { play(false); go(Number(event.target.value)); };
const keys = { ArrowLeft: commands.back, ArrowRight: commands.step, Home: commands.start, End: commands.end, b: commands.backward, o: () => openHere() };
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.id !== "seek") return;
  if (event.key === " " && event.target.closest("[role=button]")) { event.preventDefault(); event.target.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })); }
  else if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play(!timer); }
  else if (keys[event.key]) { event.preventDefault(); pauseThen(keys[event.key])(); }
});

// --- what if: a number of the reader ------------------------------------------------------------------------------------

const say = (id, text, good) => { $(id).textContent = text; $(id).className = good ? "good" : "bad"; };
const free = nodes.filter(node => node.row === null);
for (const { k, name, role } of free) $("leaf").append(new Option(role === "constant" ? `${name} (constant)` : name, k));
const chosen = () => Number($("leaf").value);
const offer = () => {
  const x = leaves[chosen()], { data } = nodes[chosen()], step = 10 ** Math.floor(Math.log10(Math.max(1, Math.abs(data)) / 25)), room = 2 * Math.max(1, Math.abs(data));
  $("number").value = String(x);
  Object.assign($("slide"), { min: Math.min(x, data - room), max: Math.max(x, data + room), step }).value = x;
};
function set(data) {
  const differs = data.some((x, k) => x !== nodes[k].data && nodes[k].row === null);
  try { compute(data, differs); } catch (error) { say("said", `${error.message}. The numbers stay as they were.`); return false; }
  changed = differs;
  say("said", "", true);
  show(); return true;
}
let from_ = null; // before the change: the output, the gradient of the leaf, and its number
function tell(x) { // cause and effect
  const k = chosen(), name = nodes[last].name, signed = d => `${d > 0 ? "+" : ""}${number(d)}`;
  const before = from_ ?? { y: value[last], slope: nodes[k].role === "constant" ? null : adjoints.at(-1)[k], x: leaves[k] };
  const data = leaves.slice(); data[k] = x;
  if (!set(data)) return false;
  from_ = before;
  const promised = before.slope === null ? "a constant has no gradient" : `the gradient promised ${signed(before.slope * (x - before.x))}`;
  $("said").textContent = `${name} ${number(before.y)} → ${number(value[last])}, a change of ${signed(value[last] - before.y)}; ${promised}`;
  return true;
}
$("leaf").onchange = offer;
// No form: the frame of a notebook may send none, and then tells of none.
function entered(field, button, act) { // by Enter in the field, or by the button
  $(button).onclick = act;
  $(field).addEventListener("keydown", event => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); act(); } });
}
entered("number", "set", () => {
  let x;
  try { x = evaluated($("number").value); } catch (error) { say("said", error.message); return; }
  from_ = null;
  if (tell(x)) offer();
});
$("slide").oninput = () => { const x = Number($("slide").value); $("number").value = String(Number(x.toPrecision(6))); tell(x); };
$("slide").onchange = () => { from_ = null; };
$("reset").onclick = () => { set(nodes.map(node => node.data)); offer(); };
const toggle = (button, form, on) => { form.hidden = !on; button.setAttribute("aria-pressed", on); follow(0); };
$("if").onclick = () => { toggle($("if"), $("iffed"), $("iffed").hidden); offer(); if (!$("iffed").hidden) $("number").focus(); };
