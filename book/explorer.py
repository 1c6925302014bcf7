"""The latent explorer: what its page needs of the models, and its markup.

Weights travel in the page as float16, so that it works without a server. The
script book/_static/explorer.js computes with them.
"""

import base64
import io
import json

import matplotlib.pyplot as plt
import numpy as np

from aecourse import models

ACTIVATIONS = ("linear", "relu", "sigmoid")
N_POINTS = 1500  # test digits on the plane
N_TICKS = 50  # of each axis, at equal distances on the plane
N_CHECKED = 12  # places whose picture by Keras is kept, to hold against
SIDE = 28  # pixels


def base64_of(array, dtype):
    """Return the numbers of an array as text."""
    return base64.b64encode(array.astype(dtype).tobytes()).decode()


def layers_of(decoder):
    """Return sizes, activations and weights of a decoder's dense layers."""
    layers = []
    for layer in decoder.layers:
        if not layer.weights:
            continue
        kernel, bias = layer.get_weights()
        activation = layer.activation.__name__
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"Layer activations must be one of {ACTIVATIONS}. "
                f"Received: {activation!r} of layer {layer.name!r}."
            )
        layers.append(
            {
                "inputs": kernel.shape[0],
                "outputs": kernel.shape[1],
                "activation": activation,
                "kernel": base64_of(kernel, "<f2"),
                "bias": base64_of(bias, "<f2"),
            }
        )
    return layers


def typical(z, y):
    """Return for each digit the position of the code nearest to its median."""
    positions = []
    for digit in range(10):
        own = np.flatnonzero(y == digit)
        away = np.linalg.norm(z[own] - np.median(z[own], axis=0), axis=1)
        positions.append(int(own[away.argmin()]))
    return positions


def export(model, rebuilt, x, y):
    """Return all that the page holds, ready for JSON.

    ``model`` has a code of two numbers; ``rebuilt`` maps a width to the
    reconstructions of ``x`` (n_samples, 784) by a model of that width.
    """
    decoder = models.decoder(model)
    z = np.asarray(models.encoder(model)(x))  # (n_samples, 2)
    # Most codes crowd together: each axis is stretched until they lie evenly.
    ticks = np.quantile(z, np.linspace(0.005, 0.995, N_TICKS), axis=0)
    low, high = ticks[0], ticks[-1]
    if (np.diff(ticks, axis=0) <= 0).any():
        raise ValueError("The codes must differ along both axes of the plane.")
    inside = np.flatnonzero(((z >= low) & (z <= high)).all(axis=1))[:N_POINTS]
    chosen = typical(z, y)
    places = z[inside[:N_CHECKED]]
    rows = {str(d): x_hat[chosen] for d, x_hat in rebuilt.items()}
    errors = {d: ((r - x) ** 2).mean() for d, r in rebuilt.items()}
    return {
        "layers": layers_of(decoder),
        "ticks": ticks.T.tolist(),
        "z": base64_of(z[inside], "<f4"),
        "y": y[inside].tolist(),
        "typical": z[chosen].tolist(),
        "originals": base64_of(np.rint(255 * x[chosen]), "u1"),
        "rebuilt": {
            d: base64_of(np.rint(255 * images), "u1")
            for d, images in rows.items()
        },
        "errors": {str(d): float(error) for d, error in errors.items()},
        "checked": {
            "z": places.tolist(),
            "pictures": base64_of(np.asarray(decoder(places)), "<f4"),
        },
    }


def still(model, data, n_steps=13):
    """Return a picture of the plane as a PNG, for where scripts are off."""
    along = np.linspace(0, N_TICKS - 1, n_steps)
    x, y = (np.interp(along, range(N_TICKS), t) for t in data["ticks"])
    grid = np.stack(np.meshgrid(x, y[::-1]), axis=-1).reshape(-1, 2)
    images = np.asarray(models.decoder(model)(grid))
    images = images.reshape(n_steps, n_steps, SIDE, SIDE)
    sheet = images.transpose(0, 2, 1, 3).reshape(n_steps * SIDE, -1)
    file = io.BytesIO()
    plt.imsave(file, sheet, cmap="gray_r", vmin=0, vmax=1, format="png")
    return file.getvalue()


def markup(data, picture):
    """Return the page's part that the script brings to life."""
    options = "".join(f"<option>{digit}</option>" for digit in range(10))
    last = len(data["rebuilt"]) - 1
    png = base64.b64encode(picture).decode()
    return f"""
<div id="explorer" class="explorer" hidden>
<div class="explorer-main">
<div><canvas id="explorer-plane" width="640" height="640" tabindex="0"
  role="application" aria-describedby="explorer-keys"
  aria-label="Plane of the code. Arrow keys move the place."></canvas>
<p id="explorer-keys">Point or drag; or press the arrow keys, with Shift for
larger steps.</p></div>
<div><canvas id="explorer-digit" width="{SIDE}" height="{SIDE}" role="img"
  aria-label="Decoded picture"></canvas>
<p><output id="explorer-place" aria-live="polite"></output></p></div>
</div>
<p><label>Walk from <select id="explorer-from">{options}</select></label>
<label>to <select id="explorer-to">{options}</select></label>
<input type="range" id="explorer-walk" min="0" max="100" value="0"
  aria-label="Place on the way, in percent">
<button type="button" id="explorer-go">Walk</button></p>
<p><label>Width of the code <input type="range" id="explorer-width" min="0"
  max="{last}" value="0"></label>
<output id="explorer-error" for="explorer-width"></output></p>
<canvas id="explorer-rows" width="{10 * SIDE}" height="{2 * SIDE}" role="img"
  aria-label="Ten digits above, rebuilt below"></canvas>
</div>
<noscript><p>With scripts on, this page draws the digit of any place that you
point at. Without them, here are the digits of 169 places.</p>
<img src="data:image/png;base64,{png}" width="364" height="364"
  alt="Digits decoded from a grid over the plane: each digit has a region, and
  between regions one digit turns into another."></noscript>
<script type="application/json" id="explorer-data">{json.dumps(data)}</script>
<script src="../_static/explorer.js" defer></script>
"""
