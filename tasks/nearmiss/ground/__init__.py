"""From the picture to the ground: calibration by points, by a matrix, or by known sizes."""
