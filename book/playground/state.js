// What the page shows, without the page: evidence, springs and switches as one state, the problems
// that it poses to maxsum.js, the presets, the five experiments, and the address that keeps a state.
"use strict";

(function () {
  const JOINTS = ["hip", "shoulder", "elbow", "wrist"];
  const EDGES = [[0, 1], [1, 2], [2, 3], [3, 0]]; // the last one closes the loop
  const POSE = [[4, 10], [4, 4], [7, 6], [9, 3]]; // where the joints of the arm are, in cells
  const DECOY = [[9, 10], [9, 9], [2, 8], [3, 8]]; // where a louder, wrong peak goes
  const SIZE = 12, ROUNDS = 12;
  const WIDE = 14, HIGH = 9; // cells of a frame of the flow panel
  const BODY = 2.3; // cells around its middle that move with a person
  const STEPS = 50; // evidence comes in steps of 1 / 50, so that one letter keeps it
  const LETTERS = "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const PRESETS = ["clear", "two", "nothing", "ring"];
  const NORMALIZATIONS = ["none", "mean", "degree"];
  const MIDDLES = ["blurred", "clear", "wrong"];

  const step = (value) => Math.round(Math.min(Math.max(value, 0), 1) * STEPS) / STEPS;

  function draw(W, H, value) {
    return Array.from({ length: W * H }, (_, p) => step(value(p % W, Math.floor(p / W))));
  }
  const bump = (x, y, [cx, cy], height = 1, width = 1) =>
    height * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width ** 2));

  // The evidence of a joint: a map of SIZE * SIZE.
  function preset(name, joint) {
    const place = POSE[joint];
    return draw(SIZE, SIZE, (x, y) => ({
      clear: () => bump(x, y, place),
      two: () => Math.max(bump(x, y, place, 0.7), bump(x, y, DECOY[joint])),
      nothing: () => 0,
      ring: () => bump(Math.hypot(x - place[0], y - place[1]), 0, [3, 0], 0.9, 0.6),
    })[name]());
  }

  function start() {
    const rest = EDGES.map(([a, b]) => [0, 1].map((axis) => POSE[b][axis] - POSE[a][axis]));
    return {
      unary: JOINTS.map((_, joint) => preset("clear", joint)),
      strength: EDGES.map(() => -1), // of stiffness, its power of ten
      rest,
      round: 0,
      loop: false,
      own: "out", // or "kept", as the paper has it
      normalization: "none",
      flip: false,
      flow: { places: [[3, 5], [7, 3], [11, 6]], middle: "blurred", strength: -1, pan: false },
    };
  }

  // The states from which the five experiments begin.
  function experiment(number) {
    const state = start();
    const silent = (...joints) => joints.forEach((joint) => {
      state.unary[joint] = preset("nothing", joint);
    });
    if (number === 1) silent(3);
    if (number === 2) state.unary[3] = preset("two", 3);
    if (number === 3) {
      silent(0, 1, 3);
      state.own = "kept";
      state.round = 4;
    }
    if (number === 4) Object.assign(state, { flip: true, round: 1 });
    return state;
  }

  const stiffness = (strength, flip = false) => (flip ? -1 : 1) * 10 ** strength;

  // What the arm asks of maxsum.run.
  function armProblem(state) {
    const count = state.loop ? EDGES.length : EDGES.length - 1;
    return {
      H: SIZE, W: SIZE, frames: 1, joints: JOINTS.length,
      edges: EDGES.slice(0, count),
      stiffness: state.strength.slice(0, count).map((s) => [0, 0].fill(stiffness(s, state.flip))),
      rest: state.rest.slice(0, count),
      unary: state.unary,
      rounds: ROUNDS, normalization: state.normalization, exclude: state.own === "out", flows: null,
    };
  }

  // The flow from one frame to another, on the cells of the first: a person's cells go where the
  // person goes, the ground stays, or goes along where the camera pans.
  function flowBetween(flow, from, to) {
    const [a, b] = [flow.places[from], flow.places[to]];
    const move = [b[0] - a[0], b[1] - a[1]];
    return Array.from({ length: WIDE * HIGH }, (_, p) => {
      const away = Math.hypot((p % WIDE) - a[0], Math.floor(p / WIDE) - a[1]);
      return flow.pan || away <= BODY ? move : [0, 0];
    });
  }

  // What the three frames ask of maxsum.run, along the flow, or along none.
  function framesProblem(state, along) {
    const { places, middle, strength } = state.flow;
    const unary = places.map((place, t) => draw(WIDE, HIGH, (x, y) => {
      if (t !== 1 || middle === "clear") return bump(x, y, place);
      if (middle === "blurred") return 0;
      return Math.max(bump(x, y, place, 0.6), bump(x, y, [1, 7]));
    }));
    const zero = Array.from({ length: WIDE * HIGH }, () => [0, 0]); // what leads out of the slice
    return {
      H: HIGH, W: WIDE, frames: 3, joints: 1,
      edges: [[0, 1], [1, 2]],
      stiffness: [0, 0].map(() => [0, 0].fill(stiffness(strength))),
      rest: [[0, 0], [0, 0]],
      unary, rounds: 1, normalization: "none", exclude: false,
      flows: along ? {
        1: [flowBetween(state.flow, 0, 1), flowBetween(state.flow, 1, 2), zero],
        "-1": [zero, flowBetween(state.flow, 1, 0), flowBetween(state.flow, 2, 1)],
      } : null,
    };
  }

  const problems = (state) => ({
    arm: armProblem(state),
    along: framesProblem(state, true),
    zero: framesProblem(state, false),
  });

  // All that the page shows of a state: the answers of maxsum.run to its three problems.
  function compute(state) {
    return Object.fromEntries(
      Object.entries(problems(state)).map(([name, problem]) => [name, maxsum.run(problem)]));
  }

  // A map as letters, a run of the same letter as the letter and its length: -144_ is an empty one.
  function pack(map) {
    const letters = map.map((value) => LETTERS[Math.round(value * STEPS)]).join("");
    return letters.replace(/(.)\1{2,}/g, (run) => `${run[0]}${run.length}_`);
  }
  function unpack(text) {
    const letters = text.replace(/(.)(\d+)_/g, (_, one, count) => one.repeat(Math.min(count, 999)));
    const map = [...letters].map((letter) => LETTERS.indexOf(letter) / STEPS);
    return map.length === SIZE * SIZE && map.every((v) => v >= 0 && v <= 1) ? map : null;
  }

  // The state as what follows # in the page's address.
  function toAddress(state) {
    const flow = state.flow;
    return new URLSearchParams({
      u: state.unary.map(pack).join("."),
      a: state.strength.join("_"),
      m: state.rest.flat().join("_"),
      r: state.round,
      s: [state.loop ? "loop" : "chain", state.own, state.normalization,
        state.flip ? "flipped" : "pulls"].join("_"),
      f: [...flow.places.flat(), flow.middle, flow.strength, flow.pan ? "pan" : "still"].join("_"),
    }).toString();
  }

  // The state of an address; what it lacks, or what makes no sense, is as at the start.
  // experiment=2 names one of the five.
  function fromAddress(address) {
    const given = new URLSearchParams(address.replace(/^#/, ""));
    const state = experiment(Number(given.get("experiment")));
    const numbers = (text, count, low, high) => {
      const found = (text || "").split("_").map((one) => (one ? Number(one) : NaN));
      const fits = found.length === count && found.every((v) => v >= low && v <= high);
      return text && fits ? found : null;
    };
    const pairs = (flat) => flat.flatMap((v, i) => (i % 2 ? [] : [[v, flat[i + 1]]]));
    (given.get("u") || "").split(".").forEach((text, joint) => {
      if (joint < JOINTS.length) state.unary[joint] = unpack(text) || state.unary[joint];
    });
    state.strength = numbers(given.get("a"), EDGES.length, -3, 0) || state.strength;
    const rest = numbers(given.get("m"), 2 * EDGES.length, -SIZE, SIZE);
    if (rest) state.rest = pairs(rest);
    const round = numbers(given.get("r"), 1, 0, ROUNDS);
    if (round) state.round = Math.round(round[0]);
    const [loop, own, normalization, flip] = (given.get("s") || "").split("_");
    if (loop) state.loop = loop === "loop";
    if (own === "out" || own === "kept") state.own = own;
    if (NORMALIZATIONS.includes(normalization)) state.normalization = normalization;
    if (flip) state.flip = flip === "flipped";
    const flow = (given.get("f") || "").split("_");
    const places = numbers(flow.slice(0, 6).join("_"), 6, 0, WIDE - 1);
    if (places) state.flow.places = pairs(places).map(([x, y]) => [x, Math.min(y, HIGH - 1)]);
    if (MIDDLES.includes(flow[6])) state.flow.middle = flow[6];
    const strength = numbers(flow[7], 1, -3, 0);
    if (strength) state.flow.strength = strength[0];
    if (flow[8]) state.flow.pan = flow[8] === "pan";
    return state;
  }

  globalThis.playground = {
    JOINTS, EDGES, POSE, SIZE, ROUNDS, WIDE, HIGH, BODY, PRESETS, NORMALIZATIONS, MIDDLES,
    step, preset, start, experiment, stiffness, problems, compute, toAddress, fromAddress,
  };
})();
