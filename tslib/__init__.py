"""Human pose in video: what the chapters leave behind, ready to be imported.

Everywhere x points right and y down, pixels count from 0, and ``flow[..., 0]`` is dx. Axes have
one name each: ``B`` batch, ``T`` frames, ``K`` joints, ``E`` edges, ``H, W`` rows and columns.

Twenty files are the reading core. Read in this order, each needs no file but those before it:

    errors.py                            what is said of input that cannot be used
    heatmaps.py                          joints as heat-maps, and back (Paper A, Eqs. 5 and 6)
    losses.py                            what training minimises (Eqs. 5 and 6)
    metrics.py                           PCK and its three means
    distance_transform/arguments.py      what a message accepts
    distance_transform/reference.py      one message in NumPy (Eq. 4)
    distance_transform/layer.py          the same in torch, with gradients (Sec. 3.3)
    warp.py                              the flow layer (Sec. 3.2)
    message_passing/graph.py             joints, frames and springs (Eqs. 1 and 2)
    message_passing/rounds.py            one round of messages on any graph (Eqs. 3 and 4)
    message_passing/layer.py             all rounds, with learnt springs (Eq. 3)
    flow.py                              optical flow between two frames
    networks/pose_machine.py             the ConvNet (Sec. 5.2)
    networks/thin_slicing.py             ConvNet and messages together (Sec. 3)
    training/rows.py                     the rows of Table 1
    training/stages.py                   the two stages of training (Sec. 4)
    correction/normalization.py          poses without place and size
    correction/windows.py                tracks in overlapping windows (Paper B, Sec. IV)
    correction/attention.py              which frames a step looks at (Eqs. 3 and 4)
    correction/model.py                  encoder and decoder (Eqs. 1 and 2)

Data flows one way: frames -> heat-maps -> optical flow -> max-sum messages -> joints -> metrics.
"""
