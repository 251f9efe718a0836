"""Modern sparse autoencoders: TopK, BatchTopK, JumpReLU, Gated and Matryoshka as codes, penalties and optimizers."""
