// Max-sum messages in plain JavaScript: the arithmetic of tslib/message_passing, tslib/warp.py and
// tslib/distance_transform, to be read. tests/test_playground.py holds it against them in float64.
//
// A map is a flat array of H * W numbers, cell (x, y) at y * W + x. Vectors have x first.
"use strict";

(function () {
  // A message along one axis: out[p] = max_q score[q] - a (q - p - rest)^2, and the q that wins,
  // the lowest on ties. Every sender is compared, so that a may have either sign.
  function bestSenders(score, a, rest) {
    const message = [], source = [];
    for (let p = 0; p < score.length; p++) {
      let best = -Infinity, winner = 0;
      for (let q = 0; q < score.length; q++) {
        const offer = score[q] - a * (q - p - rest) ** 2;
        if (offer > best) [best, winner] = [offer, q];
      }
      message.push(best);
      source.push(winner);
    }
    return { message, source };
  }

  // Paper A, Eq. 4: message[p] = max_q score[q] - a_x (q_x - p_x - mu_x)^2 - a_y (q_y - p_y - mu_y)^2.
  // All rows first, then all columns of the result; source[p] is the winning q.
  function distanceTransform(score, H, W, stiffness, rest) {
    const across = [], message = new Array(H * W), source = new Array(H * W);
    for (let y = 0; y < H; y++) {
      across.push(bestSenders(score.slice(y * W, (y + 1) * W), stiffness[0], rest[0]));
    }
    for (let x = 0; x < W; x++) {
      const column = across.map((row) => row.message[x]);
      const down = bestSenders(column, stiffness[1], rest[1]);
      for (let y = 0; y < H; y++) {
        const row = down.source[y]; // the column to take is the one that won in this row
        message[y * W + x] = down.message[y];
        source[y * W + x] = row * W + across[row].source[x];
      }
    }
    return { message, source };
  }

  // Backward warp: out[p] = score[p + flow[p]], bilinear, with the border's value beyond the border.
  // flow holds H * W pairs of cells, [dx, dy].
  function warp(score, H, W, flow) {
    const out = new Array(H * W);
    for (let p = 0; p < H * W; p++) {
      const x = Math.min(Math.max((p % W) + flow[p][0], 0), W - 1);
      const y = Math.min(Math.max(Math.floor(p / W) + flow[p][1], 0), H - 1);
      const left = Math.floor(x), top = Math.floor(y), u = x - left, v = y - top;
      const right = Math.min(left + 1, W - 1), bottom = Math.min(top + 1, H - 1);
      const a = score[top * W + left], b = score[top * W + right];
      const c = score[bottom * W + left], d = score[bottom * W + right];
      const above = a + u * (b - a), below = c + u * (d - c);
      out[p] = above + v * (below - above);
    }
    return out;
  }

  // The weights of a node's unary and of the sum of what it hears, as tslib's MessagePassing has them.
  function weights(degree, normalization) {
    if (normalization === "degree") return { own: 1 / (1 + degree), share: 1 / (1 + degree) };
    return { own: 1, share: normalization === "mean" ? 1 / Math.max(degree, 1) : 1 };
  }

  // Rounds of messages over a graph (Paper A, Eq. 3): score_i = own_i unary_i + share_i sum m_ki.
  //
  // A problem has H, W, frames, joints (K), edges [[first, second], ...] between nodes t K + k,
  // stiffness and rest (a pair for each edge; rest is the second node as seen from the first), unary
  // (a map for each node), rounds, normalization, exclude (whether a node's own message is taken out
  // of what it hears back), and flows: null, or for each offset o ("1", "-1") a flow for every
  // frame t, from t to t + o, on the cells of t.
  //
  // Returns directed, the [sender, receiver] of each message, and rounds, of which each has scores,
  // messages, sources, and heard: what each message was made from. Round 0 has the unaries alone.
  // spread has the weights own and share of each node.
  function run(problem) {
    const { H, W, joints, edges, unary, normalization, exclude, flows } = problem;
    const directed = edges.map(([a, b]) => [b, a]).concat(edges.map(([a, b]) => [a, b]));
    const frame = (node) => Math.floor(node / joints);
    const spread = unary.map((_, i) =>
      weights(directed.filter(([, to]) => to === i).length, normalization));
    const arrived = (map, [from, to]) => {
      const offset = frame(from) - frame(to);
      return flows && offset ? warp(map, H, W, flows[offset][frame(to)]) : map;
    };
    const rounds = [{ scores: unary, messages: [], sources: [], heard: [] }];
    for (let r = 1; r <= problem.rounds; r++) {
      const last = rounds[r - 1];
      const heard = directed.map((pair, m) => {
        const map = arrived(last.scores[pair[0]], pair);
        if (!exclude || r === 1) return map;
        // What the sender has from the receiver itself: the last message the other way.
        const back = last.messages[(m + edges.length) % directed.length];
        const echo = arrived(back.map((value) => spread[pair[0]].share * value), pair);
        return map.map((value, p) => value - echo[p]);
      });
      const sent = heard.map((map, m) => {
        const e = m % edges.length, sign = m < edges.length ? 1 : -1;
        const rest = problem.rest[e].map((value) => sign * value);
        return distanceTransform(map, H, W, problem.stiffness[e], rest);
      });
      const messages = sent.map((one) => one.message), sources = sent.map((one) => one.source);
      const scores = unary.map((map, i) => {
        const mine = messages.filter((_, m) => directed[m][1] === i);
        return map.map((value, p) =>
          spread[i].own * value + spread[i].share * mine.reduce((sum, one) => sum + one[p], 0));
      });
      rounds.push({ scores, messages, sources, heard });
    }
    return { directed, rounds, spread };
  }

  // The highest cell of a map, the lowest index on ties.
  const highest = (map) => map.reduce((best, value, p) => (value > map[best] ? p : best), 0);

  globalThis.maxsum = { distanceTransform, warp, run, highest };
})();
