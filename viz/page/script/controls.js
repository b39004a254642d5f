// --- the controls: buttons and keys that play ------------------------------------------------------------------------

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
const keys = { ArrowLeft: commands.back, ArrowRight: commands.step, Home: commands.start, End: commands.end, b: commands.backward };
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.id !== "seek") return;
  if (event.key === " " && event.target.closest("[role=button]")) { event.preventDefault(); event.target.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })); }
  else if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play(!timer); }
  else if (keys[event.key]) { event.preventDefault(); pauseThen(keys[event.key])(); }
});

// --- what if ---------------------------------------------------------------------------------------------------------

const free = nodes.filter(node => node.row === null);
for (const { k, name, role } of free) $("leaf").append(new Option(role === "constant" ? `${name} (constant)` : name, k));
const chosen = () => Number($("leaf").value);
const offer = () => { $("number").value = String(leaves[chosen()]); };
function set(data) {
  const differs = data.some((x, k) => x !== nodes[k].data && nodes[k].row === null);
  try { compute(data, differs); } catch (error) { $("said").textContent = `${error.message}. The numbers stay as they were.`; $("said").className = "bad"; return false; }
  changed = differs;
  $("said").textContent = changed ? "Forward and backward have followed." : ""; $("said").className = "good";
  show(); return true;
}
$("leaf").onchange = offer;
$("iffed").onsubmit = event => {
  event.preventDefault();
  const data = leaves.slice(); let x;
  try { x = evaluated($("number").value); } catch (error) { x = NaN; }
  if (!Number.isFinite(x)) { $("said").textContent = "That is no number."; $("said").className = "bad"; return; }
  data[chosen()] = x; if (set(data)) offer();
};
$("reset").onclick = () => { set(nodes.map(node => node.data)); offer(); };
const toggle = (button, form, on) => { form.hidden = !on; button.setAttribute("aria-pressed", on); follow(0); };
$("if").onclick = () => { toggle($("if"), $("iffed"), $("iffed").hidden); offer(); if (!$("iffed").hidden) $("number").focus(); };
