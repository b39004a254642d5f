// --- the nodes of the graph, and their places in its picture -------------------------------------------------------------

const nodes = page.nodes.map(([name, row, parents, data, role], k) => ({ k, name, row, parents, data: data === null ? null : Number(data), role }));
const number = (x, digits = page.digits) => spelled(x, digits);
const $ = id => document.getElementById(id);
const element = id => document.getElementById(`${svg.id}-${id}`);
const last = page.output;

