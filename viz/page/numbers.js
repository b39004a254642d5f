"use strict";
const ROWS = /*rows*/[];
const page = JSON.parse(document.getElementById("data").textContent);
const nodes = page.nodes.map(([name, row, parents, data, role], k) => ({ k, name, row, parents, data: data === null ? null : Number(data), role }));
const svg = document.querySelector("#picture svg"), uid = svg.id;
const $ = id => document.getElementById(id);
const element = id => document.getElementById(`${uid}-${id}`);
const last = page.output;

// --- numbers ---------------------------------------------------------------------------------------------------------

// Twin: number in viz/numbers.py. Equal by test_steps, test_the_page_writes_and_tints_as_the_picture_does.
function number(x, digits = page.digits) {
  if (x === null || x === undefined) return "–";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(digits - 1).split("e"), exponent = Number(power);
  const trimmed = text => text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  const plain = 1e-3 <= Math.abs(x) && Math.abs(x) < 1e5;
  const text = plain ? trimmed(x.toFixed(Math.max(0, digits - 1 - exponent))) : `${trimmed(mantissa)}e${exponent}`;
  return text.replace(/-/g, "−");
}
const bracketed = text => text.startsWith("−") ? `(${text})` : text;
