"""Paper A's model (Sec. 3): a ConvNet's heat-maps, and messages between the joints of a slice."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..message_passing import MessagePassing


class ThinSlicingNetwork(nn.Module):
    """Slices (B, T, 3, H, W) and their flows -> scores (B, T, K, h, w).

    convnet : module (N, 3, H, W) -> list of stages (N, K + 1, h, w) or (N, K, h, w), and joints, K;
        such as ConvolutionalPoseMachine; the last map of K + 1 is that of the background
    inference : MessagePassing, or None: the ConvNet alone, the paper's baseline

    The paper's rows are made, not switched on: S-infer has a graph without edges over time,
    ST-infer(*) is the ConvNet taken out of a trained model, ThinSlicingNetwork(model.convnet), and
    the frozen row has a ConvNet whose weights ask for no gradient.
    """

    def __init__(self, convnet: nn.Module, inference: MessagePassing | None = None) -> None:
        super().__init__()
        self.convnet, self.inference = convnet, inference
        if inference is not None:
            K = len(inference.graph.joints)
            self.gain, self.offset = (nn.Parameter(torch.full((K, 1, 1), v)) for v in (2.0, -1.0))

    def forward(
        self, images: Tensor, flows: Mapping[int, Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Scores of the slice, and the ConvNet's stages (B, T, K + 1 or K, h, w), a list.

        flows : see MessagePassing.forward
        """
        B, T = images.shape[:2]
        stages = [s.unflatten(0, (B, T)) for s in self.convnet(images.flatten(0, 1))]
        scores = stages[-1][:, :, : self.convnet.joints].float()  # the background comes last
        return scores if self.inference is None else self.inference(scores, flows), stages

    def calibrated(self, scores: Tensor) -> Tensor:
        """Scores as Eq. 6 compares them with its targets."""
        return self.gain * scores + self.offset
