"""Tensors, layers, losses, optimizers and training."""
