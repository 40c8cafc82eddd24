/**
 * Graphs as pipelines are, made by number alone, and what is counted in drawings of them.
 *
 * Layers, about 1.6 n^0.4 of them; who is not at the top uses somebody of the layer above; half as many
 * edges again skip layers. Most edges are local, some lead anywhere.
 */

/** A generator of numbers from 0 to 1 (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Pairs of node numbers: used, user. */
export function pipeline(count, seed) {
  const next = random(seed);
  const depth = Math.max(2, Math.round(1.6 * count ** 0.4));
  const layers = Array.from({ length: depth }, () => []);
  for (let node = 0; node < count; node++) {
    // One in each layer first, so that none is empty.
    layers[node < depth ? node : Math.floor(next() * depth)].push(node);
  }
  const from = (layer, place) => {
    const nodes = layers[layer];
    const local = next() < 0.85;
    const at = local ? place * nodes.length + (next() - 0.5) * 3 : next() * nodes.length;
    return nodes[Math.min(nodes.length - 1, Math.max(0, Math.floor(at)))];
  };
  const edges = [];
  const seen = new Set();
  const add = (a, b) => {
    if (!seen.has(a * count + b)) {
      seen.add(a * count + b);
      edges.push([a, b]);
    }
  };
  for (let layer = 1; layer < depth; layer++) {
    layers[layer].forEach((node, i) => {
      add(from(layer - 1, i / layers[layer].length), node);
    });
  }
  while (edges.length < 1.5 * count) {
    const layer = 1 + Math.floor(next() * (depth - 1));
    const i = Math.floor(next() * layers[layer].length);
    const skipped = 1 + Math.floor(next() * Math.min(layer, 6));
    add(from(layer - skipped, i / layers[layer].length), layers[layer][i]);
  }
  return edges;
}

/** How often the lines cross: pairs of segments of different edges that properly intersect. */
export function crossings(lines) {
  const segments = [];
  lines.forEach((line, edge) => {
    for (let i = 1; i < line.length; i++) {
      const [[ax, ay], [bx, by]] = [line[i - 1], line[i]];
      segments.push(ay <= by ? { ax, ay, bx, by, edge } : { ax: bx, ay: by, bx: ax, by: ay, edge });
    }
  });
  segments.sort((a, b) => a.ay - b.ay);
  const side = (s, x, y) => Math.sign((s.bx - s.ax) * (y - s.ay) - (s.by - s.ay) * (x - s.ax));
  const across = (s, t) =>
    side(s, t.ax, t.ay) * side(s, t.bx, t.by) < 0 && side(t, s.ax, s.ay) * side(t, s.bx, s.by) < 0;
  let found = 0;
  segments.forEach((s, i) => {
    const [left, right] = [Math.min(s.ax, s.bx), Math.max(s.ax, s.bx)];
    for (let k = i + 1; k < segments.length && segments[k].ay <= s.by; k++) {
      const t = segments[k];
      if (
        t.edge !== s.edge &&
        Math.max(t.ax, t.bx) >= left &&
        Math.min(t.ax, t.bx) <= right &&
        across(s, t)
      ) {
        found += 1;
      }
    }
  });
  return found;
}
