"""Published values that reproductions are compared with; each names its paper, figure or table, and unit."""

__all__ = [
    "ABSORPTION",
    "CONTRACTION",
    "CONTRACTION_DEPTH",
    "CONTRACTION_RADII",
    "FEATURES",
    "FEATURES_TUNED",
    "JACOBIAN",
    "KERAS",
    "KERAS_CODE_MEAN",
    "KERAS_FLOOR",
    "PCA_ERROR",
    "RECONSTRUCTION",
    "SANITY",
    "SPECTRUM",
    "SPECTRUM_INDEX",
    "STACKS_TUNED",
    "SYNTHETIC",
    "TEST_ERROR",
    "TRAINING_DISTANCES",
    "TUTORIAL",
]

# Rifai et al. 2011, table 1: {data: {model: (mean squared entry of the encoder's Jacobian, saturated share of units)}}.
# The paper prints the first column as "average ||J_f(x)||_F"; its figures 1 and 2 agree with it only if it is the mean squared
# entry ||J||_F^2 / (d_x d_h): on MNIST sqrt(1000 * column) gives the contraction ratio at radius 0 of figure 1.
JACOBIAN = {
    "mnist": {
        "AE": (17.5e-4, 0.4990),
        "AE+wd": (5.00e-4, 0.1297),
        "DAE-b": (7.87e-4, 0.6819),
        "DAE-g": (0.86e-4, 0.1777),
        "RBM": (2.50e-4, 0.7859),
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

# Rifai et al. 2011, figure 1: the contraction ratio at these radii, read off the printed curves to about 0.01.
CONTRACTION_RADII = {"mnist": (0, 5, 10, 15, 20, 30, 40), "cifar10_bw": (0, 5, 10, 15, 20, 30, 40, 50)}
CONTRACTION = {
    "mnist": {
        "AE": (1.34, 1.11, 0.905, 0.76, 0.645, 0.50, 0.405),
        "AE+wd": (0.722, 0.699, 0.637, 0.576, 0.516, 0.422, 0.353),
        "DAE-b": (0.90, 0.78, 0.646, 0.556, 0.496, 0.406, 0.35),
        "DAE-g": (0.298, 0.293, 0.290, 0.282, 0.270, 0.248, 0.227),
        "RBM": (0.518, 0.494, 0.451, 0.416, 0.382, 0.334, 0.297),
        "CAE": (0.271, 0.302, 0.366, 0.398, 0.401, 0.372, 0.335),
    },
    "cifar10_bw": {
        "AE": (0.648, 0.638, 0.603, 0.548, 0.497, 0.403, 0.335, 0.289),
        "AE+wd": (0.591, 0.583, 0.550, 0.506, 0.461, 0.381, 0.322, 0.277),
        "DAE-b": (0.225, 0.232, 0.244, 0.257, 0.267, 0.269, 0.257, 0.240),
        "DAE-g": (0.223, 0.222, 0.220, 0.216, 0.212, 0.201, 0.190, 0.177),
        "CAE": (0.157, 0.166, 0.191, 0.219, 0.241, 0.253, 0.244, 0.228),
    },
}

# Rifai et al. 2011, figure 3: stacked contractive autoencoders on MNIST-rot, {layers: ratio at CONTRACTION_RADII["mnist"]}.
CONTRACTION_DEPTH = {
    1: (0.258, 0.273, 0.312, 0.338, 0.343, 0.328, 0.300),
    2: (0.146, 0.153, 0.179, 0.214, 0.238, 0.247, 0.229),
    3: (0.119, 0.123, 0.139, 0.167, 0.191, 0.208, 0.197),
}

# Rifai et al. 2011, figure 1: smallest, median and largest distance between training examples, read off to about 0.1.
TRAINING_DISTANCES = {"mnist": (5.4, 10.0, 13.7), "cifar10_bw": (5.5, 10.0, 19.1)}

# Hinton & Salakhutdinov 2006, figure 2: test squared error summed over the pixels, {data: {model: mean per image}}.
RECONSTRUCTION = {
    "digits": {"autoencoder, 30": 3.00, "logistic PCA, 30": 8.01, "PCA, 30": 13.87},
    "curves": {"autoencoder, 6": 1.44, "logistic PCA, 6": 7.64, "logistic PCA, 18": 2.45, "PCA, 18": 5.90},
}

# Squared error of PCA on the test images of MNIST in [0, 1], summed over pixels, by number of components fitted to the 60,000
# training images: 30 is printed by Hinton & Salakhutdinov (2006, figure 2B); 16 is computed by the same protocol, which
# gives 13.866 at 30 (Plaut 2018 shows 16 components, without a number).
PCA_ERROR = {"mnist": {16: 21.06, 30: 13.87}}

# Chollet 2016, "Building autoencoders in Keras": test cross-entropy per pixel of MNIST in nats, {model: (value, unit of its
# last printed digit)}; the values for Adam are those of the later text. The sparse model's training loss contains its L1 term.
KERAS = {
    "simple, Adam": (0.09, 0.01),
    "simple, Adadelta": (0.11, 0.01),
    "sparse, Adadelta": (0.10, 0.01),
    "sparse, Adadelta, training loss": (0.11, 0.01),
    "deep, Adam": (0.08, 0.01),
    "deep, Adadelta": (0.097, 0.001),
    "convolutional, Adam": (0.094, 0.001),
}
# The same source: mean over test images and the 32 units of the code of the two Adadelta models.
KERAS_CODE_MEAN = {"simple, Adadelta": 7.30, "sparse, Adadelta": 3.33}
# Mean entropy per pixel of the test images of MNIST in [0, 1] in nats, which no cross-entropy can go below; computed.
KERAS_FLOOR = 0.0581

# Makhzani & Frey 2014, table 1: test error in percent of logistic regression on 1,000 fixed features,
# {data: {features: error}}.
FEATURES = {
    "mnist": {
        "pixels": 7.20,
        "RBM": 1.81,
        "denoising": 1.95,
        "dropout": 1.80,
        "dropout + denoising": 1.60,
        "k = 40": 1.54,
        "k = 25": 1.35,
        "k = 10": 2.10,
    },
}
# Makhzani & Frey 2014, table 3: the same after fine-tuning.
FEATURES_TUNED = {
    "mnist": {
        "no pretraining": 1.60,
        "RBM": 1.24,
        "denoising": 1.20,
        "dropout": 1.05,
        "two layers, dropout": 0.85,
        "k = 25": 1.08,
        "two layers, k = 25": 0.97,
    },
}

# Vincent et al. 2010, table 3: test error in percent of stacks of three layers after fine-tuning, {data: {stack: error}}.
STACKS_TUNED = {"mnist": {"plain": 1.40, "denoising": 1.28}}

# Rifai et al. 2011, table 1: test error of the fine-tuned classifier in percent, {data: {model: error}}.
TEST_ERROR = {
    "mnist": {"AE": 1.78, "AE+wd": 1.68, "DAE-b": 1.57, "DAE-g": 1.18, "RBM": 1.30, "CAE": 1.14},
    "cifar10_bw": {"AE": 55.47, "AE+wd": 55.03, "DAE-b": 49.03, "DAE-g": 54.81, "CAE": 47.86},
}

# noanabeshima/matryoshka-saes, pictures of the tree of 20 features: cosines of decoder rows with true directions, read off to
# about 0.02, as (least, most); "mean" is that of the matched features and latents. Keys: experiments/figures/absorption.py.
ABSORPTION = {
    "tree": {
        "L1": {"children": (0.68, 0.74), "child, its parent": (0.68, 0.74), "mean": (0.867, 0.867)},
        "Matryoshka": {
            "parents": (0.95, 0.95),
            "children": (0.93, 0.94),
            "child, its sibling": (-0.25, -0.20),
            "mean": (0.963, 0.963),
        },
    },
}

# SynthSAEBench (arXiv 2602.14687) at L0 = 25, means of 5 seeds with deviations of at most .007: {method: (F1, MCC, uniqueness,
# explained variance)}, of 4,096 latents for 16,384 features in 768 dimensions.
SYNTHETIC = {
    "L1": (0.556, 0.604, 0.898, 0.765),
    "BatchTopK": (0.732, 0.757, 0.984, 0.792),
    "JumpReLU": (0.732, 0.753, 0.989, 0.795),
    "Matryoshka": (0.879, 0.793, 0.999, 0.779),
    "Matching pursuit": (0.446, 0.693, 0.828, 0.835),
}
# SAELens, tutorial on synthetic data, of an L1 penalty: {world: (MCC, L0, shrinkage or None)}.
TUTORIAL = {"orthogonal": (1.0, 4.04, 0.975), "challenge": (0.9881, 1.74, None)}

# Sanity checks (arXiv 2602.14111, section 3 and appendix B): the share of 3,200 features in 100 dimensions that have an atom of
# a cosine above .8, {world: {method: share}}. Of `sanity_variable` the paper gives 7 to 43 % for all four, two as numbers.
SANITY = {
    "sanity": {"TopK": 0.999, "BatchTopK": 3 / 3200, "JumpReLU": 3 / 3200, "Matryoshka": 0.0003},
    "sanity_variable": {"BatchTopK": 297 / 3200, "JumpReLU": 225 / 3200},
}
