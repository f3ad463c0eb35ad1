"""The rows of Paper A's Table 1 that a model can be trained for, and a control."""

SPANS = {"S-infer": 0, "ST-infer": 1, "ST-infer(2)": 2}  # frames over which messages go
FROZEN = "-frozen"  # ends the name where only springs and calibration are trained
ROWS = ("baseline", *SPANS, *(name + FROZEN for name in SPANS), "longer")


def span_of(row: str) -> int | None:
    """Over how many frames messages of a row's model go; None: it has no messages."""
    return SPANS.get(row.removesuffix(FROZEN))
