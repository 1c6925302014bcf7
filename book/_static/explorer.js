// The latent explorer: decodes places of a plane with the weights that stand in the page.
(() => {
  "use strict";
  const SIDE = 28;
  // Okabe and Ito's colours, some twice: what tells digits apart is that the points are digits.
  const COLORS = ["#0072B2", "#D55E00", "#007A58", "#A5447F", "#8A5D00", "#262626"];
  const at = (id) => document.getElementById(`explorer-${id}`);
  const data = JSON.parse(at("data").textContent);

  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  };
  const halves = (text) => Float32Array.from(new Uint16Array(bytes(text).buffer), half);

  const ACTIVATIONS = {
    linear: (value) => value,
    relu: (value) => Math.max(0, value),
    sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  };
  const layers = data.layers.map((layer) => ({
    ...layer, kernel: halves(layer.kernel), bias: halves(layer.bias), apply: ACTIVATIONS[layer.activation],
  }));

  // A place of the plane, two numbers, to 784 intensities in [0, 1]
  const decode = (place) => {
    let values = place;
    for (const {inputs, outputs, kernel, bias, apply} of layers) {
      const next = Float32Array.from(bias);
      for (let i = 0; i < inputs; i++) {
        const value = values[i], row = i * outputs;
        if (value) for (let j = 0; j < outputs; j++) next[j] += value * kernel[row + j];
      }
      values = next.map(apply);
    }
    return values;
  };

  const points = floats(data.z), plane = at("plane"), size = plane.width;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  // The axes are stretched: ticks, the places at equal distances along each, tell how.
  const last = data.ticks[0].length - 1;
  const toShare = (ticks, value) => {
    const above = clamp(ticks.findIndex((tick) => tick >= value), 1, last);
    const i = value >= ticks[last] ? last : above;
    return clamp((i - 1 + (value - ticks[i - 1]) / (ticks[i] - ticks[i - 1])) / last, 0, 1);
  };
  const fromShare = (ticks, share) => {
    const along = clamp(share, 0, 1) * last, i = Math.min(last - 1, Math.floor(along));
    return ticks[i] + (along - i) * (ticks[i + 1] - ticks[i]);
  };
  const toPixel = ([x, y]) => [toShare(data.ticks[0], x) * size, (1 - toShare(data.ticks[1], y)) * size];
  const toPlace = (x, y) => [fromShare(data.ticks[0], x / size), fromShare(data.ticks[1], 1 - y / size)];

  const ground = document.createElement("canvas");
  ground.width = ground.height = size;
  const brush = ground.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, size, size);
  brush.font = "600 13px sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  const pixels = data.y.map((_, i) => toPixel([points[2 * i], points[2 * i + 1]]));
  data.y.forEach((digit, i) => {
    brush.fillStyle = COLORS[digit % COLORS.length];
    brush.fillText(digit, ...pixels[i]);
  });

  const drawDigit = (context, values, x = 0, y = 0) => {
    const image = context.createImageData(SIDE, SIDE);
    values.forEach((value, i) => {
      const ink = 255 * (1 - value);
      image.data.set([ink, ink, ink, 255], 4 * i);
    });
    context.putImageData(image, x, y);
  };

  let place = data.typical[0], waiting = false;
  const nearest = () => {
    const [x, y] = toPixel(place);
    let best = Infinity, found = 0;
    data.y.forEach((digit, i) => {
      const away = (pixels[i][0] - x) ** 2 + (pixels[i][1] - y) ** 2;
      if (away < best) [best, found] = [away, digit];
    });
    return found;
  };
  const draw = () => {
    waiting = false;
    const context = plane.getContext("2d"), [x, y] = toPixel(place);
    context.drawImage(ground, 0, 0);
    for (const [width, color] of [[6, "#fff"], [3, "#000"]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      context.arc(x, y, 11, 0, 2 * Math.PI);
      context.stroke();
    }
    drawDigit(at("digit").getContext("2d"), decode(place));
    const [first, second] = place.map((value) => value.toFixed(2).replace("-", "\u2212"));
    at("place").textContent = `z = (${first}, ${second}); the nearest test digit is a ${nearest()}`;
  };
  const moveTo = ([x, y]) => {
    place = [x, y].map((value, axis) => clamp(value, data.ticks[axis][0], data.ticks[axis][last]));
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  };

  const point = (event) => {
    const box = plane.getBoundingClientRect(), scale = size / box.width;
    moveTo(toPlace((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  };
  plane.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" || event.buttons) point(event);
  });
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    point(event);
  });
  const KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
  plane.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    const step = (event.shiftKey ? 0.1 : 0.02) * size, [x, y] = toPixel(place);
    moveTo(toPlace(x + way[0] * step, y - way[1] * step));
  });

  const walk = at("walk");
  const onTheWay = () => {
    const from = data.typical[at("from").selectedIndex], to = data.typical[at("to").selectedIndex];
    moveTo(from.map((value, i) => value + (walk.value / 100) * (to[i] - value)));
  };
  at("from").selectedIndex = 1;
  at("to").selectedIndex = 7;
  for (const part of [walk, at("from"), at("to")]) part.addEventListener("input", onTheWay);
  at("go").addEventListener("click", () => {
    let start;
    const step = (now) => {
      start ??= now;
      walk.value = Math.min(100, (now - start) / 30);
      onTheWay();
      if (now - start < 3000) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });

  const widths = Object.keys(data.rebuilt).map(Number).sort((a, b) => a - b);
  const showRows = () => {
    const d = widths[at("width").value], context = at("rows").getContext("2d");
    [data.originals, data.rebuilt[d]].forEach((text, row) => {
      const greys = bytes(text);
      for (let digit = 0; digit < 10; digit++) {
        const values = Array.from(greys.subarray(digit * SIDE ** 2, (digit + 1) * SIDE ** 2), (v) => v / 255);
        drawDigit(context, values, digit * SIDE, row * SIDE);
      }
    });
    at("width").setAttribute("aria-valuetext", `${d} numbers`);
    at("error").textContent = `d = ${d}: test error ${data.errors[d].toFixed(4)} (MSE per pixel)`;
  };
  at("width").addEventListener("input", showRows);

  document.getElementById("explorer").hidden = false;
  draw();
  showRows();
  // What the tests hold against Keras
  window.latentExplorer = {
    decode: (z) => Array.from(decode(z)),
    checked: {z: data.checked.z, pictures: Array.from(floats(data.checked.pictures))},
    place: () => place,
  };
})();
