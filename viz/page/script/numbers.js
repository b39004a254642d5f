// --- numbers, and elements of the page -----------------------------------------------------------------------------------

// Twin: number and exact in viz/numbers.py (`spelled` knows no default of a page). Equal by test_steps, test_the_page_writes_and_tints_as_the_picture_does.
function spelled(x, digits) {
  if (x === null || x === undefined) return "–";
  if (Number.isNaN(x)) return "nan";
  if (!isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const [mantissa, exponent] = rounded(x, digits), places = Math.max(0, digits - 1 - exponent);
  const trimmed = (text, end = "") => text.includes(".") && Math.abs(Number(text + end) - x) <= 1e-14 * Math.abs(x) ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  const plain = 1e-3 <= Math.abs(x) && Math.abs(x) < 1e5;
  const fixed = () => Number(rounded(x, places + rounded(x, 61)[1] + 1).join("e")).toFixed(places);
  const text = plain ? trimmed(fixed()) : `${trimmed(mantissa, `e${exponent}`)}e${exponent}`;
  return text.replace(/-/g, "−");
}
function rounded(x, digits) { // mantissa and exponent; a tie goes to the even digit as in Python, where toFixed rounds it up
  const [exact, power] = x.toExponential(60).split("e"), end = exact.length - 61 + digits;
  if (/^50*$/.test(exact.slice(end)) && /[02468]\.?$/.test(exact.slice(0, end))) return [exact.slice(0, end), Number(power)];
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return [mantissa, Number(exponent)];
}
const exact = x => spelled(x, Number.isFinite(x) ? x.toExponential().split("e")[0].replace(/\D/g, "").length : 1); // told from every other
const made = (tag, text = "", more) => Object.assign(document.createElement(tag), { textContent: text }, more);
const bracketed = text => text.startsWith("−") ? `(${text})` : text;
