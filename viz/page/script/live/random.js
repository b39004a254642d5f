// --- random numbers: NumPy's default generator, so that minibatches come in the order of nn.fit -------------------------
// O'Neill 2014, PCG XSL RR 128/64; its seeding is NumPy's SeedSequence. Equal by test_live, test_minibatches_come_in_the_order_of_numpy.

const TWO64 = (1n << 64n) - 1n, TWO128 = (1n << 128n) - 1n;
const PCG = 0x2360ed051fc65da44385df649fccf645n;

function seedWords(seed) { // eight 32-bit words that a seed is spread over
  const entropy = []; let rest = BigInt(seed);
  do { entropy.push(Number(rest & 0xffffffffn)); rest >>= 32n; } while (rest > 0n);
  let factor = 0x43b0d7e5;
  const hashed = x => { x = (x ^ factor) >>> 0; factor = Math.imul(factor, 0x931e8875) >>> 0; x = Math.imul(x, factor) >>> 0; return (x ^ (x >>> 16)) >>> 0; };
  const mixed = (x, y) => { const z = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) >>> 0; return (z ^ (z >>> 16)) >>> 0; };
  const pool = [0, 1, 2, 3].map(k => hashed(entropy[k] ?? 0));
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  for (const word of entropy.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(word));
  let last = 0x8b51f9dd;
  return [...Array(8).keys()].map(k => {
    let x = (pool[k % 4] ^ last) >>> 0; last = Math.imul(last, 0x58f38ded) >>> 0;
    x = Math.imul(x, last) >>> 0; return (x ^ (x >>> 16)) >>> 0;
  });
}

function generator(seed) { // state: all that has to be kept to go on from here
  const words = seedWords(seed).map(BigInt), pair = k => words[2 * k] | words[2 * k + 1] << 32n;
  const increment = ((pair(2) << 64n | pair(3)) << 1n | 1n) & TWO128;
  let state = increment, kept = null;
  const advance = () => { state = (state * PCG + increment) & TWO128; };
  state = (state + (pair(0) << 64n | pair(1))) & TWO128; advance();
  function word64() {
    advance();
    const turn = state >> 122n, x = (state >> 64n ^ state) & TWO64;
    return (x >> turn | x << (64n - turn)) & TWO64;
  }
  function word32() {
    if (kept !== null) { const x = kept; kept = null; return x; }
    const x = word64(); kept = Number(x >> 32n); return Number(x & 0xffffffffn);
  }
  function upTo(most) { // a whole number from 0 to most, by taking numbers of as many bits until one is small enough
    const bits = 32 - Math.clz32(most); let x;
    do x = bits ? (word32() & 2 ** bits - 1) >>> 0 : 0; while (x > most);
    return x;
  }
  function permutation(n) {
    const order = [...Array(n).keys()];
    for (let k = n - 1; k > 0; k--) { const j = upTo(k); [order[k], order[j]] = [order[j], order[k]]; }
    return order;
  }
  const uniform = () => Number(word64() >> 11n) / 9007199254740992;
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { permutation, uniform, normal, get state() { return [state, kept]; }, set state([s, k]) { state = s; kept = k; } };
}
