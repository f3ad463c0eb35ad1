"""A person in three dimensions who does the fifteen exercises of Penn Action.

Lengths are in heights of the person, angles in degrees. World: x to the left of a person who faces
the camera, y up from the ground, z towards the camera. A pose is given by what a coach would say:
where the pelvis is and how it leans, where the hands and the feet are. Elbows and knees follow from
the lengths of the limbs, so a planted foot stays planted and two hands stay on one bar whatever the
body.
"""

from dataclasses import dataclass

import numpy as np

from tslib.skeletons import SKELETONS

# Points of a figure. The first thirteen are the joints; sides are the person's own.
POINTS = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip right_hip "
    "left_knee right_knee left_ankle right_ankle "
    "neck chest waist left_hand right_hand left_toe right_toe crown face "
    "left_eye right_eye badge_0 badge_1 badge_2 badge_3"
).split()
JOINTS = POINTS[:13]
BODY = SKELETONS["penn13"].with_joints(JOINTS)
AT = {name: n for n, name in enumerate(POINTS)}

HEAD, HAND, FOOT = (
    0.062,
    0.05,
    0.10,
)  # radius of the head, length from wrist to knuckles and from ankle to toe
SOLE = 0.04  # height of the ankle above the ground
LENGTHS = {
    "upper": 0.172,
    "fore": 0.150,
    "thigh": 0.245,
    "shin": 0.245,
    "back": 0.205,
    "belly": 0.095,
}
WIDTHS = {"shoulder": 0.108, "hip": 0.058}  # from the middle to the joint

CHANNELS = {
    "pelvis": 3,
    "turn": 3,
    "spine": 3,
    "head": 2,
    "L": 3,
    "R": 3,
    "l": 3,
    "r": 3,
    "toes": 1,
}


def key(time, L=(0.15, -0.31, 0.03), R=None, l=(0.07, SOLE, 0.0), r=None, **others):
    """One key pose: (time, channels (24,)).

    time : s, for a person of usual tempo
    pelvis : its middle in the world; ``turn``: yaw to the own left, pitch forward, roll
    spine : bend forward, to the side, twist to the own left; head: nod, turn
    L, R : wrists from the middle of the shoulders in the chest's frame (left, up, forward), or in
    the world
    l, r : ankles in the world, or from the pelvis; toes: where the feet point to, yaw to the left
    A right side that is left out mirrors the left one.
    """
    values = {
        "pelvis": (0, 0.525, 0),
        "turn": (0, 0, 0),
        "spine": (0, 0, 0),
        "head": (0, 0),
        "toes": (0,),
        "L": L,
        "R": R or (-L[0], *L[1:]),
        "l": l,
        "r": r or (-l[0], *l[1:]),
        **others,
    }
    return time, np.concatenate(
        [np.atleast_1d(np.asarray(values[name], float)) for name in CHANNELS]
    )


@dataclass(frozen=True)
class Activity:
    """Key poses and what goes with them.

    keys : list of (time, channels); the last one of a cycle is followed by the first
    views : shares of (front, side, back)
    cycle : s from the first key to its return; 0 for what is done once
    hands, feet : "world" where the keys give them there; else they follow "chest" and "pelvis"
    elbows : where elbows point to in the frame of the chest: (outward, up, forward)
    prop : what is held or used, see renderer.props
    framing : height of the picture that the person takes, about
    toes : True where only the toes touch the ground
    lying : True for those on the ground, of which there are fewer clips: seen from the side, far
        limbs lie behind near ones in every frame
    """

    keys: list
    views: tuple
    cycle: float = 0.0
    hands: str = "chest"
    feet: str = "world"
    elbows: tuple = (0.6, -1.0, -0.5)
    prop: str = ""
    framing: float = 0.70
    toes: bool = False
    lying: bool = False


BEHIND_HEAD = (0.10, 0.12, -0.02)

