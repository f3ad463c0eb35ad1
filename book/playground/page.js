// The page: draws a state, and changes it where the reader does.
"use strict";

(function () {
  const { JOINTS, EDGES, SIZE, ROUNDS, WIDE, HIGH, BODY } = playground;
  const FRAMES = ["frame before", "middle frame", "frame after"];
  const COLOURS = ["--text", "--blue", "--green", "--red"]; // of the joints
  const DASHES = ["", "", "6 3", "2 3"];
  const STOPS = [[0, 0, 4], [29, 17, 71], [81, 18, 124], [130, 38, 129], [183, 55, 121],
    [231, 82, 99], [252, 137, 97], [254, 196, 136], [252, 253, 191]]; // magma, as in the chapters
  const byId = (id) => document.getElementById(id);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const number = (value) => value.toFixed(2).replace("-", "−").replace("−0.00", "0.00");
  const flat = (map) => Math.max(...map) - Math.min(...map) < 1e-9; // then no cell is the highest
  const at = (p, W) => `x ${p % W}, y ${Math.floor(p / W)}`;
  const where = (map, W) => (flat(map) ? "all cells alike" : at(maxsum.highest(map), W));
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  let state = null;
  let result = null;
  let playing = null;
  let touched = false; // the address is written once the reader has changed something

  function element(tag, attributes = {}, ...children) {
    const spaces = { svg: 1, g: 1, line: 1, circle: 1, path: 1, text: 1, polyline: 1 };
    const made = spaces[tag]
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function colour(share) {
    const place = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
    const low = Math.min(Math.floor(place), STOPS.length - 2), part = place - low;
    const mixed = STOPS[low].map((v, i) => Math.round(v + part * (STOPS[low + 1][i] - v)));
    return `rgb(${mixed.join(",")})`;
  }

  // A map that can be walked through with the arrow keys. options: W, H, label; describe(p) says a
  // cell's numbers; paint(p, erase), where it can be painted; winner(p) rings the sender's cell.
  function makeMap(options) {
    const { W, H, label, describe, paint, winner, readout } = options;
    const title = element("b", {}, options.title || label);
    const range = element("span", { class: "range" });
    const grid = element("div", { class: paint ? "map paint" : "map", role: "grid" });
    grid.setAttribute("aria-label", label);
    grid.setAttribute("aria-readonly", paint ? "false" : "true");
    const cells = [];
    for (let y = 0; y < H; y++) {
      const row = element("div", { class: "row", role: "row" });
      for (let x = 0; x < W; x++) {
        cells.push(row.appendChild(element("div", { class: "cell", role: "gridcell", tabindex: -1 })));
      }
      grid.append(row);
    }
    const none = element("div", { class: "none" });
    const figure = element("figure", {}, element("figcaption", {}, title, range), grid, none);
    let current = 0, best = 0, values = [];
    cells[0].tabIndex = 0;

    const point = (p) => {
      byId(readout).textContent = describe(p);
      byId(readout).classList.add("live");
      if (winner) winner(p);
    };
    const leave = () => {
      byId(readout).classList.remove("live");
      if (winner) winner(null);
    };
    const short = (p) => `${at(p, W)}: ${number(values[p])}${p === best ? ", the highest" : ""}`;
    function go(p) {
      cells[current].tabIndex = -1;
      cells[current].setAttribute("aria-label", short(current));
      current = p;
      cells[p].tabIndex = 0;
      cells[p].focus();
    }
    grid.addEventListener("keydown", (event) => {
      const x = current % W, y = Math.floor(current / W);
      const to = {
        ArrowLeft: [x - 1, y], ArrowRight: [x + 1, y], ArrowUp: [x, y - 1], ArrowDown: [x, y + 1],
        Home: [0, y], End: [W - 1, y], PageUp: [x, 0], PageDown: [x, H - 1],
      }[event.key];
      if (to && !event.altKey && !event.ctrlKey && !event.metaKey) {
        go(Math.min(Math.max(to[1], 0), H - 1) * W + Math.min(Math.max(to[0], 0), W - 1));
      } else if (paint && ["Enter", " "].includes(event.key)) paint(current, byId("erase").checked);
      else if (paint && ["Delete", "Backspace"].includes(event.key)) paint(current, true);
      else return;
      event.preventDefault();
    });
    grid.addEventListener("focusin", (event) => {
      const p = cells.indexOf(event.target);
      if (p < 0) return;
      cells[p].setAttribute("aria-label", describe(p));
      point(p);
    });
    grid.addEventListener("focusout", leave);
    const under = (event) => {
      const box = grid.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * W);
      const y = Math.floor(((event.clientY - box.top) / box.height) * H);
      return x >= 0 && x < W && y >= 0 && y < H ? y * W + x : null;
    };
    let drawing = false;
    grid.addEventListener("pointerdown", (event) => {
      const p = under(event);
      if (p === null || event.button) return;
      event.preventDefault();
      go(p);
      if (!paint) return;
      drawing = true;
      grid.setPointerCapture(event.pointerId);
      paint(p, byId("erase").checked);
    });
    grid.addEventListener("pointermove", (event) => {
      const p = under(event);
      if (p === null) return;
      point(p);
      if (drawing) paint(p, byId("erase").checked);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      grid.addEventListener(end, () => { drawing = false; });
    }
    grid.addEventListener("pointerleave", leave);

    // Draw a map; low and high are the values of black and of the brightest colour.
    function set(map, fixed) {
      grid.hidden = false;
      none.hidden = true;
      values = map;
      best = flat(map) ? null : maxsum.highest(map);
      const highest = Math.max(...map), high = fixed ? 1 : highest, lowest = Math.min(...map);
      const span = fixed ? 1 : Math.min(Math.max(high - lowest, 0.25), 1);
      cells.forEach((cell, p) => {
        cell.style.backgroundColor = colour(1 - (high - map[p]) / span);
        cell.className = p === best ? "cell best" : "cell";
        cell.setAttribute("aria-label", p === current && cell === document.activeElement ? describe(p) : short(p));
      });
      range.textContent = `${number(lowest)} to ${number(highest)}`;
      if (grid.contains(document.activeElement)) point(current);
    }
    function empty(text) {
      grid.hidden = true;
      none.hidden = false;
      none.textContent = text;
      none.style.aspectRatio = `${W} / ${H}`;
      range.textContent = "";
    }
    const ring = (p) => cells.forEach((cell, q) => cell.classList.toggle("won", q === p));
    const mark = ([x, y]) => {
      const cross = grid.querySelector(".truth") || grid.appendChild(
        element("span", { class: "truth", "aria-hidden": "true" }));
      cross.style.left = `${(100 * (x + 0.5)) / W}%`;
      cross.style.top = `${(100 * (y + 0.5)) / H}%`;
    };
    return { figure, set, empty, ring, mark, title };
  }

  // What a message's cell says: the sender's cell that won, and what the stretch cost.
  function offer(run, problem, round, m, p) {
    const { W } = problem, now = run.rounds[round], e = m % problem.edges.length;
    const q = now.sources[m][p], sign = m < problem.edges.length ? 1 : -1;
    const stretch = [(q % W) - (p % W), Math.floor(q / W) - Math.floor(p / W)].map(
      (v, axis) => v - sign * problem.rest[e][axis]);
    const price = now.heard[m][q] - now.messages[m][p];
    const cost = price < -1e-9 ? `earns ${number(-price)}` : `costs ${number(price)}`;
    const [dx, dy] = stretch.map((v) => String(v).replace("-", "−"));
    return `cell ${at(q, W)} wins, because it offers ${number(now.heard[m][q])}, and its stretch of ` +
      `(${dx}, ${dy}) cells ${cost}.`;
  }

  // The four joints

  const armMaps = JOINTS.map((name, joint) => {
    const readout = "readout", W = SIZE, H = SIZE;
    const others = [(joint + 3) % 4, (joint + 1) % 4]; // the neighbours along the arm, both ways
    const unary = makeMap({
      W, H, readout, label: `${capital(name)}, unary`, title: "unary φ",
      describe: (p) => `${capital(name)}, unary at ${at(p, W)}: ${number(state.unary[joint][p])}.`,
      paint: (p, erase) => paint(joint, p, erase),
    });
    const incoming = others.map((from) => makeMap({
      W, H, readout, label: `${capital(name)}, message from ${JOINTS[from]}`, title: `from ${JOINTS[from]}`,
      describe: (p) => {
        const m = messageOf(from, joint);
        if (m < 0 || !state.round) return "No message has been sent.";
        const value = number(result.arm.rounds[state.round].messages[m][p]);
        return `Message from ${JOINTS[from]} to ${name} at ${at(p, W)}: ${value}. The ${JOINTS[from]}'s ` +
          offer(result.arm, result.problems.arm, state.round, m, p);
      },
      winner: (p) => {
        const m = messageOf(from, joint), now = result.arm.rounds[state.round];
        armMaps[from].belief.ring(p === null || m < 0 || !state.round ? null : now.sources[m][p]);
      },
    }));
    const belief = makeMap({
      W, H, readout, label: `${capital(name)}, belief`, title: "belief",
      describe: (p) => {
        const now = result.arm.rounds[state.round];
        const heard = result.arm.directed.flatMap(([from, to], m) =>
          to === joint && state.round
            ? [`${number(now.messages[m][p])} from ${JOINTS[from]}`] : []);
        const { own, share } = result.arm.spread[joint];
        const weights = state.round && (own !== 1 || share !== 1)
          ? `, with the weights own ${number(own)} and share ${number(share)}` : "";
        return `${capital(name)}, belief at ${at(p, W)}: ${number(now.scores[joint][p])}, from ` +
          `${[`the unary ${number(state.unary[joint][p])}`, ...heard].join(" and ")}${weights}.`;
      },
    });
    const maps = [unary, ...incoming, belief].map((map) => map.figure);
    byId("joints").append(element("section", { class: "joint", "aria-labelledby": `joint-${joint}` },
      element("h3", { id: `joint-${joint}` }, capital(name)),
      element("div", { class: "maps" }, ...maps)));
    return { unary, incoming, belief, others };
  });

  const messageOf = (from, to) =>
    result.arm.directed.findIndex((pair) => pair[0] === from && pair[1] === to);

  function paint(joint, p, erase) {
    const strength = Number(byId("brush").value), x = p % SIZE, y = Math.floor(p / SIZE);
    state.unary[joint] = state.unary[joint].map((old, q) => {
      const away = ((q % SIZE) - x) ** 2 + (Math.floor(q / SIZE) - y) ** 2;
      if (erase) return away <= 1 ? 0 : old;
      return Math.max(old, playground.step(strength * Math.exp(-away)));
    });
    changed();
  }

  function showArm() {
    const now = result.arm.rounds[state.round];
    armMaps.forEach((maps, joint) => {
      maps.unary.set(state.unary[joint], true);
      maps.incoming.forEach((map, i) => {
        const m = messageOf(maps.others[i], joint);
        if (m < 0) map.empty("no edge");
        else if (!state.round) map.empty("not sent yet");
        else map.set(now.messages[m], false);
      });
      maps.belief.set(now.scores[joint], state.round === 0);
    });
    const best = [state.unary, now.scores].map((maps) => maps.map(maxsum.highest));
    byId("best").replaceChildren(...JOINTS.map((name, joint) => element("tr", {},
      element("th", { scope: "row" }, name), element("td", {}, where(state.unary[joint], SIZE)),
      element("td", {}, where(now.scores[joint], SIZE)),
      element("td", {}, number(now.scores[joint][best[1][joint]])))));
    drawPose(best);
    drawGrowth();
  }

  function drawPose(best) {
    const svg = byId("pose");
    const place = (p) => [(p % SIZE) + 0.5, Math.floor(p / SIZE) + 0.5];
    const now = result.arm.rounds[state.round].scores;
    const parts = [state.unary, now].flatMap((maps, which) => {
      const seen = maps.map((map, joint) => (flat(map) ? null : place(best[which][joint])));
      const line = (a, b) => element("line", {
        x1: a[0], y1: a[1], x2: b[0], y2: b[1], "stroke-linecap": "round",
        stroke: which ? "var(--accent)" : "var(--quiet)", "stroke-width": which ? 0.28 : 0.14,
        "stroke-dasharray": which ? "none" : "0.35 0.3",
      });
      const limbs = EDGES.slice(0, 3).filter(([a, b]) => seen[a] && seen[b]);
      return [...limbs.map(([a, b]) => line(seen[a], seen[b])), ...seen.flatMap((xy, joint) =>
        which && xy ? [element("circle", {
          cx: xy[0], cy: xy[1], r: joint === 3 ? 0.42 : 0.3, fill: "var(--accent)" })] : [])];
    });
    svg.replaceChildren(...parts);
    const said = JOINTS.map((name, joint) => `${name} ${where(now[joint], SIZE)}`).join("; ");
    svg.setAttribute("aria-label", `The arm that the beliefs choose: ${said}.`);
  }

  function drawGrowth() {
    const svg = byId("growth"), left = 34, right = 180, top = 10, bottom = 118;
    const curves = JOINTS.map((_, joint) => result.arm.rounds.map((one) => Math.max(...one.scores[joint])));
    const high = Math.max(1, ...curves.flat());
    const x = (round) => left + ((right - left) * round) / ROUNDS;
    const y = (value) => bottom - ((bottom - top) * Math.max(value, 0)) / high;
    const text = (content, attributes) => element("text", {
      fill: "var(--text)", "font-size": 11, ...attributes }, content);
    const parts = [
      element("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: "var(--control)" }),
      element("line", { x1: left, x2: left, y1: top, y2: bottom, stroke: "var(--control)" }),
      element("line", { x1: x(state.round), x2: x(state.round), y1: top, y2: bottom,
        stroke: "var(--accent)", "stroke-width": 1.5 }),
      text(high < 9.95 ? high.toFixed(1) : high.toFixed(0), { x: left - 5, y: top + 4, "text-anchor": "end" }),
      text("0", { x: left - 5, y: bottom + 3, "text-anchor": "end" }),
      text("0", { x: left, y: bottom + 14, "text-anchor": "middle" }),
      text(String(ROUNDS), { x: right, y: bottom + 14, "text-anchor": "middle" }),
      text("round", { x: (left + right) / 2, y: bottom + 14, "text-anchor": "middle" }),
    ];
    // Names beside the ends of the curves, pushed apart where two would overlap.
    const order = JOINTS.map((_, joint) => joint).sort((a, b) => curves[b][ROUNDS] - curves[a][ROUNDS]);
    let last = -Infinity;
    const names = order.map((joint) => (last = Math.max(y(curves[joint][ROUNDS]) + 4, last + 12)));
    const excess = Math.max(0, last - bottom - 4);
    order.forEach((joint, i) => {
      const stroke = `var(${COLOURS[joint]})`;
      parts.push(element("polyline", { fill: "none", stroke, "stroke-width": 2, "stroke-dasharray": DASHES[joint],
        points: curves[joint].map((value, round) => `${x(round)},${y(value)}`).join(" ") }));
      parts.push(text(JOINTS[joint], { x: right + 6, y: names[i] - excess, fill: stroke }));
    });
    svg.replaceChildren(...parts);
    const said = JOINTS.map((name, joint) =>
      `${name} ${number(curves[joint][0])}, then ${number(curves[joint][ROUNDS])}`).join("; ");
    svg.setAttribute("aria-label", `The highest belief in round 0 and in round ${ROUNDS}: ${said}.`);
  }

  // The three frames

  const scenes = FRAMES.map((name, t) => {
    const person = element("button", { type: "button", class: "person" }, figureOfPerson());
    const scene = element("div", { class: "scene" }, person);
    const unary = makeMap({
      W: WIDE, H: HIGH, readout: "flow-readout", label: `${capital(name)}, unary`, title: "unary φ",
      describe: (p) => `${capital(name)}, unary at ${at(p, WIDE)}: ${number(result.along.rounds[0].scores[t][p])}.`,
    });
    const caption = element("figcaption", {}, element("b", {}, capital(name)));
    byId("frames").append(element("div", {}, element("figure", {}, caption, scene), unary.figure));
    const move = (x, y) => {
      const tenth = (v, most) => Math.round(10 * Math.min(Math.max(v, 0), most)) / 10;
      state.flow.places[t] = [tenth(x, WIDE - 1), tenth(y, HIGH - 1)];
      changed();
    };
    person.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-0.5, 0], ArrowRight: [0.5, 0], ArrowUp: [0, -0.5], ArrowDown: [0, 0.5] }[event.key];
      if (!by) return;
      event.preventDefault();
      move(state.flow.places[t][0] + by[0], state.flow.places[t][1] + by[1]);
    });
    let grip = null;
    const under = (event) => {
      const box = scene.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * WIDE - 0.5, ((event.clientY - box.top) / box.height) * HIGH - 0.5];
    };
    person.addEventListener("pointerdown", (event) => {
      const [x, y] = under(event);
      grip = [x - state.flow.places[t][0], y - state.flow.places[t][1]];
      person.setPointerCapture(event.pointerId);
    });
    person.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const [x, y] = under(event);
      move(x - grip[0], y - grip[1]);
    });
    for (const end of ["pointerup", "pointercancel"]) person.addEventListener(end, () => { grip = null; });
    return { person, unary };
  });

  // A body whose head is at the middle, as that is the joint that we look for.
  function figureOfPerson() {
    const limb = (points) => element("polyline", { points, fill: "none", stroke: "currentColor",
      "stroke-width": 0.28, "stroke-linecap": "round", "stroke-linejoin": "round" });
    return element("svg", { viewBox: `${-BODY} ${-BODY} ${2 * BODY} ${2 * BODY}`, "aria-hidden": "true" },
      element("circle", { r: BODY - 0.05, fill: "none", stroke: "currentColor", "stroke-width": 0.07,
        "stroke-dasharray": "0.25 0.2" }),
      element("circle", { r: 0.48, fill: "currentColor" }),
      limb("0,0.4 0,1.35"), limb("-0.7,1.1 0,0.75 0.7,1"), limb("-0.5,2.1 0,1.35 0.55,2.1"));
  }

  const carried = ["along", "zero"].map((way) => {
    const from = [0, 2];
    const sources = from.map((t) => {
      const m = () => result[way].directed.findIndex((pair) => pair[0] === t && pair[1] === 1);
      const name = FRAMES[t], how = way === "along" ? "with flow" : "with zero flow";
      const warped = makeMap({
        W: WIDE, H: HIGH, readout: "flow-readout", label: `Carried from the ${name}, ${how}`, title: t ? "after, carried" : "before, carried",
        describe: (p) => `Carried from the ${name} ${how}, at ${at(p, WIDE)}: ` +
          `${number(result[way].rounds[1].heard[m()][p])}.`,
      });
      const message = makeMap({
        W: WIDE, H: HIGH, readout: "flow-readout", label: `Message from the ${name}, ${how}`, title: t ? "message of after" : "message of before",
        describe: (p) => `Message from the ${name} ${how}, at ${at(p, WIDE)}: ` +
          `${number(result[way].rounds[1].messages[m()][p])}. Of the carried map, ` +
          offer(result[way], result.problems[way], 1, m(), p),
        winner: (p) => warped.ring(p === null ? null : result[way].rounds[1].sources[m()][p]),
      });
      return { warped, message, m };
    });
    const belief = makeMap({
      W: WIDE, H: HIGH, readout: "flow-readout", title: "belief",
      label: `Belief of the middle frame, ${way === "along" ? "with flow" : "with zero flow"}`,
      describe: (p) => `Belief of the middle frame at ${at(p, WIDE)}: ${number(result[way].rounds[1].scores[1][p])}.`,
    });
    byId(way).append(...sources.flatMap((one) => [one.warped.figure, one.message.figure]), belief.figure);
    return { way, sources, belief };
  });

  function showFrames() {
    const { places } = state.flow;
    scenes.forEach(({ person, unary }, t) => {
      const [x, y] = places[t];
      person.style.left = `${(100 * (x + 0.5)) / WIDE}%`;
      person.style.top = `${(100 * (y + 0.5)) / HIGH}%`;
      person.setAttribute("aria-label", `Person in the ${FRAMES[t]}, x ${x}, y ${y}; arrow keys move it`);
      unary.set(result.along.rounds[0].scores[t], true);
    });
    for (const { way, sources, belief } of carried) {
      const now = result[way].rounds[1];
      for (const { warped, message, m } of sources) {
        warped.set(now.heard[m()], true);
        message.set(now.messages[m()], false);
      }
      for (const map of [belief, ...sources.flatMap((one) => [one.warped, one.message])]) map.mark(places[1]);
      belief.set(now.scores[1], false);
      byId(`${way}-verdict`).textContent = verdict(way);
    }
  }

  function verdict(way) {
    const best = maxsum.highest(result[way].rounds[1].scores[1]), [x, y] = state.flow.places[1];
    const off = Math.hypot((best % WIDE) - x, Math.floor(best / WIDE) - y).toFixed(1);
    return `The highest cell is ${at(best, WIDE)}, which is ${off} cells off the person's head.`;
  }

  // Controls

  const POWER = (id) => { byId(`${id}-value`).textContent = (10 ** byId(id).value).toPrecision(2); };
  const WHOLE = (id) => { byId(`${id}-value`).textContent = byId(id).value.replace("-", "−"); };

  function showControls() {
    byId("round").value = state.round;
    byId("round-value").textContent = `${state.round} of ${ROUNDS}`;
    byId("step").disabled = state.round >= ROUNDS;
    byId("reset").disabled = state.round === 0;
    byId("play").textContent = playing ? "Pause" : "Play";
    byId("brush-value").textContent = byId("brush").value;
    EDGES.forEach((_, e) => {
      byId(`a-${e}`).value = state.strength[e];
      POWER(`a-${e}`);
      ["dx", "dy"].forEach((name, axis) => {
        byId(`${name}-${e}`).value = state.rest[e][axis];
        WHOLE(`${name}-${e}`);
      });
    });
    byId("loop-spring").disabled = !state.loop;
    for (const name of ["loop", "flip"]) byId(name).checked = state[name];
    for (const name of ["own", "normalization"]) byId(name).value = state[name];
    byId("middle").value = state.flow.middle;
    byId("time").value = state.flow.strength;
    POWER("time");
    byId("pan").checked = state.flow.pan;
    for (const slider of document.querySelectorAll("input[type=range]")) {
      slider.setAttribute("aria-valuetext", byId(`${slider.id}-value`).textContent);
    }
  }

  let waiting = 0, saying = 0, said = [];
  function changed() {
    touched = true;
    if (!waiting) waiting = requestAnimationFrame(show);
  }

  function show() {
    waiting = 0;
    result = { ...playground.compute(state), problems: playground.problems(state) };
    showControls();
    showArm();
    showFrames();
    clearTimeout(saying);
    saying = setTimeout(say, 500);
  }

  // The live region and the address follow once the reader pauses.
  function say() {
    const now = result.arm.rounds[state.round].scores;
    const cells = JOINTS.map((name, joint) => `${name} ${where(now[joint], SIZE)}`);
    const sentences = [`Round ${state.round}. Highest beliefs: ${cells.join("; ")}.`,
      `With flow: ${verdict("along")} With zero flow: ${verdict("zero")}`];
    const news = sentences.filter((sentence) => !said.includes(sentence));
    if (news.length) byId("status").textContent = news.join(" ");
    said = sentences;
    const address = `#${playground.toAddress(state)}`;
    byId("address").value = location.href.split("#")[0] + address;
    if (touched) history.replaceState(null, "", address);
  }

  function pause() {
    clearInterval(playing);
    playing = null;
  }

  function forward() {
    state.round = Math.min(state.round + 1, ROUNDS);
    if (state.round === ROUNDS) pause();
    changed();
  }

  function choose(experiment) {
    for (const button of document.querySelectorAll("[data-experiment]")) {
      const own = Number(button.dataset.experiment);
      button.setAttribute("aria-pressed", own === experiment);
      if (own < 5) byId(`experiment-${own}`).hidden = own !== experiment;
    }
  }

  function listen(id, event, action) {
    byId(id).addEventListener(event, () => {
      action(byId(id));
      changed();
    });
  }
  listen("round", "input", (slider) => { pause(); state.round = Number(slider.value); });
  listen("step", "click", () => { pause(); forward(); });
  listen("reset", "click", () => { pause(); state.round = 0; });
  listen("play", "click", () => {
    if (playing) return pause();
    if (state.round === ROUNDS) state.round = 0;
    // Who wants no motion sees the end at once.
    if (calm.matches) state.round = ROUNDS;
    else playing = setInterval(forward, 900);
  });
  listen("brush", "input", () => {});
  listen("anew", "click", () => { pause(); choose(0); state = playground.start(); });
  listen("own", "change", (select) => { state.own = select.value; });
  listen("normalization", "change", (select) => { state.normalization = select.value; });
  listen("loop", "change", (box) => { state.loop = box.checked; });
  listen("flip", "change", (box) => { state.flip = box.checked; });
  listen("middle", "change", (select) => { state.flow.middle = select.value; });
  listen("time", "input", (slider) => { state.flow.strength = Number(slider.value); });
  listen("pan", "change", (box) => { state.flow.pan = box.checked; });
  EDGES.forEach((_, e) => {
    listen(`a-${e}`, "input", (slider) => { state.strength[e] = Number(slider.value); });
    listen(`dx-${e}`, "input", (slider) => { state.rest[e] = [Number(slider.value), state.rest[e][1]]; });
    listen(`dy-${e}`, "input", (slider) => { state.rest[e] = [state.rest[e][0], Number(slider.value)]; });
  });
  for (const button of document.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => {
      const joint = Number(byId("joint").value);
      state.unary[joint] = playground.preset(button.dataset.preset, joint);
      changed();
    });
  }
  for (const button of document.querySelectorAll("[data-experiment]")) {
    button.addEventListener("click", () => {
      const chosen = Number(button.dataset.experiment);
      pause();
      state = playground.experiment(chosen);
      choose(chosen);
      changed();
      if (chosen === 5) {
        byId("flow").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" });
        byId("flow").focus({ preventScroll: true });
      }
    });
  }
  byId("copy").addEventListener("click", async () => {
    byId("address").select();
    try {
      await navigator.clipboard.writeText(byId("address").value);
      byId("status").textContent = "The address has been copied.";
    } catch {
      byId("status").textContent = "The address is selected; copy it with your keyboard.";
    }
  });
  window.addEventListener("hashchange", () => open());

  function open() {
    const named = Number(new URLSearchParams(location.hash.slice(1)).get("experiment"));
    if (!location.hash.includes("=") && result) return; // a place on this page, not a state
    pause();
    const plain = !location.hash.includes("="); // no state is asked for: the first experiment
    state = plain ? playground.experiment(1) : playground.fromAddress(location.hash);
    choose(plain ? 1 : named);
    touched = false;
    show();
    if (named === 5) byId("flow").scrollIntoView();
  }

  Object.assign(playground, {
    get: () => structuredClone(state),
    set: (other) => {
      state = structuredClone(other);
      show(); // at once, so that a script can read the page behind it
    },
  });
  open();
})();
