"""Human pose in video: what the chapters leave behind, ready to be imported.

Data flows one way: frames -> heat-maps -> optical flow -> max-sum messages -> joints -> metrics.
Everywhere: x right, y down, 0-based pixels; ``flow[..., 0]`` is dx; axes are named
``B`` batch, ``T`` frames, ``K`` joints, ``E`` edges, ``H, W``.
"""