# Penn Action's labels have more views from the side, and many more from the back
# (experiments/real/labels.py). With their shares a small network takes left for right much more
# often (experiments/paper_a/failure_modes.py --views), and seen from the back it does so in many
# frames in a row, where no neighbour frame can help. So for most activities the share of sides lies
# half-way between one in nine and that of the labels, and backs are few.
ACTIVITIES = {
    "baseball_pitch": Activity(
        [
            key(
                0.0,
                L=(0.03, -0.16, 0.18),
                R=(-0.03, -0.16, 0.18),
                turn=(-40, 0, 0),
                toes=-40,
                head=(0, 40),
            ),
            key(
                0.5,
                L=(0.03, -0.05, 0.17),
                R=(-0.03, -0.05, 0.17),
                turn=(-80, 0, 0),
                toes=-60,
                head=(0, 70),
                l=(0.06, 0.42, 0.16),
                r=(-0.07, SOLE, -0.02),
            ),
            key(
                0.9,
                L=(0.30, -0.02, 0.10),
                R=(-0.28, 0.02, -0.10),
                turn=(-75, 0, 0),
                toes=-30,
                head=(0, 65),
                pelvis=(0, 0.46, 0.14),
                l=(0.08, SOLE, 0.42),
                r=(-0.07, SOLE, -0.04),
            ),
            key(
                1.1,
                L=(0.20, -0.10, 0.05),
                R=(-0.22, 0.18, 0.12),
                turn=(-10, 20, 0),
                spine=(10, 0, 10),
                pelvis=(0, 0.45, 0.24),
                l=(0.08, SOLE, 0.42),
                r=(-0.08, 0.08, -0.02),
            ),
            key(
                1.25,
                L=(0.17, -0.12, -0.04),
                R=(-0.06, 0.02, 0.32),
                turn=(15, 38, 0),
                spine=(22, 0, 20),
                pelvis=(0, 0.45, 0.29),
                l=(0.08, SOLE, 0.42),
                r=(-0.10, 0.16, 0.02),
                head=(-30, 0),
            ),
            key(
                1.6,
                L=(0.20, -0.10, -0.08),
                R=(0.14, -0.26, 0.16),
                turn=(25, 50, 0),
                spine=(28, 0, 20),
                pelvis=(0.02, 0.45, 0.34),
                l=(0.08, SOLE, 0.42),
                r=(-0.16, 0.20, 0.16),
                head=(-45, 0),
            ),
            key(
                2.1,
                turn=(0, 20, 0),
                pelvis=(0, 0.50, 0.38),
                l=(0.08, SOLE, 0.42),
                r=(-0.12, SOLE, 0.36),
            ),
        ],
        views=(0.74, 0.21, 0.05),
    ),
    "baseball_swing": Activity(
        [
            key(
                0.0,
                L=(-0.12, 0.0, 0.16),
                R=(-0.17, 0.04, 0.13),
                turn=(-20, 10, 0),
                spine=(8, 0, -25),
                pelvis=(0, 0.49, 0),
                l=(0.14, SOLE, 0),
                head=(0, 50),
            ),
            key(
                0.5,
                L=(-0.14, 0.02, 0.14),
                R=(-0.20, 0.05, 0.09),
                turn=(-30, 10, 0),
                spine=(8, 0, -40),
                pelvis=(-0.03, 0.48, 0),
                l=(0.17, 0.12, 0.02),
                r=(-0.14, SOLE, 0),
                head=(0, 65),
            ),
            key(
                0.85,
                L=(-0.05, -0.10, 0.24),
                R=(-0.10, -0.08, 0.22),
                turn=(10, 12, 0),
                spine=(10, 0, -15),
                pelvis=(0.03, 0.46, 0),
                l=(0.22, SOLE, 0),
                r=(-0.14, SOLE, 0),
                head=(10, 30),
            ),
            key(
                1.0,
                L=(0.10, -0.10, 0.29),
                R=(0.04, -0.10, 0.29),
                turn=(45, 8, 0),
                spine=(8, 0, 10),
                pelvis=(0.05, 0.46, 0),
                l=(0.22, SOLE, 0),
                r=(-0.13, 0.06, 0),
            ),
            key(
                1.25,
                L=(0.22, 0.06, 0.12),
                R=(0.17, 0.06, 0.15),
                turn=(70, 0, 0),
                spine=(-5, 0, 35),
                pelvis=(0.06, 0.47, 0),
                l=(0.22, SOLE, 0),
                r=(-0.12, 0.09, 0.02),
                head=(0, -30),
            ),
            key(
                1.8,
                L=(0.20, 0.10, 0.02),
                R=(0.15, 0.10, 0.08),
                turn=(75, 0, 0),
                spine=(-5, 0, 40),
                pelvis=(0.06, 0.48, 0),
                l=(0.22, SOLE, 0),
                r=(-0.12, 0.09, 0.02),
                head=(0, -30),
            ),
        ],
        views=(0.49, 0.46, 0.05),
        prop="bat",
    ),
    "bench_press": Activity(
        [
            key(
                0.0,
                pelvis=(0, 0.26, 0.05),
                turn=(0, -90, 0),
                L=(0.19, 0.0, 0.31),
                l=(0.16, SOLE, 0.28),
            ),
            key(
                1.0,
                pelvis=(0, 0.26, 0.05),
                turn=(0, -90, 0),
                spine=(-6, 0, 0),
                L=(0.21, -0.08, 0.09),
                l=(0.16, SOLE, 0.28),
            ),
            key(
                1.4,
                pelvis=(0, 0.26, 0.05),
                turn=(0, -90, 0),
                spine=(-6, 0, 0),
                L=(0.21, -0.08, 0.09),
                l=(0.16, SOLE, 0.28),
            ),
        ],
        views=(0.22, 0.76, 0.02),
        cycle=2.2,
        elbows=(1.0, -0.7, -0.5),
        prop="bench barbell",
        lying=True,
    ),
    "bowl": Activity(
        [
            key(
                0.0,
                L=(0.04, -0.14, 0.16),
                R=(-0.06, -0.15, 0.17),
                pelvis=(0, 0.51, 0),
                turn=(0, 8, 0),
            ),
            key(
                0.45,
                L=(0.10, -0.20, 0.20),
                R=(-0.10, -0.24, 0.16),
                pelvis=(0, 0.50, 0.16),
                turn=(0, 12, 0),
                l=(0.06, SOLE, -0.02),
                r=(-0.06, SOLE, 0.26),
            ),
            key(
                0.80,
                L=(0.26, -0.18, 0.04),
                R=(-0.14, -0.32, -0.02),
                pelvis=(0, 0.49, 0.40),
                turn=(-8, 20, 0),
                l=(0.06, SOLE, 0.52),
                r=(-0.06, 0.08, 0.24),
            ),
            key(
                1.10,
                L=(0.32, -0.06, 0.02),
                R=(-0.14, -0.12, -0.30),
                pelvis=(0, 0.46, 0.62),
                turn=(-18, 32, 0),
                spine=(12, 0, -10),
                l=(0.05, 0.09, 0.50),
                r=(-0.06, SOLE, 0.74),
            ),
            key(
                1.45,
                L=(0.30, -0.02, -0.06),
                R=(-0.12, -0.32, 0.06),
                pelvis=(0.02, 0.38, 0.92),
                turn=(0, 40, 0),
                spine=(20, 0, 0),
                l=(0.04, SOLE, 1.06),
                r=(-0.02, 0.07, 0.62),
                head=(-35, 0),
            ),
            key(
                1.75,
                L=(0.30, -0.04, -0.10),
                R=(-0.08, 0.06, 0.31),
                pelvis=(0.02, 0.37, 0.96),
                turn=(6, 42, 0),
                spine=(16, 0, 10),
                l=(0.04, SOLE, 1.06),
                r=(0.16, 0.09, 0.56),
                head=(-35, 0),
            ),
            key(
                2.3,
                L=(0.26, -0.14, -0.06),
                R=(-0.06, 0.16, 0.24),
                pelvis=(0.02, 0.44, 0.98),
                turn=(6, 24, 0),
                spine=(8, 0, 8),
                l=(0.04, SOLE, 1.06),
                r=(0.12, 0.08, 0.66),
                head=(-20, 0),
            ),
        ],
        views=(0.67, 0.08, 0.25),
        prop="ball",
        framing=0.68,
    ),
    "clean_and_jerk": Activity(
        [
            key(
                0.0,
                L=(0.20, 0.09, 0.13),
                pelvis=(0, 0.26, -0.08),
                turn=(0, 52, 0),
                spine=(6, 0, 0),
                l=(0.09, SOLE, 0),
                head=(-40, 0),
            ),
            key(
                0.9,
                L=(0.20, 0.40, 0.11),
                pelvis=(0, 0.47, -0.04),
                turn=(0, 30, 0),
                l=(0.09, SOLE, 0),
            ),
            key(
                1.15,
                L=(0.19, 0.66, 0.13),
                pelvis=(0, 0.545, 0.01),
                turn=(0, -4, 0),
                l=(0.09, 0.055, 0),
            ),
            key(
                1.45,
                L=(0.17, 0.62, 0.11),
                pelvis=(0, 0.30, -0.04),
                turn=(0, 12, 0),
                l=(0.12, SOLE, 0),
            ),
            key(2.2, L=(0.17, 0.83, 0.10), pelvis=(0, 0.525, 0), l=(0.11, SOLE, 0)),
            key(2.7, L=(0.17, 0.78, 0.10), pelvis=(0, 0.475, 0), l=(0.11, SOLE, 0)),
            key(
                2.95,
                L=(0.20, 1.08, 0.03),
                pelvis=(0, 0.46, 0),
                l=(0.08, SOLE, 0.20),
                r=(-0.08, 0.07, -0.24),
            ),
            key(3.8, L=(0.20, 1.15, 0.02), pelvis=(0, 0.525, 0), l=(0.10, SOLE, 0)),
        ],
        views=(0.60, 0.40, 0.00),
        hands="world",
        elbows=(0.8, -0.6, 0.35),
        prop="barbell",
        framing=0.74,
    ),
    "golf_swing": Activity(
        [
            key(
                0.0,
                L=(0.02, -0.27, 0.19),
                R=(-0.01, -0.30, 0.19),
                turn=(0, 28, 0),
                spine=(12, 0, 0),
                pelvis=(0, 0.49, -0.05),
                l=(0.11, SOLE, 0),
                head=(20, 0),
            ),
            key(
                0.7,
                L=(-0.20, 0.00, 0.22),
                R=(-0.24, -0.02, 0.18),
                turn=(-35, 22, 0),
                spine=(12, 0, -45),
                pelvis=(-0.02, 0.49, -0.04),
                l=(0.11, SOLE, 0),
                head=(20, 70),
            ),
            key(
                0.95,
                L=(-0.19, 0.14, 0.15),
                R=(-0.22, 0.12, 0.11),
                turn=(-42, 20, 0),
                spine=(12, 0, -52),
                pelvis=(-0.02, 0.49, -0.04),
                l=(0.11, 0.05, 0),
                r=(-0.11, SOLE, 0),
                head=(20, 80),
            ),
            key(
                1.2,
                L=(0.02, -0.28, 0.17),
                R=(-0.01, -0.30, 0.17),
                turn=(20, 28, 0),
                spine=(12, 6, -10),
                pelvis=(0.03, 0.48, -0.04),
                l=(0.11, SOLE, 0),
                head=(20, 0),
            ),
            key(
                1.4,
                L=(0.18, -0.10, 0.24),
                R=(0.12, -0.12, 0.26),
                turn=(55, 15, 0),
                spine=(8, 6, 20),
                pelvis=(0.05, 0.50, -0.02),
                l=(0.11, SOLE, 0),
                r=(-0.10, 0.06, 0),
                head=(10, -40),
            ),
            key(
                1.7,
                L=(0.16, 0.16, 0.06),
                R=(0.12, 0.14, 0.10),
                turn=(75, 4, 0),
                spine=(-8, 0, 30),
                pelvis=(0.06, 0.515, 0),
                l=(0.11, SOLE, 0),
                r=(-0.08, 0.10, 0.02),
                head=(0, -30),
            ),
            key(
                2.3,
                L=(0.16, 0.16, 0.04),
                R=(0.12, 0.14, 0.08),
                turn=(78, 4, 0),
                spine=(-8, 0, 32),
                pelvis=(0.06, 0.515, 0),
                l=(0.11, SOLE, 0),
                r=(-0.08, 0.10, 0.02),
                head=(0, -30),
            ),
        ],
        views=(0.63, 0.32, 0.05),
        prop="club",
        elbows=(0.5, -1.0, 0.0),
        framing=0.68,
    ),
    "jump_rope": Activity(
        [
            key(0.0, L=(0.22, -0.21, 0.07), pelvis=(0, 0.50, 0), l=(0.04, SOLE, 0)),
            key(0.2, L=(0.23, -0.19, 0.09), pelvis=(0, 0.58, 0), l=(0.04, 0.105, 0)),
        ],
        views=(0.79, 0.16, 0.05),
        cycle=0.4,
        prop="rope",
    ),
    "jumping_jacks": Activity(
        [
            key(0.0, L=(0.16, -0.31, 0.02), l=(0.04, SOLE, 0), pelvis=(0, 0.51, 0)),
            key(0.22, L=(0.40, -0.06, 0.04), l=(0.12, 0.08, 0), pelvis=(0, 0.56, 0)),
            key(0.45, L=(0.09, 0.30, 0.02), l=(0.21, SOLE, 0), pelvis=(0, 0.48, 0)),
            key(0.52, L=(0.10, 0.30, 0.02), l=(0.21, SOLE, 0), pelvis=(0, 0.475, 0)),
            key(0.74, L=(0.40, -0.04, 0.04), l=(0.12, 0.08, 0), pelvis=(0, 0.555, 0)),
        ],
        views=(0.87, 0.08, 0.05),
        cycle=1.0,
        elbows=(0.7, -0.6, -0.5),
        framing=0.72,
    ),
    "pullup": Activity(
        [
            key(
                0.0,
                L=(0.20, 1.20, 0.0),
                pelvis=(0, 0.62, 0.0),
                turn=(0, 4, 0),
                l=(0.04, -0.44, -0.10),
            ),
            key(
                0.9,
                L=(0.20, 1.20, 0.0),
                pelvis=(0, 0.86, -0.05),
                turn=(0, -4, 0),
                spine=(-8, 0, 0),
                l=(0.04, -0.38, -0.18),
                head=(-15, 0),
            ),
            key(
                1.1,
                L=(0.20, 1.20, 0.0),
                pelvis=(0, 0.87, -0.05),
                turn=(0, -4, 0),
                spine=(-8, 0, 0),
                l=(0.04, -0.38, -0.18),
                head=(-15, 0),
            ),
        ],
        views=(0.63, 0.19, 0.18),
        cycle=2.2,
        hands="world",
        feet="pelvis",
        elbows=(1.0, -1.0, 0.2),
        prop="highbar",
        framing=0.74,
    ),
    "pushup": Activity(
        [
            key(
                0.0,
                pelvis=(0, 0.235, 0),
                turn=(0, 74, 0),
                L=(0.15, 0.035, 0.31),
                l=(0.05, 0.085, -0.46),
                head=(-35, 0),
            ),
            key(
                0.8,
                pelvis=(0, 0.135, 0),
                turn=(0, 86, 0),
                L=(0.15, 0.035, 0.31),
                l=(0.05, 0.085, -0.47),
                head=(-30, 0),
            ),
        ],
        views=(0.13, 0.85, 0.02),
        cycle=1.6,
        hands="world",
        elbows=(1.0, -0.8, -0.8),
        toes=True,
        lying=True,
    ),
    "situp": Activity(
        [
            key(0.0, pelvis=(0, 0.075, 0), turn=(0, -88, 0), L=BEHIND_HEAD, l=(0.06, SOLE, 0.33)),
            key(
                0.8,
                pelvis=(0, 0.075, 0),
                turn=(0, -25, 0),
                spine=(45, 0, 0),
                L=BEHIND_HEAD,
                l=(0.06, SOLE, 0.33),
            ),
            key(
                1.0,
                pelvis=(0, 0.075, 0),
                turn=(0, -20, 0),
                spine=(50, 0, 0),
                L=BEHIND_HEAD,
                l=(0.06, SOLE, 0.33),
            ),
        ],
        views=(0.10, 0.88, 0.02),
        cycle=2.0,
        elbows=(1.0, 0.1, 0.5),
        lying=True,
    ),
    "squat": Activity(
        [
            key(0.0, L=(0.21, -0.02, 0.0), pelvis=(0, 0.52, 0), turn=(0, 4, 0), l=(0.10, SOLE, 0)),
            key(
                1.1,
                L=(0.21, -0.02, 0.0),
                pelvis=(0, 0.27, -0.12),
                turn=(0, 36, 0),
                l=(0.10, SOLE, 0),
                head=(-25, 0),
            ),
            key(
                1.25,
                L=(0.21, -0.02, 0.0),
                pelvis=(0, 0.27, -0.12),
                turn=(0, 36, 0),
                l=(0.10, SOLE, 0),
                head=(-25, 0),
            ),
        ],
        views=(0.48, 0.49, 0.03),
        cycle=2.3,
        elbows=(0.5, -1.0, -0.3),
        prop="barbell",
    ),
    "strum_guitar": Activity(
        [
            key(0.0, L=(0.27, -0.08, 0.16), R=(-0.06, -0.17, 0.17), spine=(6, 0, 0), head=(15, 20)),
            key(
                0.16, L=(0.27, -0.08, 0.16), R=(-0.08, -0.28, 0.16), spine=(6, 0, 0), head=(17, 20)
            ),
            key(
                0.32, L=(0.25, -0.09, 0.16), R=(-0.05, -0.16, 0.17), spine=(7, 0, 0), head=(18, 18)
            ),
            key(
                0.48, L=(0.25, -0.09, 0.16), R=(-0.08, -0.27, 0.16), spine=(7, 0, 0), head=(16, 18)
            ),
        ],
        views=(1.00, 0.00, 0.00),
        cycle=0.64,
        elbows=(0.8, -1.0, -0.3),
        prop="guitar",
        framing=1.15,
    ),
    "tennis_forehand": Activity(
        [
            key(
                0.0,
                L=(0.04, -0.16, 0.20),
                R=(-0.08, -0.18, 0.20),
                pelvis=(0, 0.49, 0),
                turn=(0, 12, 0),
                l=(0.13, SOLE, 0),
            ),
            key(
                0.5,
                L=(-0.06, -0.10, 0.26),
                R=(-0.30, -0.06, -0.02),
                pelvis=(-0.04, 0.47, 0),
                turn=(-45, 10, 0),
                spine=(6, 0, -30),
                l=(0.12, 0.07, 0.08),
                r=(-0.16, SOLE, 0),
                head=(0, 50),
            ),
            key(
                0.85,
                L=(0.12, -0.04, 0.22),
                R=(-0.26, -0.20, 0.08),
                pelvis=(0.02, 0.46, 0.06),
                turn=(-20, 14, 0),
                spine=(8, 0, -15),
                l=(0.16, SOLE, 0.20),
                r=(-0.16, SOLE, 0),
                head=(0, 20),
            ),
            key(
                1.05,
                L=(0.20, -0.02, 0.10),
                R=(-0.08, -0.06, 0.30),
                pelvis=(0.05, 0.47, 0.10),
                turn=(25, 12, 0),
                spine=(6, 0, 15),
                l=(0.16, SOLE, 0.20),
                r=(-0.14, 0.06, 0.02),
            ),
            key(
                1.35,
                L=(0.24, 0.0, 0.02),
                R=(0.16, 0.12, 0.12),
                pelvis=(0.06, 0.49, 0.12),
                turn=(50, 6, 0),
                spine=(0, 0, 30),
                l=(0.16, SOLE, 0.20),
                r=(-0.10, 0.09, 0.06),
            ),
            key(
                1.9,
                L=(0.08, -0.16, 0.18),
                R=(-0.06, -0.14, 0.20),
                pelvis=(0.02, 0.49, 0.14),
                turn=(5, 10, 0),
                l=(0.16, SOLE, 0.20),
                r=(-0.12, SOLE, 0.12),
            ),
        ],
        views=(0.61, 0.34, 0.05),
        prop="racquet",
        framing=0.67,
    ),
    "tennis_serve": Activity(
        [
            key(
                0.0,
                L=(0.10, -0.18, 0.20),
                R=(-0.04, -0.22, 0.18),
                turn=(-50, 6, 0),
                toes=-30,
                head=(0, 45),
                l=(0.09, SOLE, 0.10),
            ),
            key(
                0.6,
                L=(0.26, 0.14, 0.14),
                R=(-0.28, -0.12, -0.08),
                turn=(-60, 0, 0),
                toes=-30,
                head=(-25, 40),
                pelvis=(0, 0.49, 0.04),
                l=(0.09, SOLE, 0.12),
                r=(-0.09, SOLE, -0.06),
            ),
            key(
                0.95,
                L=(0.14, 0.29, 0.10),
                R=(-0.19, 0.08, -0.12),
                turn=(-55, -10, 0),
                spine=(-12, 8, 0),
                pelvis=(0, 0.45, 0.08),
                toes=-30,
                head=(-35, 35),
                l=(0.09, SOLE, 0.12),
                r=(-0.08, SOLE, -0.02),
            ),
            key(
                1.2,
                L=(0.16, -0.02, 0.16),
                R=(-0.10, 0.31, 0.06),
                turn=(-5, 8, 0),
                spine=(0, 12, 10),
                pelvis=(0, 0.58, 0.14),
                head=(-30, 0),
                l=(0.07, 0.10, 0.16),
                r=(-0.08, 0.11, 0.0),
            ),
            key(
                1.4,
                L=(0.14, -0.16, 0.06),
                R=(-0.04, 0.10, 0.31),
                turn=(20, 28, 0),
                spine=(16, 0, 20),
                pelvis=(0, 0.51, 0.26),
                l=(0.08, SOLE, 0.32),
                r=(-0.12, 0.24, 0.02),
                head=(-20, 0),
            ),
            key(
                1.7,
                L=(0.16, -0.20, -0.02),
                R=(0.16, -0.24, 0.18),
                turn=(30, 36, 0),
                spine=(18, 0, 20),
                pelvis=(0.02, 0.48, 0.32),
                l=(0.08, SOLE, 0.32),
                r=(-0.14, 0.22, 0.16),
                head=(-20, 0),
            ),
            key(
                2.2,
                L=(0.16, -0.24, 0.06),
                R=(0.0, -0.22, 0.18),
                turn=(5, 10, 0),
                pelvis=(0.02, 0.51, 0.38),
                l=(0.08, SOLE, 0.32),
                r=(-0.10, SOLE, 0.46),
            ),
        ],
        views=(0.67, 0.28, 0.05),
        prop="racquet",
        framing=0.67,
    ),
}


