"""What is in the data that a model is to be trained on: figures, pictures and a page of them."""
