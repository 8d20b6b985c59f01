"""Reading what people write: pure functions over text and a compiled vocabulary."""
