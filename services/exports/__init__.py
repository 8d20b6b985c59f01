"""What is written down, as workbooks: real dates and sums, and no cell that could begin a formula."""
