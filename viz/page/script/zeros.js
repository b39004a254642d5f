// --- whether an adjoint that is 0 stays 0 around the point -------------------------------------------------------------
// Twin: Zeros in autograd/zeros.py, which says why. Equal by test_pages_numbers, test_after_what_if_the_page_has_pythons_answer_or_a_refusal.

const SCALES = [1e-30, 1e-22, 1e-15, 1e-11, 1e-7, 1e-4];
function zeros(order, output) { // of ∂output/∂node; nodes of which no parent is in `order` are its leaves
  const inside = new Set(order), known = new Map();
  const leaves = order.filter(k => nodes[k].role !== "constant" && !nodes[k].parents.some(p => inside.has(p)));
  function behind(operand) { // the leaves that it is computed from; the set grows while it is read
    const seen = new Set([operand]), isLeaf = new Set(leaves);
    for (const k of seen) for (const p of nodes[k].parents) if (inside.has(p)) seen.add(p);
    return [...seen].filter(k => isLeaf.has(k));
  }
  function moved(from, step) { // the numbers that differ a little aside, and every adjoint there
    const data = new Map(), partials = new Map(), bar = new Map(order.map(k => [k, 0])).set(output, 1);
    from.forEach((k, i) => { const x = value[k] + step * Math.max(1, Math.abs(value[k])) * (1 + 0.61803 * i % 1); if (x !== value[k]) data.set(k, x); });
    for (const k of order) if (!data.has(k) && nodes[k].parents.some(p => data.has(p))) {
      const { row, parents } = nodes[k], operands = parents.map(p => data.get(p) ?? value[p]);
      if (page.rows[row].name === "where") operands[0] = value[parents[0]]; // a branch not taken here is not taken aside
      let [y, d] = derived(row, operands);
      if (refuses(page.rows[row], y, operands)) { y = NaN; d = operands.map(() => NaN); }
      partials.set(k, d);
      if (y !== value[k]) data.set(k, y);
    }
    for (const k of order.slice().reverse()) if (bar.get(k) !== 0) nodes[k].parents.forEach((p, slot) => {
      if (bar.has(p)) bar.set(p, bar.get(p) + bar.get(k) * (partials.get(k) ?? partial[k])[slot]);
    });
    return [data, bar];
  }
  function side(operand, from, sign) { // at the smallest scale that moves the operand, or the largest
    for (const scale of SCALES) {
      const key = `${from} ${sign * scale}`;
      if (!known.has(key)) known.set(key, moved(from, sign * scale));
      if (known.get(key)[0].has(operand) || scale === SCALES.at(-1)) return known.get(key)[1];
    }
  }
  function holds(node, operand, from) {
    const sides = [1, -1].map(sign => side(operand, from, sign).get(node));
    return sides.includes(0) && sides.every(x => x === 0 || Number.isNaN(x));
  }
  return (node, operand) => holds(node, operand, leaves) || holds(node, operand, behind(operand));
}
