"""How large road users are, how much they differ, and how sure their mean is."""

# Length, width, height in metres: means of annotated road users in nuScenes (Caesar et al. 2020)
# and KITTI (Geiger et al. 2012), rounded; a bicycle's and a motorcycle's without rider.
TYPICAL_SIZES = {
    "person": (0.6, 0.6, 1.75),
    "bicycle": (1.75, 0.6, 1.1),
    "car": (4.4, 1.8, 1.55),
    "motorcycle": (2.1, 0.8, 1.25),
    "bus": (11.5, 2.6, 3.2),
    "truck": (8.0, 2.5, 3.2),
}
# Spread of the logarithm of length, width and height between road users of one class.
SIZE_SPREAD = {
    "person": (0.15, 0.15, 0.07),
    "bicycle": (0.08, 0.12, 0.12),
    "car": (0.09, 0.05, 0.08),
    "motorcycle": (0.08, 0.12, 0.12),
    "bus": (0.12, 0.03, 0.06),
    "truck": (0.25, 0.05, 0.12),
}
# How far the mean itself may be off where a video was taken, as a share. Adults' mean height is
# 1.71 m (men) and 1.59 m (women) over the world, up to 1.82 m and 1.69 m by country (NCD-RisC
# 2016, "A century of trends in adult human height", eLife 5:e13410). New cars are 1.55 m high and
# 4.36 m long in Europe (Inovev 2022), 5.2 m long in the United States (JATO 2023). City buses are
# 2.9 to 3.3 m high.
MEAN_DOUBT = {"person": 0.04, "car": 0.06, "bus": 0.06}
"""Classes whose boxes have a known size. Left out: bicycles and motorcycles, whose boxes hold a
rider or not, and trucks, where COCO's class runs from pick-ups to articulated lorries."""
