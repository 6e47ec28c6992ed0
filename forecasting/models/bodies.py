"""Bodies of networks: features of a sequence in, a state per step out. All are causal, and any takes any head.

lstm             a plain LSTM (Hochreiter & Schmidhuber 1997, Neural Computation 9(8))
lstm-attention   the same, and each state looks back at the newest ones before it (after Qin et al. 2017, IJCAI)
transformer      attention alone (Vaswani et al. 2017, NeurIPS), with a bias that fades linearly with age in the place
                 of positions (Press, Smith & Lewis 2022, ICLR), so that a sequence means the same wherever it starts
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn


class BodyKind(StrEnum):
    """Which body; also the names of the models made of them."""

    LSTM = "lstm"
    LSTM_ATTENTION = "lstm-attention"
    TRANSFORMER = "transformer"


@dataclass(frozen=True, slots=True)
class BodySettings:
    """Size of a body. The defaults were chosen on real bars before 2015."""

    kind: BodyKind = BodyKind.LSTM
    hidden: int = 32
    layers: int = 1
    dropout: float = 0.3
    context: int = 64      # newest steps that attention reads, its own included
    heads: int = 4         # of the Transformer's attention; divides `hidden`


def make_body(settings: BodySettings, n_features: int) -> nn.Module:
    """A body that turns standardised features (B, T, F) into states (B, T, hidden)."""
    match settings.kind:
        case BodyKind.LSTM:
            return Lstm(settings, n_features)
        case BodyKind.LSTM_ATTENTION:
            return AttentiveLstm(settings, n_features)
        case BodyKind.TRANSFORMER:
            return CausalTransformer(settings, n_features)


class Lstm(nn.Module):
    """States of an LSTM."""

    def __init__(self, settings: BodySettings, n_features: int) -> None:
        super().__init__()
        s = settings
        dropout = s.dropout if s.layers > 1 else 0.0      # torch drops between layers only
        self.lstm = nn.LSTM(n_features, s.hidden, s.layers, batch_first=True, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, D)."""
        states: Tensor = self.lstm(x)[0]
        return states


class AttentiveLstm(nn.Module):
    """States of an LSTM, each joined with a weighted mean of the states before it."""

    def __init__(self, settings: BodySettings, n_features: int) -> None:
        super().__init__()
        self.context = settings.context
        self.body = Lstm(settings, n_features)
        self.question = nn.Linear(settings.hidden, settings.hidden)
        self.join = nn.Linear(2 * settings.hidden, settings.hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, D)."""
        states: Tensor = self.body(x)
        mask = window_mask(x.shape[1], self.context).to(x)
        memory = nn.functional.scaled_dot_product_attention(self.question(states), states, states, attn_mask=mask)
        return torch.tanh(self.join(torch.cat([states, memory], dim=-1)))


class CausalTransformer(nn.Module):
    """A Transformer encoder that sees no later step."""

    def __init__(self, settings: BodySettings, n_features: int) -> None:
        super().__init__()
        s = settings
        self.context, self.heads = s.context, s.heads
        self.embed = nn.Linear(n_features, s.hidden)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                s.hidden, s.heads, 2 * s.hidden, s.dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(s.layers)
        )
        self.norm = nn.LayerNorm(s.hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, D)."""
        mask = fading_mask(x.shape[1], self.context, self.heads).to(x).repeat(len(x), 1, 1)    # (B heads, T, T)
        state = self.embed(x)
        for block in self.blocks:
            state = block(state, src_mask=mask)
        normed: Tensor = self.norm(state)
        return normed


def window_mask(steps: int, context: int) -> Tensor:
    """What to add to attention scores, shape (T, T): 0 for the newest `context` steps, minus infinity elsewhere."""
    age = torch.arange(steps)[:, None] - torch.arange(steps)
    return torch.zeros(steps, steps).masked_fill((age < 0) | (age >= context), -math.inf)


def fading_mask(steps: int, context: int, heads: int) -> Tensor:
    """The window's mask less age times a slope per head, from steep to nearly level; shape (heads, T, T)."""
    age = (torch.arange(steps)[:, None] - torch.arange(steps)).clamp(min=0)
    slopes = 2.0 ** -(8.0 * torch.arange(1.0, heads + 1.0) / heads)
    return window_mask(steps, context) - slopes[:, None, None] * age
