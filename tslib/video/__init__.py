"""A video of one's own, step by step: frames, crops and heat-maps, messages, joints."""
