"""The log of all grades and of what people changed about them; nothing in it is ever changed."""
