"""Published values that reproductions are compared with; each names its paper, figure or table, and unit."""

__all__ = ["JACOBIAN", "SPECTRUM", "SPECTRUM_INDEX"]

# Rifai et al. 2011, table 1: {data: {model: (mean squared entry of the encoder's Jacobian, saturated share of units)}}.
# The paper prints the first column as "average ||J_f(x)||_F"; its figures 1 and 2 agree with it only if it is the mean squared
# entry ||J||_F^2 / (d_x d_h): on MNIST sqrt(1000 * column) gives the contraction ratio at radius 0 of figure 1.
JACOBIAN = {
    "mnist": {
        "AE": (17.5e-4, 0.4990),
        "AE+wd": (5.00e-4, 0.1297),
        "DAE-b": (7.87e-4, 0.6819),
        "DAE-g": (0.86e-4, 0.1777),
        "CAE": (0.73e-4, 0.8636),
    },
    "cifar10_bw": {
        "AE": (44.9e-5, 0.2257),
        "AE+wd": (34.9e-5, 0.2304),
        "DAE-b": (4.85e-5, 0.8066),
        "DAE-g": (4.94e-5, 0.1990),
        "CAE": (2.40e-5, 0.8565),
    },
}

# Rifai et al. 2011, figure 2, grey CIFAR-10: mean singular values at these positions (from 1), read off the printed curves to
# about 0.02; "about 0" in the figure stands as 0 here.
SPECTRUM_INDEX = (30, 60, 90, 150, 300, 480, 600, 690)
SPECTRUM = {
    "cifar10_bw": {
        "AE": (1.15, 1.13, 1.10, 1.06, 0.90, 0.53, 0.26, 0.16),
        "AE+wd": (1.09, 1.03, 0.98, 0.91, 0.74, 0.50, 0.11, 0.03),
        "DAE-b": (0.68, 0.42, 0.28, 0.15, 0.04, 0.02, 0.01, 0.0),
        "DAE-g": (0.63, 0.49, 0.40, 0.29, 0.16, 0.08, 0.05, 0.04),
        "CAE": (0.47, 0.25, 0.15, 0.05, 0.01, 0.0, 0.0, 0.0),
    },
}
