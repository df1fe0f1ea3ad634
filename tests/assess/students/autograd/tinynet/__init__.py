"""A small framework whose tensors record what is done to them."""