@dataclass(frozen=True)
class Body:
    """One person: lengths of LENGTHS and WIDTHS together, and girth, a factor on every radius."""

    lengths: dict
    girth: float

    @classmethod
    def any(cls, rng):
        """Somebody, from a numpy Generator."""
        spread = {name: value * rng.normal(1, 0.035) for name, value in (LENGTHS | WIDTHS).items()}
        return cls(spread, float(np.clip(rng.normal(1.05, 0.13), 0.8, 1.4)))


def motion(activity, body, times, rng):
    """What a body does.

    activity : Activity
    times : (N,) s, increasing; any origin for a cycle, from 0 for what is done once
    rng : numpy Generator, for habits: everybody does it a little differently

    Returns points float64 (N, 28, 3) in heights, in the order of POINTS.
    """
    channels = _interpolate(activity, np.asarray(times, float), rng)
    parts, start = {}, 0
    for name, count in CHANNELS.items():
        parts[name] = channels[:, start : start + count]
        start += count
    size = body.lengths
    pelvis = parts["pelvis"]
    hips = _rotation(*parts["turn"].T)
    trunk = hips @ _rotation(parts["spine"][:, 2], parts["spine"][:, 0], parts["spine"][:, 1])
    skull = trunk @ _rotation(
        parts["head"][:, 1] * 0.6, parts["head"][:, 0], 0 * parts["head"][:, 0]
    )

    out = {"waist": pelvis + _apply(hips, (0, size["belly"], 0))}
    top = out["waist"] + _apply(trunk, (0, size["back"], 0))
    out["chest"] = out["waist"] + _apply(trunk, (0, 0.6 * size["back"], 0.012))
    out["neck"] = top + _apply(trunk, (0, 0.015, 0))
    out["head"] = top + _apply(skull, (0, 0.120, 0.018))
    out["crown"] = out["head"] + _apply(skull, (0, 0.03, 0))
    out["face"] = out["head"] + _apply(skull, (0, 0, HEAD))
    for n, (across, up) in enumerate(((-1, 1), (1, 1), (1, -1), (-1, -1))):
        out[f"badge_{n}"] = out["chest"] + _apply(trunk, (0.05 * across, 0.02 + 0.022 * up, 0.075))
    for side, sign, hand, foot in (("left", 1, "L", "l"), ("right", -1, "R", "r")):
        out[f"{side}_eye"] = out["head"] + _apply(skull, (0.025 * sign, 0.008, 0.056))
        # wrist
        if activity.hands == "world":
            wrist = parts[hand]
        else:
            wrist = top + np.einsum("nij,nj->ni", trunk, parts[hand])
        # A raised arm lifts its shoulder.
        rise = np.einsum("nij,ni->nj", trunk, wrist - top)[:, 1] / 0.32
        lift = np.stack([0 * rise, 0.035 * rise.clip(0, 1) - 0.012, 0 * rise], -1)
        shoulder = top + np.einsum("nij,nj->ni", trunk, lift + [sign * size["shoulder"], 0, 0])
        pole = _apply(trunk, (sign * activity.elbows[0], *activity.elbows[1:]))
        elbow, wrist = _two_bones(shoulder, wrist, size["upper"], size["fore"], pole)
        out[f"{side}_shoulder"], out[f"{side}_elbow"], out[f"{side}_wrist"] = shoulder, elbow, wrist
        out[f"{side}_hand"] = wrist + HAND * _unit(wrist - elbow)
        # leg
        hip = pelvis + _apply(hips, (sign * size["hip"], -0.01, 0))
        if activity.feet == "world":
            ankle = parts[foot].copy()
            ankle[:, 1] = np.maximum(ankle[:, 1], SOLE)
        else:
            ankle = pelvis + parts[foot]
        knee, ankle = _two_bones(
            hip, ankle, size["thigh"], size["shin"], _apply(hips, (0.22 * sign, 0, 1))
        )
        out[f"{side}_hip"], out[f"{side}_knee"], out[f"{side}_ankle"] = hip, knee, ankle
        yaw = np.radians(parts["toes"][:, 0] + 12 * sign)
        heel = np.clip((ankle[:, 1] - SOLE) / 0.08, 0, 1) * 0.75  # a lifted foot points down
        if activity.toes:
            heel = np.full(len(yaw), 1.25)
        forward = np.stack(
            [np.sin(yaw) * np.cos(heel), -np.sin(heel) - 0.28, np.cos(yaw) * np.cos(heel)], -1
        )
        out[f"{side}_toe"] = ankle + FOOT * _unit(forward)
        out[f"{side}_toe"][:, 1] = np.maximum(out[f"{side}_toe"][:, 1], 0.012)
    return np.stack([out[name] for name in POINTS], 1)


