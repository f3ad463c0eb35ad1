"""Max-sum messages over any graph of joints and frames (Paper A, Sec. 3.3)."""

from .rounds import pass_messages

__all__ = ["pass_messages"]
