"""How right the product is, against known truth."""