def _interpolate(activity, times, rng):
    """Channels (N, 24) at times: smooth, and at rest wherever two key poses agree."""
    at = np.array([time for time, _ in activity.keys])
    keys = np.stack([values for _, values in activity.keys])
    # Habits: an offset for the whole clip and a little for each key. What stands on the ground, or
    # holds a bar, is left where it is in all keys alike.
    each, whole = np.zeros(keys.shape[1]), np.zeros(keys.shape[1])
    start = 0
    for name, count in CHANNELS.items():
        part = slice(start, start + count)
        start += count
        if name in ("turn", "spine", "head"):
            each[part], whole[part] = 3.0, 3.5
        elif name in ("L", "R") and activity.hands == "chest":
            each[part], whole[part] = 0.012, 0.012
    keys = keys + rng.normal(0, 1, keys.shape[1]) * whole + rng.normal(0, 1, keys.shape) * each
    if activity.cycle:
        at = np.concatenate([at - activity.cycle, at, at + activity.cycle])
        keys = np.concatenate([keys] * 3)
        times = np.mod(times, activity.cycle)
    slope = np.diff(keys, axis=0) / np.diff(at)[:, None]
    before, after = slope[:-1], slope[1:]
    tangent = np.zeros_like(keys)
    same = before * after > 0
    tangent[1:-1][same] = 2 * before[same] * after[same] / (before[same] + after[same])
    n = np.clip(np.searchsorted(at, times, "right") - 1, 0, len(at) - 2)
    step = (at[n + 1] - at[n])[:, None]
    u = np.clip((times - at[n])[:, None] / step, 0, 1)
    return (
        keys[n] * (1 + 2 * u) * (1 - u) ** 2
        + keys[n + 1] * u**2 * (3 - 2 * u)
        + step * u * (1 - u) * (tangent[n] * (1 - u) - tangent[n + 1] * u)
    )


def _rotation(yaw, pitch, roll):
    """Rotations (N, 3, 3): roll first, then pitch (up towards forward), then yaw (forward towards
    left).
    """
    yaw, pitch, roll = np.radians(yaw), np.radians(pitch), np.radians(roll)
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    rows = (
        (cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp),
        (cp * sr, cp * cr, -sp),
        (-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _apply(rotation, vector):
    return rotation @ np.asarray(vector, float)


def _unit(vector):
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _two_bones(start, end, first, second, pole):
    """Elbows (N, 3) between start and end that lie towards pole, and ends (N, 3) within reach."""
    way = end - start
    far = np.linalg.norm(way, axis=-1, keepdims=True)
    along = way / np.maximum(far, 1e-9)
    far = np.clip(far, abs(first - second) + 0.02, 0.9995 * (first + second))
    across = _unit(pole - (pole * along).sum(-1, keepdims=True) * along)
    cosine = (first**2 + far**2 - second**2) / (2 * first * far)
    middle = start + first * (cosine * along + np.sqrt(np.maximum(1 - cosine**2, 0)) * across)
    return middle, start + far * along
